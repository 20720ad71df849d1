//! REST: the table of routes, and their handlers.

mod address;
mod appearance;
mod audit;
mod authority;
mod backups;
mod course;
mod day;
mod desk_name;
mod desks;
mod execute;
mod feed;
mod fields;
mod health;
mod history_export;
mod media;
mod metrics;
pub mod moving;
mod paper;
mod people;
mod period;
mod printing;
mod qr;
mod servers;
mod services;
mod session;
mod settings;
mod sound;
mod statistics;
mod texts;
mod ticket;
mod ticket_list;
mod tokens;
mod webhooks;

use tiny_http::Method::{Delete, Get, Patch, Post, Put};

use super::pages;
use super::route::Effect::{Changes, Reads};
use super::route::Query::{Ignored, Read};
use super::route::{Context, Effect, Handled, Query, Route};
use crate::access::Role::{self, Admin, Public, Staff};
pub use desks::shown_desk;

const fn route(
    method: tiny_http::Method,
    path: &'static str,
    effect: Effect,
    role: Role,
    handler: fn(&Context<'_>) -> Handled,
) -> Route {
    Route {
        method,
        path,
        effect,
        role,
        query: Query::None,
        body_bytes: 0,
        handler,
    }
}

/// Every route that is not a page, with the least role that may use it.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route(Post, "/api/tickets", Changes, Public, ticket::create),
    route(Get, "/api/tickets", Reads, Staff, ticket::list).with_query(Read),
    route(Get, "/api/tickets.csv", Reads, Admin, history_export::csv).with_query(Read),
    route(Get, "/api/tickets.json", Reads, Admin, history_export::json).with_query(Read),
    route(Get, "/api/tickets/*", Reads, Public, ticket::show),
    route(Get, "/api/tickets/*/qr.svg", Reads, Public, qr::show).with_query(Read),
    route(Get, "/api/tickets/*/paper", Reads, Public, paper::show),
    route(Post, "/api/tickets/*/cancel", Changes, Public, ticket::cancel),
    route(Post, "/api/tickets/*/return", Changes, Staff, ticket::return_to_queue),
    route(Post, "/api/tickets/*/print", Changes, Staff, ticket::print),
    route(Get, "/api/desks", Reads, Staff, desks::list),
    route(Get, "/api/desks/*", Reads, Staff, desks::show),
    route(Get, "/api/desks/*/queue", Reads, Staff, desks::queue).with_query(Read),
    route(Put, "/api/desks/*", Changes, Staff, desks::set),
    route(Delete, "/api/desks/*", Changes, Admin, desks::delete),
    route(Post, "/api/desks/*/claim", Changes, Staff, desks::claim),
    route(Post, "/api/desks/*/next", Changes, Staff, desks::next),
    route(Post, "/api/desks/*/call", Changes, Staff, desks::call),
    route(Post, "/api/desks/*/recall", Changes, Staff, desks::recall),
    route(Post, "/api/desks/*/finish", Changes, Staff, desks::finish),
    route(Post, "/api/desks/*/no-show", Changes, Staff, desks::no_show),
    route(Post, "/api/desks/*/hold", Changes, Staff, desks::hold),
    route(Post, "/api/desks/*/undo", Changes, Staff, desks::undo),
    route(Post, "/api/desks/*/transfer", Changes, Staff, desks::transfer),
    route(Post, "/api/day", Changes, Admin, day::start),
    route(Get, "/api/settings", Reads, Staff, settings::show),
    route(Put, "/api/settings", Changes, Admin, settings::set),
    route(Post, "/api/printers/*/test", Changes, Admin, paper::test),
    route(Get, "/logo", Reads, Public, appearance::logo).with_query(Ignored),
    route(Get, "/ca.crt", Reads, Public, authority::show),
    route(Get, "/api/media", Reads, Public, media::list),
    route(Get, "/media/*", Reads, Public, media::show).with_query(Ignored),
    route(Get, "/api/services", Reads, Public, services::list),
    route(Put, "/api/services/*", Changes, Admin, services::set),
    route(Delete, "/api/services/*", Changes, Admin, services::delete),
    route(Get, "/api/session", Reads, Public, session::show),
    route(Post, "/api/session", Changes, Public, session::sign_in),
    route(Delete, "/api/session", Changes, Public, session::sign_out),
    route(Get, "/api/pins", Reads, Admin, session::list_pins),
    route(Put, "/api/pins/*", Changes, Admin, session::set_pin),
    route(Delete, "/api/pins/*", Changes, Admin, session::remove_pin),
    route(Get, "/api/people", Reads, Admin, people::list),
    route(Post, "/api/people", Changes, Admin, people::add),
    route(Put, "/api/people/*", Changes, Admin, people::change),
    route(Delete, "/api/people/*", Changes, Admin, people::remove),
    route(Get, "/api/tokens", Reads, Admin, tokens::list),
    route(Post, "/api/tokens", Changes, Admin, tokens::create),
    route(Delete, "/api/tokens/*", Changes, Admin, tokens::delete),
    route(Get, "/api/webhooks", Reads, Admin, webhooks::list),
    route(Post, "/api/webhooks", Changes, Admin, webhooks::create),
    route(Get, "/api/webhooks/*", Reads, Admin, webhooks::show),
    route(Patch, "/api/webhooks/*", Changes, Admin, webhooks::change),
    route(Delete, "/api/webhooks/*", Changes, Admin, webhooks::delete),
    route(Post, "/api/webhooks/*/secret", Changes, Admin, webhooks::rotate),
    route(Post, "/api/webhooks/*/test", Changes, Admin, webhooks::test),
    route(Get, "/api/audit", Reads, Admin, audit::list).with_query(Read),
    route(Delete, "/api/audit", Changes, Admin, audit::erase),
    // An export is an entry in the audit log, so it counts as a change.
    route(Get, "/api/export", Changes, Admin, moving::export),
    route(Post, "/api/import", Changes, Admin, moving::import).with_body(moving::LARGEST_BODY),
    route(Get, "/api/backups", Reads, Admin, backups::list),
    route(Post, "/api/backups", Changes, Admin, backups::create),
    route(Get, "/api/backups/*", Changes, Admin, backups::show),
    route(Get, "/api/state", Reads, Public, feed::state),
    route(Get, "/api/events", Reads, Public, feed::events).with_query(Read),
    route(Get, "/api/statistics", Reads, Staff, statistics::show).with_query(Read),
    route(Get, "/api/address", Reads, Staff, address::show).with_query(Query::Read),
    route(Get, "/api/servers", Reads, Admin, servers::list),
    route(Get, "/api/health", Reads, Public, health::health),
    route(Get, "/metrics", Reads, Admin, metrics::show),
    route(Get, "/api/openapi.json", Reads, Public, |context| Ok(pages::api_description(context.request))),
    route(Get, "/api/ticket", Reads, Staff, course::list).with_query(Ignored),
    route(Post, "/api/ticket", Changes, Public, course::create).with_query(Ignored),
    route(Get, "/api/ticket/pending", Reads, Staff, course::pending).with_query(Ignored),
    route(Get, "/api/ticket/last", Reads, Public, course::last).with_query(Ignored),
    route(Get, "/api/ticket/working-on", Reads, Public, course::working_on).with_query(Ignored),
    route(Get, "/api/ticket/draw/*", Changes, Staff, course::draw).with_query(Ignored),
    route(Post, "/api/ticket/draw/*", Changes, Staff, course::draw).with_query(Ignored),
    route(Put, "/api/ticket/done/*", Changes, Staff, course::done).with_query(Ignored),
];
