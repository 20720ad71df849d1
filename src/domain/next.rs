//! Whose turn it is, and in which order a desk would call those who wait.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::iter;

use super::desk::Desk;
use super::queue::Queue;
use super::runs::{Called, Runs};
use super::settings::{Rule, Settings};
use super::ticket::{Line, Place, Ticket, Timestamp};

/// How tickets compare that are each at the head of their lane; the smallest goes first. Within a
/// lane it follows the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    /// `false` for those that were sent to the front: they are before all others.
    by_rule: bool,
    score: Reverse<i64>,
    place: Place,
}

impl Standing {
    /// Where a ticket stands at the moment `now`.
    pub(super) fn of(queue: &Queue, ticket: &Ticket, now: Timestamp) -> Self {
        let settings = queue.settings();
        let waited = now.as_millis() - ticket.waiting_since.as_millis();
        Self::new(
            settings,
            settings.weight(&ticket.priority),
            waited,
            ticket.place,
        )
    }

    /// Where one stands that has waited for so many milliseconds.
    pub(super) fn new(settings: &Settings, weight: u32, waited: i64, place: Place) -> Self {
        let score = match settings.rule {
            // A clock that was set back makes nobody wait for less than no time.
            Rule::Weighted => waited.max(0).saturating_mul(i64::from(weight)),
            Rule::Strict => i64::from(weight),
        };
        let by_rule = !place.is_in_front();
        Self {
            by_rule,
            score: Reverse(if by_rule { score } else { 0 }),
            place,
        }
    }
}

/// The rule of the office, after what was called of late.
pub(super) struct Turns<'a> {
    settings: &'a Settings,
    runs: Cow<'a, Runs>,
    seq: u64,
}

impl<'a> Turns<'a> {
    pub(super) fn now(queue: &'a Queue) -> Self {
        Self {
            settings: queue.settings(),
            runs: Cow::Borrowed(&queue.runs),
            seq: queue.seq(),
        }
    }

    /// Whether enough of a higher weight in a row were called from these lines, so that one of the
    /// lowest goes, where one waits.
    pub(super) fn enough<'l>(&self, lines: impl Iterator<Item = &'l Line> + Clone) -> bool {
        let most = self.settings.most_priority_in_a_row;
        most.is_some_and(|most| self.runs.in_a_row(lines) >= most)
    }

    /// What of those at the head of their lanes is compared; the smallest is next.
    pub(super) fn of(&self, enough: bool, weight: u32, standing: Standing) -> (bool, Standing) {
        (enough && weight > self.settings.lowest_weight(), standing)
    }

    /// How many of `line` go before one of a higher weight than the lowest, or of the lowest, where
    /// so many stand before it.
    pub(super) fn before(&self, line: &Line, counts: &Counts, high: bool) -> usize {
        let Counts {
            low,
            high: higher,
            all_low,
        } = *counts;
        let Some(most) = self.settings.most_priority_in_a_row else {
            return low + higher;
        };
        let most = most as usize;
        // However long the row was, where nobody of the lowest waited or by chosen calls, one of the
        // lowest ends it.
        let run = most.min(self.runs.in_a_row(iter::once(line)) as usize);
        if high {
            // One of the lowest goes after each so many.
            let between = (higher + run).checked_div(most).unwrap_or(usize::MAX);
            higher + low.max(between.min(all_low))
        } else {
            low + higher.min(most - run + low * most)
        }
    }

    /// One of that weight was called from that line.
    pub(super) fn called(&mut self, line: &Line, weight: u32) {
        if self.settings.most_priority_in_a_row.is_none() {
            return;
        }
        self.seq += 1;
        let called = Called {
            seq: self.seq,
            higher: weight > self.settings.lowest_weight(),
        };
        self.runs.to_mut().add(line, called);
    }
}

/// Who stands before a ticket in its line.
#[derive(Default)]
pub(super) struct Counts {
    /// Of the lowest weight, and of higher ones.
    low: usize,
    high: usize,
    /// All of the lowest weight.
    all_low: usize,
}

