//! `library-terminal`: the library's desk, where a card is put on a reader to borrow a book.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use openssl::sha::sha256;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vmyna_apdu::{hex, say};
use vmyna_host_programs::http::post;
use vmyna_host_programs::library::{Challenge, LogIn, User, message};
use vmyna_host_programs::{Common, HostError, Pin, key_reference, main as run, print};

const NAME: &str = "JPKI (公的個人認証AP)";
const AID: &[u8] = b"\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01";
/// The PIN of the user authentication key, and the key.
const PIN: u8 = 0x18;
const KEY: u8 = 0x17;
/// The user authentication certificate, free to read.
const CERTIFICATE: u16 = 0x000A;
/// DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2).
const DIGEST_INFO: [u8; 19] = *b"\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// Log in to the library with the card's own authentication certificate; prints the マイキーID. The PIN (利用者証明用暗証番号) is
/// asked for, or read from standard input
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Example:
  library-server --ca test-vectors/specimens/ca/auth-ca/certificate.der --users users.json --port 8765 &
  vmyna run -- library-terminal --server 127.0.0.1:8765"
)]
struct Arguments {
    /// The address and port of library-server
    #[arg(long, value_name = "ADDRESS:PORT")]
    server: SocketAddr,

    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|arguments: Arguments| {
        let language = arguments.common.lang;
        let mut card = arguments.common.card()?;
        card.select(NAME, AID)?;
        let certificate = card.read_certificate("the authentication certificate", CERTIFICATE)?;
        let pin = Pin::ask(&say!(
            language,
            "authentication PIN, 4 digits",
            "利用者証明用暗証番号（4桁）"
        ))?;
        card.verify("authentication PIN", PIN, &pin)?;
        let Challenge { challenge } = ask(arguments.server, "/challenge", &())?;
        let bytes = hex::decode(&challenge).map_err(|error| HostError::Server(error.to_string()))?;
        let mut command = vec![0x80, 0x2A, 0x00, key_reference(KEY), 51];
        command.extend(DIGEST_INFO);
        command.extend(sha256(&message(&bytes)));
        command.push(0x00);
        let signature = card.command("COMPUTE DIGITAL SIGNATURE", &command)?;
        drop(card);
        let request = LogIn {
            challenge,
            certificate: hex::encode(&certificate),
            signature: hex::encode(&signature),
        };
        let User { my_key_id, new } = ask(arguments.server, "/log-in", &request)?;
        print(&match new {
            true => say!(
                language,
                "welcome, new user: {my_key_id}",
                "新規登録: マイキーID {my_key_id}"
            ),
            false => say!(language, "welcome back: {my_key_id}", "マイキーID {my_key_id}"),
        })
    })
}

fn ask<A: DeserializeOwned>(server: SocketAddr, path: &str, request: &impl Serialize) -> Result<A, HostError> {
    let no_json = |error: serde_json::Error| HostError::Server(error.to_string());
    let request = serde_json::to_string(request).map_err(no_json)?;
    serde_json::from_str(&post(server, path, &request)?).map_err(no_json)
}
