//! Webhooks: sends the stored events to the addresses of other programs, by the Standard Webhooks
//! specification 1.0.0.
//!
//! Each webhook that is on has one thread, which sends one message at a time. Nothing waits for a receiver.

mod attempt;
mod delivery;
mod endpoint;
mod message;
mod parts;
mod receiver;
mod signal;
mod signature;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use delivery::Delivery;
use endpoint::Endpoint;
use parts::{Parts, lock};
use receiver::Receiver;

use super::access::Caller;
use super::http::problem::Problem;
use super::http::slots::{Slot, Slots};
use super::services::{SharedState, WebhookStore};
use crate::calendar::now;
use crate::domain::Queue;
use crate::storage::{AuditEntry, AuditKind, EventLog, StorageError};
use crate::threads;
use crate::webhook::{Webhook, WebhookChange, WebhookProgress, WebhookSecret, WebhookSetup};

pub use attempt::Attempt;
pub use endpoint::WebhookView;
pub use message::TYPES;
pub use receiver::check_url;
pub use signal::EventSignal;

/// The most webhooks: each has a thread of its own, and reads all events.
pub const MOST_WEBHOOKS: usize = 10;

/// The most threads. One may still wait for its receiver after its webhook was deleted.
const MOST_THREADS: usize = 2 * MOST_WEBHOOKS;

/// How long a replaced secret goes on signing beside the new one.
const ROTATION: Duration = Duration::from_secs(24 * 60 * 60);

/// The most secrets of a webhook: a head has room for as many signatures.
const MOST_SECRETS: usize = 4;

/// How long a stop waits for requests to receivers.
const STOP_PATIENCE: Duration = Duration::from_millis(300);

/// The webhooks of the office. All threads share them.
pub struct Webhooks {
    parts: Arc<Parts>,
    /// Oldest first.
    endpoints: Mutex<Vec<Arc<Endpoint>>>,
    next_id: Mutex<u64>,
    threads: Arc<Slots>,
    tests: Arc<Slots>,
}

/// A new setup of a webhook; fields that are `None` stay as they are.
#[derive(Clone, Debug, Default)]
pub struct WebhookFields {
    pub url: Option<String>,
    pub types: Option<Vec<String>>,
    pub approaching_ahead: Option<u32>,
    pub is_on: Option<bool>,
}

impl Webhooks {
    /// Starts the threads of the stored webhooks that are on. `signal` says when events become durable.
    pub fn start(
        stored: Vec<Webhook>,
        event_log: Box<dyn EventLog>,
        shared: Arc<SharedState>,
        store: WebhookStore,
        signal: EventSignal,
    ) -> Self {
        let last_id = stored.last().map_or(0, |webhook| webhook.setup.id);
        let endpoints: Vec<_> = stored.into_iter().map(Endpoint::new).collect();
        let webhooks = Self {
            parts: Arc::new(Parts {
                receiver: Receiver::default(),
                event_log,
                shared,
                store,
                signal,
                changes: Mutex::default(),
                stopping: AtomicBool::new(false),
            }),
            endpoints: Mutex::new(endpoints.clone()),
            next_id: Mutex::new(last_id + 1),
            threads: Slots::new(MOST_THREADS),
            tests: Slots::new(1),
        };
        for endpoint in &endpoints {
            if let Err(problem) = webhooks.spawn(endpoint) {
                log::error!("A webhook cannot be started: {}", problem.detail);
            }
        }
        webhooks
    }

    /// Takes over the webhooks that `load` reads, because another server of the office has changed them.
    pub fn reload(
        &self,
        load: impl FnOnce() -> Result<Vec<Webhook>, StorageError>,
    ) -> Result<(), StorageError> {
        let _changes = lock(&self.parts.changes);
        let stored = load()?;
        let sends = self.parts.shared.is_leader();
        let mut endpoints = lock(&self.endpoints);
        let (kept, deleted): (Vec<_>, Vec<_>) = endpoints
            .drain(..)
            .partition(|endpoint| stored.iter().any(|one| one.setup.id == endpoint.id()));
        deleted.iter().for_each(|endpoint| endpoint.end());
        *endpoints = kept;
        for webhook in stored {
            let id = webhook.setup.id;
            match endpoints.iter().find(|endpoint| endpoint.id() == id) {
                Some(endpoint) => endpoint.reload(webhook, sends),
                None => endpoints.push(Endpoint::new(webhook)),
            }
            let mut next_id = lock(&self.next_id);
            *next_id = (*next_id).max(id + 1);
        }
        let endpoints = endpoints.clone();
        for endpoint in &endpoints {
            if let Err(problem) = self.spawn(endpoint) {
                log::error!("A webhook cannot be started: {}", problem.detail);
            }
        }
        Ok(())
    }

