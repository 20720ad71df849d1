//! Presence: which screens show which desk now, on this server and on others of the office. It is in memory only,
//! because after a restart the screens reconnect by themselves.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use blake2::{Blake2s256, Digest};

use crate::domain::{DeskName, ScreenId};

/// Time after an answer in which a screen that polls counts as present: its next poll comes at once,
/// and a network may delay it.
const POLL_GRACE: Duration = Duration::from_secs(10);

type DeskScreen = (DeskName, ScreenId);

/// A screen with a desk open, as servers tell each other: 48 bits of a hash. Nobody can pass for the screen with it.
pub type PresenceMark = [u8; 6];

/// The present screens. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<Present>>);

#[derive(Debug, Default)]
struct Present {
    here: HashMap<DeskScreen, Connections>,
    /// On other servers.
    elsewhere: BTreeSet<PresenceMark>,
}

/// The connections of one screen.
#[derive(Clone, Copy, Debug)]
struct Connections {
    open: usize,
    /// Until then the screen counts as present without an open connection.
    grace_until: Instant,
}

impl Connections {
    fn is_present(&self) -> bool {
        self.open > 0 || self.grace_until > Instant::now()
    }
}

impl Presence {
    /// Counts the screen as present until the guard is dropped. A screen that polls stays present for
    /// a grace period after that; a WebSocket that ends has gone.
    pub fn enter(&self, desk: &DeskName, screen: ScreenId, polls: bool) -> PresenceGuard {
        let screens = &mut self.lock().here;
        screens.retain(|_, connections| connections.is_present());
        let key = (desk.clone(), screen);
        let connections = screens.entry(key.clone()).or_insert(Connections {
            open: 0,
            grace_until: Instant::now(),
        });
        connections.open += 1;
        PresenceGuard {
            presence: self.clone(),
            key,
            grace: if polls { POLL_GRACE } else { Duration::ZERO },
        }
    }

    /// Whether the screen shows that desk now, on any server of the office.
    pub fn is_present(&self, desk: &DeskName, screen: ScreenId) -> bool {
        let present = self.lock();
        let key = (desk.clone(), screen);
        let connections = present.here.get(&key);
        connections.is_some_and(Connections::is_present) || present.elsewhere.contains(&mark(&key))
    }

    /// The screens on this server, for the others.
    pub fn marks(&self) -> BTreeSet<PresenceMark> {
        let present = self.lock();
        let here = present.here.iter();
        let here = here.filter(|(_, connections)| connections.is_present());
        here.map(|(key, _)| mark(key)).collect()
    }

    /// Takes note of the screens on other servers.
    pub fn set_elsewhere(&self, marks: BTreeSet<PresenceMark>) {
        self.lock().elsewhere = marks;
    }

    fn leave(&self, key: &DeskScreen, grace: Duration) {
        let screens = &mut self.lock().here;
        let Some(connections) = screens.get_mut(key) else {
            return;
        };
        connections.open -= 1;
        let grace_until = Instant::now() + grace;
        connections.grace_until = connections.grace_until.max(grace_until);
        if !connections.is_present() {
            screens.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mark((desk, screen): &DeskScreen) -> PresenceMark {
    let hash: [u8; 32] = Blake2s256::digest(format!("{screen} {desk}")).into();
    [hash[0], hash[1], hash[2], hash[3], hash[4], hash[5]]
}

/// Keeps a screen present until it is dropped.
#[must_use = "the screen is present only as long as the guard lives"]
#[derive(Debug)]
pub struct PresenceGuard {
    presence: Presence,
    key: DeskScreen,
    grace: Duration,
}

impl PresenceGuard {
    /// Ends the presence without a grace period, because the screen's session has ended.
    pub fn end(mut self) {
        self.grace = Duration::ZERO;
        if let Some(connections) = self.presence.lock().here.get_mut(&self.key) {
            connections.grace_until = Instant::now();
        }
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        self.presence.leave(&self.key, self.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(name: &str) -> DeskName {
        DeskName::parse(name).expect("a name")
    }

    #[test]
    fn a_screen_is_present_until_its_last_connection_ends() {
        let presence = Presence::default();
        let (one, two) = (ScreenId::from_random(1), ScreenId::from_random(2));
        let first = presence.enter(&desk("3"), one, false);
        let second = presence.enter(&desk("3"), one, false);
        assert!(presence.is_present(&desk("3"), one));
        assert!(!presence.is_present(&desk("3"), two));
        assert!(!presence.is_present(&desk("4"), one));
        drop(first);
        assert!(presence.is_present(&desk("3"), one));
        drop(second);
        assert!(!presence.is_present(&desk("3"), one));
        assert!(presence.lock().here.is_empty(), "it leaves no entry");
    }

    #[test]
    fn a_screen_that_polls_is_present_between_two_polls() {
        let presence = Presence::default();
        let screen = ScreenId::from_random(1);
        drop(presence.enter(&desk("3"), screen, true));
        assert!(presence.is_present(&desk("3"), screen));
        presence
            .lock()
            .here
            .values_mut()
            .for_each(|connections| connections.grace_until = Instant::now());
        assert!(!presence.is_present(&desk("3"), screen));
        let poll = presence.enter(&desk("3"), screen, true);
        assert!(presence.is_present(&desk("3"), screen), "a waiting poll");
        drop(poll);
        presence.enter(&desk("3"), screen, true).end();
        assert!(
            !presence.is_present(&desk("3"), screen),
            "its session ended"
        );
        drop(presence.enter(&desk("4"), screen, false));
        assert!(
            presence.lock().here.is_empty(),
            "expired entries are removed"
        );
    }

    #[test]
    fn a_screen_on_another_server_is_present_at_its_desk_alone_until_that_server_says_it_has_gone()
    {
        let (here, elsewhere) = (Presence::default(), Presence::default());
        let (one, two) = (ScreenId::from_random(1), ScreenId::from_random(2));
        let guard = elsewhere.enter(&desk("3"), one, false);
        here.set_elsewhere(elsewhere.marks());
        assert!(here.is_present(&desk("3"), one));
        assert!(!here.is_present(&desk("3"), two));
        assert!(!here.is_present(&desk("4"), one));
        assert!(here.marks().is_empty(), "it is not told on");
        drop(guard);
        here.set_elsewhere(elsewhere.marks());
        assert!(!here.is_present(&desk("3"), one));
    }
}
