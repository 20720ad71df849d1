//! The certificate of HTTPS: read from its files at the start, and again when they change.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, crypto};

use super::validity;
use crate::files::read_regular;

/// The file of the authority's certificate, beside the server's. Devices that trust it accept the server's.
pub const AUTHORITY_FILE: &str = "ca.crt";

/// What follows the reason that a new certificate is not in use.
const REFUSED: &str = "The new files of the certificate cannot be used: the one from before stays in use until the server \
     stops, and it does not start again with these files.";

/// Interval between two looks at the files. New connections look.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Interval between two lines of the log about a certificate that must be renewed.
const WARN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate with its key, and what connections need of it.
pub struct Certificate {
    files: Files,
    current: Mutex<Current>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// The certificate of the office's authority, if it is there.
    authority: PathBuf,
}

struct Current {
    read: Read,
    /// Whether the files, as they are now, cannot be used.
    is_refused: bool,
    stamps: [Stamp; 3],
    looked_at: Instant,
    warned_at: Option<Instant>,
}

/// Contents of the files.
struct Read {
    config: Arc<ServerConfig>,
    chain: Vec<CertificateDer<'static>>,
    authority: Option<CertificateDer<'static>>,
}

/// The version of a file, which changes if somebody writes or replaces it: inode, size and time. `None` if the
/// file cannot be seen.
type Stamp = Option<(u64, u64, i64, i64)>;

impl Certificate {
    /// Reads a certificate with its chain, and its key, both in PEM. The error is one line that says which
    /// file is wrong, and why.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, String> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            authority: certificate.with_file_name(AUTHORITY_FILE),
        };
        // Before the files are read: a later change is then noticed.
        let stamps = files.stamps();
        let read = files.read()?;
        Ok(Self {
            files,
            current: Mutex::new(Current {
                read,
                is_refused: false,
                stamps,
                looked_at: Instant::now(),
                warned_at: None,
            }),
        })
    }

    /// The settings of a new connection.
    pub fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current();
        current.warn();
        current.read.config.clone()
    }

    /// Why devices refuse the certificate, or soon will, or why a new one is not in use, and what to do.
    pub fn problem(&self) -> Option<String> {
        self.current().problem()
    }

    /// Lets the log say the problem, if there is one.
    pub fn warn(&self) {
        self.current().warn();
    }

    /// The certificate as it is now. Reads the files again if they have changed; if they cannot be used, the certificate
    /// from before stays.
    fn current(&self) -> MutexGuard<'_, Current> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked_at.elapsed() < LOOK_EVERY {
            return current;
        }
        current.looked_at = Instant::now();
        let stamps = self.files.stamps();
        if stamps != current.stamps {
            current.stamps = stamps;
            match self.files.read() {
                Ok(read) => {
                    current.read = read;
                    current.is_refused = false;
                    current.warned_at = None;
                    log::info!("The certificate has changed and is in use");
                }
                Err(why) => {
                    current.is_refused = true;
                    log::warn!("{why} {REFUSED}");
                }
            }
        }
        current
    }
}

impl Current {
    fn problem(&self) -> Option<String> {
        // Everybody may read it, so it does not name the files.
        let refused = self.is_refused.then(|| REFUSED.to_owned());
        validity::problem(&self.read.chain, self.read.authority.as_ref()).or(refused)
    }

    /// Once a day.
    fn warn(&mut self) {
        if self.warned_at.is_some_and(|at| at.elapsed() < WARN_EVERY) {
            return;
        }
        self.warned_at = Some(Instant::now());
        if let Some(problem) = self.problem() {
            log::warn!("{problem}");
        }
    }
}

impl Files {
    fn stamps(&self) -> [Stamp; 3] {
        [&self.certificate, &self.key, &self.authority].map(|path| {
            let found = fs::metadata(path).ok()?;
            Some((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
        })
    }

    fn read(&self) -> Result<Read, String> {
        let shown = self.certificate.display();
        let wrong =
            |error: pem::Error| unreadable("--tls-cert", &self.certificate, &error, "certificate");
        let bytes =
            read_regular(&self.certificate).map_err(|error| wrong(pem::Error::Io(error)))?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let chain = chain.map_err(wrong)?;
        if chain.is_empty() {
            return Err(wrong(pem::Error::NoItemsFound));
        }
        let key = read_regular(&self.key)
            .map_err(pem::Error::Io)
            .and_then(|bytes| PrivateKeyDer::from_pem_slice(&bytes))
            .map_err(|error| unreadable("--tls-key", &self.key, &error, "private key"))?;
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                let builder = builder.with_no_client_auth();
                builder.with_single_cert(chain.clone(), key)
            });
        let mut config = config.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let key = self.key.display();
                format!("--tls-key «{key}» is not the key of --tls-cert «{shown}».")
            }
            rustls::Error::InvalidCertificate(error) => {
                format!("--tls-cert «{shown}» has a certificate that cannot be used: {error}.")
            }
            error => {
                let key = self.key.display();
                format!("--tls-key «{key}» cannot be used: {error}.")
            }
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Read {
            config: Arc::new(config),
            chain,
            authority: read_authority(&self.authority),
        })
    }
}

/// The certificate of the office's own authority, beside the server's `certificate`; `None` if there is none.
pub fn authority_beside(certificate: &Path) -> Option<CertificateDer<'static>> {
    read_authority(&certificate.with_file_name(AUTHORITY_FILE))
}

fn read_authority(file: &Path) -> Option<CertificateDer<'static>> {
    let bytes = read_regular(file).ok()?;
    CertificateDer::from_pem_slice(&bytes).ok()
}

/// The reason that a file cannot be used.
fn unreadable(flag: &str, path: &Path, error: &pem::Error, wanted: &str) -> String {
    let shown = path.display();
    match error {
        pem::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            format!("{flag} «{shown}» is not there.")
        }
        pem::Error::Io(error) => format!("{flag} «{shown}» cannot be read: {error}."),
        pem::Error::NoItemsFound => {
            format!("{flag} «{shown}» has no {wanted} in PEM, without a password.")
        }
        error => format!("{flag} «{shown}» is damaged: {error}."),
    }
}
