//! Statistics of a day.

use super::testing::moment;
use crate::domain::*;

#[test]
fn a_step_reads_a_bounded_number_of_tickets_and_all_steps_read_each_once() {
    let mut queue = Queue::new();
    let tickets = 2 * STATISTICS_STEP + 10;
    for number in 1..=u32::try_from(tickets).expect("few") {
        let created = Event::TicketCreated {
            ticket: TicketId::from_random(number.into()),
            service: Prefix::new("A"),
            number,
            digits: 1,
            priority: NORMAL_PRIORITY.into(),
            note: None,
            language: None,
        };
        let stamped = Stamped {
            seq: queue.seq() + 1,
            at: moment(&queue),
            event: created,
        };
        apply(&mut queue, &stamped);
    }
    let mut statistics = Statistics::default();
    let mut counted = Vec::new();
    let mut after = None;
    loop {
        after = statistics.add_step(&queue, after);
        counted.push(statistics.all.given);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(counted, [STATISTICS_STEP, 2 * STATISTICS_STEP, tickets]);
    assert_eq!(statistics.services[&Prefix::new("A")].waiting, tickets);
}
