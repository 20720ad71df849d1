//! What happened. Events are all that is stored and sent; the queue is what they add up to.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::desk::{Desk, DeskName};
use super::queue::{CALLS_STORED, Call, CallKind, ENDED_KEPT, LAST_CALLED_KEPT, Queue, QueueParts};
use super::runs::Called;
use super::screen::ScreenId;
use super::service::{Prefix, Service, ServiceSetup};
use super::settings::{Day, Settings};
use super::ticket::{Arrival, Lane, Line, Place, State, Ticket, TicketId, Timestamp};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    TicketCreated {
        ticket: TicketId,
        service: Prefix,
        number: u32,
        digits: u8,
        priority: Arc<str>,
        note: Option<Box<str>>,
    },
    TicketCalled {
        ticket: TicketId,
        desk: DeskName,
        /// The event before was the desk's, too: it finished its former ticket in the same step.
        after_finish: bool,
        /// The desk was closed until then.
        opened: bool,
    },
    TicketRecalled {
        ticket: TicketId,
        desk: DeskName,
    },
    TicketFinished {
        ticket: TicketId,
        desk: DeskName,
    },
    TicketCancelled {
        ticket: TicketId,
        /// The desk that did it; `None` where its person did, or the day ended.
        desk: Option<DeskName>,
    },
    /// Its person did not come.
    TicketNoShow {
        ticket: TicketId,
        desk: DeskName,
    },
    /// It was put aside.
    TicketHeld {
        ticket: TicketId,
        desk: DeskName,
    },
    /// One that was put aside, or whose person did not come, waits again.
    TicketReturned {
        ticket: TicketId,
        /// The desk that did it, where one did.
        desk: Option<DeskName>,
        rank: i64,
    },
    /// A desk sent it on, or back.
    TicketTransferred {
        ticket: TicketId,
        desk: DeskName,
        service: Prefix,
        line: Line,
        rank: i64,
    },
    /// A desk took back its last step: these tickets are as they were before it.
    StepUndone {
        desk: DeskName,
        tickets: Arc<[TicketId]>,
    },
    /// A desk was made or set up; it says the whole of it.
    DeskChanged {
        desk: DeskName,
        open: bool,
        services: Arc<[Prefix]>,
    },
    /// A screen has the desk open, in place of whichever had it before.
    DeskClaimed {
        desk: DeskName,
        screen: ScreenId,
    },
    DeskDeleted {
        desk: DeskName,
    },
    /// A service was made or set up; it says the whole of it.
    ServiceChanged {
        service: Prefix,
        setup: ServiceSetup,
    },
    ServiceDeleted {
        service: Prefix,
    },
    /// The office was set up; it says the whole of it.
    SettingsChanged {
        settings: Settings,
    },
    /// A business day began. Yesterday's ended tickets are history, no-shows among them; where the
    /// office does not keep them, those who still wait are withdrawn by events of their own before.
    DayStarted {
        day: Day,
        /// Whether numbers begin at 1 again.
        restart: bool,
    },
    /// A whole office has come from another machine, and takes the place of this one. It is the only
    /// event whose number need not follow the one before.
    OfficeImported {
        office: Arc<QueueParts>,
    },
}

/// An event with its number and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// Grows by one with every event, and is never given twice.
    pub seq: u64,
    pub at: Timestamp,
    pub event: Event,
}

