//! Claims: which screen has a desk open.
//!
//! A claim stops nobody from acting at the desk, since a script needs no screen. It tells two people at
//! one desk of each other before they call the same ticket.

use super::setup::{changed, new_desk};
use crate::domain::command::{Decision, Subject};
use crate::domain::desk::DeskName;
use crate::domain::event::Event;
use crate::domain::queue::Queue;
use crate::domain::refusal::Refusal;
use crate::domain::screen::ScreenId;

/// A screen says that it has the desk open. Where another has, it is refused, unless that one is
/// `gone` or the desk is to be taken over.
///
/// `gone` names the holder that was found to be away, and not just that one was: another screen
/// may have come meanwhile, and is not gone.
pub(super) fn claim(
    queue: &Queue,
    name: &DeskName,
    screen: ScreenId,
    gone: Option<ScreenId>,
    take_over: bool,
) -> Result<Decision, Refusal> {
    let known = queue.desk(name);
    let holder = known.and_then(|desk| desk.screen);
    let in_the_way = holder.filter(|other| *other != screen && Some(*other) != gone);
    if in_the_way.is_some() && !take_over {
        return Err(Refusal::DeskTaken { desk: name.clone() });
    }
    let mut events = Vec::new();
    if known.is_none() {
        events.push(changed(&new_desk(queue, name)?));
    }
    if holder != Some(screen) {
        events.push(Event::DeskClaimed {
            desk: name.clone(),
            screen,
        });
    }
    Ok(Decision {
        events,
        outcome: Ok(Subject::Desk {
            name: name.clone(),
            // It answers 200 all the same: what was asked for is the place at it.
            created: false,
        }),
    })
}
