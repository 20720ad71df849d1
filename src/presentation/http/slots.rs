//! A fixed number of slots, which bounds work that happens at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The slots that are free.
#[derive(Debug)]
pub struct Slots(AtomicUsize);

impl Slots {
    pub fn new(number: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(number)))
    }

    /// Takes a slot without waiting; `None` if none is free.
    pub fn take(self: &Arc<Self>) -> Option<Slot> {
        let less = |free: usize| free.checked_sub(1);
        let taken = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        taken.ok().map(|_| Slot(self.clone()))
    }
}

/// A slot. Dropping it frees it.
#[derive(Debug)]
pub struct Slot(Arc<Slots>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_free_again_when_it_is_dropped() {
        let slots = Slots::new(2);
        let held = (slots.take(), slots.take());
        assert!(held.0.is_some() && held.1.is_some() && slots.take().is_none());
        drop(held.0);
        assert!(slots.take().is_some());
    }
}
