//! `vmyna phone present`: a phone answers a reader with what the cardholder consents to.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use p256::SecretKey;
use p256::pkcs8::DecodePrivateKey as _;
use vmyna::CardSource;
use vmyna_apdu::{Language, ShowPath as _, Text, shown, text};
use vmyna_applets::PhoneKind;
use vmyna_mdoc::{
    DeviceRequest, DocRequest, IssuerSigned, ParseError, Presentation, ReaderAuth, Transcript, Wanted, element,
};

use super::source::{self, Phone};
use crate::failure::{Failure, path_failure};
use crate::options::language;
use crate::output::{self, say};
use crate::{save, seed, terminal};

/// The most bytes of a request and of a transcript.
const LONGEST: u64 = 1 << 20;

/// Presenting.
#[derive(Args)]
pub(crate) struct Present {
    /// The phone: FILE or FILE#NAME
    #[arg(value_name = "PHONE")]
    phone: CardSource,

    /// What the reader asks for, CBOR: DeviceRequest of ISO/IEC 18013-5
    #[arg(long, value_name = "FILE")]
    request: PathBuf,

    /// The transcript of the session, CBOR: an array, or that in a byte string with tag 24
    #[arg(long, value_name = "FILE")]
    transcript: PathBuf,

    /// The elements to release, or "all" for all that are asked for; asked on the terminal, if it is not given
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    consent: Vec<String>,

    /// The answer to write, CBOR: DeviceResponse; standard output, if it is not given
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    lang: Language,
}