/// Brings the queue up to date with the next event.
///
/// Every event here was decided against this very queue, so what it names exists; an event that
/// names something unknown (a damaged file) changes nothing but `seq`.
///
/// # Panics
/// When `stamped.seq` is not the one after the queue's: applying events out of order would be
/// silent damage.
pub fn apply(queue: &mut Queue, stamped: &Stamped) {
    if let Event::OfficeImported { office } = &stamped.event {
        assert!(stamped.seq > queue.seq, "events are applied in order");
        *queue = Queue::from_parts(QueueParts {
            seq: stamped.seq,
            now: stamped.at,
            ..office.as_ref().clone()
        });
        return;
    }
    assert_eq!(stamped.seq, queue.seq + 1, "events are applied in order");
    let at = stamped.at;
    queue.clock.says(at, queue.now);
    queue.seq = stamped.seq;
    queue.now = at;
    match &stamped.event {
        Event::TicketCreated {
            ticket,
            service,
            number,
            digits,
            priority,
            note,
        } => queue.add(Ticket {
            id: *ticket,
            arrival: Arrival::from_seq(stamped.seq),
            prefix: service.clone(),
            number: *number,
            digits: *digits,
            service: service.clone(),
            priority: priority.clone(),
            note: note.clone(),
            state: State::Waiting,
            line: Line::Service(service.clone()),
            place: Place::by_arrival(Arrival::from_seq(stamped.seq)),
            created_at: at,
            waiting_since: at,
            desk: None,
            called_at: None,
            ended_at: None,
            calls: 0,
        }),
        Event::TicketCalled {
            ticket,
            desk,
            after_finish,
            opened,
        } => {
            queue.remember_step(desk, *ticket, State::Serving, at, *after_finish);
            if let Some(step) = queue.steps.get_mut(desk) {
                step.opened = *opened;
            }
            queue.call(*ticket, desk, at);
        }
        Event::TicketRecalled { ticket, desk } => queue.recall(*ticket, desk, at),
        Event::TicketFinished { ticket, desk } => {
            queue.remember_step(desk, *ticket, State::Done, at, false);
            queue.leave_desk(desk);
            queue.end(*ticket, State::Done, at);
        }
        Event::TicketCancelled { ticket, desk } => {
            if let Some(desk) = desk {
                queue.remember_step(desk, *ticket, State::Cancelled, at, false);
            }
            queue.leave_line(*ticket);
            queue.end(*ticket, State::Cancelled, at);
        }
        Event::TicketNoShow { ticket, desk } => {
            queue.remember_step(desk, *ticket, State::NoShow, at, false);
            queue.leave_desk(desk);
            queue.end(*ticket, State::NoShow, at);
        }
        Event::TicketHeld { ticket, desk } => {
            queue.remember_step(desk, *ticket, State::Held, at, false);
            queue.leave_desk(desk);
            if let Some(ticket) = queue.ticket_mut(*ticket) {
                ticket.state = State::Held;
            }
        }
        Event::TicketReturned { ticket, desk, rank } => {
            if let Some(desk) = desk {
                queue.remember_step(desk, *ticket, State::Waiting, at, false);
            }
            queue.come_back(*ticket, *rank);
        }
        Event::TicketTransferred {
            ticket,
            desk,
            service,
            line,
            rank,
        } => {
            queue.remember_step(desk, *ticket, State::Waiting, at, false);
            queue.leave_desk(desk);
            if let Some(ticket) = queue.ticket_mut(*ticket) {
                ticket.service = service.clone();
                ticket.line = line.clone();
                // Behind all others, waiting begins anew; where it was, it goes on; elsewhere it
                // counts from the arrival.
                if u64::try_from(*rank) == Ok(stamped.seq) {
                    ticket.waiting_since = at;
                } else if ticket.place.rank() != *rank {
                    ticket.waiting_since = ticket.created_at;
                }
            }
            queue.come_back(*ticket, *rank);
        }
        Event::DeskChanged {
            desk,
            open,
            services,
        } => {
            let known = queue.desks.get(desk);
            let attending = known.and_then(|d| d.attending);
            let screen = known.and_then(|d| d.screen);
            queue.desks.insert(
                desk.clone(),
                Desk {
                    name: desk.clone(),
                    open: *open,
                    services: services.to_vec(),
                    attending,
                    screen,
                },
            );
        }
        Event::DeskClaimed { desk, screen } => {
            if let Some(desk) = queue.desks.get_mut(desk) {
                desk.screen = Some(*screen);
            }
        }
        Event::StepUndone { desk, .. } => queue.take_back(desk),
        Event::DeskDeleted { desk } => queue.remove_desk(desk),
        Event::ServiceChanged { service, setup } => queue.set_up_service(service, setup),
        Event::ServiceDeleted { service } => {
            queue.services.retain(|s| s.prefix != *service);
            queue.pace.turns.remove(service);
            queue.runs.forget(&Line::Service(service.clone()));
        }
        Event::SettingsChanged { settings } => queue.set_up(settings),
        Event::DayStarted { day, restart } => queue.start_day(*day, *restart, at),
        // It has been taken over whole.
        Event::OfficeImported { .. } => {}
    }
}