impl Counts {
    /// Adds a lane in which so many are before it, of all that are there.
    pub(super) fn add(&mut self, high: bool, before: usize, all: usize) {
        if high {
            self.high += before;
        } else {
            self.low += before;
            self.all_low += all;
        }
    }
}

/// The ticket that a desk calls next. `None` when nobody waits there.
pub(super) fn whose_turn<'a>(queue: &'a Queue, desk: &Desk, now: Timestamp) -> Option<&'a Ticket> {
    Order::of(queue, desk, now).next()
}

/// The waiting tickets in the order in which a desk would call them if it asked for the next one
/// again and again at this moment. A desk that attends all lines takes them together; one that has
/// chosen its lines attends them in its own order, each when those before it are empty. Who waits
/// for this desk alone is compared with the others.
///
/// Each ticket costs a comparison a lane, however many wait.
pub struct Order<'a> {
    queue: &'a Queue,
    now: Timestamp,
    /// Who waits for this desk alone.
    own: Lines<'a>,
    /// The lines that it has chosen, in its order; or all of them together.
    lines: VecDeque<Lines<'a>>,
    turns: Turns<'a>,
}

/// Lines that are attended together.
struct Lines<'a> {
    lines: Vec<Line>,
    heads: Vec<Head<'a>>,
}

impl<'a> Lines<'a> {
    fn of(queue: &'a Queue, lines: Vec<Line>, now: Timestamp) -> Self {
        let lanes = lines.iter().flat_map(|line| queue.lanes_of(line));
        let heads = lanes.filter_map(|(_, places)| Head::of(queue, places, 0, now));
        Self {
            heads: heads.collect(),
            lines,
        }
    }
}

/// What is left of a lane; its first ticket competes.
struct Head<'a> {
    ticket: &'a Ticket,
    weight: u32,
    standing: Standing,
    places: &'a VecDeque<Place>,
    /// The index of the ticket after it.
    next: usize,
}

impl<'a> Order<'a> {
    /// Begins with whose turn it is at the moment `now`.
    pub fn of(queue: &'a Queue, desk: &Desk, now: Timestamp) -> Self {
        let together = |lines| Lines::of(queue, lines, now);
        let chosen = desk.services.iter().cloned().map(Line::Service);
        let mut lines: VecDeque<Lines<'a>> = chosen.map(|line| together(vec![line])).collect();
        if desk.services.is_empty() {
            let all = queue.services().iter().map(|s| s.prefix.clone());
            lines.push_back(together(all.map(Line::Service).collect()));
        }
        Self {
            queue,
            now,
            own: together(vec![Line::Desk(desk.name.clone())]),
            lines,
            turns: Turns::now(queue),
        }
    }
}

impl<'a> Head<'a> {
    fn of(
        queue: &'a Queue,
        places: &'a VecDeque<Place>,
        index: usize,
        now: Timestamp,
    ) -> Option<Self> {
        let ticket = queue.arrived(places.get(index)?.arrival())?;
        Some(Self {
            ticket,
            weight: queue.settings().weight(&ticket.priority),
            standing: Standing::of(queue, ticket, now),
            places,
            next: index + 1,
        })
    }
}

impl<'a> Iterator for Order<'a> {
    type Item = &'a Ticket;