    /// Copies of all webhooks, oldest first.
    pub fn list(&self) -> Vec<WebhookView> {
        let endpoints = lock(&self.endpoints).clone();
        endpoints.iter().map(|one| self.view(one)).collect()
    }

    /// A copy of one webhook.
    pub fn show(&self, id: u64) -> Option<WebhookView> {
        self.find(id).map(|endpoint| self.view(&endpoint))
    }

    fn view(&self, endpoint: &Endpoint) -> WebhookView {
        let seq = self.parts.shared.read_queue(Queue::seq);
        let mut view = endpoint.view(seq);
        // Without a thread, nothing says how long the oldest event has waited.
        if !view.setup.is_on && view.events_behind > 0 {
            let next = self.parts.event_log.read(view.progress.position, 1);
            let next = next
                .ok()
                .and_then(|events| events.first().map(|one| one.at));
            view.behind_ms = next.map_or(0, |at| now().as_millis() - at.as_millis());
        }
        view
    }

    /// Whether the server has switched a webhook off.
    pub fn has_stopped_one(&self) -> bool {
        let endpoints = lock(&self.endpoints);
        let mut setups = endpoints.iter().map(|endpoint| endpoint.setup());
        setups.any(|setup| setup.off_reason.is_some())
    }

    /// Makes a webhook, which gets the events from now on. Returns it with its secret.
    pub fn create(
        &self,
        fields: WebhookFields,
        caller: &Caller,
    ) -> Result<(WebhookView, String), Problem> {
        let _changes = lock(&self.parts.changes);
        if lock(&self.endpoints).len() >= MOST_WEBHOOKS {
            let why = format!("there are {MOST_WEBHOOKS} webhooks; delete one that is not used");
            return Err(Problem::invalid("url", why));
        }
        let url = fields.url.unwrap_or_default();
        self.check_unused(&url, None)?;
        let slot = self.thread_slot()?;
        let secret = signature::make_secret().map_err(|_| Problem::storage_unavailable())?;
        let mut next_id = lock(&self.next_id);
        let webhook = Webhook {
            setup: WebhookSetup {
                id: *next_id,
                url,
                types: fields.types.unwrap_or_default(),
                approaching_ahead: fields.approaching_ahead.unwrap_or(3),
                secrets: vec![WebhookSecret {
                    text: secret.clone(),
                    expires_at: None,
                }],
                is_on: fields.is_on.unwrap_or(true),
                off_reason: None,
                created_at: now().as_millis(),
            },
            progress: WebhookProgress {
                position: self.parts.shared.read_queue(Queue::seq),
                ..WebhookProgress::default()
            },
        };
        let entry = entry(AuditKind::WebhookMade, &webhook.setup, caller);
        let change = WebhookChange::Add(webhook.clone());
        self.parts.store.store(vec![change], Some(entry))?;
        *next_id += 1;
        drop(next_id);
        let endpoint = Endpoint::new(webhook);
        lock(&self.endpoints).push(endpoint.clone());
        self.spawn_with(&endpoint, slot)?;
        Ok((self.view(&endpoint), secret))
    }

    /// Sets a webhook up. Switched on, it goes on where it stood.
    pub fn change(
        &self,
        id: u64,
        fields: WebhookFields,
        caller: &Caller,
    ) -> Result<Option<WebhookView>, Problem> {
        let _changes = lock(&self.parts.changes);
        let Some(endpoint) = self.find(id) else {
            return Ok(None);
        };
        let mut setup = endpoint.setup();
        if let Some(url) = fields.url {
            self.check_unused(&url, Some(id))?;
            setup.url = url;
        }
        setup.types = fields.types.unwrap_or(setup.types);
        setup.approaching_ahead = fields.approaching_ahead.unwrap_or(setup.approaching_ahead);
        if let Some(is_on) = fields.is_on {
            setup.is_on = is_on;
            setup.off_reason = None;
        }
        if setup != endpoint.setup() {
            self.store_setup(&endpoint, setup, Some(caller))?;
        }
        self.spawn(&endpoint)?;
        Ok(self.show(id))
    }

    /// Gives a webhook another secret. The old one goes on signing for a day. Returns the new one.
    pub fn rotate(
        &self,
        id: u64,
        caller: &Caller,
    ) -> Result<Option<(WebhookView, String)>, Problem> {
        let _changes = lock(&self.parts.changes);
        let Some(endpoint) = self.find(id) else {
            return Ok(None);
        };
        let mut setup = endpoint.setup();
        let secret = signature::make_secret().map_err(|_| Problem::storage_unavailable())?;
        let now = now().as_millis();
        setup
            .secrets
            .retain(|old| old.expires_at.is_none_or(|end| end > now));
        if setup.secrets.len() >= MOST_SECRETS {
            let why = format!("{MOST_SECRETS} secrets sign now; a replaced one ends after a day");
            return Err(Problem::invalid("secret", why));
        }
        for old in &mut setup.secrets {
            old.expires_at = old.expires_at.or(Some(now + ROTATION.as_millis() as i64));
        }
        setup.secrets.insert(
            0,
            WebhookSecret {
                text: secret.clone(),
                expires_at: None,
            },
        );
        self.store_setup(&endpoint, setup, Some(caller))?;
        Ok(self.show(id).map(|view| (view, secret)))
    }

