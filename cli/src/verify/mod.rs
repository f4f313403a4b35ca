//! `vmyna verify`: certificates, signatures and files of the card, checked as a careful relying party would.
//!
//! The verdicts are those of the library. This module must never trust an authority that was not named.

pub(crate) mod args;
mod output;
mod phone;
mod sources;

use std::path::Path;

use vmyna_apdu::ShowPath as _;
use vmyna_applets::cv::MODULUS_BYTES;
use vmyna_authority::http_client::{HttpError, Reach, post};
use vmyna_authority::verifier::block::Message;
use vmyna_authority::verifier::card_files::CardFile;
use vmyna_authority::verifier::compare::{Claims, compare};
use vmyna_authority::verifier::input::{Input, recognise};
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::Sources;
use vmyna_authority::verifier::{self, AgreedForm, Settings};
use vmyna_issuance::x509::names::Hierarchy;

use crate::failure::{Failure, path_failure};
use crate::{advice, trusted};
use args::{Form, Kind, Purpose, Verify};

/// The most bytes of a file that is verified.
const LONGEST_FILE: u64 = 16 << 20;
/// The most bytes of what was signed.
const LONGEST_DATA: u64 = 256 << 20;
/// The most bytes of a revocation list.
const LONGEST_LIST: u64 = 64 << 20;
/// The most bytes of a file with certificates to trust.
const LONGEST_TRUST: u64 = 1 << 20;

/// Runs the command.
pub(crate) fn run(arguments: &Verify) -> Result<(), Failure> {
    let mut inputs = Vec::new();
    for path in &arguments.files {
        let name = path.shown().to_string();
        let parts = recognised(arguments, read(path, LONGEST_FILE)?);
        inputs.extend(parts.into_iter().map(|input| (name.clone(), input)));
    }
    let card_files = inputs.iter().any(|(_, input)| matches!(input, Input::CardFile(_)));
    let data = match &arguments.data {
        Some(path) => Some(read(path, LONGEST_DATA)?),
        None => None,
    };
    let mut certificates = Vec::new();
    for path in &arguments.certificate {
        certificates.extend(sources::certificates(path)?);
    }
    let registers = trusted::registers(&arguments.ca)?;
    let instead = !arguments.crl.is_empty() || arguments.ocsp.is_some();
    let clock = crate::seed::clock()?;
    let reach = match arguments.online {
        true => Reach::Anywhere,
        false => Reach::Loopback,
    };
    let ask = |url: &str, request: &[u8]| {
        let answer = post(url, "application/ocsp-request", request, reach);
        answer.map_err(|error: HttpError| advice::of_ocsp(&error))
    };
    let at = arguments.at.map_or(clock, |time| time.0);
    let session = phone::session(arguments)?;
    let mut lists = sources::lists(&arguments.crl)?;
    let trust = sources::trust(arguments, &registers, (card_files, session.as_ref().map(|_| at)))?;
    if let Some(session) = &session
        && !instead
    {
        let answers = inputs.iter().filter_map(|(_, input)| match input {
            Input::Mdoc(bytes) => Some(&**bytes),
            _ => None,
        });
        lists.extend(phone::lists(arguments, answers, (session, &trust), (at, reach))?);
    }
    let settings = Settings {
        trust,
        at,
        clock,
        purpose: arguments.purpose.map(|purpose| match purpose {
            Purpose::Sign => Hierarchy::Signature,
            Purpose::Auth => Hierarchy::Authentication,
        }),
        form: match arguments.form {
            Form::DigestInfo => Some(AgreedForm::DigestInfo),
            Form::Bare => Some(AgreedForm::Bare),
            Form::Pss => Some(AgreedForm::Pss),
            Form::Any => None,
        },
        revocation: Sources {
            registers: match instead {
                true => Vec::new(),
                false => registers.iter().map(|named| &*named.register).collect(),
            },
            lists,
            ocsp: arguments.ocsp.clone(),
            ask: Some(&ask),
        },
        nonce: sources::nonce(),
    };
    let reports = verify(arguments, inputs, data, &certificates, session.as_ref(), &settings)?;
    let verdict = reports
        .iter()
        .map(Report::verdict)
        .max()
        .unwrap_or(Verdict::NotVerified);
    output::write(arguments, &settings, &reports, verdict)?;
    match verdict {
        Verdict::Ok => Ok(()),
        _ => Err(Failure::Failed(output::failure(verdict, arguments.lang))),
    }
}

