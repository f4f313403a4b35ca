//! Reads a card as a client does, for programs that take files: its texts, its face, its certificates, and what its chip
//! answers to a challenge.
//!
//! A forged card can answer anything: what can't be read is missing, and nothing is interpreted.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use vmyna::Exchange;
use vmyna_apdu::{Aid, FileId, hex};
use vmyna_applets::{face_info, input_assist, jpki};
use vmyna_candidates::{ForgedCard, MadeFile};
use vmyna_reader_bridge::SoftwareReader;

/// How a DigestInfo of SHA-256 begins (RFC 8017, 9.2).
const SHA_256: &str = "3031300D060960864801650304020105000420";

/// What opens the card, by the names of the placeholders.
pub(super) type Opens = BTreeMap<&'static str, String>;

/// What opens this card: its default PINs, and the codes that belong to its cardholder.
#[must_use]
pub(super) fn opens(card: &ForgedCard) -> Opens {
    let summary = &card.card.summary;
    let person = &summary.person;
    let code_b = person.verification_code_b(summary.expiry, summary.security_code);
    [
        ("pin", Ok("1234".to_owned())),
        ("sign-password", Ok("ABC123".to_owned())),
        (
            "code-a",
            Ok(String::from_utf8_lossy(person.my_number.digits()).into_owned()),
        ),
        ("code-b", code_b),
        ("birth-date", person.birth_date_pin()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.ok()?)))
    .collect()
}

/// Reads these files. What the card does not give is left out.
pub(super) fn read(
    card: &ForgedCard,
    seed: [u8; 32],
    opens: &Opens,
    challenge: &[u8],
    wanted: &[MadeFile],
) -> BTreeMap<MadeFile, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut client = match card.fresh(seed) {
        Ok(card) => {
            let mut reader = SoftwareReader::new("files");
            if reader.put(card).is_err() {
                return files;
            }
            Client(reader)
        }
        Err(_) => return files,
    };
    let value = |name: &str| opens.get(name).map(String::as_str).unwrap_or_default();
    for file in wanted {
        let bytes = match file {
            MadeFile::Text(number) => client.file(
                input_assist::AID,
                FileId::new(u16::from(*number)),
                &[(input_assist::ef::PIN, value("pin"))],
            ),
            MadeFile::Face(1) => client.file(
                face_info::AID,
                face_info::ef::AGE_RECORD,
                &[(face_info::ef::BIRTH_DATE_PIN, value("birth-date"))],
            ),
            MadeFile::Face(number) => client.file(
                face_info::AID,
                FileId::new(u16::from(*number)),
                &[
                    (face_info::ef::CODE_A, value("code-a")),
                    (face_info::ef::CODE_B, value("code-b")),
                ],
            ),
            // On a phone it is behind the PIN.
            MadeFile::Certificate => client
                .file(
                    jpki::AID,
                    jpki::ef::AUTH_CERTIFICATE,
                    &[(jpki::ef::AUTH_PIN, value("pin"))],
                )
                .map(|file| first_object(&file)),
            MadeFile::Challenge | MadeFile::TextChallenge | MadeFile::FaceChallenge => Some(challenge.to_vec()),
            MadeFile::Signature => client.sign(
                jpki::AID,
                Some((jpki::ef::AUTH_KEY, jpki::ef::AUTH_PIN, value("pin"))),
                challenge,
            ),
            MadeFile::TextAnswer => client.sign(input_assist::AID, None, challenge),
            MadeFile::FaceAnswer => client.sign(face_info::AID, None, challenge),
            _ => None,
        };
        if let Some(bytes) = bytes {
            files.insert(*file, bytes);
        }
    }
    files
}

/// The first DER object of a file, without the filler behind it.
fn first_object(file: &[u8]) -> Vec<u8> {
    let length = match file {
        [_, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        _ => file.len(),
    };
    file.get(..length).unwrap_or(file).to_vec()
}

struct Client(SoftwareReader);

impl Client {
    fn select(&mut self, aid: Aid) -> Option<()> {
        let name = aid.as_bytes();
        self.0
            .send(&format!("00A4040C {:02X} {}", name.len(), hex::encode(name)))
            .ok()
            .map(drop)
    }

    fn verify(&mut self, pin: FileId, value: &str) -> Option<()> {
        self.0.send(&format!("00A4020C 02 {:04X}", pin.value())).ok()?;
        let length = value.len();
        self.0
            .send(&format!("00200080 {length:02X} {}", hex::encode(value.as_bytes())))
            .ok()
            .map(drop)
    }

    /// A whole file, behind these PINs.
    fn file(&mut self, aid: Aid, file: FileId, pins: &[(FileId, &str)]) -> Option<Vec<u8>> {
        /// More than any file has.
        const LONGEST: usize = 1 << 15;
        self.select(aid)?;
        for (pin, value) in pins {
            // A forged card may refuse it and give the file nevertheless.
            let _ = self.verify(*pin, value);
        }
        self.0.send(&format!("00A4020C 02 {:04X}", file.value())).ok()?;
        let mut file = Vec::new();
        while file.len() < LONGEST {
            let Ok(part) = self.0.send(&format!("00B0{:04X} 00", file.len())) else {
                break;
            };
            // A card can give less than it is asked for, so only nothing is the end.
            if part.is_empty() {
                break;
            }
            file.extend(part);
        }
        (!file.is_empty()).then_some(file)
    }

    /// What the chip signs: the digest of the challenge, with the key of this EF behind its PIN, or with the application's own.
    fn sign(&mut self, aid: Aid, key: Option<(FileId, FileId, &str)>, challenge: &[u8]) -> Option<Vec<u8>> {
        self.select(aid)?;
        let p2 = match key {
            Some((key, pin, value)) => {
                let _ = self.verify(pin, value);
                self.0.send(&format!("00A4020C 02 {:04X}", key.value())).ok()?;
                0x80
            }
            None => 0x00,
        };
        let digest = hex::encode(&Sha256::digest(challenge));
        self.0.send(&format!("802A00{p2:02X} 33 {SHA_256}{digest} 00")).ok()
    }
}
