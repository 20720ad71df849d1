//! What every journal must do: the audit log, access records and webhooks.

use std::net::IpAddr;

use super::testing::TestStore;
use crate::access::{AccessChange, AccessRecords, Actor, Person, PinHash, Role, Session, Token};
use crate::domain::PersonId;
use crate::storage::{AuditEntry, AuditKind, AuditRecord, Batch, Journal};
use crate::webhook::{
    Failure, OffReason, Webhook, WebhookChange, WebhookProgress, WebhookSecret, WebhookSetup,
};

const END: u64 = u64::MAX;
const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// More than one step of a purge deletes.
const MANY: usize = 4_100;

fn from(n: u8) -> Option<Actor> {
    Some(Actor {
        role: Role::Public,
        token: n.is_multiple_of(2).then(|| "kiosk «ñ»".to_owned()),
        person: n.is_multiple_of(3).then(|| "Begoña".into()),
        person_id: None,
        address: IpAddr::from([192, 0, 2, n]),
    })
}

fn entry(kind: AuditKind, n: u8) -> AuditEntry {
    AuditEntry::new(kind, Some("A1"), from(n))
}

fn store(journal: &mut dyn Journal, at: i64, audit: Vec<AuditEntry>) {
    let batch = Batch {
        audit,
        at,
        ..Batch::default()
    };
    journal.append(0, &batch).expect("appended");
}

fn ids(records: &[AuditRecord]) -> Vec<u64> {
    records.iter().map(|record| record.id).collect()
}

#[test]
fn an_entry_reads_back_whole_and_pages_have_each_entry_once() {
    for office in TestStore::each("audit-pages") {
        let mut journal = office.open();
        let whole = AuditEntry {
            seq: Some(7),
            desk: Some("3".to_owned()),
            to_desk: Some("4".to_owned()),
            to_service: Some("B".to_owned()),
            fields: vec!["name".to_owned(), "rule".to_owned()],
            ..entry(AuditKind::TicketTransferred, 2)
        };
        let by_itself = AuditEntry::new(AuditKind::DayStarted, None, None);
        let entries = vec![
            by_itself.clone(),
            entry(AuditKind::SignedIn, 1),
            whole.clone(),
            entry(AuditKind::Exported, 3),
            by_itself,
        ];
        store(&mut *journal, 10, entries.clone());
        let all = journal.audit(END, 100).expect("read");
        let read: Vec<AuditEntry> = all
            .iter()
            .rev()
            .map(|record| record.entry.clone())
            .collect();
        assert_eq!(read, entries);
        assert!(
            all.iter()
                .all(|record| record.at == 10 && record.count == 1)
        );
        for size in 1..=5 {
            let (mut before, mut seen) = (END, Vec::new());
            loop {
                let page = ids(&journal.audit(before, size).expect("read"));
                let Some(last) = page.last().copied() else {
                    break;
                };
                before = last;
                seen.extend(page);
            }
            assert_eq!(seen, ids(&all), "pages of {size}");
        }
    }
}

#[test]
fn wrong_pins_of_an_hour_are_counted_by_address() {
    for office in TestStore::each("audit-refused") {
        let mut journal = office.open();
        let mut refuse = |n, at| {
            let refused = AuditEntry::new(AuditKind::SignInRefused, None, from(n));
            store(&mut *journal, at, vec![refused]);
        };
        (0..50).for_each(|n| (0..3).for_each(|_| refuse(n, 100)));
        refuse(1, 100 + HOUR_MS - 1);
        refuse(1, 100 + HOUR_MS);
        let refused = journal.audit(END, 100).expect("read");
        let refused: Vec<(Option<String>, u64)> = refused
            .iter()
            .map(|record| {
                (
                    record
                        .entry
                        .actor
                        .as_ref()
                        .map(|actor| actor.address.to_string()),
                    record.count,
                )
            })
            .collect();
        assert_eq!(refused.len(), 22, "the first 20, the others, and a new one");
        assert_eq!(refused[0], (Some("192.0.2.1".to_owned()), 1));
        assert_eq!(refused[1], (None, 30 * 3));
        assert_eq!(refused.iter().map(|(_, count)| count).sum::<u64>(), 152);
    }
}