/// Verifies every file.
fn verify(
    arguments: &Verify,
    inputs: Vec<(String, Input)>,
    data: Option<Vec<u8>>,
    certificates: &[Vec<u8>],
    session: Option<&phone::Session>,
    settings: &Settings<'_>,
) -> Result<Vec<Report>, Failure> {
    let message = match (&data, &arguments.digest) {
        (Some(data), _) => Some(Message::Data(data.clone())),
        (None, Some(digest)) => Some(Message::Digest(digest.0.clone())),
        (None, None) => None,
    };
    let mut claims = Claims::default();
    let mut reports = Vec::new();
    let mut card_files = Vec::new();
    for (name, input) in inputs {
        match input {
            Input::Certificate(der) => {
                reports.push(verifier::certificate(&der, &name, settings, &mut claims));
            }
            Input::SignedData(der) => reports.extend(verifier::signed_data::signed_data(
                &der,
                data.as_deref(),
                certificates,
                &name,
                settings,
                &mut claims,
            )),
            Input::Mdoc(response) => {
                let Some(session) = session else {
                    return Err(Failure::Usage(format!(
                        "{name} is the answer of a phone: give the transcript of its session with --transcript"
                    )));
                };
                let session = verifier::mdoc::Session {
                    transcript: &session.transcript,
                    request: session.request.as_ref(),
                };
                reports.push(verifier::mdoc(&response, session, &name, settings, &mut claims));
            }
            Input::CardFile(bytes) => card_files.push(CardFile {
                name: name.clone(),
                bytes,
            }),
            Input::Other(value) => {
                let (Some(message), [certificate]) = (&message, certificates) else {
                    return Err(Failure::Usage(format!(
                        "{name} is no certificate, signed data or file of a card; for a signature value give --data or \
                         --digest, and one --certificate"
                    )));
                };
                let files = vec![name.clone()];
                let report = verifier::signature(&value, message, certificate, files, settings, &mut claims);
                reports.push(report);
            }
            _ => {
                return Err(Failure::Usage(format!(
                    "{name} is a PDF document: verify it with a program such as pyHanko, and the certificate of its \
                     signer with this command"
                )));
            }
        }
    }
    if !card_files.is_empty() {
        reports.extend(verifier::card_files::card_files(&card_files, settings, &mut claims));
    }
    reports.extend(compare(&claims));
    Ok(reports)
}

/// What a file holds, by the option or by its content.
fn recognised(arguments: &Verify, bytes: Vec<u8>) -> Vec<Input> {
    let message = arguments.data.is_some() || arguments.digest.is_some();
    match arguments.kind {
        // A signature value of a card's key is any 256 bytes, also such as begin like another form.
        None if message && !arguments.certificate.is_empty() && bytes.len() == MODULUS_BYTES => {
            vec![Input::Other(bytes)]
        }
        None => match recognise(bytes) {
            // Damaged bytes are an invalid answer, and not the wrong argument.
            parts if arguments.transcript.is_some() => parts.into_iter().map(as_answer).collect(),
            parts => parts,
        },
        Some(Kind::Mdoc) => vec![Input::Mdoc(bytes)],
        Some(Kind::Raw) => vec![Input::Other(bytes)],
        Some(Kind::CardFile) => vec![Input::CardFile(bytes)],
        Some(Kind::Certificate) => sources::unwrapped(bytes).into_iter().map(Input::Certificate).collect(),
        Some(Kind::Cms) => sources::unwrapped(bytes).into_iter().map(Input::SignedData).collect(),
    }
}

/// What has no other form is a phone's answer.
fn as_answer(input: Input) -> Input {
    match input {
        Input::Other(bytes) => Input::Mdoc(bytes),
        other => other,
    }
}

fn read(path: &Path, longest: u64) -> Result<Vec<u8>, Failure> {
    vmyna_files::read_named(path, longest).map_err(|error| path_failure(&error, format!("{}: {error}", path.shown())))
}
