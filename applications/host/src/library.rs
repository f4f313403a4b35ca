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
    pub fn challenge(&mut self) -> Result<Challenge, HostError> {
        let mut challenge = vec![0; 32];
        rand_bytes(&mut challenge).map_err(HostError::crypto("a challenge"))?;
        self.challenges.retain(|(_, made)| made.elapsed() < CHALLENGE_LIFE);
        if self.challenges.len() >= MOST_CHALLENGES {
            self.challenges.remove(0);
        }
        let text = hex::encode(&challenge);
        self.challenges.push((challenge, Instant::now()));
        Ok(Challenge { challenge: text })
    }

    /// Checks a request to log in; returns the user, who is entered at the first time.
    ///
    /// # Errors
    /// [`HostError::NotGenuine`], [`HostError::Malformed`], and [`HostError::File`] if a new user can't be kept.
    pub fn log_in(&mut self, request: &LogIn) -> Result<User, HostError> {
        let bytes = |text: &str| {
            hex::decode(text).map_err(|_| HostError::Malformed {
                what: "the request",
                fault: "not hexadecimal",
            })
        };
        // It is used up whatever comes out.
        let challenge = bytes(&request.challenge)?;
        let before = self.challenges.len();
        self.challenges
            .retain(|(known, made)| *known != challenge && made.elapsed() < CHALLENGE_LIFE);
        if self.challenges.len() == before {
            return Err(HostError::NotGenuine("the challenge is unknown, used or too old"));
        }
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
