//! Answers in the published form: the fields of each mode, and those of a failure.

use base64ct::{Base64, Base64Unpadded, Encoding as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vmyna_apdu::Text;
use vmyna_applets::Token;

use super::Uuid;
use crate::client::{CardClient, ClientError, Key, Pin};

/// The fixed bytes of the combination code (`client`).
const FIXED: [u8; 16] = [
    0x2E, 0x71, 0xF6, 0x62, 0x0B, 0xC6, 0x54, 0xCE, 0xD4, 0x94, 0xE5, 0xEC, 0x34, 0xFE, 0x03, 0xC8,
];

/// The code of a failure. The published extension uses it for a request that was cancelled or reached no host; for every
/// other failure it is `assumed`, because the codes of the official host are not public.
const FAILURE: &str = "EW044-C300";

/// Mode 01: one signature by the auth key, and its certificate.
pub(super) fn log_in(card: &mut CardClient, uuid: &Uuid, digest: &[u8], pin: &str) -> Result<Value, ClientError> {
    card.verify(Pin::Auth, pin.as_bytes())?;
    let signature = card.sign(Key::Auth, digest)?;
    let certificate = card.auth_certificate()?;
    let answer = json!({
        "mode": "01",
        "result": "0",
        "uuid": uuid.to_string(),
        "signature": Base64::encode_string(&signature),
        "certificate": Base64Unpadded::encode_string(&certificate),
    });
    with_combination_code(answer, card, uuid)
}

/// Mode 02: a signature by the sign key over each digest, and its certificate.
pub(super) fn sign(
    card: &mut CardClient,
    uuid: &Uuid,
    digests: &[Vec<u8>],
    password: &str,
) -> Result<Value, ClientError> {
    card.verify(Pin::Sign, password.as_bytes())?;
    let signatures = digests.iter().map(|digest| card.sign(Key::Sign, digest));
    let signatures: Vec<Vec<u8>> = signatures.collect::<Result<_, _>>()?;
    let certificate = card.sign_certificate()?;
    let answer = json!({
        "mode": "02",
        "result": "0",
        "uuid": uuid.to_string(),
        "signature": signatures.iter().map(|one| Base64::encode_string(one)).collect::<Vec<_>>(),
        "certificate": Base64Unpadded::encode_string(&certificate),
    });
    with_combination_code(answer, card, uuid)
}

/// Mode 04: the four attributes, each as the hexadecimal digits of its UTF-8 bytes.
pub(super) fn input_assist(card: &mut CardClient, uuid: &Uuid, pin: &str) -> Result<Value, ClientError> {
    card.verify(Pin::InputAssist, pin.as_bytes())?;
    let items = card.four_items()?;
    let answer = json!({
        "mode": "04",
        "result": "0",
        "uuid": uuid.to_string(),
        "name": digits(items.name.as_bytes()),
        "sex": digits(items.sex.as_bytes()),
        "address": digits(items.address.as_bytes()),
        "birthday": digits(items.birth.as_bytes()),
    });
    with_combination_code(answer, card, uuid)
}

/// A failure, with the mode if the request had one.
pub(super) fn failure(mode: Option<&str>, Text { en, ja }: Text) -> Value {
    let mut answer = json!({ "result": "1", "errcode": FAILURE, "message": en, "message_ja": ja });
    if let Some(mode) = mode {
        answer["mode"] = mode.into();
    }
    answer
}

/// The answer with the code by which a site recognises the same card at the same computer. A phone has no common application, so
/// that its answer has no code (`assumed`): a made-up one would let a site take two phones for one.
fn with_combination_code(mut answer: Value, card: &mut CardClient, uuid: &Uuid) -> Result<Value, ClientError> {
    if card.token()? == Token::Card {
        answer["combination_code"] = combination_code(card, uuid)?.into();
    }
    Ok(answer)
}

fn combination_code(card: &mut CardClient, uuid: &Uuid) -> Result<String, ClientError> {
    let number = card.manufacture_number()?;
    let code = Sha256::new()
        .chain_update(FIXED)
        .chain_update(number)
        .chain_update(uuid.as_bytes())
        .finalize();
    Ok(digits(&code))
}

/// Lower-case hexadecimal digits.
fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
