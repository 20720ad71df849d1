//! The running office: its configuration and services, shared by all connection threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::access::Access;
use super::backup::Backups;
use super::http::certificate::Certificate;
use super::http::slots::Slots;
use super::kept_answers::KeptAnswers;
use super::pages::Pages;
use super::pages::folder::Folder;
use super::printing::Printers;
use super::servers::Servers;
use super::services::{Presence, TicketService, WssService};
use super::webhooks::Webhooks;
use crate::calendar::now;
use crate::config::Config;
use crate::domain::Timestamp;

/// Large answers that may be sent at a time. Each holds a copy of the office or a list of its tickets,
/// and takes time of a processor from those who wait for a ticket.
const LARGE_ANSWERS: usize = 4;

/// Lists of more than 100 entries that may be sent at a time: more than an office has desks, and some 30 MB if all
/// their readers are slow.
const LONG_LISTS: usize = 64;

/// The parts of the running office that every connection thread uses.
pub struct Office {
    pub config: Config,
    /// The certificate of HTTPS, if the server speaks it.
    pub certificate: Option<Arc<Certificate>>,
    pub access: Access,
    pub tickets: TicketService,
    pub wss: &'static WssService,
    pub backups: Backups,
    pub webhooks: Webhooks,
    /// The answers to requests that made a webhook, a secret or a person.
    pub kept_answers: KeptAnswers,
    /// The ticket printers.
    pub printers: Arc<Printers>,
    pub pages: Pages,
    /// The screens that show a desk.
    pub presence: Presence,
    /// The servers that share the office.
    pub servers: Servers,
    /// The office's own pictures and videos.
    pub media: Option<Folder>,
    /// Large answers that may be sent at a time.
    pub large_answers: Arc<Slots>,
    /// Long lists that may be sent at a time, in one piece each.
    pub long_lists: Arc<Slots>,
    pub started: Instant,
    /// The same by the wall clock.
    pub started_at: Timestamp,
}

impl Office {
    /// Assembles an office that starts now.
    pub fn new(
        config: Config,
        certificate: Option<Arc<Certificate>>,
        access: Access,
        tickets: TicketService,
        wss: &'static WssService,
        printers: Arc<Printers>,
        webhooks: Webhooks,
    ) -> Arc<Self> {
        let folder = |path: &PathBuf| Folder::new(path.clone(), config.data.file());
        Arc::new(Self {
            pages: Pages::new(config.html.as_ref().map(folder)),
            media: config.media.as_ref().map(folder),
            backups: Backups::new(config.backup_dir.clone(), config.backup_keep),
            presence: Presence::default(),
            servers: Servers::new(config.listen.port()),
            config,
            certificate,
            access,
            tickets,
            wss,
            printers,
            webhooks,
            kept_answers: KeptAnswers::default(),
            large_answers: Slots::new(LARGE_ANSWERS),
            long_lists: Slots::new(LONG_LISTS),
            started: Instant::now(),
            started_at: now(),
        })
    }
}
