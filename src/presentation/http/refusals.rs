//! Refused commands and full limits as error answers.

use super::client_key::ClientKey;
use super::error_code::ErrorCode;
use super::places::Full;
use super::problem::Problem;
use crate::domain::Refusal;

impl From<Full> for Problem {
    fn from(full: Full) -> Self {
        match full {
            Full::All(most) => Self::too_many_connections(most),
            Full::Public(most) => Self::too_many_public_screens(most),
            Full::Of(ClientKey::Address(_), most) => Self::too_many_connections_of("address", most),
            Full::Of(ClientKey::Network(_), most) => Self::too_many_connections_of("network", most),
        }
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let code = match refusal {
            Refusal::QueueEmpty => ErrorCode::QueueEmpty,
            Refusal::NobodyServed { .. } => ErrorCode::NobodyServed,
            Refusal::WrongState { .. } => ErrorCode::WrongState,
            Refusal::DeskMovedOn { .. } => ErrorCode::DeskMovedOn,
            Refusal::NothingToUndo { .. } => ErrorCode::NothingToUndo,
            Refusal::DeskHasTicket { .. } | Refusal::DeskClaimedElsewhere { .. } => {
                ErrorCode::DeskInUse
            }
            Refusal::DeskClosed { .. } => ErrorCode::DeskClosed,
            Refusal::NoSuchTicket(_) | Refusal::NoSuchDesk(_) => ErrorCode::NotFound,
            Refusal::UnknownService { .. } => ErrorCode::UnknownService,
            Refusal::UnknownPriority { .. } => ErrorCode::UnknownPriority,
            Refusal::EndsBeforeItBegins { .. }
            | Refusal::TooManyDesks
            | Refusal::TooManyServices => ErrorCode::Invalid,
            Refusal::QueueFull { .. } => ErrorCode::QueueFull,
            Refusal::NoNumberLeft { .. } => ErrorCode::NoNumberLeft,
            Refusal::ServiceClosed { .. } => ErrorCode::ServiceClosed,
            Refusal::ServiceInUse { .. } => ErrorCode::ServiceInUse,
            Refusal::PriorityInUse { .. } => ErrorCode::PriorityInUse,
            Refusal::OfficeInUse => ErrorCode::OfficeInUse,
        };
        Self::new(code, refusal.to_string())
    }
}
