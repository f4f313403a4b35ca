//! The library's register: which マイキーID belongs to which authentication certificate, and what proves a certificate.
//!
//! No application on the card is needed: the card's own user authentication certificate (利用者証明用電子証明書) has a serial
//! number, and the register has an identifier for it. What is between a real library and the マイキープラットフォーム is not
//! public; this is an invention with the same idea. Identifiers begin with TEST.
//!
//! A certificate alone proves nothing, because everybody can read it from the card. So the card signs a challenge, which
//! serves once. The register must never ask for the name or the My Number, and never keep a certificate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use openssl::hash::MessageDigest;
use openssl::rand::rand_bytes;
use openssl::x509::X509;
use serde::{Deserialize, Serialize};
use vmyna_apdu::hex;

use crate::{HostError, read_text, replace, signature};

/// How long a challenge serves.
const CHALLENGE_LIFE: Duration = Duration::from_secs(60);

/// The most challenges that wait for an answer. The oldest one goes first.
const MOST_CHALLENGES: usize = 1_000;

/// The most users. Their file then has less than the 1 MiB that is read.
const MOST_USERS: usize = 10_000;

/// What the card signs before the challenge: a signature for another purpose must not serve here.
const PURPOSE: &[u8] = b"vmyna TEST library log-in\n";

/// The message that the card signs for a challenge.
#[must_use]
pub fn message(challenge: &[u8]) -> Vec<u8> {
    [PURPOSE, challenge].concat()
}

/// An answer: what the card signs next.
#[derive(Serialize, Deserialize)]
pub struct Challenge {
    /// 32 random bytes, hexadecimal.
    pub challenge: String,
}

/// A request to log in.
#[derive(Serialize, Deserialize)]
pub struct LogIn {
    /// The challenge, as it was given.
    pub challenge: String,
    /// The user authentication certificate, DER, hexadecimal.
    pub certificate: String,
    /// The card's signature of [`message`], hexadecimal.
    pub signature: String,
}

/// An answer: the user.
#[derive(Serialize, Deserialize)]
pub struct User {
    /// The マイキーID.
    pub my_key_id: String,
    /// Whether it is a new one.
    pub new: bool,
}

/// The register.
pub struct Library {
    authorities: Vec<X509>,
    users: BTreeMap<String, String>,
    file: PathBuf,
    challenges: Vec<(Vec<u8>, Instant)>,
}

impl Library {
    /// The register in a file, which the first user makes; users have certificates of these authorities.
    ///
    /// # Errors
    /// [`HostError::File`], [`HostError::Other`] if the file is no register.
    pub fn open(authorities: Vec<X509>, file: PathBuf) -> Result<Self, HostError> {
        let users = match file.try_exists() {
            Ok(false) => BTreeMap::new(),
            _ => serde_json::from_str(&read_text(&file)?).map_err(|error| {
                let file = vmyna_apdu::ShowPath::shown(&*file);
                HostError::Other(format!("{file} is no register of users: {error}"))
            })?,
        };
        Ok(Self {
            authorities,
            users,
            file,
            challenges: Vec::new(),
        })
    }

    /// A new challenge.
    ///
    /// # Errors
    /// [`HostError::Crypto`]
    pub fn challenge(&mut self, now: Instant) -> Result<Challenge, HostError> {
        let mut challenge = vec![0; 32];
        rand_bytes(&mut challenge).map_err(HostError::crypto("a challenge"))?;
        self.forget_old(now);
        if self.challenges.len() >= MOST_CHALLENGES {
            self.challenges.remove(0);
        }
        let text = hex::encode(&challenge);
        self.challenges.push((challenge, now));
        Ok(Challenge { challenge: text })
    }

    /// Checks a request to log in; returns the user, who is entered at the first time.
    ///
    /// # Errors
    /// [`HostError::NotGenuine`], [`HostError::Malformed`], and [`HostError::File`] if a new user can't be kept.
    pub fn log_in(&mut self, request: &LogIn, now: Instant) -> Result<User, HostError> {
        let bytes = |text: &str| {
            hex::decode(text).map_err(|_| HostError::Malformed {
                what: "the request",
                fault: "not hexadecimal",
            })
        };
        self.forget_old(now);
        let challenge = bytes(&request.challenge)?;
        let at = self.challenges.iter().position(|(known, _)| *known == challenge);
        let at = at.ok_or(HostError::NotGenuine("the challenge is unknown, used or too old"))?;
        // It is used up whatever comes out.
        self.challenges.remove(at);
        let certificate = signature::certificate("the certificate", &bytes(&request.certificate)?)?;
        let authority = self
            .authorities
            .iter()
            .position(|authority| signature::check_issued(&certificate, authority).is_ok())
            .ok_or(HostError::NotGenuine(
                "the certificate is of no known authority, or not valid today",
            ))?;
        let fault = HostError::crypto("the certificate");
        let key = certificate.public_key().map_err(&fault)?;
        let claim = "the card has not the key of its certificate";
        let signature = bytes(&request.signature)?;
        signature::verify(claim, &key, MessageDigest::sha256(), &signature, &message(&challenge))?;

        let serial = certificate.serial_number().to_bn().map_err(&fault)?.to_vec();
        let user = format!("{authority}-{}", hex::encode(&serial));
        match self.users.get(&user) {
            Some(known) => Ok(User {
                my_key_id: known.clone(),
                new: false,
            }),
            None => self.enter(user),
        }
    }

