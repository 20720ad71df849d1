//! Properties that hold after any commands in any order.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::random_commands::any_command;
use super::testing::{ask, check, moment, two_lines};
use crate::domain::*;

/// Runs commands as the ledger does; returns the queue and everything that happened.
fn run(commands: &[Command]) -> (Queue, Vec<Stamped>) {
    let mut queue = two_lines();
    let events = go_on(&mut queue, 0, commands);
    (queue, events)
}

/// Runs commands on a queue; its new tickets' ids are counted from `drawn` on.
pub(crate) fn go_on(queue: &mut Queue, drawn: u128, commands: &[Command]) -> Vec<Stamped> {
    let mut events = Vec::new();
    let mut drawn = drawn;
    for command in commands {
        let mut command = command.clone();
        if let Command::Create { ticket, .. } = &mut command {
            *ticket = TicketId::from_random(drawn);
            drawn += 1;
        }
        let at = moment(queue);
        let (decision, happened) = ask(queue, &command, at);
        events.extend(happened);
        if let Ok(Subject::Ticket(id)) = decision.outcome {
            assert!(queue.ticket(id).is_some(), "what is answered is there");
        }
    }
    assert_eq!(queue.parts().check(), Ok(()), "it can be stored and read");
    events
}

/// The numbers given since they last restarted.
#[derive(Default)]
pub(crate) struct Numbers {
    given: HashSet<(Prefix, u32)>,
}

impl Numbers {
    /// No number is given twice before numbers restart.
    pub(crate) fn happened(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::DayStarted => self.given.clear(),
            Event::TicketCreated {
                service, number, ..
            } => {
                let code = (service.clone(), *number);
                assert!(self.given.insert(code), "{service}{number} twice");
            }
            _ => {}
        }
    }
}

/// No number was given twice on a business day.
pub(crate) fn check_numbers(events: &[Stamped]) {
    let mut numbers = Numbers::default();
    events.iter().for_each(|stamped| numbers.happened(stamped));
}

