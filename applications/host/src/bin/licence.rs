//! `licence`: reads the driving licence (マイナ免許証) on a card and checks its signature.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use openssl::hash::MessageDigest;
use vmyna_apdu::{Language, StatusWord, say};
use vmyna_host_programs::signature::{certificate, verify};
use vmyna_host_programs::tlv::{self, Object};
use vmyna_host_programs::{Card, Common, HostError, Pin, jis_x_0208, main as run, plain, print, read, replace};

const NAME: &str = "the driving licence";
const AID: [u8; 16] = *b"\xA0\x00\x00\x02\x31\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";
/// IEF01: the PIN.
const PIN: u8 = 0x06;
/// WEF01: whether the cardholder has set a PIN.
const PIN_SET: u8 = 0x1A;
/// WEF02: the licence.
const LICENCE: u16 = 0x001B;
/// WEF03: its signature.
const SIGNATURE: u16 = 0x001C;
/// The value of a PIN that was not set.
const DEFAULT_PIN: &[u8] = b"****";

/// Read the driving licence (マイナ免許証) of a card. The PIN is asked for, or read from standard input
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Example:
  vmyna run --ap applications/driving-licence/driving-licence.ap.toml -- \\
      licence read --signer applications/driving-licence/TEST-signer.pem"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read all of it, and check its signature
    Read(Read),
    /// Read the date of expiry with the same commands in the same order as an open-source reader (DLC_Starter)
    Expiry(Common),
}

#[derive(Args)]
struct Read {
    /// The certificate of the signer, PEM or DER. The real one is not public
    #[arg(long, value_name = "FILE")]
    signer: PathBuf,

    /// Write the photo, JPEG 2000, to this file
    #[arg(long, value_name = "FILE")]
    photo: Option<PathBuf>,

    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(|arguments: Arguments| match arguments.command {
        Command::Read(arguments) => read_all(&arguments),
        Command::Expiry(common) => expiry(&common),
    })
}

fn read_all(arguments: &Read) -> Result<(), HostError> {
    let signer = certificate("the signer's certificate", &read(&arguments.signer)?)?;
    let language = arguments.common.lang;
    let mut card = arguments.common.card()?;
    card.select(NAME, &AID)?;
    let pin = pin(&mut card, language)?;
    card.verify("PIN of the driving licence", PIN, &pin)?;
    let licence = card.read_file("the licence (WEF02)", LICENCE)?;
    let signature = card.read_objects("the signature (WEF03)", SIGNATURE)?;
    // The card is no longer needed. Without power it forgets the PIN.
    drop(card);

    let value = |tag| tlv::value("the signature (WEF03)", &signature, tag);
    let key = signer
        .public_key()
        .map_err(HostError::crypto("the signer's certificate"))?;
    let identifier = signer.subject_key_id().map(|id| id.as_slice());
    if identifier != Some(value(0xB5)?) {
        return Err(HostError::Malformed {
            what: "the signature (WEF03)",
            fault: "it names another signer's key than that of the certificate",
        });
    }
    verify(
        "the licence is not what was signed",
        &key,
        MessageDigest::sha256(),
        value(0xB1)?,
        &licence,
    )?;

    let objects = tlv::read("the licence (WEF02)", &licence)?;
    if let Some(path) = &arguments.photo {
        replace(path, tlv::value("the photo", &objects, PHOTO)?)?;
    }
    print(&lines(&objects, value(0xB4)?, language))
}

/// The tag of the photo: `assumed`, that of the older licence card.
const PHOTO: u16 = 0x5F40;

/// The licence in words.
fn lines(objects: &[Object], subject: &[u8], language: Language) -> String {
    let mut lines: Vec<String> = objects
        .iter()
        .filter(|object| !object.value.is_empty())
        .filter_map(|object| {
            let name = name(object.tag, language)?;
            let value = match object.tag {
                0xC5 | 0xE8..=0xFA => date(&object.value).unwrap_or_else(|| plain(&object.value)),
                0xE7 => plain(&object.value),
                PHOTO => format!("JPEG 2000, {} bytes", object.value.len()),
                _ => jis_x_0208(&object.value),
            };
            Some(format!("{name}: {value}"))
        })
        .collect();
    let subject = plain(subject);
    lines.push(say!(
        language,
        "signature: genuine, by {subject}",
        "電子署名: 正当。署名者 {subject}"
    ));
    lines.join("\n")
}

/// What a data object is; `None` for one that is not shown.
fn name(tag: u16, language: Language) -> Option<String> {
    Some(match tag {
        0xC4 => say!(language, "class", "免許証の色区分"),
        0xC5 => say!(language, "valid until", "有効期間の末日"),
        0xC6 => say!(language, "condition", "条件"),
        0xE7 => say!(language, "record number", "免許情報記録の番号"),
        0xE8..=0xEB => say!(language, "date {tag:02X}", "年月日 {tag:02X}"),
        0xEC..=0xFA => say!(
            language,
            "licence of type {tag:02X} since",
            "免許の種類 {tag:02X} 取得日"
        ),
        PHOTO => say!(language, "photo", "写真"),
        _ => return None,
    })
}

