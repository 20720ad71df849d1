//! Undoable steps: each step of a desk stores the tickets as they were before, and an undo restores them.

use crate::domain::desk::DeskName;
use crate::domain::queue::{LAST_CALLED_KEPT, Queue};
use crate::domain::step::{TicketChange, UndoableStep};
use crate::domain::ticket::{State, Ticket, TicketId};
use crate::domain::time::Timestamp;

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
        let change = TicketChange { before, after };
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
        let step = UndoableStep {
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

    /// A business day starts: no step before it can be undone. The empty step stays, so that the refusal
    /// can say why.
    pub(super) fn forget_steps(&mut self) {
        for step in self.steps.values_mut() {
            step.changes.clear();
        }
    }

    /// Puts everything back as it was before the desk's last step.
    pub(super) fn undo_step(&mut self, desk: &DeskName) {
        let Some(step) = self.steps.remove(desk) else {
            return;
        };
        if let Some(called) = step.called() {
            self.forget_call(&step, called);
        }
        if !step.is_beside() {
            if let Some(desk) = self.desks.get_mut(desk) {
                desk.serving = step.served_before();
            }
            self.pace.undone(&step.desk, step.last_call, step.seq);
        }
        for change in step.changes {
            self.put_back(change.before);
        }
    }

    fn forget_call(&mut self, step: &UndoableStep, called: &Ticket) {
        let code = called.code();
        self.streaks.remove(&called.list, step.seq);
        // The recalls after it were of the same call.
        self.calls
            .retain(|call| call.seq < step.seq || call.code != code);
        let mut list = std::mem::take(&mut self.last_called);
        if let Some(index) = list.iter().position(|other| *other == called.arrival) {
            // Tickets called since then stay before the older ones.
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
            Some(State::Waiting) => self.leave_list(before.id),
            Some(State::Done | State::NoShow | State::Cancelled) => {
                // It ended a moment ago, so it is among the last.
                if let Some(index) = self.ended.iter().rposition(|other| *other == arrival) {
                    self.ended.remove(index);
                }
            }
            _ => {}
        }
        match before.state {
            State::Waiting => self.enter_list(before.priority_list(), before.position),
            // It becomes the newest ended ticket. Their order only decides which leaves memory first.
            State::NoShow | State::Done => self.ended.push_back(arrival),
            _ => {}
        }
        self.tickets.insert(arrival, before);
    }
}
