//! Which ticket is called next, and what follows from it: the calling order of a desk and the number
//! of people ahead of a ticket.

pub(super) mod ahead;
pub(super) mod calling_order;
pub(super) mod calling_rule;
