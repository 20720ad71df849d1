//! A day's work at an office that came from outside: nothing panics, and the office stays one that can
//! be stored.

use turnero::domain::{
    Command, DeskName, Queue, Stamped, TicketId, TicketRef, Timestamp, apply, decide,
};
use turnero::presentation::json::StateView;

/// Asks for one of everything that people do.
pub fn work(queue: &mut Queue, at: i64) {
    let desk = DeskName::parse("1").expect("a name");
    let first = TicketId::from_random(1);
    let create = |ticket| Command::Create {
        ticket,
        service: None,
        priority: None,
        note: None,
        language: None,
    };
    let next = || Command::Next {
        desk: desk.clone(),
        current: None,
    };
    let mut commands = vec![create(first), next(), next()];
    for desk in queue.desks().map(|desk| desk.name.clone()).take(3) {
        commands.push(Command::Next {
            desk,
            current: None,
        });
    }
    for id in queue
        .waiting_tickets()
        .iter()
        .map(|ticket| ticket.id)
        .take(3)
    {
        commands.push(Command::Call {
            desk: desk.clone(),
            ticket: TicketRef::Id(id),
            current: None,
        });
    }
    commands.extend([
        Command::StepClock {
            by: -3_600_000,
            since: Timestamp::default(),
        },
        Command::StartDay,
        create(TicketId::from_random(2)),
        next(),
    ]);
    for command in &commands {
        let at = Timestamp::from_millis(at);
        for event in decide(queue, command, at).events {
            let seq = queue.seq() + 1;
            apply(queue, &Stamped { seq, at, event });
        }
        let _ = StateView::of(queue).message().text();
    }
    assert_eq!(queue.parts().check(), Ok(()), "it can be stored");
}
