//! `vmyna demo`: a guided tour of the card in the software reader. Every step is done for real and checked; the tour ends
//! with exit status 1 if the card behaves otherwise than the text describes. The card is as issued: a tour must not use up
//! the tries of a card in use.

pub(crate) mod args;

use std::io::Write;
use std::time::{Instant, SystemTime};

use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna::{Bench, Slot};
use vmyna_apdu::{Reader, ResponseApdu, StatusWord, hex};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{PinAtIssue, input_assist, jpki};
use vmyna_card_os::declaration::ReferenceData;
use vmyna_card_os::tlv::Tlv;
use vmyna_explain::{Narrator, Reasons, shortened};
use vmyna_reader_bridge::SoftwareReader;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode, SliceReader};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output;
use crate::trace_file::{self, names::Names};

/// `DigestInfo` of SHA-256 in front of the hash: what clients give to the card (RFC 8017, 9.2, note 1).
const SHA256_DIGEST_INFO: &str = "3031300D060960864801650304020105000420";

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const SELECT_ISD: &str = "00A4040C07A0000001510000";
const SELECT_INPUT_ASSIST: &str = "00A4040C0AD3921000310001010408";
const READ_ATTRIBUTES: &str = "00B08200000000";
const READ_SIGN_CERTIFICATE: &str = "00B08100000000";
const READ_AUTH_CERTIFICATE: &str = "00B08A00000000";

/// Runs the tour.
pub(crate) fn run(arguments: &args::Demo) -> Result<(), Failure> {
    let (card, _) = arguments.card.current()?;
    if let Some(lack) = lack(&card) {
        return Err(Failure::Usage(format!(
            "{} has {lack}, and the tour shows a card that has all: name another with --card",
            arguments.card
        )));
    }
    let mut tour = Tour::begin(arguments, card)?;
    tour.applications()?;
    let certificate = tour.certificate()?;
    tour.refusal()?;
    tour.pins()?;
    tour.signature(&certificate)?;
    tour.end_of_rights()?;
    tour.attributes()?;
    writeln!(
        output::text(),
        "\nThat was the tour: all {} answers were as described.\n\
         Try it yourself: `vmyna apdu` gives a prompt; `vmyna serve` puts the card where PC/SC programs see it.",
        tour.sent
    )?;
    Ok(())
}

/// What the tour would need and the card does not have.
fn lack(card: &IssuedCard) -> Option<&'static str> {
    let spent = |pin: &PinAtIssue, all| pin.value.is_none() || pin.tries_left.is_some_and(|left| left < all);
    if card.phone().is_some() {
        Some("the JPKI application only, because it is a phone")
    } else if card.jpki.sign.is_none() || card.jpki.auth.is_none() {
        Some("not both of the keys to log in and to sign")
    } else if spent(&card.jpki.auth_pin, jpki::AUTH_PIN_TRIES)
        || spent(&card.jpki.sign_pin, jpki::SIGN_PIN_TRIES)
        || card
            .input_assist
            .as_ref()
            .is_none_or(|assist| spent(&assist.pin, input_assist::PIN_TRIES))
    {
        Some("not all the tries of its PINs")
    } else {
        None
    }
}

/// The C-APDU that presents a PIN.
fn verify(reference: u8, pin: &[u8]) -> Zeroizing<String> {
    let pin = Zeroizing::new(hex::encode(pin));
    Zeroizing::new(format!("002000{reference:02X}{:02X}{}", pin.len() / 2, *pin))
}

/// The value of a PIN that the tour verifies.
fn value(pin: &PinAtIssue) -> Result<ReferenceData, Failure> {
    let value = pin.value.clone();
    value.ok_or_else(no_pin)
}

fn no_pin() -> Failure {
    Failure::Failed("the card is without a PIN that the tour needs".to_owned())
}

/// Another PIN of four digits.
fn other_than(pin: &[u8]) -> &'static [u8; 4] {
    if pin == b"0000" { b"1111" } else { b"0000" }
}