/// Runs the command.
pub(super) fn run(arguments: &Present) -> Result<(), Failure> {
    let Phone { card, kind } = source::find(&arguments.phone)?;
    let name = &arguments.phone;
    let Some(mdoc) = &card.mdoc else {
        let why = match kind {
            PhoneKind::Android => "an Android phone has no mdoc",
            _ => "the mdoc was taken off this phone",
        };
        return Err(Failure::Failed(format!("{name}: {why}, so it answers no reader")));
    };
    if arguments.output.is_none() && output::is_terminal() {
        return Err(Failure::Usage(
            "the answer is CBOR, which is not for a terminal: give -o FILE".to_owned(),
        ));
    }
    let damaged = |what: &str| Failure::Failed(format!("{name}: {what}"));
    let issued = IssuerSigned::parse(&mdoc.issuer_signed).map_err(|error| damaged(&error.to_string()))?;
    let key = SecretKey::from_pkcs8_der(mdoc.device_key.as_pkcs8_der());
    let key = key.map_err(|_| damaged("the device key can't be read"))?;
    let request = read(&arguments.request, DeviceRequest::parse)?;
    let transcript = read(&arguments.transcript, Transcript::parse)?;
    let lang = arguments.lang;
    report_readers(&request, &issued.security_object().doc_type, &transcript, lang)?;
    let consent = Consent::of(arguments, &request)?;
    let now = seed::clock()?;
    let until = issued.security_object().validity.valid_until;
    if until < now {
        say(&in_language(
            &text!(
                "the mdoc ended on {until}: readers will refuse it",
                "mdocは{until}に満了しており、提示しても拒否されます"
            ),
            lang,
        ));
    }
    let mut failure = None;
    let presented = vmyna_mdoc::present(&issued, &key, &request, &transcript, |wanted| {
        failure.is_none()
            && consent.given(wanted, lang).unwrap_or_else(|error| {
                failure = Some(error);
                false
            })
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    let presented = presented.map_err(|error| damaged(&error.to_string()))?;
    match &arguments.output {
        Some(path) => save::replace(path, &presented.response)?,
        None => {
            let mut out = output::data();
            out.write_all(&presented.response)?;
            out.flush()?;
        }
    }
    report(&presented, lang);
    Ok(())
}

/// One line: a line end in what the reader has written would begin another message.
fn in_language(text: &Text, language: Language) -> String {
    shown(text.say(language)).to_string()
}

fn read<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Result<T, ParseError>) -> Result<T, Failure> {
    let bytes = vmyna_files::read_named(path, LONGEST)
        .map_err(|error| path_failure(&error, format!("{}: {error}", path.shown())))?;
    parse(&bytes).map_err(|error| Failure::Failed(format!("{}: {error}", path.shown())))
}

/// Names the readers that have signed what is asked of this mdoc, on standard error: the whole request, or each of its parts
/// for this type of document. A wrong signature, also one in another part, gets no answer.
fn report_readers(
    request: &DeviceRequest,
    doc_type: &str,
    transcript: &Transcript,
    language: Language,
) -> Result<(), Failure> {
    let subject = |auth: ReaderAuth| match auth {
        ReaderAuth::Absent => Ok(None),
        ReaderAuth::Valid { subject, .. } => Ok(Some(subject)),
        ReaderAuth::Invalid => Err(Failure::Failed(
            "the signature of the reader is wrong: nothing was released".to_owned(),
        )),
    };
    let of_all = request.reader_auth_all(transcript).into_iter().map(subject);
    let mut named: Vec<String> = of_all.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    let mut of_parts = Vec::new();
    for one in request.doc_requests() {
        let subject = subject(one.reader_auth(transcript))?;
        if one.doc_type() == doc_type {
            of_parts.push(subject);
        }
    }
    // A part without a signature can be of any reader.
    if !named.is_empty() || of_parts.iter().all(Option::is_some) {
        named.extend(of_parts.into_iter().flatten());
    }
    named.sort();
    named.dedup();
    if named.is_empty() {
        let words = text!(
            "the reader is not named: it has not signed what it asks of this mdoc",
            "このmdocへの要求にリーダーの署名がなく、相手は不明です"
        );
        say(&in_language(&words, language));
    }
    for name in named {
        let words = text!(
            "the reader: {name} (its signature is right; no authority above its certificate is examined)",
            "リーダー: {name}（署名は正しいですが、証明書の発行者は確認していません）"
        );
        say(&in_language(&words, language));
    }
    Ok(())
}

/// To what the cardholder consents.
enum Consent<'a> {
    All,
    These(&'a [String]),
    Asked,
}

impl<'a> Consent<'a> {
    fn of(arguments: &'a Present, request: &DeviceRequest) -> Result<Self, Failure> {
        match arguments.consent.as_slice() {
            [] if io::stdin().is_terminal() => Ok(Self::Asked),
            [] => Err(Failure::Usage(
                "nothing was released: give --consent with the elements to release, or all".to_owned(),
            )),
            [all] if all == "all" => Ok(Self::All),
            names => {
                let asked = |name: &&String| {
                    let mut wanted = request.doc_requests().iter().flat_map(DocRequest::wanted);
                    wanted.any(|one| one.identifier == **name)
                };
                match names.iter().find(|name| !asked(name)) {
                    Some(name) => Err(Failure::Usage(format!("--consent: the reader does not ask for {name}"))),
                    None => Ok(Self::These(names)),
                }
            }
        }
    }

    fn given(&self, wanted: &Wanted, language: Language) -> Result<bool, Failure> {
        match self {
            Self::All => Ok(true),
            Self::These(names) => Ok(names.contains(&wanted.identifier)),
            Self::Asked => {
                let title = element::title(&wanted.namespace, &wanted.identifier);
                let title = title.unwrap_or_else(|| Text::same(wanted.identifier.as_str()));
                let name = &wanted.identifier;
                let Text { en, ja } = title;
                let words = match wanted.intent_to_retain {
                    true => text!(
                        "Release {en} ({name})? The reader will keep it. Type yes:",
                        "{ja}（{name}）を提示しますか。相手は保存します。yesと入力:"
                    ),
                    false => text!(
                        "Release {en} ({name})? Type yes:",
                        "{ja}（{name}）を提示しますか。yesと入力:"
                    ),
                };
                say(&in_language(&words, language));
                Ok(terminal::is_yes()?)
            }
        }
    }
}

/// What was released and what not, on standard error: standard output can be the answer.
fn report(presented: &Presentation, language: Language) {
    let names = |all: &[(String, String)]| {
        let names: Vec<&str> = all.iter().map(|(_, identifier)| identifier.as_str()).collect();
        match names.is_empty() {
            true => "-".to_owned(),
            false => names.join(", "),
        }
    };
    let (released, withheld) = (names(&presented.released), names(&presented.withheld));
    let unavailable = names(&presented.unavailable);
    for words in [
        text!("released: {released}", "提示: {released}"),
        text!("withheld: {withheld}", "不同意: {withheld}"),
        text!("not in the mdoc: {unavailable}", "mdocにない要素: {unavailable}"),
    ] {
        say(&in_language(&words, language));
    }
}
