//! PINs without a running server: those of the first start, and `turnero pin`.

use std::error::Error;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use super::pin;
use crate::access::{AccessChange, AccessRecords, Actor, Role};
use crate::calendar::now;
use crate::logging;
use crate::presentation::services::TicketService;
use crate::storage::{Batch, Journal, Note, Noted, SqliteJournal};

/// What the log is to say once the server listens, and what is kept when it has.
#[derive(Default)]
pub struct Announcement {
    lines: Vec<String>,
    said: Vec<AccessChange>,
}

impl Announcement {
    /// That and no more.
    pub fn line(line: &str) -> Self {
        Self {
            lines: vec![line.to_owned()],
            said: Vec::new(),
        }
    }

    /// Says it.
    pub fn say(self, tickets: &TicketService) {
        self.lines.iter().for_each(|line| logging::say(line));
        if !self.said.is_empty() {
            // Where that cannot be kept, there are new ones at the next start.
            let _ = tickets.store_access(self.said, None);
        }
    }
}

/// Makes the PINs that an office has not got yet. One that is stored and was not said, because the
/// program was killed in between, is made anew: nobody knows it.
pub fn make_pins(
    journal: &mut dyn Journal,
    records: &mut AccessRecords,
) -> Result<Announcement, Box<dyn Error>> {
    let mut announcement = Announcement::default();
    for role in [Role::Staff, Role::Admin] {
        let is_there = records.pins.iter().any(|(other, _)| *other == role);
        if is_there && !records.unsaid.contains(&role) {
            continue;
        }
        let new = pin::make()?;
        let hash = pin::hash(&new)?;
        let set = AccessChange::SetPin(role, hash.clone());
        keep(journal, vec![set, AccessChange::PinUnsaid(role)], role)?;
        records.pins.retain(|(other, _)| *other != role);
        records.pins.push((role, hash));
        records.sessions.retain(|session| session.role != role);
        announcement.said.push(AccessChange::PinSaid(role));
        let what = match role {
            Role::Admin => "to set it up",
            _ => "to attend people",
        };
        let name = role.as_str();
        announcement.lines.push(format!(
            "The PIN of {name}, {what} from another device: {new}. It is shown this once; change \
             it on the settings screen, or with «turnero pin {name}» while the server is stopped"
        ));
    }
    Ok(announcement)
}

/// `turnero pin ROLE`: sets the PIN of a data file that no server uses, to a line of standard
/// input, or where that is empty to a new one, which it prints.
pub fn set_pin_of_file(role: Role, file: &Path) -> Result<(), Box<dyn Error>> {
    let mut journal = SqliteJournal::open(file).map_err(|error| {
        format!(
            "{error} While the server runs, change the PIN on the settings screen or with \
             PUT /api/pins/{}.",
            role.as_str()
        )
    })?;
    let name = role.as_str();
    if io::stdin().is_terminal() {
        eprintln!("The new PIN of {name} (nothing: one is made):");
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let given = line.trim_end_matches(['\r', '\n']);
    let (new, said) = if given.is_empty() {
        let new = pin::make()?;
        let said = format!("The PIN of {name} in {} is {new} now.", file.display());
        (new, said)
    } else {
        let said = format!("The PIN of {name} in {} is set.", file.display());
        (given.to_owned(), said)
    };
    pin::check(&new).map_err(|why| format!("That cannot be the PIN: {why}."))?;
    let others = journal.access()?.pins;
    if others
        .iter()
        .any(|(other, kept)| *other != role && pin::matches(&new, kept))
    {
        return Err("That cannot be the PIN: staff and admin each need their own.".into());
    }
    let set = AccessChange::SetPin(role, pin::hash(&new)?);
    keep(&mut journal, vec![set], role)?;
    println!("{said}");
    Ok(())
}

/// Keeps that a role has a new PIN.
fn keep(
    journal: &mut dyn Journal,
    access: Vec<AccessChange>,
    role: Role,
) -> Result<(), Box<dyn Error>> {
    let end = journal.end()?;
    let note = Note {
        noted: Noted::PinChanged(role),
        actor: Some(Actor::HERE),
    };
    let batch = Batch {
        access,
        notes: vec![(end, note)],
        at: now().as_millis(),
        ..Batch::default()
    };
    journal.append(end, &batch)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_was_stored_and_not_said_is_made_anew_and_one_that_was_said_is_not() {
        let file = std::env::temp_dir().join(format!("turnero-setup-{}.db", std::process::id()));
        // As often as the program starts, and is killed.
        let start = |says: bool| {
            let mut journal = SqliteJournal::open(&file).expect("the file");
            let mut records = journal.access().expect("read");
            let made = make_pins(&mut journal, &mut records).expect("made");
            assert_eq!(records.pins.len(), 2);
            let kept = journal.access().expect("read");
            assert!(kept.pins.iter().all(|one| records.pins.contains(one)));
            if says {
                let batch = Batch {
                    access: made.said,
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
        for (line, (role, pin)) in second.iter().zip(&new) {
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
