//! Those who ask and listen through a fault, and the ledger of what was acknowledged to them.

use std::thread;
use std::time::{Duration, Instant};

use super::clients::{Asker, EndOnPanic, Listener, Round};
use super::ledger::Ledger;

const MAKERS: usize = 4;
const DESKS: usize = 2;

/// Tickets and calls that are acknowledged before a fault, and as many after it.
const ENOUGH: usize = 30;

pub struct People {
    askers: Vec<Asker>,
    listeners: Vec<Listener>,
    pub ledger: Ledger,
}

impl Default for People {
    fn default() -> Self {
        let maker = |n| Asker::new(format!("maker-{n}"), "/api/tickets".to_owned(), n % 2);
        let desk = |n| {
            let path = format!("/api/desks/{n}/next");
            Asker::new(format!("desk-{n}"), path, n % 2)
        };
        Self {
            askers: (0..MAKERS).map(maker).chain((0..DESKS).map(desk)).collect(),
            listeners: vec![Listener::new(0), Listener::new(1)],
            ledger: Ledger::default(),
        }
    }
}

impl People {
    /// A fault while tickets are made and called. Returns how long after its end the last client was answered and the last
    /// screen was whole.
    pub fn go_through(&mut self, round: &Round, fault: impl FnOnce()) -> Duration {
        let returned = thread::scope(|scope| {
            let _end = EndOnPanic(round);
            let askers = self.askers.iter_mut();
            let asking: Vec<_> = askers
                .map(|asker| scope.spawn(|| asker.ask_until_over(round)))
                .collect();
            for listener in &mut self.listeners {
                scope.spawn(|| listener.listen_until_over(round));
            }
            round.wait_for_answers(ENOUGH);
            fault();
            let returned = Instant::now();
            round.set_returned();
            round.wait_for_answers(ENOUGH);
            round.stop_asking();
            asking.into_iter().for_each(|asker| asker.join().unwrap());
            round.stop_listening();
            returned
        });
        self.ledger
            .check(returned, &mut self.askers, &mut self.listeners)
    }
}
