//! How a whole queue is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::trail::{ClockRecord, RunRecord, run, run_record};
use super::{
    SettingsRecord, SetupRecord, Unreadable, is_normal, is_one_digit, line, normal, one_digit,
    own_desk, screen_id, ticket_id,
};
use crate::domain::{
    Arrival, Call, CallKind, Change, Day, DayRule, Desk, DeskName, LastCall, Pace, Place, Prefix,
    Queue, QueueParts, Service, State, Step, Ticket, Timestamp, Turn,
};

#[derive(Serialize, Deserialize)]
pub(super) struct QueueRecord {
    seq: u64,
    #[serde(default)]
    settings: SettingsRecord,
    #[serde(default)]
    day: Option<i32>,
    /// Absent where an older program wrote it, and on an office's first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numbers_of: Option<i32>,
    #[serde(default)]
    clock: ClockRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule_before: Option<DayRuleRecord>,
    #[serde(default)]
    carried: Vec<(String, u32)>,
    /// By line: the event of each call, and whether its weight was higher than the lowest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    runs: Vec<RunRecord>,
    #[serde(default)]
    now: i64,
    services: Vec<ServiceRecord>,
    desks: Vec<DeskRecord>,
    tickets: Vec<TicketRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    past: Vec<TicketRecord>,
    ended: Vec<u64>,
    calls: Vec<CallRecord>,
    last_called: Vec<u64>,
    #[serde(default)]
    steps: Vec<StepRecord>,
    #[serde(default)]
    pace: PaceRecord,
}

/// When days began before the settings changed.
#[derive(Serialize, Deserialize)]
struct DayRuleRecord {
    time_zone: Option<String>,
    begins_hour: u8,
}

#[derive(Default, Serialize, Deserialize)]
struct PaceRecord {
    /// By service: the event that ended a turn, its milliseconds and its desk. Absent where an older
    /// program wrote it, which did not know the desks.
    #[serde(default)]
    desk_turns: BTreeMap<String, Vec<(u64, i64, String)>>,
    /// By desk.
    desks: BTreeMap<String, LastCallRecord>,
}

#[derive(Serialize, Deserialize)]
struct LastCallRecord {
    service: String,
    called_at: i64,
    free_at: Option<i64>,
}

/// A desk's last step.
#[derive(Serialize, Deserialize)]
struct StepRecord {
    desk: String,
    seq: u64,
    at: i64,
    changes: Vec<ChangeRecord>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    opened: bool,
    last_called: Vec<u64>,
    #[serde(default)]
    last_call: Option<LastCallRecord>,
}

#[derive(Serialize, Deserialize)]
struct ChangeRecord {
    before: TicketRecord,
    after: String,
}

#[derive(Serialize, Deserialize)]
struct ServiceRecord {
    prefix: String,
    #[serde(flatten)]
    setup: SetupRecord,
    /// 0 before the day's first.
    last_number: u32,
}

#[derive(Serialize, Deserialize)]
struct DeskRecord {
    name: String,
    open: bool,
    services: Vec<String>,
    attending: Option<u64>,
    /// The screen that has it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    screen: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct TicketRecord {
    id: String,
    arrival: u64,
    /// What the code begins with, where a transfer has made that another service than `service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    service: String,
    number: u32,
    #[serde(default = "one_digit", skip_serializing_if = "is_one_digit")]
    digits: u8,
    /// The desk in whose own line it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own_line_of: Option<String>,
    /// Its place in line, where that is not its arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rank: Option<i64>,
    #[serde(default = "normal", skip_serializing_if = "is_normal")]
    priority: String,
    /// Where that is not when it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waiting_since: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    state: String,
    created_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    desk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    called_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    calls: u32,
}

#[derive(Serialize, Deserialize)]
struct CallRecord {
    seq: u64,
    code: String,
    desk: String,
    recall: bool,
    at: i64,
}

/// Writes a whole queue.
pub fn write_queue(queue: &Queue) -> Vec<u8> {
    let record = QueueRecord::from(queue.parts());
    serde_json::to_vec(&record).expect("strings, numbers and booleans are always JSON")
}

/// Reads what [`write_queue`] wrote.
pub fn read_queue(bytes: &[u8]) -> Result<Queue, Unreadable> {
    let record: QueueRecord = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    record.parts().map(Queue::from_parts)
}

