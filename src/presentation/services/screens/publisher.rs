//! The thread `publish`: it holds the list of all subscribers and sends each batch of updates to them.

use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::followed_ticket::{self, TICKETS_PER_LOCK};
use super::subscriber::Subscriber;
use super::update::{Update, UpdateBatch};

/// A message to the thread `publish`.
pub enum Publication {
    Join(Arc<Subscriber>),
    Leave(Arc<Subscriber>),
    Updates(Arc<[Arc<Update>]>),
    Stop,
}

/// The connected subscribers. Those that follow a ticket are phones with one reader each, so they come after the
/// screens that many people read.
#[derive(Default)]
struct Subscribers {
    without_ticket: Vec<Arc<Subscriber>>,
    with_ticket: Vec<Arc<Subscriber>>,
}

impl Subscribers {
    fn list_of(&mut self, subscriber: &Subscriber) -> &mut Vec<Arc<Subscriber>> {
        if subscriber.followed_ticket().is_some() {
            &mut self.with_ticket
        } else {
            &mut self.without_ticket
        }
    }

    fn send(&self, batch: &Arc<UpdateBatch>) {
        for subscriber in &self.without_ticket {
            subscriber.offer(batch, None);
        }
        for chunk in self.with_ticket.chunks(TICKETS_PER_LOCK) {
            let tickets: Vec<_> = chunk
                .iter()
                .filter_map(|one| one.followed_ticket())
                .collect();
            for (subscriber, progress) in chunk.iter().zip(followed_ticket::progress_of(&tickets)) {
                subscriber.offer(batch, progress);
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
                Publication::Join(subscriber) => subscribers.list_of(&subscriber).push(subscriber),
                Publication::Leave(subscriber) => subscribers
                    .list_of(&subscriber)
                    .retain(|other| other.number() != subscriber.number()),
                Publication::Updates(more) => updates.extend(more.iter().cloned()),
                Publication::Stop => return,
            }
        }
        if let Some(batch) = UpdateBatch::new(updates) {
            subscribers.send(&Arc::new(batch));
        }
    }
}