/// A date of seven digits: era (5 is Reiwa, 4 Heisei, 3 Showa) and `YYMMDD`.
fn date(value: &[u8]) -> Option<String> {
    let digits: Vec<u16> = value
        .iter()
        .map(|byte| byte.is_ascii_digit().then(|| u16::from(byte - b'0')))
        .collect::<Option<_>>()?;
    let &[era, y1, y0, m1, m0, d1, d0] = &*digits else {
        return None;
    };
    let before_first = match era {
        5 => 2018,
        4 => 1988,
        3 => 1925,
        _ => return None,
    };
    let year = before_first + 10 * y1 + y0;
    Some(format!("{year}-{m1}{m0}-{d1}{d0}"))
}

/// The PIN: asked for if the cardholder has set one, otherwise its default value.
fn pin(card: &mut Card, language: Language) -> Result<Pin, HostError> {
    let what = "whether a PIN was set (WEF01)";
    let set = card.command(what, &[0x00, 0xB0, 0x80 | PIN_SET, 0x00, 0x03])?;
    let status = card.transmit(&[0x00, 0x20, 0x00, 0x80 | PIN])?.status;
    let tries = match (status, status.tries()) {
        (_, Some(tries @ 1..)) => tries,
        _ => {
            return Err(HostError::Blocked {
                name: "PIN of the driving licence",
            });
        }
    };
    match *set {
        [0xC1, 0x01, 0x00] => Ok(Pin::new(DEFAULT_PIN)),
        [0xC1, 0x01, 0x01] => Pin::ask(&say!(
            language,
            "PIN of the driving licence, 4 digits ({tries} tries left)",
            "マイナ免許証の暗証番号（4桁、残り{tries}回）"
        )),
        // Not known means no attempt: a wrong guess costs a try.
        _ => Err(HostError::Malformed {
            what,
            fault: "neither set nor not set",
        }),
    }
}

/// What DLC_Starter (`JpDrvLicNfcCommandMynumber`) does: commands and order are its own, byte for byte.
fn expiry(common: &Common) -> Result<(), HostError> {
    let mut card = common.card()?;
    select(&mut card)?;
    let pin = pin(&mut card, common.lang)?;
    card.verify("PIN of the driving licence", PIN, &pin)?;
    select(&mut card)?;
    card.select_file("the licence (WEF02)", LICENCE)?;
    // The first two objects, C2 and C3, are empty: two bytes each. It does not look at them.
    let mut offset = 4;
    loop {
        let (tag, length) = head(&mut card, &mut offset)?;
        if tag == 0xC5 {
            let value = read_at(&mut card, offset, length)?;
            let until = date(&value).ok_or(HostError::Malformed {
                what: "the date of expiry",
                fault: "not an era and six digits",
            })?;
            return print(&say!(common.lang, "valid until: {until}", "有効期間の末日: {until}"));
        }
        offset = offset.saturating_add(length);
    }
}

/// SELECT, of which 6283 is a warning for this reader.
fn select(card: &mut Card) -> Result<(), HostError> {
    match card.select(NAME, &AID) {
        Err(HostError::Locked { .. }) => print(&format!("warning: {NAME} is locked ({})", StatusWord::DF_LOCKED)),
        result => result,
    }
}

/// Tag and length at the offset, which moves to the value. Two bytes are read, and two more where the length begins with `82`.
fn head(card: &mut Card, offset: &mut u16) -> Result<(u8, u16), HostError> {
    let fault = HostError::Malformed {
        what: "the licence (WEF02)",
        fault: "tag and length are cut off",
    };
    let [tag, length] = *read_at(card, *offset, 2)? else {
        return Err(fault);
    };
    *offset = offset.saturating_add(2);
    if length != 0x82 {
        return Ok((tag, length.into()));
    }
    let [high, low] = *read_at(card, *offset, 2)? else {
        return Err(fault);
    };
    *offset = offset.saturating_add(2);
    Ok((tag, u16::from_be_bytes([high, low])))
}

/// READ BINARY of the current file: Le is one byte, or three for more than 256 bytes.
fn read_at(card: &mut Card, offset: u16, length: u16) -> Result<Vec<u8>, HostError> {
    let [high, low] = offset.to_be_bytes();
    let mut command = vec![0x00, 0xB0, high & 0x7F, low];
    match length {
        0..=256 => command.push(length as u8),
        _ => {
            command.push(0x00);
            command.extend(length.to_be_bytes());
        }
    }
    card.command("the licence (WEF02)", &command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_an_era_and_six_digits() {
        assert_eq!(date(b"5131125").as_deref(), Some("2031-11-25"));
        assert_eq!(date(b"4010108").as_deref(), Some("1989-01-08"));
        for wrong in [&b"6131125"[..], b"513112", b"51311250", b"5A31125", b""] {
            assert_eq!(date(wrong), None, "{wrong:?}");
        }
    }
}
