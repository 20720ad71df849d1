//! Presence: which screens have which desk open now. It is in memory only, because after a restart
//! the screens reconnect by themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{DeskName, ScreenId};

/// Time after an answer in which a screen that polls counts as present: its next poll comes at once,
/// and a network may delay it.
const POLL_GRACE: Duration = Duration::from_secs(10);

type DeskScreen = (DeskName, ScreenId);

/// The present screens. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<HashMap<DeskScreen, Connections>>>);

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
        let mut screens = self.lock();
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

    /// Whether the screen has that desk open now.
    pub fn is_present(&self, desk: &DeskName, screen: ScreenId) -> bool {
        let screens = self.lock();
        let connections = screens.get(&(desk.clone(), screen));
        connections.is_some_and(Connections::is_present)
    }

    fn leave(&self, key: &DeskScreen, grace: Duration) {
        let mut screens = self.lock();
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

    fn lock(&self) -> MutexGuard<'_, HashMap<DeskScreen, Connections>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        if let Some(connections) = self.presence.lock().get_mut(&self.key) {
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
        assert!(presence.lock().is_empty(), "it leaves no entry");
    }

    #[test]
    fn a_screen_that_polls_is_present_between_two_polls() {
        let presence = Presence::default();
        let screen = ScreenId::from_random(1);
        drop(presence.enter(&desk("3"), screen, true));
        assert!(presence.is_present(&desk("3"), screen));
        presence
            .lock()
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
        assert!(presence.lock().is_empty(), "expired entries are removed");
    }
}
