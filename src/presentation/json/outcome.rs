//! The outcome of a command, copied from the queue: an answer is rendered from it.

use super::{DeskView, ServiceView, TicketView};
use crate::domain::{Queue, Refusal, Settings, Subject};

/// A copy of a command's subject right after the command, or the refusal.
#[derive(Clone, Debug)]
pub enum OutcomeView {
    Ticket(TicketView),
    /// A desk, and whether the command created it.
    Desk {
        desk: DeskView,
        created: bool,
    },
    /// A service, and whether the command created it.
    Service {
        service: ServiceView,
        created: bool,
    },
    Office(Box<Settings>),
    Deleted,
    Refused(Refusal),
}

impl OutcomeView {
    /// Copies the subject of a command that was just applied to the queue.
    pub fn of(queue: &Queue, outcome: Result<Subject, Refusal>) -> Self {
        match outcome {
            Ok(Subject::Ticket(id)) => {
                let ticket = queue.ticket(id).expect("the command's ticket is in memory");
                Self::Ticket(TicketView::of(queue, ticket))
            }
            Ok(Subject::Desk { name, created }) => {
                let desk = queue.desk(&name).expect("the command's desk exists");
                let desk = DeskView::of(queue, desk);
                Self::Desk { desk, created }
            }
            Ok(Subject::Service { prefix, created }) => {
                let service = queue.service(&prefix);
                let service = service.expect("the command's service exists");
                let service = ServiceView::of(queue, service);
                Self::Service { service, created }
            }
            Ok(Subject::Office) => Self::Office(Box::new(queue.settings().clone())),
            Ok(Subject::Deleted) => Self::Deleted,
            Err(refusal) => Self::Refused(refusal),
        }
    }
}