    fn next(&mut self) -> Option<&'a Ticket> {
        while self.lines.len() > 1 && self.lines.front().is_some_and(|l| l.heads.is_empty()) {
            self.lines.pop_front();
        }
        let front = self.lines.front();
        let lines = front.into_iter().chain([&self.own]);
        let enough = self.turns.enough(lines.flat_map(|l| &l.lines));
        let key = |head: &Head<'_>| self.turns.of(enough, head.weight, head.standing);
        let own = self.own.heads.iter().enumerate();
        let own = own.map(|(index, head)| (key(head), true, index));
        let line = front.into_iter().flat_map(|l| &l.heads).enumerate();
        let line = line.map(|(index, head)| (key(head), false, index));
        let (_, is_own, index) = own.chain(line).min()?;
        let heads = if is_own {
            &mut self.own.heads
        } else {
            &mut self.lines.front_mut()?.heads
        };
        let Head {
            ticket,
            weight,
            places,
            next,
            ..
        } = heads[index];
        match Head::of(self.queue, places, next, self.now) {
            Some(head) => heads[index] = head,
            None => drop(heads.swap_remove(index)),
        }
        self.turns.called(&ticket.line, weight);
        Some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::tests::testing::{ask, moment, two_lines, words};
    use crate::domain::tests::wishes::any_command;
    use crate::domain::{Command, DeskName, Line, Prefix, Priority, TicketId, tests::properties};

    #[test]
    fn the_most_seconds_waited_times_weight_goes_first() {
        let mut parts = Queue::new().parts();
        let priority = |name: &str, weight| Priority {
            name: name.into(),
            names: Arc::default(),
            weight,
        };
        parts.settings.priorities = Arc::new([priority("normal", 1), priority("urgent", 3)]);
        // Given at these seconds; at second 100 normal 0 counts 100, urgent 50 counts 150, urgent 70 90.
        let given = [
            (0, "normal"),
            (20, "normal"),
            (50, "urgent"),
            (70, "urgent"),
        ];
        let mut queue = Queue::from_parts(parts);
        let mut ask = |command: Command, second: i64| {
            let at = Timestamp::from_millis(second * 1_000);
            let (decision, _) = ask(&mut queue, &command, at);
            words(&queue, &decision)
        };
        for (drawn, (second, priority)) in given.into_iter().enumerate() {
            let create = Command::Create {
                ticket: TicketId::from_random(drawn as u128),
                service: None,
                priority: Some(priority.into()),
                note: None,
            };
            ask(create, second);
        }
        let mut called = Vec::new();
        for _ in 0..4 {
            let desk = DeskName::parse("1").expect("a name");
            let next = Command::Next {
                desk,
                current: None,
            };
            let said = ask(next, 100);
            let code = said.split("called ").nth(1).expect("called");
            called.push(code.split(' ').next().expect("a code").to_owned());
        }
        assert_eq!(called, ["A3", "A1", "A4", "A2"]);
    }

    #[test]
    fn a_desk_attends_the_lines_it_is_told_to() {
        let mut queue = two_lines();
        let mut ask = |asked: Command| {
            let at = moment(&queue);
            let (decision, _) = ask(&mut queue, &asked, at);
            words(&queue, &decision)
        };
        let create = |n, service| Command::Create {
            ticket: TicketId::from_random(n),
            service: Some(Prefix::new(service)),
            priority: None,
            note: None,
        };
        let desk = DeskName::parse("1").expect("a name");
        ask(create(1, "A"));
        ask(create(2, "B"));
        ask(Command::SetDesk {
            desk: desk.clone(),
            open: None,
            services: Some(vec![Prefix::new("B")]),
        });
        let next = Command::Next {
            desk: desk.clone(),
            current: None,
        };
        assert_eq!(ask(next.clone()), "called B1 at 1");
        assert_eq!(ask(next), "finished B1 at 1, ! Nobody is waiting.");
        let unknown = Command::SetDesk {
            desk,
            open: None,
            services: Some(vec![Prefix::new("Z")]),
        };
        assert_eq!(ask(unknown), "! There is no service Z; there are: A, B.");
    }

