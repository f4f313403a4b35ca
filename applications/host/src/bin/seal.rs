//! `seal`: a kiosk that takes a seal-registration card (印鑑登録証). Both are inventions of this project.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use openssl::rand::rand_bytes;
use vmyna_apdu::say;
use vmyna_host_programs::signature::{certificate, check_issued, digest_of, verify};
use vmyna_host_programs::{Common, HostError, Pin, main as run, plain, print, read, tlv};

const NAME: &str = "seal registration (TEST)";
const AID: &[u8] = b"\xF0TEST-SEAL\x01";
const PIN: u8 = 0x06;
const KEY: u8 = 0x17;
const OWN: &str = "the card's certificate (EF 0003)";

/// A kiosk for certificates of a registered seal (印鑑登録証明書): checks that the card is genuine, then reads its registration
/// number. The PIN is asked for, or read from standard input. Card and kiosk are inventions: the real ones are not public
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Example:
  vmyna run --ap applications/seal-registration/seal-registration.ap.toml -- \\
      seal --authority applications/seal-registration/TEST-authority.pem"
)]
struct Arguments {
    /// The certificate of the authority that certifies the cards, PEM or DER
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,

    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|arguments: Arguments| {
        let authority = certificate("the authority's certificate", &read(&arguments.authority)?)?;
        let language = arguments.common.lang;
        let mut card = arguments.common.card()?;
        card.select(NAME, AID)?;
        let issuer = card.read_objects("the municipality (EF 0001)", 0x0001)?;
        let own = certificate(OWN, &card.read_certificate(OWN, 0x0003)?)?;
        check_issued(&own, &authority)?;

        // A copy of the files has not the key. So the kiosk checks it before it asks for the PIN.
        let mut challenge = [0; 32];
        rand_bytes(&mut challenge).map_err(HostError::crypto("a challenge"))?;
        let signature = card.internal_authenticate(KEY, &challenge)?;
        let key = own.public_key().map_err(HostError::crypto("the card's certificate"))?;
        verify(
            "the card has not the key of its certificate",
            &key,
            digest_of(&key),
            &signature,
            &challenge,
        )?;

        let municipality = plain(tlv::value("the municipality", &issuer, 0xC1)?);
        let pin = Pin::ask(&say!(
            language,
            "{municipality}: PIN of the seal registration, 4 digits",
            "{municipality}: 印鑑登録証の暗証番号（4桁）"
        ))?;
        card.verify("PIN of the seal registration", PIN, &pin)?;
        let registration = card.read_objects("the registration (EF 0002)", 0x0002)?;
        let number = plain(tlv::value("the registration", &registration, 0xC2)?);
        print(&say!(
            language,
            "card: genuine\nmunicipality: {municipality}\nregistration number: {number}",
            "カード: 正当\n市区町村: {municipality}\n印鑑登録番号: {number}"
        ))
    })
}
