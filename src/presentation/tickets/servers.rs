//! `/api/servers`: the servers that share the office.

use serde::Serialize;

use super::health::role;
use crate::presentation::http::answer::Answer;
use crate::presentation::route::{Context, Handled};
use crate::presentation::servers::ServerInfo;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerJson {
    name: String,
    version: String,
    role: &'static str,
    /// Events of others that it does not show yet; null if it does not know.
    lag: Option<u64>,
    /// Whether it gives this answer.
    is_this: bool,
}

impl ServerJson {
    fn of(info: ServerInfo, is_this: bool) -> Self {
        Self {
            role: role(info.leads),
            name: info.name,
            version: info.version,
            lag: info.lag,
            is_this,
        }
    }
}

/// `GET /api/servers`: those of the last 10 s, by name; none if the office is in a data file.
pub fn list(context: &Context<'_>) -> Handled {
    let office = context.office;
    let shared = office.tickets.shared();
    let mut servers = Vec::new();
    if shared.servers().is_some() {
        let name = office.servers.name();
        let this = ServerInfo::new(name, shared.is_leader(), shared.lag());
        servers.push(ServerJson::of(this, true));
        let others = office.servers.others().into_iter();
        servers.extend(others.map(|info| ServerJson::of(info, false)));
        servers.sort_by(|one, other| one.name.cmp(&other.name));
    }
    Ok(Answer::json(200, &servers))
}
