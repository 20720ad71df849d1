//! `/api/day`: the business day.

use super::execute::run;
use crate::domain::Command;
use crate::presentation::http::answer::Answer;
use crate::presentation::http::problem::Problem;
use crate::presentation::json::OutcomeView;
use crate::presentation::route::{Context, Handled};

/// `POST /api/day`: starts a day now, as at the office's hour.
pub fn start(context: &Context<'_>) -> Handled {
    run(context, Command::StartDay, |outcome| match outcome {
        OutcomeView::Refused(refusal) => Problem::from(refusal).answer(),
        _ => Answer::empty(204),
    })
}
