//! `/ca.crt`: the certificate of the office's own authority, for devices that are to trust it.

use rustls::pki_types::CertificateDer;

use crate::config::Config;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::certificate::authority_beside;
use crate::presentation::http::problem::Problem;
use crate::presentation::route::{Context, Handled};

/// The certificate of the authority, if it is beside the server's.
pub fn certificate(config: &Config) -> Option<CertificateDer<'static>> {
    let (certificate, _) = config.tls_files()?;
    authority_beside(certificate)
}

/// `GET /ca.crt`. Never what else may be in that file, such as a key.
pub fn show(context: &Context<'_>) -> Handled {
    let Some(certificate) = certificate(&context.office.config) else {
        let why = "This server has no certificate authority of its own.";
        return Err(Problem::not_found(why.to_owned()));
    };
    let answer = Answer::new(200, "application/x-x509-ca-cert", certificate.to_vec());
    Ok(answer.with_header("Cache-Control", "no-cache"))
}
