//! `vmyna phone show`: the certificates of a phone and what is in its mdoc.

use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use serde::Serialize;
use sha2::{Digest, Sha256};
use vmyna::CardSource;
use vmyna_apdu::{Language, ShowPath as _, Text, hex, shown, text};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::jpki::CertifiedKey;
use vmyna_mdoc::{IssuerSigned, Value, element};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::source::{self, Phone};
use crate::certificate_fields::{CertificateFields, State};
use crate::failure::Failure;
use crate::options::language;
use crate::{output, save};

/// Showing a phone.
#[derive(Args)]
pub(crate) struct Show {
    /// The phone: FILE or FILE#NAME
    #[arg(value_name = "PHONE")]
    phone: CardSource,

    /// Write the portrait to this file, as the mdoc has it: a JP2 file
    #[arg(long, value_name = "FILE")]
    portrait: Option<PathBuf>,

    /// As JSON
    #[arg(long)]
    json: bool,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    lang: Language,
}

/// What is shown. Instants are RFC 3339 in UTC.
#[derive(Serialize)]
struct Summary {
    /// The name of the phone in its collection.
    name: String,
    /// `iphone` or `android`.
    kind: &'static str,
    certificates: Certificates,
    /// Null for a phone without an mdoc.
    mdoc: Option<Mdoc>,
}

/// The certificates (移動端末設備用電子証明書); null for one that the phone does not have.
#[derive(Serialize)]
struct Certificates {
    sign: Option<CertificateFields>,
    auth: Option<CertificateFields>,
}

/// カード代替電磁的記録.
#[derive(Serialize)]
struct Mdoc {
    doc_type: String,
    signed: String,
    valid_from: String,
    valid_until: String,
    /// `valid`, `not_yet_valid` or `expired` when the summary was made.
    state: State,
    /// The document signer's certificate.
    signer: CertificateFields,
    elements: Vec<Element>,
}

#[derive(Serialize)]
struct Element {
    namespace: String,
    identifier: String,
    title: Title,
    value: serde_json::Value,
    #[serde(skip)]
    shown: Text,
}

#[derive(Serialize)]
struct Title {
    en: String,
    ja: String,
}

/// Runs the command.
pub(super) fn run(arguments: &Show) -> Result<(), Failure> {
    let Phone { card, kind } = source::find(&arguments.phone)?;
    let unreadable = |what: &str| Failure::Failed(format!("{}: {what}", arguments.phone));
    let issued = match &card.mdoc {
        Some(mdoc) => Some(IssuerSigned::parse(&mdoc.issuer_signed).map_err(|error| unreadable(&error.to_string()))?),
        None => None,
    };
    if let Some(path) = &arguments.portrait {
        let items = issued.iter().flat_map(IssuerSigned::items);
        let portrait = items
            .filter(|item| item.identifier() == "portrait")
            .find_map(|item| item.value().as_bytes());
        let none = || unreadable("no portrait is there to write");
        save::replace(path, portrait.ok_or_else(none)?)?;
        output::say(&format!("written: {}", path.shown()));
    }
    let now = SystemTime::now();
    let mdoc = issued.as_ref().map(|issued| Mdoc::of(issued, now));
    let summary = Summary {
        name: card.name.as_str().to_owned(),
        kind: kind.name(),
        certificates: certificates(&card).ok_or_else(|| unreadable("a certificate can't be read"))?,
        mdoc: match mdoc {
            Some(mdoc) => Some(mdoc.ok_or_else(|| unreadable("the document signer's certificate can't be read"))?),
            None => None,
        },
    };
    match arguments.json {
        true => output::json(&summary)?,
        false => write(&mut output::text(), &summary, kind.title(), arguments.lang)?,
    }
    Ok(())
}

/// `None` if one can't be read.
fn certificates(card: &IssuedCard) -> Option<Certificates> {
    let summary = |key: &Option<CertifiedKey>| match key {
        Some(key) => fields(&key.certificate).map(Some),
        None => Some(None),
    };
    Some(Certificates {
        sign: summary(&card.jpki.sign)?,
        auth: summary(&card.jpki.auth)?,
    })
}

/// `None` if it can't be read.
fn fields(der: &[u8]) -> Option<CertificateFields> {
    let certificate = Certificate::from_der(der).ok()?;
    Some(CertificateFields::of(&certificate.tbs_certificate))
}

