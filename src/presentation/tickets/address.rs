//! `/api/address`: the address at which other devices find this server.

use serde::Serialize;

use super::fields::Fields;
use crate::presentation::http::address::Base;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::route::{Context, Handled};

#[derive(Serialize)]
struct AddressJson {
    address: String,
}

/// `GET /api/address`: the query field `base` is the address under which the client sees the server.
pub fn show(context: &Context<'_>) -> Handled {
    let mut fields = Fields::of_query(context.request)?;
    let base = fields.text("base")?;
    fields.finish()?;
    let listen = context.office.config.listen;
    let host = context.request.header("Host");
    let base = Base::of((host, context.caller.is_secure), base.as_deref(), listen)?;
    let address = base.page("");
    Ok(Answer::json(200, &AddressJson { address }))
}
