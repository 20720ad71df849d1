//! Notices what other servers of an office store: they notify a channel of the office, which all listen to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{PgConnection, RunQueryDsl, sql_query};

use super::database::{Database, RECONNECT_INTERVAL};
use super::{access, webhooks};
use crate::access::AccessRecords;
use crate::storage::{Batch, Doorbell, StorageError, StoredByOthers};
use crate::webhook::Webhook;

/// Interval between two looks at the connection: Diesel does not give its socket away. A look is one read that does not
/// wait.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// How long a notification counts as a sign that its server is there.
const SEEN_FOR: Duration = Duration::from_secs(10);

/// The longest text of a server about itself, in bytes: PostgreSQL takes 8,000 in a notification.
const LONGEST_ABOUT: usize = 7_900;

/// The kinds of records of a batch, in its notification.
const EVENTS: char = 'e';
const ACCESS: char = 'a';
const WEBHOOKS: char = 'w';

/// What the notification begins with in which a server tells about itself, after its id.
const ABOUT: char = '=';

/// The channel of an office.
fn channel(office: &str) -> String {
    use blake2::{Blake2s256, Digest};

    // A channel has a short name, and an office may have any.
    let hash = Blake2s256::digest(office.as_bytes());
    format!("turnero_{}", data_encoding::HEXLOWER.encode(&hash[..16]))
}

/// The notification of a batch: the server, what the batch has, and its last event.
pub(super) fn message(server: i64, batch: &Batch) -> String {
    let mut message = format!("{server} ");
    for (is_there, name) in [
        (!batch.events.is_empty(), EVENTS),
        (!batch.access.is_empty(), ACCESS),
        (!batch.webhooks.is_empty(), WEBHOOKS),
    ] {
        if is_there {
            message.push(name);
        }
    }
    if let Some(last) = batch.events.last() {
        message.push_str(&format!(" {}", last.seq));
    }
    message
}

/// Notifies all servers of the office.
pub(super) fn notify(
    connection: &mut PgConnection,
    office: &str,
    message: &str,
) -> Result<(), StorageError> {
    sql_query("SELECT pg_notify($1, $2)")
        .bind::<Text, _>(channel(office))
        .bind::<Text, _>(message)
        .execute(connection)?;
    Ok(())
}

/// Listens to the channel of an office.
pub(super) struct PostgresDoorbell {
    database: Database,
    server: i64,
    /// The newest event of this server of which the others are not notified; 0 without one. Commits of events do not notify:
    /// for that, all commits of the database would wait for each other, and each would wake all servers.
    news: Arc<AtomicU64>,
    connection: Option<PgConnection>,
    /// By their ids.
    others: HashMap<String, Other>,
}

/// Another server of the office.
struct Other {
    /// When it notified last.
    seen: Instant,
    /// What it announced about itself.
    about: Option<String>,
}

impl PostgresDoorbell {
    pub(super) fn new(database: Database, server: i64, news: Arc<AtomicU64>) -> Self {
        Self {
            database,
            server,
            news,
            connection: None,
            others: HashMap::new(),
        }
    }

    /// Begins to listen. Anything may have been stored before that.
    fn listen(&mut self) -> Result<StoredByOthers, StorageError> {
        let mut connection = self.database.connect()?;
        let channel = channel(&self.database.office);
        connection.batch_execute(&format!("LISTEN {channel}"))?;
        self.connection = Some(connection);
        Ok(StoredByOthers {
            has_events: true,
            has_access: true,
            has_webhooks: true,
            has_announcement: false,
            end: None,
        })
    }

    /// Notifies the others of the events that this server has stored.
    fn notify_news(&mut self) -> Result<(), StorageError> {
        let newest = self.news.swap(0, Ordering::Relaxed);
        if newest == 0 {
            return Ok(());
        }
        let message = format!("{} {EVENTS} {newest}", self.server);
        let notified = self.load(|connection, office| notify(connection, office, &message));
        if notified.is_err() {
            self.news.fetch_max(newest, Ordering::Relaxed);
        }
        notified
    }

    /// The kinds of records that others have stored since the last look; `None` if the connection has ended.
    fn look(&mut self) -> Option<StoredByOthers> {
        let own = self.server.to_string();
        let connection = self.connection.as_mut()?;
        let mut stored = StoredByOthers::default();
        for notification in connection.notifications_iter() {
            let notification = notification.ok()?;
            let (server, text) = notification.payload.split_once(' ')?;
            let about = text.strip_prefix(ABOUT);
            let (kinds, end) = match about {
                Some(_) => ("", ""),
                None => text.split_once(' ').unwrap_or((text, "")),
            };
            // Also its own: if the answer of a commit was lost, this server may not know that it is stored.
            stored.has_access |= kinds.contains(ACCESS);
            if server == own {
                continue;
            }
            let other = self.others.entry(server.to_owned()).or_insert(Other {
                seen: Instant::now(),
                about: None,
            });
            other.seen = Instant::now();
            if let Some(about) = about {
                other.about = Some(about.to_owned());
                stored.has_announcement = true;
            }
            stored.has_events |= kinds.contains(EVENTS);
            stored.has_webhooks |= kinds.contains(WEBHOOKS);
            stored.end = stored.end.max(end.parse().ok());
        }
        Some(stored)
    }

    /// Loads something; after a failure, it listens anew.
    fn load<T>(
        &mut self,
        load: impl FnOnce(&mut PgConnection, &str) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let lost = || StorageError::Database("there is no connection".into());
        let connection = self.connection.as_mut().ok_or_else(lost)?;
        let loaded = load(connection, &self.database.office);
        if loaded.is_err() {
            self.connection = None;
        }
        loaded
    }
}

impl Doorbell for PostgresDoorbell {
    fn wait(&mut self) -> StoredByOthers {
        if self.connection.is_none() {
            return self.listen().unwrap_or_else(|_| {
                thread::sleep(RECONNECT_INTERVAL);
                StoredByOthers::default()
            });
        }
        let Some(stored) = self.notify_news().ok().and_then(|()| self.look()) else {
            self.connection = None;
            return StoredByOthers::default();
        };
        if !(stored.has_events
            || stored.has_access
            || stored.has_webhooks
            || stored.has_announcement)
        {
            thread::sleep(LOOK_INTERVAL);
        }
        stored
    }

    fn announce(&mut self, about: &str) -> Result<(), StorageError> {
        if about.len() > LONGEST_ABOUT {
            let why = format!("{} bytes about a server are too many", about.len());
            return Err(StorageError::Database(why.into()));
        }
        let message = format!("{} {ABOUT}{about}", self.server);
        self.load(|connection, office| notify(connection, office, &message))
    }

    fn access(&mut self) -> Result<AccessRecords, StorageError> {
        self.load(access::load)
    }

    fn webhooks(&mut self) -> Result<Vec<Webhook>, StorageError> {
        self.load(webhooks::load)
    }

    fn others(&mut self) -> Vec<Option<String>> {
        self.others
            .retain(|_, other| other.seen.elapsed() < SEEN_FOR);
        let others = self.others.values();
        others.map(|other| other.about.clone()).collect()
    }
}