/// The card in its reader, and the description of the conversation.
struct Tour {
    card: IssuedCard,
    reader: SoftwareReader,
    narrator: Narrator,
    reasons: Reasons,
    sent: usize,
}

impl Tour {
    fn begin(arguments: &args::Demo, card: IssuedCard) -> Result<Self, Failure> {
        let reasons = Reasons::default();
        let open = arguments.card.as_issued(&card, Some(reasons.observer()))?;
        let trace = trace_file::begin(&arguments.trace, arguments.show_secrets, &Names::default())?;
        let bench = Bench::new().with_trace(trace);
        let reader = bench.reader_with(open, Slot::new("software reader"))?;
        writeln!(
            output::text(),
            "A virtual My Number Card (個人番号カード), {}: its holder is fictional.\n\
             >> is what a program sends, << what the card answers; below it, why. PINs are shown as **.",
            arguments.card
        )?;
        let mut tour = Self {
            card,
            reader,
            narrator: Narrator::new(),
            reasons,
            sent: 0,
        };
        let atr = hex::encode(tour.reader.atr().unwrap_or_default());
        tour.say(&format!(
            "The reader powers the card, which sends its answer to reset (ATR): {atr}."
        ))?;
        Ok(tour)
    }

    fn applications(&mut self) -> Result<(), Failure> {
        self.say(
            "The card is a set of applications (AP). At power-up its card manager is selected. It stores the \
                  municipality\nthat issued it and the day it expires:",
        )?;
        self.expect("00CA00F000", "9000")?;
        self.expect("00CA00F200", "9000")?;
        self.say(
            "The JPKI application (公的個人認証AP) holds two keys: one to log in (利用者証明用), one to sign (署名用).",
        )?;
        self.expect(SELECT_JPKI, "9000")
    }

    fn certificate(&mut self) -> Result<Certificate, Failure> {
        self.say("Anybody can read the certificate to log in:")?;
        let der = self.send(READ_AUTH_CERTIFICATE, "9000")?;
        // The file goes on behind the certificate.
        let certificate = SliceReader::new(&der)
            .and_then(|mut file| Certificate::decode(&mut file))
            .map_err(|error| Failure::Failed(format!("EF 000A: {error}")))?;
        let fields = &certificate.tbs_certificate;
        let end = fields.validity.not_after.to_date_time();
        let expired = SystemTime::from(end) < SystemTime::now();
        self.say(&format!(
            "Its subject is {}; it is valid until {end}{}.",
            fields.subject,
            if expired {
                ", that is: it HAS EXPIRED. Everything works but programs that check dates"
            } else {
                ""
            }
        ))?;
        Ok(certificate)
    }

    fn refusal(&mut self) -> Result<(), Failure> {
        self.say(
            "The certificate to sign with holds name, address, birth date and sex. Without the password it is refused:",
        )?;
        self.expect(READ_SIGN_CERTIFICATE, "6982")
    }

    fn pins(&mut self) -> Result<(), Failure> {
        self.say(
            "VERIFY without data asks how many tries the auth PIN (EF 0018) has left. A wrong PIN costs one, \
                  a right one\nbrings them back. The question itself is answered 63Cx for ever, also after success:",
        )?;
        self.expect("00200098", "63C3")?;
        let right = value(&self.card.jpki.auth_pin)?;
        self.expect(&verify(0x98, other_than(right.as_bytes())), "63C2")?;
        self.expect(&verify(0x98, right.as_bytes()), "9000")?;
        self.expect("00200098", "63C3")
    }

