//! `civil-servant`: a document is signed with the identity card of a civil servant (国家公務員身分証). Both are inventions of
//! this project.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use openssl::hash::{MessageDigest, hash};
use vmyna_apdu::say;
use vmyna_host_programs::signature::{certificate, check_issued, verify};
use vmyna_host_programs::{Common, HostError, Pin, key_reference, main as run, plain, print, read, replace, tlv};

const NAME: &str = "civil servants (TEST)";
const AID: &[u8] = b"\xF0TEST-CIVIL\x01";
const PIN: u8 = 0x06;
const KEY: u8 = 0x17;
const OWN: &str = "the card's certificate (EF 0003)";

/// Sign a file with the identity card of a civil servant: ECDSA with P-384 and SHA-384. The PIN is asked for, or read from
/// standard input. Card and program are inventions: the real card is not public
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Example:
  vmyna run --ap applications/civil-servant/civil-servant.ap.toml -- \\
      civil-servant document.txt --authority applications/civil-servant/TEST-authority.pem \\
      --signature document.sig --certificate signer.pem
  openssl x509 -in signer.pem -pubkey -noout >signer.key
  openssl dgst -sha384 -verify signer.key -signature document.sig document.txt"
)]
struct Arguments {
    /// The file to sign, of at most 1 MiB
    file: PathBuf,

    /// The certificate of the authority that certifies the cards, PEM or DER
    #[arg(long, value_name = "FILE")]
    authority: PathBuf,

    /// Write the signature, DER, to this file
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,

    /// Write the certificate of the card, PEM, to this file
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,

    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|arguments: Arguments| {
        let authority = certificate("the authority's certificate", &read(&arguments.authority)?)?;
        let document = read(&arguments.file)?;
        let language = arguments.common.lang;
        let mut card = arguments.common.card()?;
        card.select(NAME, AID)?;
        let own = certificate(OWN, &card.read_certificate(OWN, 0x0003)?)?;
        check_issued(&own, &authority)?;
        let ministry = card.read_objects("the ministry (EF 0001)", 0x0001)?;
        let ministry = plain(tlv::value("the ministry", &ministry, 0xC1)?);
        let pin = Pin::ask(&say!(
            language,
            "{ministry}: PIN of the identity card, 6 digits",
            "{ministry}: 身分証の暗証番号（6桁）"
        ))?;
        card.verify("PIN of the identity card", PIN, &pin)?;
        let staff = card.read_objects("the staff entry (EF 0002)", 0x0002)?;

        let digest = MessageDigest::sha384();
        let hashed = hash(digest, &document).map_err(HostError::crypto("the file's digest"))?;
        let mut command = vec![0x80, 0x2A, 0x10, key_reference(KEY), hashed.len() as u8];
        command.extend(&*hashed);
        command.push(0x00);
        let signature = card.command("COMPUTE DIGITAL SIGNATURE", &command)?;
        drop(card);

        let key = own.public_key().map_err(HostError::crypto("the card's certificate"))?;
        verify(
            "the card's key is not that of its certificate",
            &key,
            digest,
            &signature,
            &document,
        )?;
        replace(&arguments.signature, &signature)?;
        replace(
            &arguments.certificate,
            &own.to_pem().map_err(HostError::crypto("the card's certificate"))?,
        )?;
        let staff = |tag| tlv::value("the staff entry", &staff, tag).map(plain);
        let (number, name) = (staff(0xC2)?, staff(0xC3)?);
        print(&say!(
            language,
            "signed by {name}, {ministry}, staff number {number}",
            "署名しました: {ministry} {name}（職員番号 {number}）"
        ))
    })
}
