//! Adds, changes and removes the people who sign in by name.

use std::collections::HashMap;
use std::sync::Arc;

use super::credentials::{Credentials, has_way_in};
use super::{Access, Caller, pin};
use crate::access::{AccessChange, Person, PinHash, Role};
use crate::calendar;
use crate::domain::PersonId;
use crate::presentation::http::problem::Problem;
use crate::presentation::services::TicketService;
use crate::storage::{AuditEntry, AuditKind};

/// The most people: more than the largest town hall has at its desks. Each request to sign in compares its
/// device cookie with the PIN of each.
const MOST_PEOPLE: usize = 300;

/// The changed fields of a person; `None` keeps one.
#[derive(Debug, Default)]
pub struct PersonChange {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub pin: Option<String>,
}

impl Access {
    /// Whether people sign in by name, and whether they must.
    pub fn names(&self) -> Names {
        let credentials = self.credentials();
        if credentials.people().is_empty() {
            Names::None
        } else if credentials.pins().is_empty() {
            Names::Required
        } else {
            Names::Optional
        }
    }

    /// The people, oldest first.
    pub fn people(&self) -> Vec<Person> {
        self.credentials().people().to_vec()
    }

    /// The names of the people.
    pub fn people_names(&self) -> HashMap<PersonId, Arc<str>> {
        let credentials = self.credentials();
        let people = credentials.people().iter();
        people
            .map(|person| (person.id, person.name.clone()))
            .collect()
    }

    /// Adds a person. A repeated request gets the person whom the first one added.
    pub fn add_person(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        name: &str,
        role: Role,
        new: &str,
    ) -> Result<Person, Problem> {
        pin::check(new).map_err(|why| Problem::invalid("pin", why))?;
        let verifier = self.verifier.acquire_always();
        let (revision, known, count, id) = {
            let credentials = self.credentials();
            let known = credentials.person_named(name).cloned();
            let count = credentials.people().len();
            (
                credentials.revision(),
                known,
                count,
                credentials.next_person(),
            )
        };
        if let Some(known) = known {
            let is_repeated = *known.name == *name && known.role == role;
            if is_repeated && verifier.matches(new, Some(&known.pin)) {
                return Ok(known);
            }
            return Err(name_in_use(&known));
        }
        if count >= MOST_PEOPLE {
            let why = format!("there are {MOST_PEOPLE} people; remove those who have left");
            return Err(Problem::invalid("name", why));
        }
        let person = Person {
            id,
            name: name.into(),
            role,
            pin: hash(new)?,
            created_at: calendar::now().as_millis(),
        };
        let entry = caller.audit(AuditKind::PersonAdded, Some(name));
        let add = AccessChange::AddPerson(person.clone());
        self.store_revised(tickets, revision, add, entry, |credentials| {
            credentials.put_person(person.clone());
        })?;
        Ok(person)
    }

    /// Changes a person; `None` if there is none of that id. A new PIN or role ends their sessions.
    pub fn change_person(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        id: PersonId,
        change: PersonChange,
    ) -> Result<Option<Person>, Problem> {
        if let Some(new) = &change.pin {
            pin::check(new).map_err(|why| Problem::invalid("pin", why))?;
        }
        let _verifier = self.verifier.acquire_always();
        let revision = self.credentials().revision();
        let Some(before) = self.credentials().person(id).cloned() else {
            return Ok(None);
        };
        if let Some(name) = &change.name
            && let Some(other) = self.credentials().person_named(name)
            && other.id != id
        {
            return Err(name_in_use(other));
        }
        let mut person = before.clone();
        if let Some(name) = change.name {
            person.name = name.into();
        }
        person.role = change.role.unwrap_or(before.role);
        if let Some(new) = &change.pin {
            person.pin = hash(new)?;
        }
        let fields = changed_fields(&before, &person);
        if fields.is_empty() {
            return Ok(Some(person));
        }
        self.check_way_in(|_, people| {
            let mut people = people.iter_mut();
            if let Some(stored) = people.find(|stored| stored.id == id) {
                stored.role = person.role;
            }
        })?;
        let ends_sessions = person.role != before.role || person.pin != before.pin;
        let subject = if person.name == before.name {
            before.name
        } else {
            Arc::from(format!("{} → {}", before.name, person.name))
        };
        let entry = AuditEntry {
            fields,
            ..caller.audit(AuditKind::PersonChanged, Some(&subject))
        };
        let stored = AccessChange::ChangePerson {
            person: person.clone(),
            ends_sessions,
        };
        self.store_revised(tickets, revision, stored, entry, |credentials| {
            credentials.put_person(person.clone());
            if ends_sessions {
                credentials.end_sessions_of(id);
            }
        })?;
        self.wss.recheck_access();
        Ok(Some(person))
    }

    /// Removes a person, and ends their sessions. Returns whether there was one of that id.
    pub fn remove_person(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        id: PersonId,
    ) -> Result<bool, Problem> {
        let _verifier = self.verifier.acquire_always();
        let revision = self.credentials().revision();
        let Some(person) = self.credentials().person(id).cloned() else {
            return Ok(false);
        };
        self.check_way_in(|_, people| people.retain(|other| other.id != id))?;
        let entry = caller.audit(AuditKind::PersonRemoved, Some(&person.name));
        let remove = AccessChange::RemovePerson(id);
        self.store_revised(tickets, revision, remove, entry, |credentials| {
            credentials.remove_person(id);
        })?;
        self.wss.recheck_access();
        Ok(true)
    }

    /// Stores a change of the shared PINs or people, which was decided on with that revision of them, and then makes it.
    pub(super) fn store_revised(
        &self,
        tickets: &TicketService,
        revision: u64,
        change: AccessChange,
        entry: AuditEntry,
        make: impl FnOnce(&mut Credentials),
    ) -> Result<(), Problem> {
        let changes = vec![AccessChange::ExpectRevision(revision), change];
        tickets.store_access(changes, Some(entry))?;
        self.credentials().apply_stored(revision, make);
        Ok(())
    }

    /// Refuses a change after which nobody could sign in with one of the roles.
    pub(super) fn check_way_in(
        &self,
        change: impl FnOnce(&mut Vec<(Role, PinHash)>, &mut Vec<Person>),
    ) -> Result<(), Problem> {
        let (mut pins, mut people) = {
            let credentials = self.credentials();
            (credentials.pins(), credentials.people().to_vec())
        };
        change(&mut pins, &mut people);
        if has_way_in(&pins, &people) {
            Ok(())
        } else {
            Err(Problem::last_way_in())
        }
    }
}

/// Whether the sign-in asks for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// There are no people.
    None,
    /// Without a name, a shared PIN is good.
    Optional,
    /// There is no shared PIN.
    Required,
}

fn hash(new: &str) -> Result<PinHash, Problem> {
    pin::hash(new).map_err(|_| Problem::storage_unavailable())
}

fn name_in_use(person: &Person) -> Problem {
    let name = &person.name;
    let why = format!("somebody is called «{name}» already; two people need two names");
    Problem::invalid("name", why)
}

/// The names of the fields that differ, as in JSON.
fn changed_fields(before: &Person, after: &Person) -> Vec<String> {
    let fields = [
        ("name", before.name != after.name),
        ("role", before.role != after.role),
        ("pin", before.pin != after.pin),
    ];
    let changed = fields.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(name, _)| name.to_owned()).collect()
}