    #[test]
    fn one_of_the_lowest_ends_a_row_however_long_it_was() {
        let settings = Settings {
            most_priority_in_a_row: Some(2),
            ..Settings::default()
        };
        // So many were called in a row, and so many of a higher weight are before one of them.
        let rows = [
            ((0, 0), 0),
            ((1, 1), 2),
            ((2, 0), 1),
            ((2, 2), 4),
            ((7, 0), 1),
            ((7, 2), 4),
        ];
        let line = Line::Service(Prefix::new("A"));
        for ((run, high), expected) in rows {
            let mut turns = Turns {
                settings: &settings,
                runs: Cow::Owned(Runs::default()),
                seq: 0,
            };
            for _ in 0..run {
                turns.called(&line, settings.lowest_weight() + 1);
            }
            let counts = Counts {
                low: 0,
                high,
                all_low: 9,
            };
            let before = turns.before(&line, &counts, true);
            assert_eq!(before, expected, "{run} called, {high} before");
        }
    }

    #[test]
    fn a_row_is_bounded_in_each_line_whatever_others_call() {
        let mut parts = two_lines().parts();
        parts.settings.most_priority_in_a_row = Some(2);
        parts.settings.rule = Rule::Strict;
        let priority = |name: &str, weight| Priority {
            name: name.into(),
            names: Arc::default(),
            weight,
        };
        parts.settings.priorities = Arc::new([priority("normal", 1), priority("urgent", 9)]);
        let mut queue = Queue::from_parts(parts);
        let mut drawn = 0;
        let mut ask = |command: Command| {
            let at = moment(&queue);
            let (decision, _) = ask(&mut queue, &command, at);
            words(&queue, &decision)
        };
        let mut create = |ask: &mut dyn FnMut(Command) -> String, service, priority: &str| {
            drawn += 1;
            ask(Command::Create {
                ticket: TicketId::from_random(drawn),
                service: Some(Prefix::new(service)),
                priority: Some(priority.into()),
                note: None,
            });
        };
        for _ in 0..3 {
            create(&mut ask, "A", "normal");
        }
        for _ in 0..6 {
            create(&mut ask, "A", "urgent");
            create(&mut ask, "B", "normal");
        }
        let desk = |name: &str| DeskName::parse(name).expect("a name");
        for (name, service) in [("1", "A"), ("2", "B")] {
            ask(Command::SetDesk {
                desk: desk(name),
                open: None,
                services: Some(vec![Prefix::new(service)]),
            });
        }
        let mut called = Vec::new();
        for _ in 0..6 {
            for name in ["1", "2"] {
                let said = ask(Command::Next {
                    desk: desk(name),
                    current: None,
                });
                let code = said.split("called ").nth(1).expect("called");
                called.push(code.split(' ').next().expect("a code").to_owned());
            }
        }
        let of_a: Vec<&String> = called.iter().filter(|code| code.starts_with('A')).collect();
        assert_eq!(of_a, ["A4", "A5", "A1", "A6", "A7", "A2"]);
    }

    proptest! {
        /// A line that one desk attends is called in the order that its people are told.
        #[test]
        fn who_is_ahead_is_called_first(
            commands in proptest::collection::vec(any_command(), 1..60),
            most in prop_oneof![Just(None), (0..4u32).prop_map(Some)],
            strict: bool,
        ) {
            let mut parts = two_lines().parts();
            parts.settings.most_priority_in_a_row = most;
            parts.settings.rule = if strict { Rule::Strict } else { Rule::Weighted };
            let mut queue = Queue::from_parts(parts);
            properties::go_on(&mut queue, 0, &commands);
            let now = moment(&queue);
            let desk = Desk {
                name: DeskName::parse("new").expect("a name"),
                open: true,
                services: vec![Prefix::new("A")],
                attending: None,
                screen: None,
            };
            for (index, ticket) in Order::of(&queue, &desk, now).enumerate() {
                // With weights and a limit it is nearly that.
                let settings = queue.settings();
                if settings.rule == Rule::Strict || settings.most_priority_in_a_row.is_none() {
                    prop_assert_eq!(queue.ahead(ticket, now), Some(index), "{}", ticket.code());
                }
            }
            prop_assert_eq!(Order::of(&queue, &desk, now).count(), queue.waiting_in(&Line::Service(Prefix::new("A"))));
        }
    }
}
