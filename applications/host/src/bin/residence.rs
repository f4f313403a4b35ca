//! `residence`: reads the residence application (在留AP) of a card (特定在留カード) and checks its signature.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use openssl::hash::MessageDigest;
use vmyna_apdu::{Language, say};
use vmyna_host_programs::signature::{certificate, check_issued, raw_to_der, verify};
use vmyna_host_programs::tlv::{self, Object};
use vmyna_host_programs::{Card, Common, HostError, Pin, main as run, plain, print, read};

const NAME: &str = "residence";

/// The application and its DF1 to DF3.
const fn aid(number: u8) -> [u8; 16] {
    [0xD3, 0x92, 0xF0, 0x00, 0x4F, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

/// The card number: in the application as on its sibling card (P2=86), in a DF at another place, because 06 is a file there.
const NUMBER: u8 = 0x06;
const NUMBER_IN_DF: u8 = 0x16;

/// Read the residence application (特定在留カード) of a card. The card number of 12 characters, which is its PIN, is asked for,
/// or read from standard input
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Example:
  vmyna run --ap applications/residence/residence.ap.toml -- \\
      residence --authority applications/residence/TEST-authority.pem

A real card demands secure messaging with keys that this program does not have: it reads the shipped application only."
)]
struct Arguments {
    /// The certificate of the authority that certifies the signer, PEM or DER
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
        card.select(NAME, &aid(1))?;
        let version = objects(&mut card, "the version (EF01)", 0x0B)?;
        let kind = objects(&mut card, "the card's kind (EF02)", 0x0A)?;
        let number = Pin::ask(&say!(
            language,
            "card number, 12 characters",
            "在留カード番号（12文字）"
        ))?;
        card.verify("card number", NUMBER, &number)?;

        enter(&mut card, 2, &number)?;
        let card_number = objects(&mut card, "the card number (DF1 EF01)", 0x01)?;
        let entries = objects(&mut card, "the entries (DF1 EF02)", 0x03)?;
        let images = objects(&mut card, "the images (DF1 EF03)", 0x04)?;
        let address = objects(&mut card, "the address (DF1 EF04)", 0x06)?;

        enter(&mut card, 3, &number)?;
        let permission = objects(&mut card, "the permission (DF2 EF01)", 0x01)?;
        let application = objects(&mut card, "the application (DF2 EF02)", 0x02)?;
        let others = objects(&mut card, "other entries (DF2 EF03)", 0x03)?;

        enter(&mut card, 4, &number)?;
        let proof = objects(&mut card, "the signature (DF3 EF01)", 0x02)?;
        drop(card);

        check(&entries, &images, &proof, &authority)?;
        let parts = [
            version,
            kind,
            card_number,
            entries,
            images,
            address,
            permission,
            application,
            others,
        ];
        print(&lines(&parts.concat(), language))
    })
}

/// Selects a DF. It has the card number of the application, but knows nothing of a VERIFY there.
fn enter(card: &mut Card, df: u8, number: &Pin) -> Result<(), HostError> {
    card.select(NAME, &aid(df))?;
    card.verify("card number", NUMBER_IN_DF, number)
}

fn objects(card: &mut Card, what: &'static str, sfi: u8) -> Result<Vec<Object>, HostError> {
    tlv::read(what, &card.read_short(what, sfi)?)
}

/// The signature is over the values of the entries, the photo and the picture of the name, in this order.
fn check(
    entries: &[Object],
    images: &[Object],
    proof: &[Object],
    authority: &openssl::x509::X509,
) -> Result<(), HostError> {
    let signer = certificate("the signer's certificate", tlv::value("the signature", proof, 0xDD)?)?;
    check_issued(&signer, authority)?;
    let key = signer
        .public_key()
        .map_err(HostError::crypto("the signer's certificate"))?;
    let mut message: Vec<u8> = entries.iter().flat_map(|object| object.value.clone()).collect();
    message.extend(tlv::value("the photo", images, 0xD1)?);
    message.extend(tlv::value("the picture of the name", images, 0xD0)?);
    let signature = raw_to_der(tlv::value("the signature", proof, 0xDC)?)?;
    verify(
        "the entries are not what was signed",
        &key,
        MessageDigest::sha256(),
        &signature,
        &message,
    )
}

fn lines(objects: &[Object], language: Language) -> String {
    let mut lines: Vec<String> = objects
        .iter()
        .filter_map(|object| {
            let value = match object.tag {
                0xD0 | 0xD1 | 0xDFD1 => {
                    let length = object.value.len();
                    say!(language, "{length} bytes", "{length}バイト")
                }
                _ => plain(&object.value),
            };
            Some(format!("{}: {value}", name(object.tag, language)?))
        })
        .collect();
    lines.push(say!(language, "signature: genuine", "電子署名: 正当"));
    lines.join("\n")
}

/// What a data object is; `None` for one that is not shown.
fn name(tag: u16, language: Language) -> Option<&'static str> {
    let (en, ja) = match tag {
        0xC0 => ("version", "仕様バージョン"),
        0xC1 => ("kind of card", "カード種別"),
        0xC2 => ("card number", "在留カード番号"),
        0xC5 => ("card valid until", "カード有効期間満了日"),
        0xC6 => ("birth date", "生年月日"),
        0xC7 => ("sex", "性別"),
        0xC8 => ("nationality or region", "国籍・地域"),
        0xC9 => ("status of residence", "在留資格"),
        0xCA => ("kind of permission", "許可の種類"),
        0xCB => ("date of permission", "許可年月日"),
        0xCC => ("restriction of work", "就労制限"),
        0xCD => ("stay until", "在留期間満了日"),
        0xCE => ("period of stay", "在留期間"),
        0xD0 => ("picture of the name", "氏名イメージ"),
        0xD1 => ("photo", "顔画像"),
        0xDFD1 => ("picture of the address", "住居地イメージ"),
        0xD5 => ("permission of other activities", "包括許可"),
        0xD6 => ("permitted until", "包括許可の期限"),
        0xD7 => ("individual permission", "個別許可"),
        0xD8 => ("pending application", "在留期間更新等許可申請"),
        0xD9 => ("note", "特記"),
        _ => return None,
    };
    Some(match language {
        Language::En => en,
        Language::Ja => ja,
    })
}