impl From<QueueParts> for QueueRecord {
    fn from(parts: QueueParts) -> Self {
        Self {
            seq: parts.seq,
            settings: SettingsRecord::from(&parts.settings),
            day: parts.day.map(Day::as_epoch_days),
            numbers_of: parts.numbers_of.map(Day::as_epoch_days),
            clock: ClockRecord::from(&parts.clock),
            rule_before: parts.rule_before.map(|rule| DayRuleRecord {
                time_zone: rule.time_zone.map(|zone| zone.to_string()),
                begins_hour: rule.begins_hour,
            }),
            carried: parts
                .carried
                .iter()
                .map(|(prefix, number)| (prefix.to_string(), *number))
                .collect(),
            runs: parts.runs.lines().map(run_record).collect(),
            now: parts.now.as_millis(),
            services: parts
                .services
                .iter()
                .map(|service| ServiceRecord {
                    prefix: service.prefix.to_string(),
                    setup: SetupRecord::from(&service.setup),
                    last_number: service.last_number.unwrap_or(0),
                })
                .collect(),
            desks: parts
                .desks
                .iter()
                .map(|desk| DeskRecord {
                    name: desk.name.to_string(),
                    open: desk.open,
                    services: desk.services.iter().map(Prefix::to_string).collect(),
                    attending: desk.attending.map(Arrival::as_seq),
                    screen: desk.screen.map(|screen| screen.to_string()),
                })
                .collect(),
            tickets: parts.tickets.into_iter().map(ticket_record).collect(),
            past: parts.past.into_iter().map(ticket_record).collect(),
            ended: parts.ended.iter().map(|arrival| arrival.as_seq()).collect(),
            calls: parts
                .calls
                .into_iter()
                .map(|call| CallRecord {
                    seq: call.seq,
                    code: call.code,
                    desk: call.desk.to_string(),
                    recall: call.kind == CallKind::Recall,
                    at: call.at.as_millis(),
                })
                .collect(),
            last_called: parts.last_called.iter().map(|a| a.as_seq()).collect(),
            steps: parts.steps.into_iter().map(step_record).collect(),
            pace: pace_record(&parts.pace),
        }
    }
}

impl QueueRecord {
    /// What was written.
    pub(super) fn parts(self) -> Result<QueueParts, Unreadable> {
        let record = self;
        let desks: Result<Vec<Desk>, Unreadable> = record.desks.iter().map(desk).collect();
        let tickets: Result<Vec<Ticket>, Unreadable> =
            record.tickets.into_iter().map(ticket).collect();
        let past: Result<Vec<Ticket>, Unreadable> = record.past.into_iter().map(ticket).collect();
        let calls: Result<Vec<Call>, Unreadable> = record.calls.into_iter().map(call).collect();
        let services = record.services.into_iter().map(|service| Service {
            prefix: Prefix::new(&service.prefix),
            setup: service.setup.into(),
            last_number: (service.last_number > 0).then_some(service.last_number),
        });
        Ok(QueueParts {
            seq: record.seq,
            settings: record.settings.into(),
            day: record.day.map(Day::from_epoch_days),
            numbers_of: record.numbers_of.map(Day::from_epoch_days),
            clock: record.clock.into(),
            rule_before: record.rule_before.map(|rule| DayRule {
                time_zone: rule.time_zone.map(Into::into),
                begins_hour: rule.begins_hour,
            }),
            carried: record
                .carried
                .iter()
                .map(|(prefix, number)| (Prefix::new(prefix), *number))
                .collect(),
            runs: record
                .runs
                .into_iter()
                .map(run)
                .collect::<Result<_, Unreadable>>()?,
            now: Timestamp::from_millis(record.now),
            services: services.collect(),
            desks: desks?,
            tickets: tickets?,
            past: past?,
            ended: record.ended.into_iter().map(Arrival::from_seq).collect(),
            calls: calls?,
            last_called: record
                .last_called
                .into_iter()
                .map(Arrival::from_seq)
                .collect(),
            steps: record
                .steps
                .into_iter()
                .map(step)
                .collect::<Result<_, _>>()?,
            pace: pace(record.pace)?,
        })
    }
}

fn pace_record(pace: &Pace) -> PaceRecord {
    let turns = pace.turns.iter().map(|(prefix, turns)| {
        let turns = turns.iter();
        let turns = turns.map(|turn| (turn.seq, turn.millis, turn.desk.to_string()));
        (prefix.to_string(), turns.collect())
    });
    let desks = pace.desks.iter();
    let desks = desks.map(|(name, call)| (name.to_string(), last_call_record(call)));
    PaceRecord {
        desk_turns: turns.collect(),
        desks: desks.collect(),
    }
}

fn pace(record: PaceRecord) -> Result<Pace, Unreadable> {
    let turns = record.desk_turns.into_iter().map(|(prefix, turns)| {
        let turns = turns.into_iter().map(|(seq, millis, desk)| {
            let desk = DeskName::parse(&desk)?;
            Ok(Turn { seq, millis, desk })
        });
        Ok((
            Prefix::new(&prefix),
            turns.collect::<Result<_, Unreadable>>()?,
        ))
    });
    let desks = record.desks.iter();
    let desks = desks.map(|(name, call)| Ok((DeskName::parse(name)?, last_call(call))));
    Ok(Pace {
        turns: turns.collect::<Result<_, Unreadable>>()?,
        desks: desks.collect::<Result<_, Unreadable>>()?,
    })
}

