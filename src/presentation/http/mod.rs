//! HTTP/1.1: connections and their limits, requests, answers, errors.

pub mod address;
pub mod answer;
pub mod certificate;
pub mod client_key;
pub mod connections;
pub mod error_code;
pub mod places;
pub mod plain;
pub mod problem;
mod refusals;
pub mod request;
mod request_head;
pub mod request_reader;
pub mod slots;
pub mod stream;
mod tls;
mod validity;
pub mod wire;