#[test]
fn a_purge_deletes_every_expired_entry_in_steps_and_counts_them_once() {
    for office in TestStore::each("audit-purge") {
        let mut journal = office.open();
        let (old, new) = (MANY, 50);
        // The clock was ahead for a while: an entry is old by its time, not by its place.
        store(&mut *journal, 30, vec![entry(AuditKind::SignedIn, 1); new]);
        store(
            &mut *journal,
            10,
            vec![entry(AuditKind::TicketCalled, 2); old],
        );
        store(&mut *journal, 30, vec![entry(AuditKind::SignedIn, 3); new]);
        let mut steps = 1;
        while journal.purge(20, 20, 40).expect("purged") {
            steps += 1;
        }
        assert_eq!(steps, 3, "a bounded number at a time");
        let left = journal.audit(END, 100_000).expect("read");
        assert_eq!(left.len(), 2 * new + 1);
        assert_eq!(left[0].entry.kind, AuditKind::AuditPurged);
        assert_eq!(left[0].count, old as u64);
        assert!(!journal.purge(20, 20, 40).expect("purged"));
        assert_eq!(journal.audit(END, 100_000).expect("read"), left);
        // The count itself expires, and leaves none.
        assert!(!journal.purge(50, 20, 60 + DAY_MS).expect("purged"));
        let left = journal.audit(END, 100_000).expect("read");
        assert_eq!((left.len(), left[0].count), (1, 2 * new as u64));
        assert!(!journal.purge(70 + DAY_MS, 20, 80 + DAY_MS).expect("purged"));
        assert_eq!(journal.audit(END, 100_000).expect("read"), []);
    }
}

/// Stores changes in the office, and returns all records of access after them.
fn keep_access(office: &TestStore, access: Vec<AccessChange>) -> AccessRecords {
    let mut journal = office.open();
    let batch = Batch {
        access,
        ..Batch::default()
    };
    journal.append(0, &batch).expect("kept");
    journal.access().expect("read")
}

#[test]
fn stored_access_records_read_back() {
    for office in TestStore::each("access") {
        let pin = |n| PinHash {
            salt: [n; 16],
            hash: [n; 32],
            memory_kib: 8,
            passes: 1,
        };
        let session = |n, role| Session {
            hash: [n; 32],
            role,
            person: None,
            expires_at: 100,
        };
        let token = |id| Token {
            id,
            hash: [id as u8; 32],
            name: format!("program {id}"),
            role: Role::Admin,
            created_at: 5,
            used_at: None,
        };
        let add = |n, role, now| AccessChange::AddSession {
            session: session(n, role),
            now,
        };
        let keep = |access| keep_access(&office, access);
        let records = keep(vec![
            AccessChange::SetPin(Role::Staff, pin(1)),
            AccessChange::SetPin(Role::Admin, pin(2)),
            add(1, Role::Staff, 0),
            add(2, Role::Admin, 0),
            AccessChange::AddToken(token(1)),
            AccessChange::AddToken(token(2)),
            AccessChange::TokenUsed { id: 2, at: 7 },
        ]);
        assert_eq!(records.pins, [(Role::Admin, pin(2)), (Role::Staff, pin(1))]);
        assert_eq!(records.sessions.len(), 2);
        let used = Token {
            used_at: Some(7),
            ..token(2)
        };
        assert_eq!(records.tokens, [token(1), used]);
        let records = keep(vec![
            AccessChange::SetPin(Role::Staff, pin(3)),
            AccessChange::DeleteToken { id: 1 },
        ]);
        assert_eq!(
            records.sessions,
            [session(2, Role::Admin)],
            "a PIN ends its sessions"
        );
        assert_eq!(records.tokens.len(), 1);
        let records = keep(vec![
            AccessChange::EndSession([2; 32]),
            add(3, Role::Staff, 0),
        ]);
        assert_eq!(records.sessions, [session(3, Role::Staff)]);
        let records = keep(vec![add(4, Role::Staff, 100)]);
        assert_eq!(
            records.sessions,
            [session(4, Role::Staff)],
            "what has ended goes"
        );
    }
}

