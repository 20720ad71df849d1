//! HTTP/1.1: connections and their limits, requests, answers, errors.

pub mod address;
pub mod answer;
pub mod client_key;
pub mod connections;
pub mod error_code;
pub mod origin;
pub mod places;
pub mod problem;
pub mod request;
mod request_head;
pub mod request_reader;
pub mod route;
pub mod slots;
pub mod stream;
pub mod wire;
