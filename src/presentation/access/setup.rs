//! PINs that are set while no server runs: at the first start, and with `turnero pin`.

use std::error::Error;
use std::io::{self, BufRead, IsTerminal};

use super::pin;
use crate::access::{AccessChange, AccessRecords, Actor, Role};
use crate::calendar::now;
use crate::logging;
use crate::presentation::services::TicketService;
use crate::storage::{self, AuditEntry, AuditKind, Batch, DataSource, Journal, StorageError};

/// Lines that the log must show once the server listens, and the changes to store after that.
#[derive(Default)]
pub struct PinNotice {
    lines: Vec<String>,
    changes: Vec<AccessChange>,
}

impl PinNotice {
    /// One line, and no changes.
    pub fn line(line: &str) -> Self {
        Self {
            lines: vec![line.to_owned()],
            changes: Vec::new(),
        }
    }

    /// Writes the lines to the log, and stores that the PINs have been shown.
    pub fn say(self, tickets: &TicketService) {
        self.lines.iter().for_each(|line| logging::say(line));
        if !self.changes.is_empty() {
            // If this fails, the next start makes new PINs.
            let _ = tickets.store_access(self.changes, None);
        }
    }
}

/// Makes the PINs that are missing. Also replaces a stored PIN that was never shown, because the
/// program was killed before: nobody knows it.
pub fn make_pins(
    journal: &mut dyn Journal,
    records: &mut AccessRecords,
) -> Result<PinNotice, Box<dyn Error>> {
    let mut notice = PinNotice::default();
    if !journal.is_leader() {
        // Another server of the office runs: it makes and shows them.
        return Ok(notice);
    }
    for role in [Role::Staff, Role::Admin] {
        let is_there = records.pins.iter().any(|(other, _)| *other == role);
        // An admin has removed it: people sign in by name.
        let is_removed = !is_there && records.people.iter().any(|person| person.role >= role);
        if is_removed || (is_there && !records.unannounced.contains(&role)) {
            continue;
        }
        let new = pin::make()?;
        let hash = pin::hash(&new)?;
        let changes = vec![
            AccessChange::ExpectRevision(records.revision),
            AccessChange::SetPin(role, hash),
            AccessChange::PinUnannounced(role),
        ];
        let stored = store(journal, changes, role);
        *records = journal.access()?;
        if let Err(StorageError::Conflict) = stored {
            // Another server leads by now, and makes them.
            return Ok(PinNotice::default());
        }
        stored?;
        notice.changes.push(AccessChange::PinAnnounced(role));
        let purpose = match role {
            Role::Admin => "for the settings",
            _ => "for the desks",
        };
        let name = role.as_str();
        let how = match journal.is_shared() {
            true => "and the --data and --office of this server",
            false => "while the server is stopped",
        };
        notice.lines.push(format!(
            "The PIN of {name}, {purpose}, from another device: {new}. It is not shown again; change \
             it in the settings, or with «turnero pin {name}» {how}"
        ));
    }
    Ok(notice)
}

/// `turnero pin ROLE`: sets a PIN in storage: a data file that no server uses, or a database. Reads the PIN from standard
/// input; if the line is empty, makes one and prints it.
pub fn set_stored_pin(role: Role, data: &DataSource) -> Result<(), Box<dyn Error>> {
    let mut journal = storage::open(data).map_err(|error| {
        let for_file = format!(
            "While the server runs, change the PIN on the settings screen or with PUT /api/pins/{}.",
            role.as_str()
        );
        data.with_advice_for_file(&error.to_string(), &for_file)
    })?;
    let name = role.as_str();
    if io::stdin().is_terminal() {
        eprintln!("The new PIN of {name} (leave empty to get a random one):");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let given = line.trim_end_matches(['\r', '\n']);
    let (new, message) = if given.is_empty() {
        let new = pin::make()?;
        let message = format!("The PIN of {name} in {data} is {new} now.");
        (new, message)
    } else {
        let message = format!("The PIN of {name} in {data} is set.");
        (given.to_owned(), message)
    };
    pin::check(&new).map_err(|why| format!("That PIN is not accepted: {why}."))?;
    let records = journal.access()?;
    if records
        .pins
        .iter()
        .any(|(other, kept)| *other != role && pin::matches(&new, kept))
    {
        return Err("This PIN is not accepted: staff and admin need different PINs.".into());
    }
    let changes = vec![
        AccessChange::ExpectRevision(records.revision),
        AccessChange::SetPin(role, pin::hash(&new)?),
    ];
    store(&mut *journal, changes, role)?;
    println!("{message}");
    if journal.is_shared() && records.pins.is_empty() && records.people.is_empty() {
        println!(
            "The database had no PINs for this office: it is new, if its name is the right one."
        );
    }
    Ok(())
}

/// Stores the new PIN of a role.
fn store(
    journal: &mut dyn Journal,
    access: Vec<AccessChange>,
    role: Role,
) -> Result<(), StorageError> {
    let entry = AuditEntry::new(
        AuditKind::PinChanged,
        Some(role.as_str()),
        Some(Actor::HERE),
    );
    let batch = Batch {
        access,
        audit: vec![entry],
        at: now().as_millis(),
        ..Batch::default()
    };
    loop {
        let end = journal.end()?;
        match journal.append(end, &batch) {
            // A server of the office has stored an event in between.
            Err(StorageError::MovedOn { .. }) if journal.is_shared() => {}
            stored => return stored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_pin_is_replaced_until_it_has_been_shown() {
        let file = std::env::temp_dir().join(format!("turnero-setup-{}.db", std::process::id()));
        // One start of the program; `says` is false if it is killed before it shows the PINs.
        let start = |says: bool| {
            let mut journal = storage::open(&DataSource::File(file.clone())).expect("the file");
            let mut records = journal.access().expect("read");
            let made = make_pins(&mut *journal, &mut records).expect("made");
            assert_eq!(records.pins.len(), 2);
            let kept = journal.access().expect("read");
            assert!(kept.pins.iter().all(|one| records.pins.contains(one)));
            if says {
                let batch = Batch {
                    access: made.changes,
                    ..Batch::default()
                };
                journal.append(0, &batch).expect("kept");
            }
            (made.lines, records.pins)
        };
        let (first, old) = start(false);
        let (second, new) = start(true);
        assert_eq!((first.len(), second.len()), (2, 2));
        assert!(old.iter().all(|one| !new.contains(one)), "others");
        for line in &second {
            let is_of = |role: &Role| line.contains(&format!("The PIN of {}", role.as_str()));
            let (role, pin) = new.iter().find(|(role, _)| is_of(role)).expect("its role");
            let (_, digits) = line.split_once("device: ").expect("the PIN");
            assert!(pin::matches(&digits[..8], pin), "{role:?}");
        }
        let (third, kept) = start(true);
        assert!(third.is_empty() && new.iter().all(|one| kept.contains(one)));
        for suffix in ["", "-wal"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }
}
