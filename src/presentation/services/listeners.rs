//! The listeners of durable events, such as the screens and the ticket printers. The ledger publishes
//! to all of them and knows none of them.

use std::sync::Arc;

use super::screens::{Update, WssService};
use crate::domain::Ticket;
use crate::presentation::http::address::BaseUrl;

/// The events and records that became durable in one commit.
pub struct Publication {
    /// One update for each event, in order.
    pub updates: Arc<[Arc<Update>]>,
    /// Tickets to put on paper, which is no event.
    pub prints: Vec<(Ticket, PrintOrder)>,
}

/// An order to put a ticket on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintOrder {
    /// The printer's name.
    pub printer: String,
    /// The address of this server for the QR code; `None` prints none.
    pub base: Option<BaseUrl>,
}

/// A listener of durable events.
pub trait Listener: Send + Sync {
    /// Takes a publication and returns at once, because the ledger's thread calls it. Publications
    /// come in the order of their events.
    fn publish(&self, publication: &Publication);
}

impl Listener for &'static WssService {
    fn publish(&self, publication: &Publication) {
        WssService::publish(self, publication.updates.clone());
    }
}

/// All listeners of the office.
#[derive(Default)]
pub struct Listeners(Vec<Box<dyn Listener>>);

impl Listeners {
    pub fn add(&mut self, listener: impl Listener + 'static) {
        self.0.push(Box::new(listener));
    }

    pub(super) fn publish(&self, publication: &Publication) {
        for listener in &self.0 {
            listener.publish(publication);
        }
    }
}
