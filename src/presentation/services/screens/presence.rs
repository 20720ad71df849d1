//! Which screens have a desk open now. It lives in memory alone: after a restart the screens come
//! back by themselves, and say so again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{DeskName, ScreenId};

/// How long a screen that asks over HTTP counts as being there after an answer: it comes back at
/// once, and a network may hold it up for a moment.
const BETWEEN_POLLS: Duration = Duration::from_secs(10);

type Place = (DeskName, ScreenId);

/// Who is there. A clone is the same list.
#[derive(Clone, Debug, Default)]
pub struct Presence(Arc<Mutex<HashMap<Place, Seen>>>);

/// How one screen is connected.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Its connections now.
    connections: usize,
    /// Until when it counts as being there without one.
    until: Instant,
}

impl Presence {
    /// The screen is there until what this gives is dropped, and for as long after that as its
    /// kind of connection takes to come back: a WebSocket that ends has gone, a poll has not.
    pub fn enter(&self, desk: &DeskName, screen: ScreenId, polls: bool) -> Present {
        let now = Instant::now();
        let mut seen = self.lock();
        // Those who polled and have gone.
        seen.retain(|_, seen| seen.connections > 0 || seen.until > now);
        let place = (desk.clone(), screen);
        let entry = seen.entry(place.clone()).or_insert(Seen {
            connections: 0,
            until: now,
        });
        entry.connections += 1;
        Present {
            presence: self.clone(),
            place,
            grace: if polls { BETWEEN_POLLS } else { Duration::ZERO },
        }
    }

    /// Whether the screen has that desk open now.
    pub fn is_there(&self, desk: &DeskName, screen: ScreenId) -> bool {
        let seen = self.lock();
        let seen = seen.get(&(desk.clone(), screen));
        seen.is_some_and(|seen| seen.connections > 0 || seen.until > Instant::now())
    }

    fn leave(&self, place: &Place, grace: Duration) {
        let mut all = self.lock();
        let Some(seen) = all.get_mut(place) else {
            return;
        };
        let now = Instant::now();
        seen.connections -= 1;
        seen.until = seen.until.max(now + grace);
        if seen.connections == 0 && seen.until <= now {
            all.remove(place);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A screen that is there, until this is dropped, however its connection ends.
#[must_use = "the screen is there for as long as this is kept"]
#[derive(Debug)]
pub struct Present {
    presence: Presence,
    place: Place,
    grace: Duration,
}

impl Present {
    /// Its session has ended: it will not come back, so nobody waits for it.
    pub fn end(mut self) {
        self.grace = Duration::ZERO;
        if let Some(seen) = self.presence.lock().get_mut(&self.place) {
            seen.until = Instant::now();
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.presence.leave(&self.place, self.grace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(name: &str) -> DeskName {
        DeskName::parse(name).expect("a name")
    }

    #[test]
    fn a_screen_is_there_until_its_last_connection_ends() {
        let presence = Presence::default();
        let (one, two) = (ScreenId::from_random(1), ScreenId::from_random(2));
        let first = presence.enter(&desk("3"), one, false);
        let second = presence.enter(&desk("3"), one, false);
        assert!(presence.is_there(&desk("3"), one));
        assert!(!presence.is_there(&desk("3"), two));
        assert!(!presence.is_there(&desk("4"), one));
        drop(first);
        assert!(presence.is_there(&desk("3"), one));
        drop(second);
        assert!(!presence.is_there(&desk("3"), one));
        assert!(presence.lock().is_empty(), "nothing is kept of it");
    }

    #[test]
    fn a_screen_that_polls_is_there_between_two_polls() {
        let presence = Presence::default();
        let screen = ScreenId::from_random(1);
        drop(presence.enter(&desk("3"), screen, true));
        assert!(presence.is_there(&desk("3"), screen));
        presence
            .lock()
            .values_mut()
            .for_each(|seen| seen.until = Instant::now());
        assert!(!presence.is_there(&desk("3"), screen));
        drop(presence.enter(&desk("3"), screen, true));
        presence.enter(&desk("3"), screen, true).end();
        assert!(!presence.is_there(&desk("3"), screen), "its session ended");
        drop(presence.enter(&desk("4"), screen, false));
        assert!(
            presence.lock().is_empty(),
            "those who have gone are forgotten"
        );
    }
}
