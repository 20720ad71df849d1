//! The text form of ticket ids.

use crate::domain::*;

#[test]
fn an_id_reads_back_only_as_it_was_written() {
    let id = TicketId::from_random(0xab);
    assert_eq!(TicketId::parse(&id.to_string()), Some(id));
    for wrong in [
        "",
        "ab",
        "000000000000000000000000000000AB",
        &"g".repeat(32),
        &"+".repeat(32),
    ] {
        assert_eq!(TicketId::parse(wrong), None, "{wrong}");
    }
}
