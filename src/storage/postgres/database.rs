//! The address of a database, and connections to it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, RunQueryDsl, sql_query};

use super::columns::{Truth, to_sql};
use crate::domain::Stamped;
use crate::storage::{StorageError, without_password};

/// The office of a database that nobody named.
pub const MAIN_OFFICE: &str = "main";

/// The time after an attempt to connect that failed until the next one: those who wait get an answer meanwhile.
pub(super) const RECONNECT_INTERVAL: Duration = Duration::from_millis(500);

/// Parameters of each connection, unless the address has them: a server that is gone is noticed within seconds.
const PARAMETERS: [(&str, &str); 5] = [
    // Of several servers, the one that takes changes.
    ("target_session_attrs", "read-write"),
    ("connect_timeout", "5"),
    ("tcp_user_timeout", "5000"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
];

/// Settings of each connection. A transaction of a server that is gone must not keep its locks. The database ends the
/// connection of a machine that says nothing within 15 s, and with it the lease of a leader; its own default is two hours.
/// A commit is durable when it is answered, whatever the database's own default is.
const SETTINGS: &str = "
    SET search_path TO turnero;
    SET lock_timeout TO '5s';
    SET idle_in_transaction_session_timeout TO '5s';
    SET tcp_keepalives_idle TO '5s';
    SET tcp_keepalives_interval TO '2s';
    SET tcp_keepalives_count TO 4;
    SET tcp_user_timeout TO '15s';
    SET client_min_messages TO warning;
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// An office in a database of PostgreSQL.
#[derive(Clone)]
pub struct Database {
    /// The address in libpq's form. It may have a password.
    address: String,
    pub(in crate::storage) office: String,
    /// The number and time of the newest event that this program has stored or read. A database without it is not the
    /// one that it was: an old primary that came back, a standby that lacked something, or a restored backup.
    newest: Arc<Mutex<Option<(u64, i64)>>>,
}

impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        (&self.address, &self.office) == (&other.address, &other.office)
    }
}

impl Eq for Database {}

impl Database {
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            office: MAIN_OFFICE.to_owned(),
            newest: Arc::default(),
        }
    }

    /// Remembers an event that is stored.
    pub(super) fn remember(&self, event: Option<&Stamped>) {
        if let Some(event) = event {
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((event.seq, event.at.as_millis()));
        }
    }

    /// Opens a connection. Refuses a database that lacks the newest event, or some characters.
    pub(super) fn connect(&self) -> Result<PgConnection, StorageError> {
        let failed = |error: diesel::ConnectionError| self.failed(&error.to_string());
        let mut connection = PgConnection::establish(&self.with_parameters()).map_err(failed)?;
        connection.batch_execute(SETTINGS)?;
        // So that whoever looks after the database sees which server has a connection.
        let name = "SELECT set_config('application_name', 'turnero ' || $1, false), \
                    set_config('turnero.office', $1, false), current_setting('server_encoding') = 'UTF8' AS truth";
        let has_all_characters = sql_query(name)
            .bind::<Text, _>(&self.office)
            .get_result::<Truth>(&mut connection)?;
        if !has_all_characters.truth {
            let why = "its encoding is not UTF8, so it lacks characters that people write; create another one with «createdb \
                       --encoding=UTF8 --locale=C.UTF-8 --template=template0 NAME»";
            return Err(StorageError::Unusable(why.to_owned()));
        }
        self.check_newest(&mut connection)?;
        Ok(connection)
    }

    fn check_newest(&self, connection: &mut PgConnection) -> Result<(), StorageError> {
        let newest = *self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((seq, at)) = newest else {
            return Ok(());
        };
        // An event that is not there may have been purged.
        let has_it = sql_query(
            "SELECT last_seq >= $2 AND NOT EXISTS
                 (SELECT FROM events WHERE office = $1 AND seq = $2 AND at <> $3) AS truth
             FROM offices WHERE office = $1",
        )
        .bind::<Text, _>(&self.office)
        .bind::<BigInt, _>(to_sql(seq))
        .bind::<BigInt, _>(at)
        .get_result::<Truth>(connection)?;
        if has_it.truth {
            return Ok(());
        }
        let why = format!(
            "the database does not have event {seq}, which was stored: it may be an old primary that came back and must be \
             stopped; to go on with it as it is, restart all servers of the office"
        );
        Err(StorageError::Database(why.into()))
    }

    /// The reason that there is no connection, in one line.
    fn failed(&self, error: &str) -> StorageError {
        let line: Vec<&str> = error.split_whitespace().collect();
        let mut line = line.join(" ");
        // The other messages are about the address: libpq quotes the part that it does not understand, and takes what follows
        // an @ in a password for the host. Both may be the password.
        let is_ambiguous = without_password(&self.address).ends_with('…');
        let is_safe = line.starts_with("connection to server")
            || line.starts_with("definition of service")
            || line.starts_with("syntax error in service file")
            || (line.starts_with("could not translate host name") && !is_ambiguous);
        if !is_safe {
            "its address is not one that libpq takes, such as postgres://HOST/DATABASE; write an @ of the password as %40"
                .clone_into(&mut line);
        }
        StorageError::Database(line.into())
    }

    fn with_parameters(&self) -> String {
        let mut address = self.address.clone();
        let is_url = address.contains("://");
        for (name, value) in PARAMETERS {
            if self.address.contains(name) {
                continue;
            }
            address.push(match is_url {
                true if address.contains('?') => '&',
                true => '?',
                false => ' ',
            });
            address.push_str(name);
            address.push('=');
            address.push_str(value);
        }
        address
    }
}

/// Without the password.
impl fmt::Display for Database {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = without_password(&self.address);
        write!(to, "{address} (office {})", self.office)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Database({self})")
    }
}