    fn forget_old(&mut self, now: Instant) {
        self.challenges
            .retain(|(_, made)| now.duration_since(*made) < CHALLENGE_LIFE);
    }

    fn enter(&mut self, user: String) -> Result<User, HostError> {
        if self.users.len() >= MOST_USERS {
            return Err(HostError::Server(format!("{MOST_USERS} users are the most")));
        }
        let my_key_id = format!("TEST{:08}", self.users.len() + 1);
        let mut users = self.users.clone();
        users.insert(user, my_key_id.clone());
        let json = serde_json::to_vec_pretty(&users).map_err(|error| HostError::Other(error.to_string()))?;
        // In the file first: an identifier that was answered must not be given to another user.
        replace(&self.file, &json)?;
        self.users = users;
        Ok(User { my_key_id, new: true })
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};
    use openssl::x509::{X509Builder, X509NameBuilder};

    use super::*;

    fn key() -> PKey<Private> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
    }

    /// A certificate for a key, signed by an authority's key, valid from and until these days from now.
    fn certificate(subject: &PKey<Private>, authority: &PKey<Private>, serial: u32, days: (i64, i64)) -> X509 {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", "TEST").unwrap();
        let name = name.build();
        let now = UNIX_EPOCH.elapsed().unwrap().as_secs().cast_signed();
        let time = |days: i64| Asn1Time::from_unix(now + days * 86_400).unwrap();
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(2).unwrap();
        let serial = BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap();
        builder.set_serial_number(&serial).unwrap();
        builder.set_subject_name(&name).unwrap();
        builder.set_issuer_name(&name).unwrap();
        builder.set_pubkey(subject).unwrap();
        builder.set_not_before(&time(days.0)).unwrap();
        builder.set_not_after(&time(days.1)).unwrap();
        builder.sign(authority, MessageDigest::sha256()).unwrap();
        builder.build()
    }

    struct Desk {
        library: Library,
        authority: PKey<Private>,
        folder: tempfile::TempDir,
        now: Instant,
    }

    impl Desk {
        fn new() -> Self {
            let authority = key();
            let folder = tempfile::tempdir().unwrap();
            let own = certificate(&authority, &authority, 1, (-1, 9));
            let library = Library::open(vec![own], folder.path().join("users")).unwrap();
            Self {
                library,
                authority,
                folder,
                now: Instant::now(),
            }
        }

        /// Answers a new challenge after so long with this certificate and key.
        fn log_in(&mut self, certificate: &X509, key: &PKey<Private>, after: Duration) -> Result<User, HostError> {
            let challenge = self.library.challenge(self.now)?.challenge;
            let message = message(&hex::decode(&challenge).unwrap());
            let request = LogIn {
                challenge,
                certificate: hex::encode(&certificate.to_der().unwrap()),
                signature: hex::encode(&signature::sign(key, &message)?),
            };
            self.library.log_in(&request, self.now + after)
        }
    }

    #[test]
    fn a_serial_number_has_one_identifier_that_outlives_the_process() {
        let mut desk = Desk::new();
        let cards: Vec<_> = (7..10)
            .map(|serial| {
                let key = key();
                (certificate(&key, &desk.authority, serial, (-1, 9)), key)
            })
            .collect();
        for round in 0..2 {
            for ((certificate, key), expected) in cards.iter().zip(["TEST00000001", "TEST00000002", "TEST00000003"]) {
                let user = desk.log_in(certificate, key, Duration::ZERO).unwrap();
                assert_eq!((&*user.my_key_id, user.new), (expected, round == 0));
            }
            let authority = certificate(&desk.authority, &desk.authority, 1, (-1, 9));
            desk.library = Library::open(vec![authority], desk.folder.path().join("users")).unwrap();
        }
    }

    #[test]
    fn nobody_is_entered_without_a_fresh_proof_by_the_key_of_a_valid_certificate() {
        let mut desk = Desk::new();
        let (own, other) = (key(), key());
        let good = certificate(&own, &desk.authority, 7, (-1, 9));
        let foreign = certificate(&own, &other, 7, (-1, 9));
        let expired = certificate(&own, &desk.authority, 7, (-9, -1));
        let future = certificate(&own, &desk.authority, 7, (1, 9));
        let (now, late) = (Duration::ZERO, CHALLENGE_LIFE);
        for (certificate, key, after, sentence) in [
            (&good, &other, now, "has not the key"),
            (&foreign, &own, now, "no known authority"),
            (&expired, &own, now, "not valid today"),
            (&future, &own, now, "not valid today"),
            (&good, &own, late, "too old"),
        ] {
            let refused = desk.log_in(certificate, key, after).err().unwrap().to_string();
            assert!(refused.contains(sentence), "{sentence}: {refused}");
        }
        assert!(!desk.folder.path().join("users").exists());
        desk.log_in(&good, &own, late - Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn the_oldest_of_too_many_challenges_is_forgotten_and_a_damaged_register_refused() {
        let mut desk = Desk::new();
        for _ in 0..=MOST_CHALLENGES {
            desk.library.challenge(desk.now).unwrap();
        }
        assert_eq!(desk.library.challenges.len(), MOST_CHALLENGES);
        let file = desk.folder.path().join("users");
        std::fs::write(&file, "{").unwrap();
        assert!(Library::open(Vec::new(), file).is_err());
    }
}
