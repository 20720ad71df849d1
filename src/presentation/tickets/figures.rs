//! `/api/figures`: the statistics of this business day.

use serde::Serialize;

use crate::domain::{Statistics, TicketStatistics};
use crate::presentation::http::answer::Answer;
use crate::presentation::http::route::{Context, Handled};

#[derive(Serialize)]
struct FiguresJson {
    #[serde(flatten)]
    all: FigureJson,
    services: Vec<ServiceFigures>,
    desks: Vec<DeskFigures>,
}

#[derive(Serialize)]
struct ServiceFigures {
    prefix: String,
    /// Omitted if the service was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    figures: FigureJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeskFigures {
    name: String,
    attended: usize,
    no_shows: usize,
    mean_turn_seconds: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FigureJson {
    given: usize,
    waiting: usize,
    attended: usize,
    no_shows: usize,
    cancelled: usize,
    mean_wait_seconds: Option<u64>,
    longest_wait_seconds: Option<u64>,
    mean_turn_seconds: Option<u64>,
}

impl From<&TicketStatistics> for FigureJson {
    fn from(figure: &TicketStatistics) -> Self {
        Self {
            given: figure.given,
            waiting: figure.waiting,
            attended: figure.attended,
            no_shows: figure.no_shows,
            cancelled: figure.cancelled,
            mean_wait_seconds: figure.waits.mean_seconds(),
            longest_wait_seconds: figure.waits.longest_seconds(),
            mean_turn_seconds: figure.transactions.mean_seconds(),
        }
    }
}

/// `GET /api/figures`
pub fn show(context: &Context<'_>) -> Handled {
    let tickets = &context.office.tickets;
    let mut figures = Statistics::default();
    let mut after = None;
    loop {
        // Others get the queue between two steps.
        after = tickets.read_queue(|queue| figures.add_step(queue, after));
        if after.is_none() {
            break;
        }
    }
    let figures = tickets.read_queue(|queue| {
        let services = figures.services.iter().map(|(prefix, figure)| {
            let service = queue.service(prefix);
            ServiceFigures {
                prefix: prefix.to_string(),
                name: service.map(|service| service.setup.name.to_string()),
                figures: figure.into(),
            }
        });
        let desks = figures.desks.iter().map(|(name, figure)| DeskFigures {
            name: name.to_string(),
            attended: figure.attended,
            no_shows: figure.no_shows,
            mean_turn_seconds: figure.transactions.mean_seconds(),
        });
        FiguresJson {
            all: (&figures.all).into(),
            services: services.collect(),
            desks: desks.collect(),
        }
    });
    Ok(Answer::json(200, &figures))
}
