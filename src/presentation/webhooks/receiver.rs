//! Sends messages to receivers over HTTP: with time limits, without following redirects, and without reading
//! more of an answer than is needed.

use std::io::Read;
use std::net::ToSocketAddrs;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tungstenite::http::Uri;
use ureq::config::Config;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use super::attempt::{Attempt, Reason};
use super::message::Message;
use super::signature::sign;
use crate::calendar::now;
use crate::webhook::WebhookSetup;

/// Time limits of one request; the whole one counts from its beginning.
const WHOLE: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);
const ANSWER_BODY: Duration = Duration::from_secs(2);

/// An answer's body is read up to so many bytes, so that the connection can be used again.
const MOST_BODY_BYTES: u64 = 16 * 1024;
const MOST_HEAD_BYTES: usize = 16 * 1024;

/// The longest address, in bytes.
const LONGEST_URL: usize = 2_000;

/// The client of all receivers.
#[derive(Default)]
pub struct Receiver {
    plain: OnceLock<Agent>,
    /// The certificates that this machine trusts, read once.
    secure: OnceLock<Agent>,
}

impl Receiver {
    /// Sends a message, and waits for the answer.
    pub fn send(&self, setup: &WebhookSetup, message: &Message) -> Attempt {
        let at = now();
        let sent = self.request(setup, message, at.as_millis());
        let (status, reason) = match sent {
            Ok(status @ 200..=299) => (Some(status), None),
            Ok(status @ 300..=399) => (Some(status), Some(Reason::Redirect)),
            Ok(status) => (Some(status), Some(Reason::Status)),
            Err(error) => {
                log::debug!("A webhook to {} failed: {error}", host(&setup.url));
                (None, Some(reason(&error)))
            }
        };
        Attempt {
            at,
            kind: message.kind,
            seq: message.seq,
            status,
            reason,
        }
    }

    fn request(&self, setup: &WebhookSetup, message: &Message, now_ms: i64) -> Result<u16, Error> {
        let timestamp = now_ms / 1_000;
        let secrets = setup.secrets.iter();
        let valid = secrets.filter(|secret| secret.expires_at.is_none_or(|end| end > now_ms));
        let secrets = valid.map(|secret| secret.text.as_str());
        let signature = sign(secrets, &message.id, timestamp, &message.body);
        let is_secure = setup.url.starts_with("https:");
        let agent = if is_secure {
            self.secure.get_or_init(|| agent(Some(tls())))
        } else {
            self.plain.get_or_init(|| agent(None))
        };
        let answer = agent
            .post(&setup.url)
            .header("Content-Type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .send(&message.body)?;
        let status = answer.status().as_u16();
        let mut body = answer.into_body().into_reader().take(MOST_BODY_BYTES);
        // Whatever comes of it, the receiver has answered.
        let _ = std::io::copy(&mut body, &mut std::io::sink());
        Ok(status)
    }
}

fn agent(tls: Option<TlsConfig>) -> Agent {
    let config = Agent::config_builder()
        .tls_config(tls.unwrap_or_default())
        .proxy(None)
        .user_agent(concat!("turnero/", env!("CARGO_PKG_VERSION")))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_response_header_size(MOST_HEAD_BYTES)
        .timeout_global(Some(WHOLE))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .timeout_recv_body(Some(ANSWER_BODY))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), InThread)
}

fn tls() -> TlsConfig {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        log::warn!(
            "This machine has no list of trusted certificates, so no webhook over https can be delivered: install the \
             package ca-certificates"
        );
    }
    let certificates = found.certs.iter();
    let trusted = certificates.map(|one| Certificate::from_der(one).to_owned());
    TlsConfig::builder()
        .root_certs(RootCerts::from(trusted))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

/// Finds addresses in the caller's thread. The usual resolver starts a thread for each name, and leaves it
/// behind if the answer is late; the system's own limit for a name is about half a minute.
#[derive(Debug)]
struct InThread;

impl Resolver for InThread {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let bad = || Error::BadUri(uri.to_string());
        let scheme = uri.scheme().ok_or_else(bad)?;
        let authority = uri.authority().ok_or_else(bad)?;
        let name = DefaultResolver::host_and_port(scheme, authority).ok_or_else(bad)?;
        let mut addresses = self.empty();
        let found = name.to_socket_addrs().map_err(|_| Error::HostNotFound)?;
        // As many as there is room for.
        for address in found.take(16) {
            addresses.push(address);
        }
        if addresses.is_empty() {
            return Err(Error::HostNotFound);
        }
        Ok(addresses)
    }
}

fn reason(error: &Error) -> Reason {
    match error {
        Error::Timeout(_) => Reason::Timeout,
        Error::HostNotFound => Reason::UnknownHost,
        Error::Tls(_) | Error::Rustls(_) => Reason::Tls,
        Error::Io(error) if is_of_tls(error) => Reason::Tls,
        Error::Protocol(_) | Error::Http(_) | Error::LargeResponseHeader(..) => Reason::NotHttp,
        _ => Reason::NoConnection,
    }
}

fn is_of_tls(error: &std::io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(|inner| inner.is::<rustls::Error>())
}

/// Checks the address of a receiver. The error says why it is not valid.
pub fn check_url(url: &str) -> Result<(), String> {
    if url.len() > LONGEST_URL {
        return Err(format!("it has at most {LONGEST_URL} bytes"));
    }
    let wrong = || {
        format!(
            "«{url}» is not an address such as https://program.example/turnero (a name with other \
             letters than a to z is written in its «xn--» form)"
        )
    };
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri.authority().ok_or_else(wrong)?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong());
    }
    let port = authority.as_str().rsplit_once(':').map(|(_, port)| port);
    let port_is_one = port.is_none_or(|port| port.contains(']') || port.parse::<u16>().is_ok());
    if authority.host().is_empty() || !port_is_one {
        return Err(wrong());
    }
    if authority.as_str().contains('@') {
        return Err("it has no name and password; a receiver checks the signature".to_owned());
    }
    if url.contains('#') {
        return Err("it has no part after «#»".to_owned());
    }
    Ok(())
}

/// The host and port of an address, for the log: the rest may hold a secret.
pub fn host(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let authority = uri.as_ref().and_then(Uri::authority);
    authority.map_or_else(|| "an unknown host".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_or_https_and_holds_no_password() {
        for url in [
            "http://127.0.0.1:8080",
            "https://program.example/turnero?key=1",
            "http://[::1]:80/",
            "http://printer",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        let long = format!("http://a/{}", "b".repeat(LONGEST_URL));
        for url in [
            "",
            "program.example",
            "/turnero",
            "ftp://program.example",
            "file:///etc/passwd",
            "http://",
            "http:///path",
            "http://name:word@program.example",
            "http://program.example:99999/",
            "http://program.example:/",
            "http://program.example/#part",
            "http://a b/",
            &long,
        ] {
            assert!(check_url(url).is_err(), "{url:.60}");
        }
    }

    #[test]
    fn only_the_host_of_an_address_is_logged() {
        assert_eq!(host("https://a.example:81/b?token=c"), "a.example:81");
    }
}
