//! Changes and removes the shared PINs.

use super::{Access, Caller, pin};
use crate::access::{AccessChange, Role};
use crate::presentation::http::problem::Problem;
use crate::presentation::services::TicketService;
use crate::storage::AuditKind;

impl Access {
    /// Sets the shared PIN of a role, and ends the sessions of that role.
    pub fn set_pin(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        role: Role,
        new: &str,
    ) -> Result<(), Problem> {
        pin::check(new).map_err(|why| Problem::invalid("pin", why))?;
        let verifier = self.verifier.acquire_always();
        let (revision, pins) = {
            let credentials = self.credentials();
            (credentials.revision(), credentials.pins())
        };
        let owner = verifier.role_of(new, &pins);
        if owner.is_some_and(|other| other != role) {
            return Err(Problem::invalid(
                "pin",
                "staff and admin need different PINs",
            ));
        }
        let hash = pin::hash(new).map_err(|_| Problem::storage_unavailable())?;
        let entry = caller.audit(AuditKind::PinChanged, Some(role.as_str()));
        let set = AccessChange::SetPin(role, hash.clone());
        self.store_revised(tickets, revision, set, entry, |credentials| {
            credentials.set_pin(role, hash);
        })?;
        self.wss.recheck_access();
        log::info!("The PIN of {} was changed", role.as_str());
        Ok(())
    }

    /// The roles that have a shared PIN.
    pub fn shared_pins(&self) -> Vec<Role> {
        let pins = self.credentials().pins();
        pins.into_iter().map(|(role, _)| role).collect()
    }

    /// Removes the shared PIN of a role, and ends its sessions. Returns whether there was one.
    pub fn remove_pin(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        role: Role,
    ) -> Result<bool, Problem> {
        let _verifier = self.verifier.acquire_always();
        let revision = self.credentials().revision();
        if !self.shared_pins().contains(&role) {
            return Ok(false);
        }
        self.check_way_in(|pins, _| pins.retain(|(other, _)| *other != role))?;
        let entry = caller.audit(AuditKind::PinRemoved, Some(role.as_str()));
        let remove = AccessChange::RemovePin(role);
        self.store_revised(tickets, revision, remove, entry, |credentials| {
            credentials.remove_pin(role);
        })?;
        self.wss.recheck_access();
        Ok(true)
    }
}