#[test]
fn stored_people_read_back_and_no_id_is_given_again() {
    let pin = |n| PinHash {
        salt: [n; 16],
        hash: [n; 32],
        memory_kib: 8,
        passes: 1,
    };
    let person = |id: u8, name: &str| Person {
        id: PersonId(id.into()),
        name: name.into(),
        role: Role::Staff,
        pin: pin(id),
        created_at: 5,
    };
    let session = |n| Session {
        hash: [n; 32],
        role: Role::Staff,
        person: Some(PersonId(n.into())),
        expires_at: 100,
    };
    let add = |n| AccessChange::AddSession {
        session: session(n),
        now: 0,
    };
    for office in TestStore::each("people") {
        let keep = |access| keep_access(&office, access);
        let records = keep(vec![
            AccessChange::AddPerson(person(1, "Ana")),
            AccessChange::AddPerson(person(2, "Begoña")),
            add(1),
            add(2),
        ]);
        assert_eq!(records.people, [person(1, "Ana"), person(2, "Begoña")]);
        assert_eq!((records.last_person, records.sessions.len()), (2, 2));
        let changed = Person {
            role: Role::Admin,
            ..person(1, "Ana María")
        };
        let records = keep(vec![
            AccessChange::ChangePerson {
                person: changed.clone(),
                ends_sessions: true,
            },
            AccessChange::RemovePerson(PersonId(2)),
        ]);
        assert_eq!(records.people, [changed]);
        assert_eq!(records.last_person, 2);
        assert!(records.sessions.is_empty());
    }
}

fn webhook(id: u64) -> Webhook {
    let secret = |text: &str, expires_at| WebhookSecret {
        text: text.to_owned(),
        expires_at,
    };
    Webhook {
        setup: WebhookSetup {
            id,
            url: format!("https://receiver.example/{id}"),
            types: vec!["ticket-called".to_owned(), "day-started".to_owned()],
            approaching_ahead: 3,
            secrets: vec![secret("whsec_bmV3", None), secret("whsec_b2xk", Some(9))],
            is_on: true,
            off_reason: None,
            created_at: 7,
        },
        progress: WebhookProgress {
            position: 12,
            failing_ms: 0,
            last_failure: None,
        },
    }
}

#[test]
fn stored_webhooks_read_back() {
    for office in TestStore::each("webhooks") {
        let keep = |webhooks: Vec<WebhookChange>| {
            let mut journal = office.open();
            let batch = Batch {
                webhooks,
                ..Batch::default()
            };
            journal.append(0, &batch).expect("kept");
            journal.webhooks().expect("read")
        };
        let (mut one, two) = (webhook(1), webhook(2));
        let added = [&one, &two].map(|webhook| WebhookChange::Add(webhook.clone()));
        assert_eq!(keep(added.to_vec()), [one.clone(), two]);
        one.setup.is_on = false;
        one.setup.off_reason = Some(OffReason::Gone);
        one.setup.secrets.truncate(1);
        one.progress = WebhookProgress {
            position: 13,
            failing_ms: 4,
            last_failure: Some(Failure {
                at: 5,
                reason: "status".to_owned(),
                status: Some(410),
            }),
        };
        let changes = vec![
            WebhookChange::SetUp(one.setup.clone()),
            WebhookChange::Progress {
                id: 1,
                progress: one.progress.clone(),
            },
            WebhookChange::Delete { id: 2 },
            // One that is gone stays so.
            WebhookChange::Progress {
                id: 2,
                progress: one.progress.clone(),
            },
        ];
        assert_eq!(keep(changes), [one]);
    }
}