fn last_call_record(call: &LastCall) -> LastCallRecord {
    LastCallRecord {
        service: call.service.to_string(),
        called_at: call.called_at.as_millis(),
        free_at: call.free_at.map(Timestamp::as_millis),
    }
}

fn last_call(record: &LastCallRecord) -> LastCall {
    LastCall {
        service: Prefix::new(&record.service),
        called_at: Timestamp::from_millis(record.called_at),
        free_at: record.free_at.map(Timestamp::from_millis),
    }
}

fn step_record(step: Step) -> StepRecord {
    let changes = step.changes.into_iter().map(|change| ChangeRecord {
        before: ticket_record(change.before),
        after: change.after.as_str().to_owned(),
    });
    StepRecord {
        desk: step.desk.to_string(),
        seq: step.seq,
        at: step.at.as_millis(),
        changes: changes.collect(),
        opened: step.opened,
        last_called: step.last_called.iter().map(|a| a.as_seq()).collect(),
        last_call: step.last_call.as_ref().map(last_call_record),
    }
}

fn step(record: StepRecord) -> Result<Step, Unreadable> {
    let changes = record.changes.into_iter().map(|change| {
        Ok(Change {
            before: ticket(change.before)?,
            after: state(&change.after)?,
        })
    });
    let last_called = record.last_called.into_iter().map(Arrival::from_seq);
    Ok(Step {
        desk: DeskName::parse(&record.desk)?,
        seq: record.seq,
        at: Timestamp::from_millis(record.at),
        changes: changes.collect::<Result<_, Unreadable>>()?,
        opened: record.opened,
        last_called: last_called.collect(),
        last_call: record.last_call.as_ref().map(last_call),
    })
}

fn state(word: &str) -> Result<State, Unreadable> {
    State::parse(word).ok_or_else(|| format!("no state «{word}»"))
}

fn ticket_record(ticket: Ticket) -> TicketRecord {
    TicketRecord {
        id: ticket.id.to_string(),
        arrival: ticket.arrival.as_seq(),
        prefix: (ticket.prefix != ticket.service).then(|| ticket.prefix.to_string()),
        service: ticket.service.to_string(),
        number: ticket.number,
        digits: ticket.digits,
        own_line_of: own_desk(&ticket.line),
        rank: (ticket.place != Place::by_arrival(ticket.arrival)).then(|| ticket.place.rank()),
        priority: ticket.priority.to_string(),
        waiting_since: (ticket.waiting_since != ticket.created_at)
            .then(|| ticket.waiting_since.as_millis()),
        note: ticket.note.map(String::from),
        state: ticket.state.as_str().to_owned(),
        created_at: ticket.created_at.as_millis(),
        desk: ticket.desk.map(|desk| desk.to_string()),
        called_at: ticket.called_at.map(Timestamp::as_millis),
        ended_at: ticket.ended_at.map(Timestamp::as_millis),
        calls: ticket.calls,
    }
}

fn ticket(record: TicketRecord) -> Result<Ticket, Unreadable> {
    let arrival = Arrival::from_seq(record.arrival);
    Ok(Ticket {
        id: ticket_id(&record.id)?,
        arrival,
        prefix: Prefix::new(record.prefix.as_deref().unwrap_or(&record.service)),
        number: record.number,
        digits: record.digits,
        line: line(&record.service, record.own_line_of.as_deref())?,
        place: match record.rank {
            Some(rank) => Place::ranked(rank, arrival),
            None => Place::by_arrival(arrival),
        },
        service: Prefix::new(&record.service),
        priority: record.priority.into(),
        waiting_since: Timestamp::from_millis(record.waiting_since.unwrap_or(record.created_at)),
        note: record.note.map(String::into_boxed_str),
        state: state(&record.state)?,
        created_at: Timestamp::from_millis(record.created_at),
        desk: record.desk.map(|name| DeskName::parse(&name)).transpose()?,
        called_at: record.called_at.map(Timestamp::from_millis),
        ended_at: record.ended_at.map(Timestamp::from_millis),
        calls: record.calls,
    })
}

fn desk(record: &DeskRecord) -> Result<Desk, Unreadable> {
    Ok(Desk {
        name: DeskName::parse(&record.name)?,
        open: record.open,
        services: record.services.iter().map(|p| Prefix::new(p)).collect(),
        attending: record.attending.map(Arrival::from_seq),
        screen: record.screen.as_deref().map(screen_id).transpose()?,
    })
}

fn call(record: CallRecord) -> Result<Call, Unreadable> {
    Ok(Call {
        seq: record.seq,
        code: record.code,
        desk: DeskName::parse(&record.desk)?,
        kind: if record.recall {
            CallKind::Recall
        } else {
            CallKind::Call
        },
        at: Timestamp::from_millis(record.at),
    })
}
