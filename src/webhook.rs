//! The stored records of webhooks: the addresses of programs that are sent events, and how far each of them is.
//! They are not events, so an export does not contain them.

/// A secret that signs messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSecret {
    /// `whsec_` and its bytes in base64. It signs, so it is stored as it is and not as a hash.
    pub text: String,
    /// Time at which it expires, in milliseconds since the Unix epoch; `None` for the newest.
    pub expires_at: Option<i64>,
}

/// The reason that the server itself switched a webhook off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffReason {
    /// The receiver answered 410: it wants no more.
    Gone,
    /// It failed for too long.
    Failed,
}

impl OffReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failed => "failed",
        }
    }

    /// The reason of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Gone, Self::Failed]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

/// How a webhook is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSetup {
    pub id: u64,
    pub url: String,
    /// The types of its messages.
    pub types: Vec<String>,
    /// A waiting ticket with so many visitors ahead is approaching.
    pub approaching_ahead: u32,
    /// The newest first.
    pub secrets: Vec<WebhookSecret>,
    pub is_on: bool,
    /// Set only while it is off.
    pub off_reason: Option<OffReason>,
    /// Time in milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// How far a webhook is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookProgress {
    /// The last event that needs no delivery any more.
    pub position: u64,
    /// For how long the message after it has failed while the server ran, in milliseconds.
    pub failing_ms: i64,
    /// The last attempt that failed.
    pub last_failure: Option<Failure>,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Time in milliseconds since the Unix epoch.
    pub at: i64,
    /// The kind of failure, such as `timeout`.
    pub reason: String,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
}

/// A webhook as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub setup: WebhookSetup,
    pub progress: WebhookProgress,
}

/// A change of the stored webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookChange {
    Add(Webhook),
    SetUp(WebhookSetup),
    Progress { id: u64, progress: WebhookProgress },
    Delete { id: u64 },
}
