//! Follows the other servers of the office: what they store, and which they are. Announces this one to them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::office::Office;
use super::servers::ServerInfo;
use super::services::PresenceMark;
use crate::storage::{Doorbell, StorageError};

/// Interval at which this server announces itself. Others count it for 10 s.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(2);

/// The body of the thread `doorbell`. It ends with the program.
pub fn follow(office: &Office, doorbell: &mut dyn Doorbell) {
    let mut follower = Follower {
        office,
        doorbell,
        announced: None,
    };
    loop {
        if let Err(error) = follower.follow_once() {
            // It is read again once the doorbell works again.
            log::debug!("What another server has stored cannot be read: {error}");
        }
    }
}

struct Follower<'a> {
    office: &'a Office,
    doorbell: &'a mut dyn Doorbell,
    /// The last announcement, and its time.
    announced: Option<(Announcement, Instant)>,
}

/// State of this server that the others hear of at once if it changes.
#[derive(PartialEq, Eq)]
struct Announcement {
    leads: bool,
    marks: BTreeSet<PresenceMark>,
    /// To tell a new server who is here.
    others: usize,
}

impl Follower<'_> {
    fn follow_once(&mut self) -> Result<(), StorageError> {
        let office = self.office;
        let stored = self.doorbell.wait();
        if let Some(end) = stored.end {
            office.tickets.shared().set_others_end(end);
        }
        if stored.has_events {
            office.tickets.catch_up();
        }
        if stored.has_access {
            office.access.reload(|| self.doorbell.access())?;
        }
        if stored.has_webhooks {
            office.webhooks.reload(|| self.doorbell.webhooks())?;
        }
        let is_due = |(_, at): &(Announcement, Instant)| at.elapsed() >= ANNOUNCE_INTERVAL;
        let is_due = self.announced.as_ref().is_none_or(is_due);
        if stored.has_announcement || is_due {
            self.read_announcements();
        }
        self.announce(is_due)
    }

    /// Takes note of what the others have announced.
    fn read_announcements(&mut self) {
        let office = self.office;
        let others = self.doorbell.others();
        office.tickets.shared().set_servers(others.len() + 1);
        let infos = others.iter().flatten();
        let infos = infos.filter_map(|about| serde_json::from_str(about).ok());
        let infos: Vec<ServerInfo> = infos.collect();
        let marks = infos.iter().flat_map(ServerInfo::marks).collect();
        office.presence.set_elsewhere(marks);
        office.servers.set_others(infos);
    }

    fn announce(&mut self, is_due: bool) -> Result<(), StorageError> {
        let office = self.office;
        let shared = office.tickets.shared();
        let now = Announcement {
            leads: shared.is_leader(),
            marks: office.presence.marks(),
            others: shared.servers().unwrap_or(1),
        };
        if !is_due
            && self
                .announced
                .as_ref()
                .is_some_and(|(before, _)| *before == now)
        {
            return Ok(());
        }
        let info = ServerInfo::new(office.servers.name(), now.leads, shared.lag());
        let info = info.with_marks(now.marks.iter().copied());
        let about = serde_json::to_string(&info).expect("it has text keys");
        // After a failure there is no connection, and each new one begins with this.
        self.announced = None;
        self.doorbell.announce(&about)?;
        self.announced = Some((now, Instant::now()));
        Ok(())
    }
}
