//! A route: its method, path, role and handler, and what a handler gets and returns.

use std::borrow::Cow;

use tiny_http::Method;

use super::answer::Answer;
use super::problem::Problem;
use super::request::Request;
use crate::access::Role;
use crate::presentation::access::Who;
use crate::presentation::office::Office;

/// What a handler works with.
pub struct Context<'a> {
    pub office: &'a Office,
    pub request: &'a Request,
    /// Who asks; what the route requires has been seen to.
    pub who: Who,
    /// The path's variable parts, decoded.
    pub parameters: Vec<String>,
}

impl Context<'_> {
    /// The first variable part of the path, decoded.
    pub fn parameter(&self) -> &str {
        self.parameters.first().map_or("", String::as_str)
    }
}

/// What a handler gives back.
pub type Handled = Result<Answer, Problem>;

/// Whether asking again changes something; only then `HEAD` is refused, and other sites' pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Reads,
    Changes,
}

/// One row of the table of routes.
pub struct Route {
    pub method: Method,
    /// `*` stands for any one part.
    pub path: &'static str,
    pub effect: Effect,
    /// What one has to be, at least.
    pub role: Role,
    pub handler: fn(&Context<'_>) -> Handled,
}

impl Route {
    /// Whether the route answers this method; a route that reads answers `HEAD` too.
    pub fn answers(&self, method: &Method) -> bool {
        self.method == *method
            || (*method == Method::Head
                && self.method == Method::Get
                && self.effect == Effect::Reads)
    }

    /// The variable parts of the path, or `None` if it does not match.
    pub fn matches(&self, parts: &[Cow<'_, str>]) -> Option<Vec<String>> {
        let pattern = self.path.split('/').skip(1);
        if pattern.clone().count() != parts.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (expected, part) in pattern.zip(parts) {
            if expected == "*" && !part.is_empty() {
                parameters.push(part.clone().into_owned());
            } else if expected != part {
                return None;
            }
        }
        Some(parameters)
    }
}
