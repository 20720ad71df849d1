//! Two servers of one office on a pair of databases: kills, cut connections, failovers, and clocks a day apart. After
//! each fault, a ledger outside of them says what was acknowledged, and the screens what they heard.

mod clients;
mod ledger;
mod people;
mod proxies;

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use clients::Round;
use ledger::Ledger;
use people::People;

use crate::common::{DatabaseProxy, Launch, Pair, Server};
use crate::io_faults::IoFaults;
use crate::random::Random;

/// Rounds of each fault, unless `CHAOS_ROUNDS` says.
const ROUNDS: usize = 1;

/// The longest time from the database's return until everybody is answered and every screen is whole. `make chaos` measures it.
const MOST_TIME: Duration = Duration::from_secs(2);

const DAY: i64 = 24 * 60 * 60_000;

/// 2026-11-23T09:00:00Z.
const MORNING: i64 = 20_780 * DAY + 9 * 60 * 60_000;

#[derive(Clone, Copy, Debug)]
enum Fault {
    ServerKilled,
    BackendKilled,
    ConnectionCut,
    Failover,
    ClockADayAhead,
}

const FAULTS: [Fault; 5] = [
    Fault::ServerKilled,
    Fault::BackendKilled,
    Fault::ConnectionCut,
    Fault::Failover,
    Fault::ClockADayAhead,
];

/// A server with a clock of its own.
struct Place {
    launch: Launch,
    clock: IoFaults,
    /// `None` while it is started again.
    server: Option<Server>,
}

impl Place {
    fn start(&mut self) -> u16 {
        self.server = Some(self.launch.start());
        self.server().address().port()
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }
}

struct Chaos {
    pair: Pair,
    /// The way of the second server to the primary. The first one knows the addresses of both databases.
    proxy: DatabaseProxy,
    places: [Place; 2],
    ports: [u16; 2],
    /// The days by which the clocks are ahead of the first morning.
    days: [i64; 2],
    random: Random,
    people: People,
}

impl Chaos {
    /// `None` skips the test.
    fn begin(seed: u64) -> Option<Self> {
        let pair = Pair::new()?;
        let proxy = DatabaseProxy::new(pair.socket());
        let mut places = [pair.address(), proxy.address()].map(|address| {
            let launch = Launch::new().with_variable("TZ", "UTC");
            let (launch, clock) = IoFaults::of(launch.with(&["--data", &address]));
            clock.set_clock(MORNING);
            Place {
                launch,
                clock,
                server: None,
            }
        });
        // One after the other: the first one makes the tables and the PINs.
        let ports = places.each_mut().map(Place::start);
        Some(Self {
            pair,
            proxy,
            places,
            ports,
            days: [0, 0],
            random: Random(seed),
            people: People::default(),
        })
    }

    /// A fault while tickets are made and called. Returns how long after its end the last client was answered and the last
    /// screen was whole.
    fn round(&mut self, fault: Fault) -> Duration {
        let round = &Round::at(self.ports);
        let days = self.people.ledger.days;
        let mut people = std::mem::take(&mut self.people);
        let time = people.go_through(round, || self.happen(fault, round));
        self.people = people;
        let new_days = usize::from(matches!(fault, Fault::ClockADayAhead));
        assert_eq!(
            self.people.ledger.days - days,
            new_days,
            "days that were started"
        );
        if matches!(fault, Fault::Failover) {
            self.pair.follow();
        }
        time
    }

    /// Kills a server, and starts it after this change.
    fn restart(&mut self, index: usize, round: &Round, change: impl FnOnce(&Place)) {
        let place = &mut self.places[index];
        place.server.take().expect("it runs").kill();
        change(place);
        self.ports[index] = place.start();
        round.ports[index].store(self.ports[index], Ordering::SeqCst);
    }

    /// Makes it happen, and returns when everything is there again.
    fn happen(&mut self, fault: Fault, round: &Round) {
        let either = usize::from(self.random.below(2) == 1);
        match fault {
            Fault::ServerKilled => self.restart(either, round, |_| ()),
            Fault::BackendKilled => {
                self.pair.kill_backend();
                self.pair.wait_until_whole();
            }
            Fault::ConnectionCut => {
                let most = [4_000, 800][either];
                let bytes = i64::try_from(self.random.below(most)).unwrap();
                self.proxy.cut_after(either, bytes);
                thread::sleep(Duration::from_millis(50));
                self.proxy.mend();
            }
            Fault::Failover => {
                self.pair.kill_primary();
                self.pair.promote();
                self.proxy.lead_to(self.pair.socket());
            }
            Fault::ClockADayAhead => {
                let late = usize::from(self.days[0] > self.days[1]);
                self.days[late] = self.days[1 - late] + 1;
                let time = MORNING + self.days[late] * DAY;
                // A step of the clock of a server that runs starts no day while people wait.
                self.restart(late, round, |place| place.clock.set_clock(time));
            }
        }
    }
}

#[test]
fn no_fault_loses_or_doubles_what_was_acknowledged_and_all_screens_are_whole_again() {
    let rounds = std::env::var("CHAOS_ROUNDS").ok();
    let is_measured = rounds.is_some();
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("a number"));
    let Some(mut chaos) = Chaos::begin(1) else {
        return;
    };
    let mut longest = FAULTS.map(|_| Duration::ZERO);
    for _ in 0..rounds {
        for (fault, longest) in FAULTS.into_iter().zip(&mut longest) {
            let time = chaos.round(fault);
            *longest = time.max(*longest);
            assert!(!is_measured || time < MOST_TIME, "{time:?} after {fault:?}");
        }
    }
    for (fault, longest) in FAULTS.iter().zip(longest) {
        println!("{fault:?}: {rounds} rounds, all well after {longest:?} at most");
    }
    let Ledger { made, called, .. } = chaos.people.ledger;
    println!("{made} tickets and {called} calls were acknowledged, none is lost or doubled");
    let [one, other] = chaos
        .places
        .each_ref()
        .map(|place| place.server().json("/api/state"));
    assert_eq!(one, other);
}
