//! Whether devices accept the certificate of HTTPS: how long it is good, and whether the office's authority has signed it.

use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError::{BadSignature, ExpiredContext, NotValidYetContext, UnknownIssuer};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{Error, RootCertStore, crypto};

/// How long before its end a certificate must be renewed, or a quarter of its time if that is less: some last for days, and are
/// renewed by themselves shortly before they end.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const RENEW: &str =
    "Renew it; if it is of the office's own authority, «turnero tls self-signed» does.";

/// Why devices refuse the certificate that begins the chain, or soon will, and what to do. `authority` is the certificate of the
/// office's own authority, which devices trust.
pub(super) fn problem(
    chain: &[CertificateDer<'_>],
    authority: Option<&CertificateDer<'_>>,
) -> Option<String> {
    let now = UnixTime::now();
    // rustls tells the dates of a certificate in its errors only: at the last moment of all it has ended, and at the first
    // one it has not begun.
    let ends = match verify(chain, None, UnixTime::since_unix_epoch(Duration::MAX)) {
        Err(Error::InvalidCertificate(ExpiredContext { not_after, .. })) => not_after,
        _ => return None,
    };
    let begins = match verify(chain, None, UnixTime::since_unix_epoch(Duration::ZERO)) {
        Err(Error::InvalidCertificate(NotValidYetContext { not_before, .. })) => not_before,
        _ => UnixTime::since_unix_epoch(Duration::ZERO),
    };
    let (now_s, begins_s, ends_s) = (now.as_secs(), begins.as_secs(), ends.as_secs());
    if now_s < begins_s {
        return Some(format!(
            "The certificate of HTTPS begins on {} only, so devices refuse it until then. Check the computer's clock.",
            date(begins_s)
        ));
    }
    if now_s > ends_s {
        return Some(format!(
            "The certificate of HTTPS ended on {}, so devices refuse it. {RENEW}",
            date(ends_s)
        ));
    }
    let quarter = ends_s.saturating_sub(begins_s) / 4;
    if now_s + quarter.min(RENEW_BEFORE.as_secs()) > ends_s {
        return Some(format!(
            "The certificate of HTTPS ends on {}; devices refuse it from then on. {RENEW}",
            date(ends_s)
        ));
    }
    let of_another = matches!(
        verify(chain, Some(authority?), now),
        Err(Error::InvalidCertificate(UnknownIssuer | BadSignature))
    );
    of_another.then(|| {
        "The authority in ca.crt, beside the certificate of HTTPS, has not signed it, so devices that trust this authority \
         refuse the server. Make the certificate again with «turnero tls self-signed», or remove ca.crt."
            .to_owned()
    })
}

/// Verifies the first certificate of a chain at a time, first of all whether it is good then.
fn verify(
    chain: &[CertificateDer<'_>],
    authority: Option<&CertificateDer<'_>>,
    at: UnixTime,
) -> Result<(), Error> {
    let (first, intermediates) = chain.split_first().ok_or(UnknownIssuer)?;
    let mut roots = RootCertStore::empty();
    if let Some(authority) = authority {
        roots.add(authority.clone().into_owned())?;
    }
    let algorithms = crypto::ring::default_provider().signature_verification_algorithms;
    verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(first)?,
        &roots,
        intermediates,
        at,
        algorithms.all,
    )
}

fn date(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok();
    let at = at.and_then(|at| Timestamp::from_second(at).ok());
    at.map_or_else(String::new, |at| at.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};

    const DAY: u64 = 24 * 60 * 60;

    /// An authority of this name, and a certificate of it from so many days ago for so many days.
    fn made(ago: i64, days: i64) -> (CertificateDer<'static>, CertificateDer<'static>) {
        let mut authority = CertificateParams::new(Vec::new()).expect("no names");
        authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let signed = authority.self_signed(&key).expect("an authority");
        let issuer = Issuer::new(authority, key);
        let mut server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let today = i64::try_from(UnixTime::now().as_secs() / DAY).expect("days");
        let time = |days: i64| {
            let date = jiff::civil::date(1970, 1, 1).saturating_add(jiff::ToSpan::days(days));
            let small = |number: i8| u8::try_from(number).expect("1 to 31");
            rcgen::date_time_ymd(date.year().into(), small(date.month()), small(date.day()))
        };
        server.not_before = time(today - ago);
        server.not_after = time(today - ago + days);
        let key = KeyPair::generate().expect("a key");
        let server = server.signed_by(&key, &issuer).expect("a certificate");
        (signed.der().clone(), server.der().clone())
    }

    #[test]
    fn a_certificate_that_ends_soon_has_ended_or_has_not_begun_is_a_problem() {
        for (ago, days, expected) in [
            (1, 730, None),
            (690, 730, None),
            (710, 730, Some("ends on")),
            (731, 730, Some("ended on")),
            (-2, 730, Some("begins on")),
            // Renewed by others when a third is left.
            (60, 90, None),
            (3, 7, None),
            (6, 7, Some("ends on")),
        ] {
            let (authority, server) = made(ago, days);
            let problem = problem(&[server], Some(&authority));
            match expected {
                None => assert_eq!(problem, None, "{ago} {days}"),
                Some(part) => assert!(
                    problem.as_ref().is_some_and(|why| why.contains(part)),
                    "{ago} {days}: {problem:?}"
                ),
            }
        }
    }

    #[test]
    fn the_authority_of_another_certificate_is_a_problem() {
        let ((authority, server), (other, _)) = (made(1, 730), made(1, 730));
        let chain = [server];
        assert_eq!(problem(&chain, Some(&authority)), None);
        assert_eq!(problem(&chain, None), None);
        let problem = problem(&chain, Some(&other));
        assert!(problem.is_some_and(|why| why.contains("has not signed it")));
    }
}
