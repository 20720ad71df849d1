//! Verifies PINs, one at a time, because Argon2id takes a processor and memory for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pin;
use crate::access::{PinHash, Role};
use crate::presentation::http::problem::Problem;

/// The most sign-ins that wait for the verifier or use it; each blocks the thread of a connection.
const MOST_WAITING: usize = 8;

/// The queue of threads that want to verify a PIN.
#[derive(Debug, Default)]
pub(super) struct VerifierQueue {
    lock: Mutex<()>,
    /// The number of threads that wait or verify.
    threads: AtomicUsize,
}

/// The permission to verify PINs; one thread at a time has it. While it is held, no PIN changes.
pub(super) struct PinVerifier<'a> {
    queue: &'a VerifierQueue,
    _lock: MutexGuard<'a, ()>,
}

impl VerifierQueue {
    /// Waits for the permission. Fails if [`MOST_WAITING`] threads are in the queue.
    pub(super) fn acquire(&self) -> Result<PinVerifier<'_>, Problem> {
        if self.threads.fetch_add(1, Ordering::AcqRel) >= MOST_WAITING {
            self.threads.fetch_sub(1, Ordering::AcqRel);
            return Err(Problem::too_many_sign_ins());
        }
        Ok(self.wait())
    }

    /// Like [`acquire`](Self::acquire), but waits behind any number of threads. Only for admins.
    pub(super) fn acquire_always(&self) -> PinVerifier<'_> {
        self.threads.fetch_add(1, Ordering::AcqRel);
        self.wait()
    }

    fn wait(&self) -> PinVerifier<'_> {
        PinVerifier {
            queue: self,
            // Nothing can fail while the lock is held.
            _lock: self.lock.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl PinVerifier<'_> {
    /// Whether the PIN `entered` is the one of `pin`. Without one, it takes as long and is wrong, so that the time
    /// does not say which names there are.
    #[allow(
        clippy::unused_self,
        reason = "whoever has no verifier must not verify"
    )]
    pub(super) fn matches(&self, entered: &str, pin: Option<&PinHash>) -> bool {
        let is_there = pin.is_some();
        let nobody = pin::nobody();
        pin::matches(entered, pin.unwrap_or(&nobody)) && is_there
    }

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
