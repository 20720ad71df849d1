//! PINs without a running server: those of the first start, and `turnero pin`.

use std::error::Error;
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use super::pin;
use crate::presentation::services::calendar::now;
use crate::storage::{
    AccessChange, AccessRecords, Actor, Batch, Journal, Note, Noted, Role, SqliteJournal,
};

/// Makes the PINs that an office has not got yet. Gives back what the log is to say of them, once.
pub fn make_pins(
    journal: &mut dyn Journal,
    records: &mut AccessRecords,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut said = Vec::new();
    for role in [Role::Staff, Role::Admin] {
        if records.pins.iter().any(|(other, _)| *other == role) {
            continue;
        }
        let new = pin::make()?;
        let hash = pin::hash(&new)?;
        keep(journal, AccessChange::SetPin(role, hash.clone()), None)?;
        records.pins.push((role, hash));
        let what = match role {
            Role::Admin => "to set it up",
            _ => "to attend people",
        };
        let name = role.as_str();
        said.push(format!(
            "The PIN of {name}, {what} from another device: {new}. It is shown this once; change \
             it on the settings screen, or with «turnero pin {name}» while the server is stopped"
        ));
    }
    Ok(said)
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
    let changed = Note {
        noted: Noted::PinChanged(role),
        actor: Some(Actor::HERE),
    };
    let change = AccessChange::SetPin(role, pin::hash(&new)?);
    keep(&mut journal, change, Some(changed))?;
    println!("{said}");
    Ok(())
}

fn keep(
    journal: &mut dyn Journal,
    change: AccessChange,
    note: Option<Note>,
) -> Result<(), Box<dyn Error>> {
    let end = journal.end()?;
    let batch = Batch {
        access: vec![change],
        notes: note.into_iter().map(|note| (end, note)).collect(),
        at: now().as_millis(),
        ..Batch::default()
    };
    journal.append(end, &batch)?;
    Ok(())
}