impl Queue {
    fn add(&mut self, ticket: Ticket) {
        let at = ticket.created_at;
        self.clock.gives(&ticket.prefix, ticket.number, at);
        if let Some(service) = self.services.iter_mut().find(|s| s.prefix == ticket.prefix) {
            service.last_number = Some(ticket.number);
        }
        self.enter_lane(ticket.lane(), ticket.place);
        self.by_id.insert(ticket.id, ticket.arrival);
        self.tickets.insert(ticket.arrival, ticket);
    }

    fn call(&mut self, id: TicketId, desk: &DeskName, at: Timestamp) {
        self.leave_line(id);
        if let Some(arrival) = self.by_id.get(&id)
            && let Some(ticket) = self.tickets.get(arrival)
        {
            self.pace.called(desk, ticket, self.seq, at);
        }
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.state = State::Serving;
        ticket.desk = Some(desk.clone());
        ticket.called_at = Some(at);
        ticket.calls += 1;
        let (arrival, code) = (ticket.arrival, ticket.code());
        let (line, priority) = (ticket.line.clone(), ticket.priority.clone());
        let called = Called {
            seq: self.seq,
            higher: self.settings.weight(&priority) > self.settings.lowest_weight(),
        };
        self.runs.add(&line, called);
        if let Some(desk) = self.desks.get_mut(desk) {
            desk.attending = Some(arrival);
        }
        self.last_called.retain(|other| *other != arrival);
        self.last_called.push_front(arrival);
        self.last_called.truncate(LAST_CALLED_KEPT);
        self.remember_call(code, desk, CallKind::Call, at);
    }