    fn signature(&mut self, certificate: &Certificate) -> Result<(), Failure> {
        let message = "おはよう";
        self.say(&format!(
            "Now the key to log in (EF 0017) signs; programs give it the SHA-256 of a text, here {message:?}:"
        ))?;
        let digest = Sha256::digest(message);
        let command = format!("802A009733{SHA256_DIGEST_INFO}{}00", hex::encode(&digest));
        let signature = self.send(&command, "9000")?;
        let spki = certificate
            .tbs_certificate
            .subject_public_key_info
            .to_der()
            .map_err(|error| error.to_string());
        spki.and_then(|spki| RsaPublicKey::from_public_key_der(&spki).map_err(|error| error.to_string()))
            .and_then(|key| {
                key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, &signature)
                    .map_err(|error| error.to_string())
            })
            .map_err(|error| Failure::Failed(format!("the signature does not fit the certificate: {error}")))?;
        self.say("The signature is checked with the key in the certificate: it is right.")
    }

    fn end_of_rights(&mut self) -> Result<(), Failure> {
        self.say(
            "The sign password (EF 001B) opens its certificate, and stays verified when the same application is \
                  selected again:",
        )?;
        let password = value(&self.card.jpki.sign_pin)?;
        self.expect(&verify(0x9B, password.as_bytes()), "9000")?;
        self.expect(SELECT_JPKI, "9000")?;
        self.expect(READ_SIGN_CERTIFICATE, "9000")?;
        self.say("Another application, or the card manager, ends that:")?;
        self.expect(SELECT_ISD, "9000")?;
        self.expect(SELECT_JPKI, "9000")?;
        self.expect(READ_SIGN_CERTIFICATE, "6982")
    }

    fn attributes(&mut self) -> Result<(), Failure> {
        self.say(
            "The input-assist application (券面事項入力補助AP) holds the My Number (個人番号) and, as text, name, address, birth \
             date and\nsex. Its PIN opens these:",
        )?;
        self.expect(SELECT_INPUT_ASSIST, "9000")?;
        self.expect(READ_ATTRIBUTES, "6982")?;
        let assist = self.card.input_assist.as_ref().ok_or_else(no_pin)?;
        let pin = value(&assist.pin)?;
        self.expect(&verify(0x91, pin.as_bytes()), "9000")?;
        let attributes = self.send(READ_ATTRIBUTES, "9000")?;
        let fault = |_| Failure::Failed("EF 0002 is not in the form of the card's files".to_owned());
        let objects = Tlv::read(&attributes)
            .and_then(|(file, _)| Tlv::read_all(file.value))
            .map_err(fault)?;
        let texts: Vec<_> = objects
            .iter()
            .skip(1)
            .map(|object| String::from_utf8_lossy(object.value))
            .collect();
        self.say(&format!("It contains: {}. Sex 2 is female.", texts.join(", ")))
    }

    fn say(&mut self, text: &str) -> Result<(), Failure> {
        // The reasons of power-up belong to no command.
        self.reasons.clear();
        writeln!(output::text(), "\n{text}")?;
        Ok(())
    }

    fn expect(&mut self, command: &str, status_word: &str) -> Result<(), Failure> {
        self.send(command, status_word).map(drop)
    }

    /// Sends a command, shows it with its answer and the reasons, and gives the answer's data.
    fn send(&mut self, command: &str, expected: &str) -> Result<Vec<u8>, Failure> {
        let command = Zeroizing::new(hex::decode(command).map_err(|error| Failure::Failed(error.to_string()))?);
        let mut out = output::text();
        writeln!(out, "{}", self.narrator.command(&command))?;
        let mut response = Vec::new();
        let start = Instant::now();
        self.reader.transmit(&command, &mut response)?;
        let answer = self.narrator.answer(&response, start.elapsed());
        writeln!(out, "{}", shortened(&answer))?;
        for reason in self.reasons.take() {
            writeln!(out, "   {}", reason.en)?;
        }
        self.narrator.follow(&command, &response);
        self.sent += 1;
        let answered = ResponseApdu::parse(&response);
        let (data, status_word) = answered.map_or((&[][..], StatusWord::UNKNOWN_FAILURE), |r| (r.data, r.status_word));
        if status_word.to_string() != expected {
            return Err(Failure::Failed(format!(
                "the card answered {status_word}, {expected} was expected"
            )));
        }
        Ok(data.to_vec())
    }
}
