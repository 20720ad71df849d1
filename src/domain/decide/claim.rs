//! Claims: which screen has a desk open.
//!
//! A claim stops nobody from acting at the desk, since a script needs no screen. It tells two people at
//! one desk of each other before they call the same ticket.

use crate::domain::command::{Decision, Subject};
use crate::domain::desk::DeskName;
use crate::domain::event::Event;
use crate::domain::queue::Queue;
use crate::domain::refusal::Refusal;
use crate::domain::screen::ScreenId;

/// A screen says that it has the desk open. Looking at a desk makes none: it has to be there. Where another has, it is refused, unless that one is
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
    let desk = queue.desk(name);
    let holder = desk
        .ok_or_else(|| Refusal::NoSuchDesk(name.clone()))?
        .screen;
    let in_the_way = holder.filter(|other| *other != screen && Some(*other) != gone);
    if in_the_way.is_some() && !take_over {
        return Err(Refusal::DeskTaken { desk: name.clone() });
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
