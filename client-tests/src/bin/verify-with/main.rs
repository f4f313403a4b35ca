//! `verify-with CLIENT …`: accepts or refuses a card, or an answer of a card, with the functions of a client that verify
//! something. What no function of the client checks is not checked here.
//!
//! Exit status: 0 accepted; 1 refused, with the reason on standard error. Anchors: the folder in `$VMYNA_EXAM_TRUST`. Time:
//! `$VMYNA_EXAM_TIME`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::{env, fs};

use jpki::ap::SupportAp;
use myna_card::ap::jpki::{JpkiAp, SignatureScheme};
use myna_card::ap::surface::SurfaceAp;
use myna_card::ap::text::{self, TextAp};
use myna_card::data::{KeyId, RsaPublicKey, sha256, sha256_digest_info};
use myna_card::transport::pcsc::{Sharing, connect_any};
use myna_card::{Certificate, Date, Pin};
use rand_core::{OsRng, RngCore};
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;

/// A file by its name.
type Named = (PathBuf, Vec<u8>);
type Verdict = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let verdict = match arguments[..] {
        ["myna", certificate, challenge, signature] => with_myna(certificate, challenge, signature),
        ["jpki", pin] => with_jpki(pin),
        ["myna-card-text", pin] => with_myna_card_text(pin),
        ["myna-card-face", code, birth] => with_myna_card_face(code, birth),
        ["myna-card-log-in", pin] => with_myna_card_log_in(pin),
        _ => {
            eprintln!("verify-with myna|jpki|myna-card-text|myna-card-face|myna-card-log-in VALUE...");
            return ExitCode::from(2);
        }
    };
    match verdict {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("refused: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The files of the anchors that are DER.
fn anchors() -> Result<Vec<Named>, Box<dyn Error>> {
    let folder = env::var("VMYNA_EXAM_TRUST")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let bytes = fs::read(&path)?;
        if bytes.starts_with(&[0x30]) {
            files.push((path, bytes));
        }
    }
    Ok(files)
}

/// The anchor of municipalities with this name.
fn cv_anchor(id: &KeyId) -> Result<RsaPublicKey, Box<dyn Error>> {
    let name = format!("{}-{}", id.number(), id.group());
    let anchors = anchors()?;
    let is_named = |path: &Path| path.file_stem().is_some_and(|stem| stem.to_string_lossy() == name);
    let (_, der) = anchors
        .iter()
        .find(|(path, _)| is_named(path))
        .ok_or("an authority that is not known")?;
    let key = rsa::RsaPublicKey::from_public_key_der(der)?;
    Ok(RsaPublicKey {
        exponent: key.e().to_bytes_be(),
        modulus: key.n().to_bytes_be(),
    })
}

fn challenge() -> [u8; 32] {
    let mut challenge = [0; 32];
    OsRng.fill_bytes(&mut challenge);
    challenge
}

/// `verify_cert` with each anchor, then `verify` with the certificate's key.
fn with_myna(certificate: &str, challenge: &str, signature: &str) -> Verdict {
    let [certificate, challenge, signature] = [certificate, challenge, signature].map(fs::read);
    let certificate = certificate?;
    let by_anchor = |(_, anchor): &Named| myna::crypto::verify_cert(&certificate, anchor).is_ok();
    if !anchors()?.iter().any(by_anchor) {
        return Err("the certificate is of no named authority".into());
    }
    let key = myna::crypto::extract_pubkey(&certificate).map_err(|error| format!("{error:?}"))?;
    myna::crypto::verify(key, &sha256(&challenge?), &signature?).map_err(|error| format!("{error:?}").into())
}

/// The client reads the texts; no function of it verifies them.
fn with_jpki(pin: &str) -> Verdict {
    let context = jpki::pcsc::Context::try_new()?;
    let card = context.open()?.connect(context)?;
    let card = Rc::new(jpki::Card::new(Box::new(card)));
    let texts = SupportAp::open((), card)?;
    texts.read_attributes((), pin.into())?;
    Ok(())
}

fn with_myna_card_text(pin: &str) -> Verdict {
    let mut card = connect_any(Sharing::Exclusive)?;
    let mut texts = TextAp::select(&mut card)?;
    texts.verify_pin(&Pin::numeric(pin)?)?;
    let certificate = texts.read_certificate()?;
    certificate.verify_with(&cv_anchor(&certificate.issuer_key_id)?)?;
    let record = texts.read_integrity_record()?;
    record.verify(&certificate.public_key)?;
    texts.read_attributes()?;
    texts.read_my_number()?;
    if !record.matches_attributes_file(&texts.read_ef(text::ef::ATTRIBUTES)?)? {
        return Err("the texts are not those that were signed".into());
    }
    if !record.matches_my_number_file(&texts.read_my_number_file()?) {
        return Err("the My Number is not the one that was signed".into());
    }
    let own = texts.read_signed_public_key()?;
    own.verify(&certificate.public_key)?;
    let challenge = challenge();
    let answer = texts.sign(&challenge)?;
    Ok(SignatureScheme::Sha256DigestInfo.verify(&own.public_key, &challenge, &answer)?)
}

fn with_myna_card_face(code: &str, birth: &str) -> Verdict {
    let mut card = connect_any(Sharing::Exclusive)?;
    let mut surface = SurfaceAp::select(&mut card)?;
    let certificate = surface.read_certificate()?;
    certificate.verify_with(&cv_anchor(&certificate.issuer_key_id)?)?;
    surface.verify_code_b(&Pin::new(code.as_bytes())?)?;
    let face = surface.read_card_face()?;
    face.verify(&certificate.public_key)?;
    surface.verify_birth_date(&Pin::new(birth.as_bytes())?)?;
    surface.read_age_record()?.verify(&certificate.public_key)?;
    let challenge = challenge();
    let answer = surface.sign(&challenge)?;
    Ok(SignatureScheme::Sha256DigestInfo.verify(&face.public_key, &challenge, &answer)?)
}

fn with_myna_card_log_in(pin: &str) -> Verdict {
    let mut card = connect_any(Sharing::Exclusive)?;
    let mut application = JpkiAp::select(&mut card)?;
    let certificate = application.read_auth_certificate()?;
    let on = today()?;
    let by_anchor = |(_, anchor): &Named| {
        Certificate::parse(anchor)
            .and_then(|anchor| Certificate::verify_chain(&[certificate.clone(), anchor], on))
            .is_ok()
    };
    if !anchors()?.iter().any(by_anchor) {
        return Err("the certificate is of no named authority".into());
    }
    application.verify_auth_pin(&Pin::numeric(pin)?)?;
    let digest_info = sha256_digest_info(&sha256(&challenge()));
    let answer = application.sign_with_auth_key(SignatureScheme::Verbatim, &digest_info)?;
    Ok(SignatureScheme::Verbatim.verify(&certificate.public_key()?, &digest_info, &answer)?)
}

fn today() -> Result<Date, Box<dyn Error>> {
    let time = env::var("VMYNA_EXAM_TIME")?;
    let digits: String = time.chars().filter(char::is_ascii_digit).take(8).collect();
    Ok(Date::parse(digits.as_bytes())?)
}
