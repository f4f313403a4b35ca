//! An issuer of today, made by vmyna's issuance, and a device.

use std::time::{Duration, SystemTime};

use p256::pkcs8::{EncodePrivateKey, LineEnding};
use rand_core::SeedableRng;
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_mdoc::{
    Attributes, BirthDate, DOC_TYPE, DeviceRequest, IssuerSigned, NAMESPACE, NAMESPACE_JP, Options, Report, Signer,
    SignerKey, Transcript, Validity, Verdict, issue, present, verify,
};
use x509_cert::der::DateTime;

const DAY: u64 = 24 * 60 * 60;

/// How many elements a response has.
pub(crate) const ELEMENTS: usize = WANTED.len();

/// Every element of [`attributes`]: one of each type, because each byte of a response is changed in turn.
const WANTED: [(&str, &str); 6] = [
    (NAMESPACE_JP, "full_name_unicode"),
    (NAMESPACE_JP, "portrait"),
    (NAMESPACE_JP, "birth_date_unicode"),
    (NAMESPACE, "birth_date"),
    (NAMESPACE, "age_in_years"),
    (NAMESPACE, "age_over_20"),
];

/// Issuer, device and session.
pub(crate) struct Rig {
    pub(crate) root: Vec<u8>,
    pub(crate) signer: Signer,
    pub(crate) device: p256::SecretKey,
    pub(crate) transcript: Transcript,
}

/// A moment some days from the beginning of today (UTC).
pub(crate) fn day(days: i64) -> DateTime {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let today = now - now % DAY;
    DateTime::from_unix_duration(Duration::from_secs(
        today.checked_add_signed(days * DAY as i64).unwrap(),
    ))
    .unwrap()
}

/// Thirty days that have begun today.
pub(crate) fn current() -> Validity {
    Validity {
        signed: day(0),
        valid_from: day(0),
        valid_until: day(30),
    }
}

/// Thirty days that have ended yesterday.
pub(crate) fn ended() -> Validity {
    Validity {
        signed: day(-31),
        valid_from: day(-31),
        valid_until: day(-1),
    }
}

/// A key of P-256 from a number.
pub(crate) fn key(number: u64) -> SignerKey {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(number);
    SignerKey::P256(p256::SecretKey::random(&mut random))
}

fn attributes() -> Attributes {
    Attributes {
        full_name: Some("見本\u{3000}花子".to_owned()),
        portrait: Some(PORTRAIT.to_vec()),
        birth_date: BirthDate::new(1971, 9, 1),
        age_in_years: Some(55),
        age_over: vec![(20, true)],
        ..Attributes::default()
    }
}

/// A few bytes in the place of a photo, so that there are fewer to change.
const PORTRAIT: [u8; 4] = [0xFF, 0xD8, 0xFF, 0xD9];

impl Rig {
    pub(crate) fn new() -> Self {
        Self::of_seed(1)
    }

    /// The issuer of another seed.
    pub(crate) fn of_seed(seed: u8) -> Self {
        let service = "http://mdoc.test.invalid".parse().unwrap();
        let authority = MdocAuthority::establish(&[seed; 32], day(-100), &service).unwrap();
        let signer = authority.signer(day(0), 0).unwrap().signer;
        let root = authority.root(day(0)).unwrap().certificate().to_vec();
        let SignerKey::P256(device) = key(2) else {
            unreachable!()
        };
        let transcript = Transcript::browser("WyJkY2FwaSIse31d", "https://reader.test.invalid");
        Self {
            root,
            signer,
            device,
            transcript,
        }
    }

    pub(crate) fn issued(&self, validity: &Validity) -> IssuerSigned {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        issue(
            &attributes(),
            validity,
            &self.device.public_key(),
            &self.signer,
            1,
            &mut random,
        )
        .unwrap()
    }

    pub(crate) fn response_of(&self, issued: &IssuerSigned) -> Vec<u8> {
        let request = DeviceRequest::create(DOC_TYPE, &WANTED, false).unwrap();
        let presented = present(issued, &self.device, &request, &self.transcript, |_| true).unwrap();
        assert_eq!(presented.released.len(), ELEMENTS);
        presented.response
    }

    /// A presentation of all elements.
    pub(crate) fn response(&self) -> Vec<u8> {
        self.response_of(&self.issued(&current()))
    }

    pub(crate) fn verify(&self, response: &[u8], reader_key: Option<&p256::SecretKey>) -> Report {
        let now = DateTime::from_system_time(SystemTime::now()).unwrap();
        let options = Options {
            reader_key,
            ..Options::default()
        };
        verify(response, &self.transcript, &[&self.root], now, &options)
    }

    /// What both libraries need to issue: keys, certificate, validity, elements.
    pub(crate) fn job(&self) -> serde_json::Value {
        let SignerKey::P256(signer) = &self.signer.key else {
            unreachable!()
        };
        let text = |name: &str, value: &str| serde_json::json!({ "name": name, "value": value });
        serde_json::json!({
            "docType": DOC_TYPE,
            "from": day(0).to_string(),
            "until": day(30).to_string(),
            "signerKey": pem(signer),
            "deviceKey": pem(&self.device),
            "certificate": certificate(&self.signer.certificate),
            "elements": {
                NAMESPACE_JP: [
                    text("full_name_unicode", "見本\u{3000}花子"),
                    { "name": "portrait", "hex": "ffd8ffd9" },
                    text("birth_date_unicode", "1971年9月1日"),
                ],
                NAMESPACE: [
                    { "name": "birth_date", "date": "1971-09-01" },
                    { "name": "age_in_years", "value": 55 },
                    { "name": "age_over_20", "value": true },
                ],
            },
        })
    }
}

/// Whether every step holds but that of revocation, for which no list is given here.
pub(crate) fn is_right(report: &Report) -> bool {
    let others = report.steps.iter().filter(|step| step.id != "signer.revocation");
    others.clone().count() > 10 && others.map(|step| step.verdict).max() <= Some(Verdict::Note)
}

/// PKCS#8 PEM of a test key.
pub(crate) fn pem(key: &p256::SecretKey) -> String {
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

/// PEM of a certificate.
pub(crate) fn certificate(der: &[u8]) -> String {
    x509_cert::der::pem::encode_string("CERTIFICATE", x509_cert::der::pem::LineEnding::LF, der).unwrap()
}
