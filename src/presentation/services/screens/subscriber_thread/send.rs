//! Sends what `publish` could not write: the events that a subscriber missed or the whole state, ticks, printers and the
//! progress of its ticket.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;
use tungstenite::Bytes;

use super::{End, SubscriberThread};
use crate::presentation::json::{Message, StateView};
use crate::presentation::services::screens::followed_ticket::FollowedTicket;
use crate::presentation::services::screens::frames::{
    course_count_frame, course_working_frame, text_frame,
};
use crate::presentation::services::screens::recent::Since;
use crate::presentation::services::screens::subscriber::Writer;
use crate::presentation::services::screens::update::{self, Dialect, Update, UpdateBatch};

/// Updates that are joined for one write. One has 10 kB in the largest office.
const UPDATES_AT_ONCE: usize = 16;

impl SubscriberThread<'_> {
    /// Sends what a new subscriber needs to know: the events it missed, or the whole state.
    pub(super) fn greet(&mut self, since: Option<u64>) -> Result<(), End> {
        let missed = match (self.subscriber.dialect, since) {
            (Dialect::V1, Some(seq)) => {
                self.tickets.catch_up_to(seq);
                self.missed_since(seq)
            }
            _ => None,
        };
        let progress = self
            .subscriber
            .followed_ticket()
            .and_then(FollowedTicket::progress);
        let mut writer = self.subscriber.writer();
        writer.cursor = since.unwrap_or_default();
        self.send_missed(&mut writer, missed)?;
        if let Some(progress) = writer.changed_progress(progress) {
            self.subscriber.write_all(&mut writer, &progress)?;
        }
        writer.is_open = true;
        Ok(())
    }

    /// The updates after event `seq`; `None` if they are no longer in memory.
    fn missed_since(&self, seq: u64) -> Option<Vec<Arc<Update>>> {
        match self.wss.since(seq) {
            Since::Updates(updates) => Some(updates),
            // The event may be durable and not yet published, or be another office's.
            Since::NotYet => {
                let is_durable = self.tickets.read_queue(|queue| queue.seq()) >= seq;
                is_durable.then(Vec::new)
            }
            Since::TooOld => None,
        }
    }

    /// Sends the updates that follow the subscriber's last event, or the whole state. Many updates go in pieces, so
    /// that a slow subscriber holds no copy of all of them.
    fn send_missed(
        &self,
        writer: &mut Writer,
        missed: Option<Vec<Arc<Update>>>,
    ) -> Result<(), End> {
        let Some(updates) = missed else {
            let (seq, frames) = self.whole_state();
            self.subscriber.write_all(writer, &frames)?;
            writer.cursor = seq;
            return Ok(());
        };
        for piece in updates.chunks(UPDATES_AT_ONCE) {
            let frames = update::join_frames(piece, self.subscriber.dialect);
            self.subscriber.write_all(writer, &frames)?;
        }
        writer.cursor = updates.last().map_or(writer.cursor, |update| update.seq);
        Ok(())
    }

    fn whole_state(&self) -> (u64, Bytes) {
        match self.subscriber.dialect {
            Dialect::V1 => {
                let state = self.tickets.read_queue(StateView::of);
                (state.seq, text_frame(state.message().text()))
            }
            Dialect::Course => {
                let (seq, waiting, called) = self
                    .tickets
                    .read_queue(|queue| (queue.seq(), queue.waiting(), update::last_called(queue)));
                let mut frames = course_count_frame(waiting).to_vec();
                frames.extend(course_working_frame(&called));
                (seq, frames.into())
            }
        }
    }

    /// Sends the batches of the mailbox, and what the mailbox had no room for.
    pub(super) fn send_updates(&mut self) -> Result<(), End> {
        let mut has_sent = false;
        while let Ok(batch) = self.batches.try_recv() {
            self.send_batch(&batch)?;
            has_sent = true;
        }
        if self.subscriber.signals.missed.swap(false, Ordering::AcqRel) {
            self.catch_up()?;
            has_sent = true;
        }
        if has_sent {
            self.send_progress()?;
        }
        // Writes the rest of a frame that `publish` has begun.
        let mut writer = self.subscriber.writer();
        Ok(self.subscriber.write_all(&mut writer, &[])?)
    }

    /// Sends the updates of a batch that the subscriber does not have yet.
    fn send_batch(&mut self, batch: &UpdateBatch) -> Result<(), End> {
        let mut writer = self.subscriber.writer();
        if writer.cursor >= batch.last() {
            return Ok(());
        }
        if writer.cursor + 1 < batch.first() {
            drop(writer);
            return self.catch_up();
        }
        let frames = update::join_frames(batch.after(writer.cursor), self.subscriber.dialect);
        self.subscriber.write_all(&mut writer, &frames)?;
        writer.cursor = batch.last();
        Ok(())
    }

    /// Sends the events that the subscriber missed, or the whole state.
    fn catch_up(&mut self) -> Result<(), End> {
        let mut writer = self.subscriber.writer();
        let missed = self.missed_since(writer.cursor);
        self.send_missed(&mut writer, missed)
    }

    pub(super) fn send_tick(&mut self) -> Result<(), End> {
        #[derive(Serialize)]
        struct Now {
            now: String,
        }
        let mut writer = self.subscriber.writer();
        let message = Message {
            kind: "tick",
            seq: Some(writer.cursor),
            payload: Now {
                now: format!("{:.3}", jiff::Timestamp::now()),
            },
        };
        let frame = text_frame(message.text());
        Ok(self.subscriber.write_all(&mut writer, &frame)?)
    }

    /// Sends the state of each ticket printer. It is not an event and has no number of its own.
    pub(super) fn send_printers(&mut self) -> Result<(), End> {
        let mut writer = self.subscriber.writer();
        for message in self.wss.printer_messages(Some(writer.cursor)) {
            self.subscriber
                .write_all(&mut writer, &text_frame(message))?;
        }
        Ok(())
    }

    /// Sends the progress of the followed ticket if it has changed.
    pub(super) fn send_progress(&mut self) -> Result<(), End> {
        let Some(ticket) = self.subscriber.followed_ticket() else {
            return Ok(());
        };
        // The writer is locked first, so that no newer progress can be written in between.
        let mut writer = self.subscriber.writer();
        if let Some(frame) = writer.changed_progress(ticket.progress()) {
            self.subscriber.write_all(&mut writer, &frame)?;
        }
        Ok(())
    }
}
