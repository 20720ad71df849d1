//! A table of examples: the events and the answer of each command.

use super::testing::{ask, command, moment, two_lines, words};
use crate::domain::*;

/// A row of the table below: the commands before, the command, and its result.
type Row = (&'static str, &'static str, &'static str);

#[test]
fn each_command_comes_to_what_the_contract_says() {
    let rows: &[Row] = &[
        ("", "new", "created A1"),
        ("new", "new", "created A2"),
        ("new;cancel A1", "new", "created A2"),
        ("", "new Z", "! There is no service Z; there are: A, B."),
        ("", "next 1", "desk 1 open, ! Nobody is waiting."),
        ("new", "next 1", "desk 1 open, called A1 at 1"),
        (
            "new;new;next 1",
            "next 1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;next 1",
            "next 1",
            "finished A1 at 1, ! Nobody is waiting.",
        ),
        ("new;new;next 1", "next 2", "desk 2 open, called A2 at 2"),
        (
            "new;new;next 1",
            "next 1 A1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;new;next 1",
            "next 1 a1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;new;next 1",
            "next 1 nobody",
            "! Desk 1 now serves A1, not nobody. Check the screen and try again.",
        ),
        (
            "new;new;next 1;next 1",
            "next 1 A1",
            "! Desk 1 now serves A2, not A1. Check the screen and try again.",
        ),
        (
            "new",
            "next 1 A1",
            "! Desk 1 now serves nobody, not A1. Check the screen and try again.",
        ),
        ("new", "next 1 nobody", "desk 1 open, called A1 at 1"),
        ("close 1;new", "next 1", "desk 1 open, called A1 at 1"),
        ("new;new", "call 1 A2", "desk 1 open, called A2 at 1"),
        (
            "new;new;next 1",
            "call 1 A2",
            "finished A1 at 1, called A2 at 1",
        ),
        ("new", "call 1 A9", "! There is no ticket A9 here."),
        (
            "new;next 1",
            "call 2 A1",
            "! Ticket A1 is serving, so it cannot be called.",
        ),
        (
            "new;next 1",
            "call 1 A1",
            "! Ticket A1 is serving, so it cannot be called.",
        ),
        ("new;next 1", "recall 1", "recalled A1 at 1"),
        ("", "recall 1", "! Desk 1 is not serving anyone."),
        ("new;next 1", "finish 1", "finished A1 at 1"),
        (
            "new;next 1;finish 1",
            "finish 1",
            "! Desk 1 is not serving anyone.",
        ),
        (
            "new;next 1",
            "finish 1 A7",
            "! Desk 1 now serves A1, not A7. Check the screen and try again.",
        ),
        ("new;next 1", "done A1", "finished A1 at 1"),
        ("new;next 1;done A1", "done A1", ""),
        (
            "new",
            "done A1",
            "! Ticket A1 is waiting, so it cannot be finished.",
        ),
        ("new", "cancel A1", "cancelled A1"),
        (
            "new;cancel A1",
            "cancel A1",
            "! Ticket A1 is cancelled, so it cannot be cancelled.",
        ),
        (
            "new;next 1",
            "cancel A1",
            "! Ticket A1 is serving, so it cannot be cancelled.",
        ),
        (
            "new;cancel A1",
            "next 1",
            "desk 1 open, ! Nobody is waiting.",
        ),
        ("", "open 1", "desk 1 open"),
        ("open 1", "open 1", ""),
        ("open 1", "close 1", "desk 1 closed"),
        ("open 1", "delete 1", "desk 1 deleted"),
        ("", "delete 1", "! There is no desk 1 here."),
        (
            "new;next 1",
            "delete 1",
            "! Desk 1 still serves A1; finish that ticket first.",
        ),
        ("new;next 1", "no-show 1", "no-show A1 at 1"),
        ("", "no-show 1", "! Desk 1 is not serving anyone."),
        ("new;next 1;no-show 1", "return A1", "returned A1"),
        ("new;next 1;no-show 1;return A1", "next 1", "called A1 at 1"),
        (
            "new;next 1;no-show 1",
            "cancel A1",
            "! Ticket A1 is no-show, so it cannot be cancelled.",
        ),
        ("new;next 1;no-show 1", "call 1 A1", "called A1 at 1"),
        (
            "new;new;next 1;no-show 1;next 1",
            "call 1 A1",
            "finished A2 at 1, called A1 at 1",
        ),
        ("new;next 1;no-show 1;call 1 A1", "undo 1", "undone A1 at 1"),
        (
            "new;next 1;no-show 1;call 1 A1;undo 1",
            "return A1",
            "returned A1",
        ),
        (
            "new;next 1;finish 1",
            "call 2 A1",
            "desk 2 open, called A1 at 2",
        ),
        (
            "new;next 1;finish 1;call 1 A1",
            "send 1 back",
            "sent A1 to list A",
        ),
        ("new;next 1;finish 1;call 1 A1", "undo 1", "undone A1 at 1"),
        (
            "new;next 1;finish 1;call 1 A1;undo 1",
            "call 1 A1",
            "called A1 at 1",
        ),
        (
            "new;next 1;finish 1;call 1 A1;finish 1",
            "next 1",
            "! Nobody is waiting.",
        ),
        (
            "new B;next 1;finish 1;delete-service B",
            "call 1 B1",
            "! There is no service B; there are: A.",
        ),
        (
            "new;cancel A1",
            "call 1 A1",
            "! Ticket A1 is cancelled, so it cannot be called.",
        ),
        ("new;new;next 1", "hold 1", "held A1 at 1"),
        ("new;new;next 1;hold 1", "next 1", "called A2 at 1"),
        (
            "new;new;next 1;hold 1;next 1;hold 1",
            "call 1 A1",
            "called A1 at 1",
        ),
        (
            "new;new;next 1;hold 1",
            "call 2 A1",
            "desk 2 open, called A1 at 2",
        ),
        ("new;next 1;hold 1", "next 1", "! Nobody is waiting."),
        ("new;next 1;hold 1", "cancel A1", "cancelled A1"),
        (
            "new;next 1;hold 1",
            "done A1",
            "! Ticket A1 is held, so it cannot be finished.",
        ),
        (
            "new;new;next 1;hold 1;return A1",
            "next 1",
            "called A1 at 1",
        ),
        (
            "new",
            "return A1",
            "! Ticket A1 is waiting, so it cannot be returned.",
        ),
        (
            "new;next 1;finish 1",
            "return A1",
            "! Ticket A1 is done, so it cannot be returned.",
        ),
        ("new;next 1", "return A1", "sent A1 to list A"),
        ("new;new;next 1;return A1", "next 1", "called A1 at 1"),
        (
            "new;new;next 1;send 1 back behind;new;next 1;next 1;return A1",
            "next 2",
            "desk 2 open, called A1 at 2",
        ),
        (
            "new;next 1;open 2;send 1 2;next 2",
            "return A1",
            "sent A1 to desk 2",
        ),
        ("new;next 1;return A1", "undo 1", "undone A1 at 1"),
        (
            "new;next 1;close 2",
            "send 1 2",
            "! Desk 2 is closed, so nobody would call the ticket there: open it first.",
        ),
        ("new;new;next 1", "send 1 back", "sent A1 to list A"),
        ("new;new;next 1;send 1 back", "next 1", "called A1 at 1"),
        (
            "new;new;next 1;send 1 back behind",
            "next 1",
            "called A2 at 1",
        ),
        (
            "new;new;next 1;next 1;send 1 back front",
            "next 1",
            "called A2 at 1",
        ),
        (
            "new;new;new;next 1;next 2;send 2 back front;send 1 back front",
            "next 3",
            "desk 3 open, called A1 at 3",
        ),
        (
            "new;new;next 1;send 1 back behind;new",
            "next 2",
            "desk 2 open, called A2 at 2",
        ),
        (
            "new;new;next 1;send 1 back behind;new;next 2",
            "next 1",
            "called A1 at 1",
        ),
        (
            "new;next 1",
            "send 1 Z",
            "! There is no service Z; there are: A, B.",
        ),
        ("new;next 1", "send 1 9", "! There is no desk 9 here."),
        ("new;next 1;open 2", "send 1 2", "sent A1 to desk 2"),
        (
            "new;next 1;open 2;send 1 2",
            "next 1",
            "! Nobody is waiting.",
        ),
        ("new;new;next 1;open 2;send 1 2", "next 2", "called A1 at 2"),
        (
            "new;new;next 1;open 2;send 1 2 behind",
            "next 2",
            "called A2 at 2",
        ),
        (
            "new;next 1;open 2;send 1 2",
            "delete 2",
            "! Desk 2 still serves A1; finish that ticket first.",
        ),
        ("new;next 1;send 1 B", "next 1", "called A1 at 1"),
        (
            "new;next 1;open 2;send 1 2;next 2;hold 2;delete 2;return A1",
            "next 1",
            "called A1 at 1",
        ),
        (
            "new;next 1;send 1 B;next 1;hold 1",
            "return A1",
            "returned A1",
        ),
        ("new;next 1;send 1 B;new B", "new B", "created B2"),
        // An undo takes the whole step back.
        ("new;next 1", "undo 1", "undone A1 at 1"),
        ("new;next 1;undo 1", "next 2", "desk 2 open, called A1 at 2"),
        ("new;new;next 1;next 1", "undo 1", "undone A1 and A2 at 1"),
        (
            "new;new;next 1;next 1;undo 1",
            "finish 1 A1",
            "finished A1 at 1",
        ),
        ("new;new;next 1;finish 1;next 1", "undo 1", "undone A2 at 1"),
        ("new;next 1;next 1", "undo 1", "undone A1 at 1"),
        ("new;next 1;recall 1", "undo 1", "undone A1 at 1"),
        ("new;new;next 1;hold 1", "undo 1", "undone A1 at 1"),
        ("new;new;next 1;hold 1;next 1", "undo 1", "undone A2 at 1"),
        (
            "new;next 1;hold 1;call 1 A1;undo 1",
            "cancel A1",
            "cancelled A1",
        ),
        (
            "new;next 1;no-show 1;undo 1",
            "finish 1 A1",
            "finished A1 at 1",
        ),
        (
            "new;next 1;send 1 B behind;undo 1",
            "hold 1",
            "held A1 at 1",
        ),
        (
            "new;next 1;done A1;undo 1",
            "finish 1 A1",
            "finished A1 at 1",
        ),
        // Two people at one desk.
        (
            "new;new;next 1;next 1",
            "undo 1 A1",
            "! Desk 1 now serves A2, not A1. Check the screen and try again.",
        ),
        ("new;next 1;finish 1", "undo 1 nobody", "undone A1 at 1"),
        // Nothing was done, it was undone, or it was long ago.
        (
            "new;open 1",
            "undo 1",
            "! Desk 1 has nothing to undo: no action in the last 15 seconds can be undone.",
        ),
        (
            "new;new;next 1;next 1;undo 1",
            "undo 1",
            "! Desk 1 has nothing to undo: no action in the last 15 seconds can be undone.",
        ),
        (
            "new;next 1;finish 1;delete 1;open 1",
            "undo 1",
            "! Desk 1 has nothing to undo: no action in the last 15 seconds can be undone.",
        ),
        (
            "next 1;new;next 1;new;new;new;new;new;new;new;new;new;new;new;new;new;new;new;new",
            "undo 1",
            "! Desk 1 has nothing to undo: no action in the last 15 seconds can be undone.",
        ),
        // Somebody has gone on from there.
        (
            "new;next 1;hold 1;call 2 A1",
            "undo 1",
            "! Desk 1 has nothing to undo: A1 has changed since and is now serving.",
        ),
        (
            "new;next 1;hold 1;return A1",
            "undo 1",
            "! Desk 1 has nothing to undo: A1 has changed since and is now waiting.",
        ),
        (
            "new;next 1;no-show 1;return A1;next 2;no-show 2",
            "undo 1",
            "! Desk 1 has nothing to undo: A1 has changed since and is now no-show.",
        ),
        (
            "new;next 1;send 1 B;next 2;send 2 B",
            "undo 1",
            "! Desk 1 has nothing to undo: A1 has changed since and is now waiting.",
        ),
        (
            "new;next 1;hold 1;cancel A1",
            "undo 1",
            "! Desk 1 has nothing to undo: A1 has changed since and is now cancelled.",
        ),
        // The desk whose own list it waited in is gone; or the service that it was sent away from.
        (
            "new;next 1;open 2;send 1 2;call 3 A1;delete 2",
            "undo 3",
            "! Desk 3 has nothing to undo: the desk 2 of A1 has been deleted since.",
        ),
        (
            "new B;next 1;send 1 A;delete-service B",
            "undo 1",
            "! Desk 1 has nothing to undo: the service B of B1 has been deleted since.",
        ),
        (
            "open 2;new;next 1;send 1 2;next 2;finish 2;delete 2",
            "undo 2",
            "! Desk 2 has nothing to undo: the desk no longer exists.",
        ),
        (
            "",
            "undo 9",
            "! Desk 9 has nothing to undo: the desk no longer exists.",
        ),
        // A desk that the call opened is closed again; one that it made stays.
        (
            "new;close 1;next 1",
            "undo 1",
            "undone A1 at 1, desk 1 closed",
        ),
        (
            "new;new;next 1;close 1;next 1",
            "undo 1",
            "undone A1 and A2 at 1, desk 1 closed",
        ),
        ("new;close 1;next 1;close 1", "undo 1", "undone A1 at 1"),
        ("new;close 1;next 1;finish 1", "undo 1", "undone A1 at 1"),
        // A desk that cancels another ticket keeps the ticket that it serves.
        ("new;new;open 1", "cancel A2 1", "cancelled A2 at 1"),
        ("new", "cancel A1 9", "! There is no desk 9 here."),
        ("new;open 1;cancel A1 1", "undo 1", "undone A1 at 1"),
        ("new;new;next 1;cancel A2 1", "undo 1 A1", "undone A2 at 1"),
        (
            "new;new;next 1;cancel A2 1;undo 1",
            "next 1",
            "finished A1 at 1, called A2 at 1",
        ),
        (
            "new;new;next 1;hold 1;cancel A1 1;undo 1",
            "call 1 A1",
            "called A1 at 1",
        ),
        (
            "new;new;next 1;cancel A2 1;finish 1",
            "undo 1",
            "undone A1 at 1",
        ),
        (
            "new;open 1;open 2;cancel A1 1",
            "undo 2",
            "! Desk 2 has nothing to undo: no action in the last 15 seconds can be undone.",
        ),
        (
            "new;open 1;cancel A1",
            "undo 1",
            "! Desk 1 has nothing to undo: no action in the last 15 seconds can be undone.",
        ),
        // Another desk has undone what it did to the ticket, so it is as it was.
        (
            "new;next 1;send 1 back;next 2;undo 2",
            "undo 1",
            "undone A1 at 1",
        ),
    ];
    for (before, asked, expected) in rows {
        let mut queue = two_lines();
        for (drawn, words) in before.split(';').filter(|w| !w.is_empty()).enumerate() {
            let (asked, at) = (command(&queue, words, drawn as u128), moment(&queue));
            ask(&mut queue, &asked, at);
        }
        let decision = decide(&queue, &command(&queue, asked, 1_000), moment(&queue));
        assert_eq!(
            words(&queue, &decision),
            *expected,
            "«{before}», then «{asked}»"
        );
    }
}