    /// Deletes a webhook. Returns whether it existed.
    pub fn delete(&self, id: u64, caller: &Caller) -> Result<bool, Problem> {
        let _changes = lock(&self.parts.changes);
        let Some(endpoint) = self.find(id) else {
            return Ok(false);
        };
        let entry = entry(AuditKind::WebhookDeleted, &endpoint.setup(), caller);
        let change = WebhookChange::Delete { id };
        self.parts.store.store(vec![change], Some(entry))?;
        lock(&self.endpoints).retain(|other| other.id() != id);
        endpoint.end();
        Ok(true)
    }

    /// Sends a test message now, in the caller's thread, whether the webhook is on or off.
    pub fn test(&self, id: u64) -> Result<Option<Attempt>, Problem> {
        let Some(endpoint) = self.find(id) else {
            return Ok(None);
        };
        let _slot = self.tests.take().ok_or_else(Problem::webhooks_busy)?;
        let attempt = self
            .parts
            .receiver
            .send(&endpoint.setup(), &message::test(now()));
        if attempt.is_delivered() {
            endpoint.retry_now();
        }
        Ok(Some(attempt))
    }

    /// Ends the threads, and stores how far each webhook is. A request that a receiver has not answered by then
    /// is sent again after the next start.
    pub fn stop(&self) {
        self.parts.stopping.store(true, Ordering::Release);
        let endpoints = lock(&self.endpoints).clone();
        for endpoint in &endpoints {
            endpoint.retry_now();
        }
        let deadline = Instant::now() + STOP_PATIENCE;
        while endpoints.iter().any(|endpoint| endpoint.has_thread()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        let changes = endpoints
            .iter()
            .filter_map(|endpoint| endpoint.take_unstored_progress());
        let changes: Vec<_> = changes.collect();
        if !changes.is_empty() && self.parts.store.store(changes, None).is_err() {
            log::warn!(
                "How far the webhooks are could not be stored: some messages will be sent again"
            );
        }
    }

    fn find(&self, id: u64) -> Option<Arc<Endpoint>> {
        let endpoints = lock(&self.endpoints);
        endpoints.iter().find(|other| other.id() == id).cloned()
    }

    /// Refuses an address that another webhook has: a repeated request would make a second one.
    fn check_unused(&self, url: &str, own: Option<u64>) -> Result<(), Problem> {
        let endpoints = lock(&self.endpoints);
        let mut others = endpoints.iter().filter(|other| Some(other.id()) != own);
        if others.any(|other| other.setup().url == url) {
            return Err(Problem::invalid("url", "another webhook has this address"));
        }
        Ok(())
    }

    fn store_setup(
        &self,
        endpoint: &Endpoint,
        setup: WebhookSetup,
        caller: Option<&Caller>,
    ) -> Result<(), Problem> {
        let entry = caller.map(|caller| entry(AuditKind::WebhookChanged, &setup, caller));
        self.parts
            .store
            .store(vec![WebhookChange::SetUp(setup.clone())], entry)?;
        endpoint.set_up(setup);
        Ok(())
    }

    fn thread_slot(&self) -> Result<Slot, Problem> {
        self.threads.take().ok_or_else(Problem::webhooks_busy)
    }

    /// Starts the thread of a webhook that is on and has none.
    fn spawn(&self, endpoint: &Arc<Endpoint>) -> Result<(), Problem> {
        if endpoint.setup().is_on && !endpoint.has_thread() {
            let slot = self.thread_slot()?;
            return self.spawn_with(endpoint, slot);
        }
        Ok(())
    }

    fn spawn_with(&self, endpoint: &Arc<Endpoint>, slot: Slot) -> Result<(), Problem> {
        if !endpoint.begin_thread() {
            return Ok(());
        }
        let delivery = Delivery::new(endpoint.clone(), self.parts.clone());
        let spawned = threads::spawn_vital("webhook", move || {
            delivery.run();
            drop(slot);
        });
        spawned.map(|_| ()).map_err(|error| {
            endpoint.end_thread();
            log::error!("No thread could be started for a webhook: {error}");
            Problem::webhooks_busy()
        })
    }
}

/// An entry of the audit log. It names the host alone: the rest of an address may hold a secret of the receiver.
fn entry(kind: AuditKind, setup: &WebhookSetup, caller: &Caller) -> AuditEntry {
    caller.audit(kind, Some(&receiver::host(&setup.url)))
}
