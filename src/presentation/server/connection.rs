//! Serves one connection on its own thread: reads one request at a time and answers it.

use std::sync::Arc;

use tiny_http::Method;

use super::upgrade::{Upgrade, serve_upgraded};
use crate::presentation::http::answer::{Answer, Framing};
use crate::presentation::http::connections::Entered;
use crate::presentation::http::plain;
use crate::presentation::http::problem::Problem;
use crate::presentation::http::request::Request;
use crate::presentation::http::request_reader::RequestReader;
use crate::presentation::http::wire::Wire;
use crate::presentation::office::Office;
use crate::presentation::router;

/// Serves one connection, on its own thread.
pub(super) fn serve(wire: &Arc<Wire>, office: &Office, entered: &Entered) {
    let mut reader = RequestReader::new(wire, &office.config.limits);
    loop {
        entered.waits();
        let body_limit = |request: &Request| router::body_limit(office, request);
        let request = match reader.read_next(&body_limit) {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(problem) => {
                log::debug!("{}: {}", wire.peer(), problem.detail);
                let answer = unread_refusal(&problem, office);
                return send_last(wire, office, entered, answer);
            }
        };
        entered.works();
        log::debug!("{} {request:?}", wire.peer());
        let answer = match Upgrade::of(office, &request, entered) {
            Ok(None) => router::answer(office, &request, entered),
            Ok(Some(upgrade)) => {
                router::count(office, office.wss.path(), &request, 101);
                drop(request);
                return serve_upgraded(wire, reader, upgrade, office, entered);
            }
            Err(problem) => {
                router::count(office, office.wss.path(), &request, problem.status());
                problem.answer()
            }
        };
        let keep_alive =
            request.keep_alive && answer.status != 426 && !answer.ends_connection(request.http_1_0);
        let framing = Framing {
            head_only: request.method == Method::Head,
            http_1_0: request.http_1_0,
            keep_alive,
        };
        entered.sends();
        if let Err(error) = answer.send(wire, framing) {
            log::debug!("{} did not receive its answer: {error}", wire.peer());
            return;
        }
        if !keep_alive {
            entered.lingers();
            return wire.linger();
        }
    }
}

/// Answers one request without TLS on the port of HTTPS, on the connection's own thread.
pub(super) fn refuse_plain(wire: &Wire, office: &Office, entered: &Entered) {
    let mut reader = RequestReader::new(wire, &office.config.limits);
    let answer = match reader.read_next(&|_| Ok(office.config.limits.body_bytes)) {
        Ok(Some(request)) => plain::refusal(&request),
        Ok(None) => return,
        Err(problem) => problem.answer(),
    };
    send_last(wire, office, entered, answer);
}

/// Sends the answer to something that reached no route, and ends the connection.
fn send_last(wire: &Wire, office: &Office, entered: &Entered, answer: Answer) {
    let metrics = office.tickets.shared().metrics();
    metrics.count_request(router::NO_ROUTE, "none", answer.status);
    if answer.send(wire, Framing::LAST).is_ok() {
        entered.lingers();
        wire.linger();
    }
}

/// The refusal of a request that was not read. If pages of other sites may use the server, any page
/// may read the refusal: it says the same to everybody, and who sent the request is not known.
pub(super) fn unread_refusal(problem: &Problem, office: &Office) -> Answer {
    let answer = problem.answer();
    if office.config.allowed_origins.is_empty() {
        return answer;
    }
    answer
        .with_header("Access-Control-Allow-Origin", "*")
        .with_header("Access-Control-Expose-Headers", "Retry-After")
}