    fn recall(&mut self, id: TicketId, desk: &DeskName, at: Timestamp) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.calls += 1;
        let code = ticket.code();
        self.remember_call(code, desk, CallKind::Recall, at);
    }

    fn remember_call(&mut self, code: String, desk: &DeskName, kind: CallKind, at: Timestamp) {
        self.calls.push_front(Call {
            seq: self.seq,
            code,
            desk: desk.clone(),
            kind,
            at,
        });
        self.calls.truncate(CALLS_STORED);
    }

    fn come_back(&mut self, id: TicketId, rank: i64) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        let place = Place::ranked(rank, ticket.arrival);
        ticket.state = State::Waiting;
        ticket.place = place;
        let lane = ticket.lane();
        self.ended.retain(|other| *other != place.arrival());
        self.enter_lane(lane, place);
    }

    pub(super) fn enter_lane(&mut self, lane: Lane, place: Place) {
        let places = self.lanes.entry(lane).or_default();
        // Most come last, where this costs nothing.
        let index = places.partition_point(|other| *other < place);
        places.insert(index, place);
    }

    pub(super) fn leave_line(&mut self, id: TicketId) {
        let Some(ticket) = self.ticket(id) else {
            return;
        };
        let (lane, place) = (ticket.lane(), ticket.place);
        let Some(places) = self.lanes.get_mut(&lane) else {
            return;
        };
        if let Ok(index) = places.binary_search(&place) {
            places.remove(index);
        }
        if places.is_empty() {
            self.lanes.remove(&lane);
        }
    }

    fn leave_desk(&mut self, desk: &DeskName) {
        self.pace.freed(desk, self.now);
        if let Some(desk) = self.desks.get_mut(desk) {
            desk.attending = None;
        }
    }

    fn end(&mut self, id: TicketId, state: State, at: Timestamp) {
        let Some(ticket) = self.ticket_mut(id) else {
            return;
        };
        ticket.state = state;
        ticket.ended_at = state.is_final().then_some(at);
        let arrival = ticket.arrival;
        self.ended.push_back(arrival);
        if self.ended.len() > ENDED_KEPT
            && let Some(oldest) = self.ended.pop_front()
            && let Some(forgotten) = self.tickets.remove(&oldest)
        {
            self.by_id.remove(&forgotten.id);
        }
    }

    fn remove_desk(&mut self, name: &DeskName) {
        self.desks.remove(name);
        self.steps.remove(name);
        self.pace.desks.remove(name);
        // Nobody waits for it, but one that was put aside may come back, to its service's line.
        let own = Line::Desk(name.clone());
        self.runs.forget(&own);
        for ticket in self.tickets.values_mut().filter(|t| t.line == own) {
            ticket.line = Line::Service(ticket.service.clone());
        }
    }

    fn set_up_service(&mut self, prefix: &Prefix, setup: &ServiceSetup) {
        match self.services.iter_mut().find(|s| s.prefix == *prefix) {
            Some(service) => service.setup = setup.clone(),
            None => {
                let mut service = Service::new(prefix.clone(), setup.clone());
                // A service that was deleted today may have given numbers that are still held.
                let given = self.tickets.values().filter(|t| t.prefix == *prefix);
                service.last_number = given.map(|t| t.number).max();
                self.services.push(service);
            }
        }
    }

    fn set_up(&mut self, settings: &Settings) {
        let rule = self.settings.day_rule();
        let has_begun = self.day.is_some() || !self.tickets.is_empty();
        if has_begun && settings.day_rule() != rule {
            self.rule_before.get_or_insert(rule);
        }
        self.settings = settings.clone();
    }

    fn start_day(&mut self, day: Day, restart: bool, at: Timestamp) {
        let latest = self.latest_day();
        let is_behind = Some(day) < latest;
        let is_later = self.day.is_some_and(|today| today < day);
        self.numbers_of = if restart {
            Some(day)
        } else {
            latest.max(Some(day))
        };
        self.day = Some(day);
        self.rule_before = None;
        self.forget_steps();
        if !restart {
            if is_later {
                self.clock.begins_behind();
            }
            return;
        }
        let given = self.tickets.values();
        let later = given.filter(|t| !is_behind && self.clock.may_be_later(t.created_at, at));
        let mut passed_over: BTreeSet<(Prefix, u32)> =
            later.map(|t| (t.prefix.clone(), t.number)).collect();
        let given = self.tickets.values().map(|t| (&t.prefix, t.number));
        passed_over.extend(self.clock.begin(&self.services, given, at, is_behind));
        for service in &mut self.services {
            service.last_number = None;
        }
        self.pace.turns.clear();
        self.past.clear();
        for ended in std::mem::take(&mut self.ended) {
            let Some(mut ticket) = self.tickets.remove(&ended) else {
                continue;
            };
            self.by_id.remove(&ticket.id);
            if ticket.state == State::NoShow {
                // The way back is closed.
                ticket.state = State::Cancelled;
                ticket.ended_at = Some(self.now);
            }
            if ticket.state == State::Cancelled {
                self.past.insert(ticket.id, ticket);
            }
        }
        let open = self.tickets.values();
        let held = open.map(|t| (t.prefix.clone(), t.number));
        passed_over.extend(held);
        self.carried = passed_over;
        self.calls.clear();
        self.last_called
            .retain(|arrival| self.tickets.contains_key(arrival));
    }

    fn ticket_mut(&mut self, id: TicketId) -> Option<&mut Ticket> {
        let arrival = self.by_id.get(&id)?;
        self.tickets.get_mut(arrival)
    }
}
