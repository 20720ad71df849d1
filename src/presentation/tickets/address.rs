//! `/api/address`: the address at which other devices find this server.

use serde::Serialize;

use super::authority;
use super::fields::Fields;
use crate::presentation::http::address::BaseUrl;
use crate::presentation::http::answer::Answer;
use crate::presentation::route::{Context, Handled};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressJson {
    address: String,
    /// With `https`, if the server speaks it there.
    secure_address: Option<String>,
    /// Whether `/ca.crt` is there: devices must trust it before they open `secure_address`.
    has_authority: bool,
}

/// `GET /api/address`: the query field `base` is the address under which the client sees the server.
pub fn show(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    let base = fields.text("base")?;
    fields.finish()?;
    let listen = context.listen();
    let host = context.request.header("Host");
    let base = BaseUrl::of((host, context.caller.is_secure), base.as_deref(), listen)?;
    let config = &context.office.config;
    let secure = match config.tls_files() {
        Some(_) => base.with_https(config.tls_listen),
        None => None,
    };
    Ok(Answer::json(
        200,
        &AddressJson {
            address: base.page(""),
            secure_address: secure.map(|base| base.page("")),
            has_authority: authority::certificate(config).is_some(),
        },
    ))
}
