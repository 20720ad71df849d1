//! Tickets on paper: what one says, how a thermal printer is told so, and the thread that hands
//! tickets over. A ticket is durable before it is printed, and nobody ever waits for the printer.

mod device;
mod escpos;
mod paper;
mod printer;
mod worker;

pub use paper::Paper;
pub use printer::{Printer, PrinterState};
pub use worker::Awaited;
