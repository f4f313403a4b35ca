//! Pages around a virtual My Number Card (個人番号カード), served on this machine.
//!
//! [`http`] is beneath all of them: connections with limits, and for which hosts and from which pages a request is answered.
//! [`desk`] is the desk: cards, readers and a live trace on a page. [`idp`] is an identity provider, [`portal`] a relying party
//! to practise with, and [`jose`] signs and verifies their tokens. [`client`] is a host program's conversation with a card, and
//! [`native_host`] the program behind a browser extension.
//!
//! Every page is marked 見本 (specimen), and its people are fictional. The crate must never put a PIN, a token or a My Number
//! into a log, a URL or `Debug` output, and never answer anything about a card without a token or the cardholder's PIN.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod client;
pub mod desk;
pub mod http;
pub mod idp;
pub mod jose;
pub mod native_host;
pub mod portal;
mod secret;
