//! Claims: which screen shows a desk.
//!
//! A claim stops nobody from acting at the desk, since a script needs no screen. It tells two people at
//! one desk of each other before they call the same ticket.

use crate::domain::command::{Decision, Subject};
use crate::domain::desk::DeskName;
use crate::domain::event::Event;
use crate::domain::queue::Queue;
use crate::domain::refusal::Refusal;
use crate::domain::screen::ScreenId;

/// A screen says that it shows the desk. The desk must exist: a claim does not make it. If another screen has claimed
/// it, this one is refused, unless that screen is `gone` or the desk is to be taken over.
///
/// `gone` identifies the screen that was found to be away: another one may have claimed the desk since.
pub(super) fn claim(
    queue: &Queue,
    name: &DeskName,
    screen: ScreenId,
    gone: Option<ScreenId>,
    take_over: bool,
) -> Result<Decision, Refusal> {
    let desk = queue.desk(name);
    let holder = desk
        .ok_or_else(|| Refusal::NoSuchDesk(name.clone()))?
        .screen;
    let in_the_way = holder.filter(|other| *other != screen && Some(*other) != gone);
    if in_the_way.is_some() && !take_over {
        return Err(Refusal::DeskClaimedElsewhere { desk: name.clone() });
    }
    let claimed = Event::DeskClaimed {
        desk: name.clone(),
        screen,
    };
    Ok(Decision {
        events: if holder == Some(screen) {
            Vec::new()
        } else {
            vec![claimed]
        },
        outcome: Ok(Subject::Desk {
            name: name.clone(),
            created: false,
        }),
    })
}
