//! Verifies and changes PINs, one at a time, because Argon2id takes a processor and memory for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::{Access, Caller, lock, pin};
use crate::access::{AccessChange, PinHash, Role};
use crate::presentation::http::problem::Problem;
use crate::presentation::services::TicketService;
use crate::storage::AuditKind;

/// The most sign-ins that wait for the verifier; each blocks the thread of a connection.
const MOST_WAITING: usize = 8;

/// The queue of threads that want to verify a PIN.
#[derive(Debug, Default)]
pub(super) struct VerifierQueue {
    turn: Mutex<()>,
    /// The number of threads that wait or verify.
    threads: AtomicUsize,
}

/// The permission to verify PINs; one thread at a time has it. While it is held, no PIN changes.
pub(super) struct PinVerifier<'a> {
    queue: &'a VerifierQueue,
    _turn: MutexGuard<'a, ()>,
}

impl VerifierQueue {
    /// Waits for the permission. Fails if [`MOST_WAITING`] threads are in the queue.
    pub(super) fn acquire(&self) -> Result<PinVerifier<'_>, Problem> {
        if self.threads.fetch_add(1, Ordering::AcqRel) >= MOST_WAITING {
            self.threads.fetch_sub(1, Ordering::AcqRel);
            return Err(Problem::too_many_sign_ins());
        }
        Ok(PinVerifier {
            queue: self,
            _turn: lock(&self.turn),
        })
    }

    /// Like [`acquire`](Self::acquire), but waits behind any number of threads. Only for admins.
    fn acquire_always(&self) -> PinVerifier<'_> {
        self.threads.fetch_add(1, Ordering::AcqRel);
        PinVerifier {
            queue: self,
            _turn: lock(&self.turn),
        }
    }
}

impl PinVerifier<'_> {
    /// The role whose PIN was `entered`. Compares all PINs, so that the time reveals nothing.
    #[allow(
        clippy::unused_self,
        reason = "whoever has no verifier must not verify"
    )]
    pub(super) fn role_of(&self, entered: &str, pins: &[(Role, PinHash)]) -> Option<Role> {
        let matching: Vec<Role> = pins
            .iter()
            .filter(|(_, pin)| pin::matches(entered, pin))
            .map(|(role, _)| *role)
            .collect();
        matching.first().copied()
    }
}

impl Drop for PinVerifier<'_> {
    fn drop(&mut self) {
        self.queue.threads.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Access {
    /// Sets the PIN of a role, and ends the sessions of that role.
    pub fn set_pin(
        &self,
        tickets: &TicketService,
        caller: &Caller,
        role: Role,
        new: &str,
    ) -> Result<(), Problem> {
        pin::check(new).map_err(|why| Problem::invalid("pin", why))?;
        let verifier = self.verifier.acquire_always();
        let pins = self.credentials().pins();
        let owner = verifier.role_of(new, &pins);
        if owner.is_some_and(|other| other != role) {
            return Err(Problem::invalid(
                "pin",
                "staff and admin need different PINs",
            ));
        }
        let hash = pin::hash(new).map_err(|_| Problem::storage_unavailable())?;
        let entry = caller.audit(AuditKind::PinChanged, Some(role.as_str()));
        tickets.store_access(vec![AccessChange::SetPin(role, hash.clone())], Some(entry))?;
        self.credentials().set_pin(role, hash);
        self.wss.recheck_access();
        log::info!("The PIN of {} was changed", role.as_str());
        Ok(())
    }
}