/// All that a step changes and an undo gives back: a desk that it made or opened stays.
fn positions(queue: &Queue) -> (QueueParts, Vec<Arrival>, Vec<Call>) {
    let mut pace = queue.parts().pace;
    for transactions in pace.transactions.values_mut() {
        // The oldest transaction made room for the one that was undone.
        *transactions = transactions.split_off(transactions.len().saturating_sub(9));
    }
    let mut ended = queue.parts().ended;
    ended.sort_unstable();
    let serving = queue.desks().filter_map(|desk| desk.serving);
    let parts = QueueParts {
        seq: 0,
        latest_at: Timestamp::default(),
        are_times_mixed: false,
        desks: Vec::new(),
        steps: Vec::new(),
        calls: Vec::new(),
        ended,
        pace,
        ..queue.parts()
    };
    (parts, serving.collect(), queue.calls().cloned().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_ticket_is_in_one_place_and_no_number_is_given_twice(
        commands in vec(any_command(), 0..80)
    ) {
        let (_, events) = run(&commands);
        check_numbers(&events);
    }

    #[test]
    fn replaying_the_events_gives_the_same_queue(
        commands in vec(any_command(), 0..80),
        snapshot_after in 0..80usize,
    ) {
        let (queue, events) = run(&commands);
        let mut replayed = two_lines();
        for (index, stamped) in events.iter().enumerate() {
            if index == snapshot_after {
                replayed = Queue::from_parts(replayed.parts());
            }
            apply(&mut replayed, stamped);
        }
        prop_assert_eq!(replayed, queue);
    }

    #[test]
    fn a_step_that_is_undone_leaves_all_as_it_was(commands in vec(any_command(), 0..60)) {
        let mut queue = two_lines();
        for (drawn, mut command) in (0..).zip(commands) {
            if let Command::Create { ticket, .. } = &mut command {
                *ticket = TicketId::from_random(drawn);
            }
            let at = moment(&queue);
            let before = queue.clone();
            let (_, happened) = ask(&mut queue, &command, at);
            let desk = happened.last().and_then(|stamped| match &stamped.event {
                Event::TicketCalled { desk, .. }
                | Event::TicketFinished { desk, .. }
                | Event::TicketNoShow { desk, .. }
                | Event::TicketHeld { desk, .. }
                | Event::TicketTransferred { desk, .. } => Some(desk.clone()),
                Event::TicketCancelled { desk, .. } | Event::TicketReturned { desk, .. } => {
                    desk.clone()
                }
                _ => None,
            });
            if let Some(desk) = desk {
                let mut again = queue.clone();
                let undo = Command::Undo { desk, current: None };
                let (decision, _) = ask(&mut again, &undo, at);
                prop_assert!(decision.outcome.is_ok(), "{:?} {:?}", command, decision);
                prop_assert_eq!(positions(&again), positions(&before), "{:?}", command);
                let (twice, _) = ask(&mut again, &undo, at);
                let refused = matches!(twice.outcome, Err(Refusal::NothingToUndo { .. }));
                prop_assert!(refused, "it is not undone twice");
            }
        }
    }

    #[test]
    fn people_are_called_in_the_order_of_arrival(desks in vec(0..3u8, 1..30)) {
        let mut commands = vec![
            Command::Create { ticket: TicketId::from_random(0), service: None, priority: None, note: None, language: None };
            20
        ];
        commands.extend(desks.iter().map(|desk| Command::Next {
            desk: DeskName::parse(&desk.to_string()).expect("a name"),
            current: None,
        }));
        let (_, events) = run(&commands);
        let called: Vec<TicketId> = events
            .iter()
            .filter_map(|stamped| match stamped.event {
                Event::TicketCalled { ticket, .. } => Some(ticket),
                _ => None,
            })
            .collect();
        let expected = (0..called.len() as u128).map(TicketId::from_random);
        prop_assert_eq!(called.len(), desks.len().min(20));
        prop_assert!(called.into_iter().eq(expected));
    }
}

#[test]
fn ended_tickets_leave_memory_and_open_ones_stay() {
    let mut queue = Queue::new();
    let give = |queue: &mut Queue, event| {
        let seq = queue.seq() + 1;
        let at = moment(queue);
        apply(queue, &Stamped { seq, at, event });
    };
    let created = |n: usize| Event::TicketCreated {
        ticket: TicketId::from_random(n as u128),
        service: Prefix::new("A"),
        number: u32::try_from(n).expect("few"),
        digits: 1,
        priority: NORMAL_PRIORITY.into(),
        note: None,
        language: None,
    };
    give(&mut queue, created(0));
    for n in 1..=ENDED_KEPT + 10 {
        give(&mut queue, created(n));
        let ticket = TicketId::from_random(n as u128);
        let desk = None;
        give(&mut queue, Event::TicketCancelled { ticket, desk });
    }
    assert_eq!(queue.len(), ENDED_KEPT + 1);
    assert!(queue.ticket(TicketId::from_random(0)).is_some(), "it waits");
    assert!(
        queue.ticket(TicketId::from_random(10)).is_none(),
        "long ended"
    );
    assert!(
        queue.ticket(TicketId::from_random(11)).is_some(),
        "just kept"
    );
    check(&queue);
    // The oldest makes room when the desk finishes the ticket that it serves.
    let mut parts = queue.parts();
    let desk = DeskName::parse("1").expect("a name");
    let oldest = parts.ended[0];
    let oldest = parts.tickets.iter_mut().find(|t| t.arrival == oldest);
    let oldest = oldest.expect("it is kept");
    (oldest.state, oldest.desk) = (State::Done, Some(desk.clone()));
    let ticket = TicketRef::Id(oldest.id);
    let mut queue = Queue::from_parts(parts);
    let at = moment(&queue);
    let next = Command::Next {
        desk: desk.clone(),
        current: None,
    };
    ask(&mut queue, &next, at).0.outcome.expect("one waits");
    let call = Command::Call {
        desk,
        ticket,
        current: None,
    };
    let (decision, _) = ask(&mut queue, &call, at);
    assert!(matches!(decision.outcome, Err(Refusal::NoSuchTicket(_))));
}
