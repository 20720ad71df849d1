//! A table of every state against every step: the steps that the contract lists happen; all others are refused and
//! change nothing.

use super::testing::{ask, command, moment, two_lines};
use crate::domain::*;

/// A step as `testing::command` reads it, on ticket A1 or on what desk 1 serves; and from which
/// states to which it leads. Desk 2 is not serving anyone.
const STEPS: [(&str, &[(State, State)]); 23] = {
    use State::{Cancelled, Done, Held, NoShow, Serving, Waiting};
    [
        (
            "call 2 A1",
            &[
                (Waiting, Serving),
                (Held, Serving),
                (NoShow, Serving),
                (Done, Serving),
            ],
        ),
        ("cancel A1", &[(Waiting, Cancelled), (Held, Cancelled)]),
        ("cancel A1 2", &[(Waiting, Cancelled), (Held, Cancelled)]),
        (
            "return A1",
            &[(Held, Waiting), (NoShow, Waiting), (Serving, Waiting)],
        ),
        ("done A1", &[(Serving, Done), (Done, Done)]),
        ("recall 1", &[(Serving, Serving)]),
        ("finish 1", &[(Serving, Done)]),
        ("no-show 1", &[(Serving, NoShow)]),
        ("hold 1", &[(Serving, Held)]),
        ("send 1 back", &[(Serving, Waiting)]),
        ("send 1 back front", &[(Serving, Waiting)]),
        ("send 1 back behind", &[(Serving, Waiting)]),
        ("send 1 B", &[(Serving, Waiting)]),
        ("send 1 2", &[(Serving, Waiting)]),
        ("next 1", &[(Waiting, Serving), (Serving, Done)]),
        ("next 2", &[(Waiting, Serving)]),
        (
            "call 1 A1",
            &[
                (Waiting, Serving),
                (Held, Serving),
                (NoShow, Serving),
                (Done, Serving),
            ],
        ),
        (
            "undo 1",
            &[
                (Serving, Waiting),
                (Held, Serving),
                (NoShow, Serving),
                (Done, Serving),
            ],
        ),
        // A desk cannot act on another desk's ticket.
        ("recall 2", &[]),
        ("finish 2", &[]),
        ("no-show 2", &[]),
        ("hold 2", &[]),
        ("send 2 back", &[]),
    ]
};

/// Whether the table above has the command. A new command is decided here.
fn is_step(command: &Command) -> bool {
    match command {
        Command::Call { .. }
        | Command::Cancel { .. }
        | Command::Return { .. }
        | Command::FinishTicket { .. }
        | Command::Recall { .. }
        | Command::Finish { .. }
        | Command::NoShow { .. }
        | Command::Hold { .. }
        | Command::Transfer { .. }
        | Command::Next { .. }
        | Command::Undo { .. } => true,
        // These commands concern no ticket or change none.
        Command::Create { .. }
        | Command::Reprint { .. }
        | Command::SetDesk { .. }
        | Command::Claim { .. }
        | Command::DeleteDesk { .. }
        | Command::SetService { .. }
        | Command::DeleteService { .. }
        | Command::SetSettings { .. }
        | Command::ImportOffice { .. }
        | Command::StartDay
        | Command::StepClock { .. } => false,
    }
}

/// An office with two desks whose only ticket, A1, is in that state.
fn office(state: State) -> Queue {
    let way: &[&str] = match state {
        State::Waiting => &[],
        State::Serving => &["next 1"],
        State::Held => &["next 1", "hold 1"],
        State::NoShow => &["next 1", "no-show 1"],
        State::Done => &["next 1", "finish 1"],
        State::Cancelled => &["cancel A1"],
    };
    let mut queue = two_lines();
    for words in ["open 1", "open 2", "new"].iter().chain(way) {
        let command = command(&queue, words, 0);
        let at = moment(&queue);
        ask(&mut queue, &command, at).0.outcome.expect("allowed");
    }
    assert_eq!(a1(&queue).state, state);
    queue
}

fn a1(queue: &Queue) -> &Ticket {
    queue.ticket(TicketId::from_random(0)).expect("it is there")
}

#[test]
fn every_step_is_taken_from_the_states_that_the_contract_lists_and_from_no_other() {
    for (words, ways) in STEPS {
        for state in State::ALL {
            let mut queue = office(state);
            let before = queue.clone();
            let command = command(&queue, words, 1);
            assert!(is_step(&command), "{words}");
            let at = moment(&queue);
            let (decision, _) = ask(&mut queue, &command, at);
            let way = ways.iter().find(|(from, _)| *from == state);
            let case = format!("{words} while {}: {decision:?}", state.as_str());
            if let Some((_, to)) = way {
                assert_eq!(a1(&queue).state, *to, "{case}");
                // The next of an empty list finishes all the same, and says so.
                let empty = state == State::Serving && words == "next 1";
                assert_eq!(
                    decision.outcome == Err(Refusal::QueueEmpty),
                    empty,
                    "{case}"
                );
                assert!(empty || decision.outcome.is_ok(), "{case}");
                continue;
            }
            assert_eq!(queue, before, "{case}");
            match (decision.outcome, &command) {
                (Err(Refusal::WrongState { state: named, .. }), _) => assert_eq!(named, state),
                (Err(Refusal::QueueEmpty), Command::Next { .. })
                | (Err(Refusal::NothingToUndo { .. }), Command::Undo { .. }) => {}
                (
                    Err(Refusal::NobodyServed { .. }),
                    Command::Recall { .. }
                    | Command::Finish { .. }
                    | Command::NoShow { .. }
                    | Command::Hold { .. }
                    | Command::Transfer { .. },
                ) => {}
                _ => panic!("{case}"),
            }
        }
    }
}
