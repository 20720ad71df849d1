//! Taking back the last step of a desk: a finger that slipped must not send anybody home.
//!
//! For a short time the queue keeps what each desk's last step changed, as it was before. An undo
//! puts exactly that back, and only where nobody has gone on from there meanwhile.

use super::attend::check_current;
use super::command::{Decision, Expected, Subject};
use super::desk::{Desk, DeskName};
use super::event::Event;
use super::pace::LastCall;
use super::queue::{LAST_CALLED_KEPT, Queue};
use super::refusal::Refusal;
use super::setup::changed;
use super::ticket::{Arrival, Line, State, Ticket, TicketId, Timestamp};

/// How long a step can be taken back, in milliseconds: long enough to notice a slip, too short for
/// a person who was called to have walked to the desk and away again.
pub const UNDO_WITHIN_MS: i64 = 15_000;

/// The last step of a desk: next, call, finish, no-show, hold, transfer, cancel or return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub desk: DeskName,
    /// Its last event.
    pub seq: u64,
    pub at: Timestamp,
    /// What it changed; a ticket that it called is the last. None any more where another business
    /// day has begun since.
    pub changes: Vec<Change>,
    /// Whether it opened the desk.
    pub opened: bool,
    /// As it was before.
    pub last_called: Vec<Arrival>,
    /// The desk's call before it.
    pub last_call: Option<LastCall>,
}

/// What a step did to one ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub before: Ticket,
    pub after: State,
}

impl Step {
    /// Whether it can still be taken back at the moment `now`. A clock that is set back by a moment
    /// does not forbid it; one that is set back by an hour does not allow it for an hour.
    fn is_recent(&self, now: Timestamp) -> bool {
        let elapsed = now.as_millis().abs_diff(self.at.as_millis());
        elapsed <= UNDO_WITHIN_MS.unsigned_abs()
    }

    /// The ticket that it called, as it was before.
    fn called(&self) -> Option<&Ticket> {
        let last = self.changes.last()?;
        (last.after == State::Serving).then_some(&last.before)
    }

    /// Whether it withdrew or returned a ticket, and so left the one that the desk attends as it was.
    fn is_beside(&self) -> bool {
        self.called().is_none() && self.attended().is_none()
    }

    /// The ticket that the desk attended before.
    fn attended(&self) -> Option<Arrival> {
        let first = self.changes.first()?;
        (first.before.state == State::Serving).then_some(first.before.arrival)
    }
}

/// Takes back the desk's last step.
pub(super) fn undo(
    queue: &Queue,
    name: &DeskName,
    current: Option<&Expected>,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    check_current(queue, name, current)?;
    let refused = |why: String| Refusal::NothingToUndo {
        desk: name.clone(),
        why,
    };
    let desk = queue.desk(name);
    let desk = desk.ok_or_else(|| refused("there is no such desk now".to_owned()))?;
    let step = queue.steps.get(name).filter(|step| step.is_recent(now));
    let step = step.ok_or_else(|| {
        let seconds = UNDO_WITHIN_MS / 1_000;
        refused(format!(
            "it took no step in the last {seconds} seconds, or has taken it back"
        ))
    })?;
    if step.changes.is_empty() {
        return Err(refused("another business day has begun since".to_owned()));
    }
    for change in &step.changes {
        let code = change.before.code();
        let ticket = queue.arrived(change.before.arrival);
        let ticket = ticket.ok_or_else(|| refused(format!("{code} is history")))?;
        if !is_untouched(queue, step, change, ticket) {
            let state = ticket.state.as_str();
            return Err(refused(format!(
                "{code} has gone on since, and is {state} now"
            )));
        }
        can_be_again(queue, &change.before).map_err(refused)?;
    }
    let tickets = step.changes.iter().map(|change| change.before.id);
    let mut events = vec![Event::StepUndone {
        desk: name.clone(),
        tickets: tickets.collect(),
    }];
    if step.opened && desk.open {
        events.push(changed(&Desk {
            open: false,
            ..desk.clone()
        }));
    }
    Ok(Decision {
        events,
        outcome: Ok(Subject::Desk {
            name: name.clone(),
            made: false,
        }),
    })
}

