//! REST: the table of routes, and the handlers behind it.

mod appearance;
mod course;
mod desks;
mod feed;
mod fields;
mod health;
mod media;
mod qr;
mod run;
mod services;
mod settings;
mod texts;
mod ticket;

use tiny_http::Method::{Delete, Get, Post, Put};

use super::router::Effect::{Changes, Reads};
use super::router::{Context, Effect, Handled, Route};

const fn route(
    method: tiny_http::Method,
    path: &'static str,
    effect: Effect,
    handler: fn(&Context<'_>) -> Handled,
) -> Route {
    Route {
        method,
        path,
        effect,
        handler,
    }
}

/// Every route that is not a page.
pub const ROUTES: &[Route] = &[
    route(Post, "/api/tickets", Changes, ticket::create),
    route(Get, "/api/tickets", Reads, ticket::list),
    route(Get, "/api/tickets/*", Reads, ticket::show),
    route(Get, "/api/tickets/*/qr.svg", Reads, qr::show),
    route(Post, "/api/tickets/*/cancel", Changes, ticket::cancel),
    route(Post, "/api/tickets/*/return", Changes, ticket::give_back),
    route(Get, "/api/desks", Reads, desks::list),
    route(Get, "/api/desks/*", Reads, desks::show),
    route(Put, "/api/desks/*", Changes, desks::set),
    route(Delete, "/api/desks/*", Changes, desks::delete),
    route(Post, "/api/desks/*/next", Changes, desks::next),
    route(Post, "/api/desks/*/call", Changes, desks::call),
    route(Post, "/api/desks/*/recall", Changes, desks::recall),
    route(Post, "/api/desks/*/finish", Changes, desks::finish),
    route(Post, "/api/desks/*/no-show", Changes, desks::no_show),
    route(Post, "/api/desks/*/hold", Changes, desks::hold),
    route(Post, "/api/desks/*/transfer", Changes, desks::transfer),
    route(Get, "/api/settings", Reads, settings::show),
    route(Put, "/api/settings", Changes, settings::set),
    route(Get, "/logo", Reads, appearance::logo),
    route(Get, "/api/media", Reads, media::list),
    route(Get, "/media/*", Reads, media::show),
    route(Get, "/api/services", Reads, services::list),
    route(Put, "/api/services/*", Changes, services::set),
    route(Delete, "/api/services/*", Changes, services::delete),
    route(Get, "/api/state", Reads, feed::state),
    route(Get, "/api/events", Reads, feed::events),
    route(Get, "/api/health", Reads, health::health),
    route(Get, "/api/ticket", Reads, course::list),
    route(Post, "/api/ticket", Changes, course::create),
    route(Get, "/api/ticket/pending", Reads, course::pending),
    route(Get, "/api/ticket/last", Reads, course::last),
    route(Get, "/api/ticket/working-on", Reads, course::working_on),
    route(Get, "/api/ticket/draw/*", Changes, course::draw),
    route(Post, "/api/ticket/draw/*", Changes, course::draw),
    route(Put, "/api/ticket/done/*", Changes, course::done),
];
