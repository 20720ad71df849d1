//! Chooses the next ticket of a desk. The calling order and the number of visitors ahead follow from it.

pub(super) mod ahead;
pub(super) mod calling_order;
pub(super) mod calling_rule;