/// Whether a ticket is still as the step left it. Whatever happens to a ticket changes its state, or
/// the desk and the time of its call.
fn is_untouched(queue: &Queue, step: &Step, change: &Change, ticket: &Ticket) -> bool {
    let before = &change.before;
    let attending = queue.desk(&step.desk).and_then(|desk| desk.attending);
    let still_there = if step.is_beside() {
        // Whoever was called meanwhile has been called once more.
        ticket.calls == before.calls
    } else if change.after == State::Serving {
        attending == Some(ticket.arrival) && ticket.called_at == Some(step.at)
    } else {
        let called = step.called().map(|ticket| ticket.arrival);
        attending == called && ticket.called_at == before.called_at && ticket.desk == before.desk
    };
    ticket.state == change.after && still_there
}

/// Whether all that a ticket had is still there. `Err` says what is not.
fn can_be_again(queue: &Queue, before: &Ticket) -> Result<(), String> {
    let gone = |what: String| {
        Err(format!(
            "{what} of {} has been deleted since",
            before.code()
        ))
    };
    if queue.service(&before.service).is_none() {
        return gone(format!("the service {}", before.service));
    }
    let priorities = &queue.settings().priorities;
    if !priorities.iter().any(|p| p.name == before.priority) {
        return gone(format!("the priority {}", before.priority));
    }
    match &before.line {
        Line::Service(prefix) if queue.service(prefix).is_none() => {
            gone(format!("the service {prefix}"))
        }
        Line::Desk(name) if queue.desk(name).is_none() => gone(format!("the desk {name}")),
        _ => Ok(()),
    }
}

impl Queue {
    /// Keeps what a step is about to do to a ticket. `goes_on` is whether it is the second half of
    /// the desk's step before.
    pub(super) fn remember_step(
        &mut self,
        desk: &DeskName,
        ticket: TicketId,
        after: State,
        at: Timestamp,
        goes_on: bool,
    ) {
        let Some(before) = self.ticket(ticket).cloned() else {
            return;
        };
        let change = Change { before, after };
        let seq = self.seq;
        if goes_on
            && let Some(step) = self.steps.get_mut(desk)
            && step.seq + 1 == seq
        {
            step.seq = seq;
            step.changes.push(change);
            return;
        }
        // Few desks take a step within so short a time.
        self.steps.retain(|_, step| step.is_recent(at));
        let step = Step {
            desk: desk.clone(),
            seq,
            at,
            changes: vec![change],
            opened: false,
            last_called: self.last_called.iter().copied().collect(),
            last_call: self.pace.desks.get(desk).cloned(),
        };
        self.steps.insert(desk.clone(), step);
    }

    /// A new business day: nothing of the one before can be taken back, and a desk is told why.
    pub(super) fn forget_steps(&mut self) {
        for step in self.steps.values_mut() {
            step.changes.clear();
        }
    }

    /// Puts everything back as it was before the desk's last step.
    pub(super) fn take_back(&mut self, desk: &DeskName) {
        let Some(step) = self.steps.remove(desk) else {
            return;
        };
        if let Some(called) = step.called() {
            self.forget_call(&step, called);
        }
        if !step.is_beside() {
            if let Some(desk) = self.desks.get_mut(desk) {
                desk.attending = step.attended();
            }
            self.pace.undone(&step.desk, step.last_call, step.seq);
        }
        for change in step.changes {
            self.put_back(change.before);
        }
    }

    fn forget_call(&mut self, step: &Step, called: &Ticket) {
        let code = called.code();
        self.runs.take_back(&called.line, step.seq);
        // The recalls after it were of the same call.
        self.calls
            .retain(|call| call.seq < step.seq || call.code != code);
        let mut list = std::mem::take(&mut self.last_called);
        if let Some(index) = list.iter().position(|other| *other == called.arrival) {
            // Who was called since stays before those of then.
            list.truncate(index);
            for arrival in &step.last_called {
                if !list.contains(arrival) && self.tickets.contains_key(arrival) {
                    list.push_back(*arrival);
                }
            }
            list.truncate(LAST_CALLED_KEPT);
        }
        self.last_called = list;
    }

    fn put_back(&mut self, before: Ticket) {
        let arrival = before.arrival;
        match self.tickets.get(&arrival).map(|ticket| ticket.state) {
            Some(State::Waiting) => self.leave_line(before.id),
            Some(State::Done | State::NoShow | State::Cancelled) => {
                // It ended a moment ago, so it is among the last.
                if let Some(index) = self.ended.iter().rposition(|other| *other == arrival) {
                    self.ended.remove(index);
                }
            }
            _ => {}
        }
        match before.state {
            State::Waiting => self.enter_lane(before.lane(), before.place),
            // Of those that ended it is the last to leave memory, which is all that their order says.
            State::NoShow => self.ended.push_back(arrival),
            _ => {}
        }
        self.tickets.insert(arrival, before);
    }
}