impl Mdoc {
    fn of(issued: &IssuerSigned, now: SystemTime) -> Option<Self> {
        let object = issued.security_object();
        let validity = object.validity;
        Some(Self {
            doc_type: object.doc_type.clone(),
            signed: validity.signed.to_string(),
            valid_from: validity.valid_from.to_string(),
            valid_until: validity.valid_until.to_string(),
            state: State::at(now, validity.valid_from.into(), validity.valid_until.into()),
            signer: fields(issued.signer_certificate())?,
            elements: issued.items().iter().map(Element::of).collect(),
        })
    }
}

impl Element {
    fn of(item: &vmyna_mdoc::Item) -> Self {
        let identifier = item.identifier();
        let title = element::title(item.namespace(), identifier).unwrap_or_else(|| Text::same(identifier));
        let (value, shown) = match item.value() {
            Value::Bool(value) => (serde_json::Value::Bool(*value), element::value_text(item.value())),
            Value::Integer(number) => match u64::try_from(*number) {
                Ok(number) => (number.into(), Text::same(number.to_string())),
                Err(_) => (serde_json::Value::Null, element::value_text(item.value())),
            },
            Value::Bytes(bytes) => {
                let (length, digest) = (bytes.len(), hex::encode(&Sha256::digest(bytes)));
                let value = serde_json::json!({ "bytes": length, "sha256": digest });
                (
                    value,
                    text!("{length} bytes, SHA-256 {digest}", "{length}バイト、SHA-256 {digest}"),
                )
            }
            value => {
                let shown = element::value_text(value);
                (shown.en.clone().into(), shown)
            }
        };
        Self {
            namespace: item.namespace().to_owned(),
            identifier: identifier.to_owned(),
            title: Title {
                en: title.en,
                ja: title.ja,
            },
            value,
            shown,
        }
    }
}

fn write(out: &mut impl Write, summary: &Summary, kind: &str, language: Language) -> Result<(), Failure> {
    let say = |en: &str, ja: &str| match language {
        Language::Ja => ja.to_owned(),
        Language::En => en.to_owned(),
    };
    writeln!(out, "{} ({kind})", summary.name)?;
    let certificates = [
        (say("sign certificate", "署名用電子証明書"), &summary.certificates.sign),
        (
            say("auth certificate", "利用者証明用電子証明書"),
            &summary.certificates.auth,
        ),
    ];
    for (title, certificate) in certificates {
        match certificate {
            Some(one) => {
                let (serial, begin, end) = (&one.serial, &one.not_before, &one.not_after);
                writeln!(
                    out,
                    "{title}: {}",
                    say(
                        &format!("{serial}, {begin} to {end}"),
                        &format!("{serial}、{begin}から{end}まで")
                    )
                )?;
            }
            None => writeln!(out, "{title}: {}", say("none", "なし"))?,
        }
    }
    let title = say("mdoc", "カード代替電磁的記録（mdoc）");
    let Some(mdoc) = &summary.mdoc else {
        writeln!(out, "{title}: {}", say("none", "なし"))?;
        return Ok(out.flush()?);
    };
    let state = match mdoc.state {
        State::Valid => say("valid", "有効"),
        State::Expired => say("expired", "満了"),
        State::NotYetValid => say("not yet valid", "有効期間前"),
    };
    let (from, until) = (&mdoc.valid_from, &mdoc.valid_until);
    writeln!(
        out,
        "{title}: {}",
        say(
            &format!("{}, {from} to {until}: {state}", mdoc.doc_type),
            &format!("{}、{from}から{until}まで: {state}", mdoc.doc_type)
        )
    )?;
    writeln!(out, "  {}: {}", say("signed by", "署名者"), shown(&mdoc.signer.subject))?;
    for one in &mdoc.elements {
        let title = say(&one.title.en, &one.title.ja);
        let value = match language {
            Language::Ja => &one.shown.ja,
            Language::En => &one.shown.en,
        };
        let (title, identifier, value) = (shown(&title), shown(&one.identifier), shown(value));
        writeln!(out, "  {title} ({identifier}): {value}")?;
    }
    Ok(out.flush()?)
}
