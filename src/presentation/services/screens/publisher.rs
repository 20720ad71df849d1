//! The thread `publish`: it holds the list of all screens and sends each batch of updates to them.

use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::follower::{self, TICKETS_PER_LOCK};
use super::screen::Screen;
use super::update::{Update, UpdateBatch};

/// A message to the thread `publish`.
pub enum Publication {
    Join(Arc<Screen>),
    Leave(Arc<Screen>),
    Updates(Arc<[Arc<Update>]>),
    Stop,
}

/// The connected screens. Followers are phones with one reader each, so they come after the screens
/// that many people read.
#[derive(Default)]
struct Subscribers {
    screens: Vec<Arc<Screen>>,
    followers: Vec<Arc<Screen>>,
}

impl Subscribers {
    fn list_of(&mut self, screen: &Screen) -> &mut Vec<Arc<Screen>> {
        if screen.follower().is_some() {
            &mut self.followers
        } else {
            &mut self.screens
        }
    }

    fn send(&self, batch: &Arc<UpdateBatch>) {
        for screen in &self.screens {
            screen.offer(batch, None);
        }
        for chunk in self.followers.chunks(TICKETS_PER_LOCK) {
            let followers: Vec<_> = chunk.iter().filter_map(|one| one.follower()).collect();
            for (screen, progress) in chunk.iter().zip(follower::progress_of(&followers)) {
                screen.offer(batch, progress);
            }
        }
    }
}

/// The body of the thread. It takes all waiting messages at once, so that updates of the same
/// instant go out in one write.
pub fn run(publications: &Receiver<Publication>) {
    let mut subscribers = Subscribers::default();
    while let Ok(first) = publications.recv() {
        let mut updates = Vec::new();
        for publication in std::iter::once(first).chain(publications.try_iter()) {
            match publication {
                Publication::Join(screen) => subscribers.list_of(&screen).push(screen),
                Publication::Leave(screen) => subscribers
                    .list_of(&screen)
                    .retain(|other| other.number() != screen.number()),
                Publication::Updates(more) => updates.extend(more.iter().cloned()),
                Publication::Stop => return,
            }
        }
        if let Some(batch) = UpdateBatch::new(updates) {
            subscribers.send(&Arc::new(batch));
        }
    }
}
