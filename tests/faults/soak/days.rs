//! Sixty days of an office whose clock steps, whose time zone changes and whose server is killed: no
//! number comes twice on a business day, and nothing that was acknowledged is lost.
//!
//! The clock lies in the ways that the program can cope with (docs/operating.md): it is right for the
//! first ticket of a business day, and it never shows a later business day than the true one.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::json;

use super::soak;
use crate::common::{Launch, Server, array, number, text};
use crate::io_faults::IoFaults;
use crate::random::Random;

const DAYS: i64 = 60;
const MINUTE: i64 = 60 * 1_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// 2026-02-20T09:00:00Z: clocks go forward and back in the sixty days that follow.
const OPENS: i64 = 20_504 * DAY + 9 * HOUR;

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Madrid",
    "America/Bogota",
    "America/St_Johns",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
];

/// The office's time zone, and the hour at which its business day begins.
struct Rule {
    zone: &'static str,
    hour: i8,
}

impl Rule {
    /// The business day at that time.
    fn day(&self, millis: i64) -> Date {
        let zone = TimeZone::get(self.zone).unwrap();
        let local = zone.to_datetime(Timestamp::from_millisecond(millis).unwrap());
        local
            .checked_sub(i64::from(self.hour).hours())
            .unwrap()
            .date()
    }
}

struct Office {
    faults: IoFaults,
    server: Server,
    random: Random,
    rule: Rule,
    /// The true time, and by how much the clock is wrong.
    time: i64,
    wrong_by: i64,
    /// The tickets of this business day, by their numbers: given today, or served since yesterday.
    given: BTreeMap<u64, String>,
    /// The last number given today.
    last: u64,
    /// The ticket at the desk.
    served: Option<(u64, String)>,
    /// Whether the clock showed a later time than the true one today, or the rule was changed: numbers
    /// may then go on at the next beginning of a day.
    may_go_on: bool,
}

impl Office {
    fn open(seed: u64) -> Self {
        let (launch, faults) = IoFaults::of(Launch::new().with_variable("TZ", "UTC"));
        faults.set_clock(OPENS);
        let mut office = Self {
            server: launch.start(),
            faults,
            random: Random(seed),
            rule: Rule {
                zone: "UTC",
                hour: 0,
            },
            time: OPENS,
            wrong_by: 0,
            given: BTreeMap::new(),
            last: 0,
            served: None,
            may_go_on: false,
        };
        office.set_rule();
        office
    }

    /// Lets time pass. If another business day has begun, the clock is right for its first ticket. The server is off
    /// over midnight: to a running one it would be a step of the clock, by which no day begins while people wait.
    fn pass(mut self, millis: i64) -> Self {
        let before = self.rule.day(self.time);
        self.time += millis;
        let today = self.rule.day(self.time);
        if today == before {
            self.set_clock();
            return self;
        }
        // However many days have begun, numbers restart once.
        self.wrong_by = 0;
        let launch = self.server.stop();
        self.faults.set_clock(self.time);
        self.server = launch.start();
        self.given = self.served.iter().cloned().collect();
        self.last = 0;
        self.take_ticket();
        self
    }

    fn set_clock(&mut self) {
        if self.rule.day(self.time + self.wrong_by) > self.rule.day(self.time) {
            self.wrong_by = 0;
        }
        self.faults.set_clock(self.time + self.wrong_by);
    }

    /// Steps the clock.
    fn step(&mut self) {
        let below = |random: &mut Random, most: i64| {
            i64::try_from(random.below(u64::try_from(most).unwrap())).unwrap()
        };
        self.wrong_by = match self.random.below(6) {
            0 | 1 => 0,
            2 => -below(&mut self.random, HOUR),
            3 => -below(&mut self.random, 40 * DAY),
            // A computer without a battery says 1970.
            4 => -self.time,
            _ => below(&mut self.random, 8 * HOUR),
        };
        self.set_clock();
        self.may_go_on |= self.wrong_by > 0;
    }

    /// Moves the office: another time zone, or another hour at which its day begins.
    fn set_rule(&mut self) {
        self.wrong_by = 0;
        self.set_clock();
        let zone = self.random.of(&ZONES);
        let hour = i8::try_from(self.random.below(24)).unwrap();
        self.rule = Rule { zone, hour };
        let settings = json!({"timeZone": zone, "dayBeginsHour": hour});
        self.server.put_json("/api/settings", &settings).expect(200);
        self.may_go_on = true;
    }

    /// Takes a ticket, and checks its number.
    fn take_ticket(&mut self) {
        let ticket = self.server.ticket();
        let (id, number) = (text(&ticket, "id"), number(&ticket, "number"));
        let when = Timestamp::from_millisecond(self.time).unwrap();
        let about = format!("{number} at {when}, wrong by {} s", self.wrong_by / 1_000);
        let twice = self.given.insert(number, id.to_owned());
        assert_eq!(twice, None, "{about}");
        let mut skipped = self.last + 1..number;
        let goes_on = self.last == 0 && self.may_go_on;
        let is_next = skipped.all(|skipped| self.given.contains_key(&skipped));
        assert!(is_next || goes_on, "{about} after {}", self.last);
        if self.last == 0 && is_next {
            self.may_go_on = false;
        }
        self.last = number;
    }

    /// Calls the next ticket, if one waits.
    fn call(&mut self) {
        let answer = self.server.post("/api/desks/1/next");
        let called = (answer.status == 200).then(|| answer.json());
        self.served = called.map(|t| (number(&t, "number"), text(&t, "id").to_owned()));
    }

    /// Ends the server, one way or the other, and starts it again.
    fn restart(mut self) -> Self {
        self.server = match self.random.below(2) {
            0 => self.server.kill().start(),
            _ => self.server.stop().start(),
        };
        self
    }

    /// All that was given today is there.
    fn check(&self) {
        let list = self.server.json("/api/tickets?limit=100000");
        let ids: Vec<&str> = array(&list).iter().map(|t| text(t, "id")).collect();
        for (number, id) in &self.given {
            assert!(ids.contains(&id.as_str()), "{number} is lost");
        }
    }
}

fn sixty_days(seed: u64) {
    let mut office = Office::open(seed);
    let mut restarts = 0;
    while office.time < OPENS + DAYS * DAY {
        match office.random.below(30) {
            0..14 => {
                let millis = i64::try_from(office.random.below(9 * 60)).unwrap() * MINUTE;
                office = office.pass(millis);
            }
            14..20 => office.step(),
            20 => office.set_rule(),
            21 => {
                office = office.restart();
                office.check();
                restarts += 1;
            }
            22 => office.call(),
            _ => office.take_ticket(),
        }
    }
    office.check();
    assert!(restarts > 0, "it was never restarted");
}

#[test]
fn no_number_comes_twice_on_a_day_whatever_the_clock_and_the_zone_do() {
    soak(sixty_days);
}
