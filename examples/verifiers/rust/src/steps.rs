//! The checks by name, and which of them are left out.

use std::fmt::Display;

/// Why a card is refused: the check, or a word for what can't be read; and the reason.
pub(crate) struct Refusal {
    pub(crate) id: &'static str,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(id: &'static str, reason: impl Display) -> Self {
        let reason = reason.to_string();
        Self { id, reason }
    }

    /// What was read has not the form that it must have.
    pub(crate) fn form(reason: impl Display) -> Self {
        Self::new("form", reason)
    }
}

/// Each check that can be left out: its name and what the verifier does. Three more are made: a refusal alone does not show that
/// an unknown authority differs from a forged certificate (T09), and offsets (T16, F14) matter only to a program that reads through them.
pub(crate) const STEPS: &[(&str, &str)] = &[
    ("T01", "compare the signed digest with the four attributes"),
    ("T02", "compare the signed digest with the file of the My Number"),
    ("T04", "verify the signature over the digests"),
    ("T05", "demand the digest of each file that is used"),
    (
        "T06",
        "verify the municipality's certificate with the key of a named authority",
    ),
    ("T08", "keep the authorities of text data and face data apart"),
    ("T10", "demand an answer of the chip"),
    ("T11", "verify the chip's answer"),
    ("T12", "verify the municipality's signature over the chip's key"),
    ("T14", "draw each challenge at random"),
    ("T17", "refuse an attribute that occurs twice"),
    ("T18", "take SHA-256 only, for the digests of text data"),
    ("F01", "compare the signed digest with the photo"),
    ("F02", "compare the signed digest with the pictures of name and address"),
    (
        "F03",
        "compare the signed digest with birth date, sex and the chip's key",
    ),
    ("F05", "compare the whole block of the signature over the face data"),
    (
        "F06",
        "verify the municipality's certificate with the key of a named authority",
    ),
    ("F06c", "keep the authorities of text data and face data apart"),
    ("F07a", "demand an answer of the chip"),
    ("F07b", "verify the chip's answer"),
    ("F07c", "draw each challenge at random"),
    (
        "F08",
        "compare the chip's key in the age record with that in the face data",
    ),
    ("F09", "verify the signature over the age record"),
    ("F10", "compare text data and face data"),
    ("F11", "have the user compare the pictures"),
    ("F12", "refuse a card after its end"),
    ("F13", "compare the ends that the card states"),
    ("N01", "compute the check digit of the My Number"),
    ("N02", "demand twelve ASCII digits"),
    ("N03", "verify the signature over the picture of the My Number"),
    ("A04", "verify the answer over the own challenge"),
    ("A05", "verify the answer with the key of the certificate"),
    ("A06", "refuse a bare digest where a DigestInfo is agreed"),
    ("A07", "refuse PSS where PKCS#1 v1.5 is agreed"),
    ("A08", "refuse bytes behind the DigestInfo"),
    ("A09", "refuse bytes within the AlgorithmIdentifier"),
    ("A10", "compare block type and fill"),
    ("A12", "refuse a value that is longer than the modulus, or not below it"),
    ("A13", "verify the certificate with the key of a named authority"),
    ("A14", "take no authority from the card"),
    ("A16", "demand that an issuer is an authority"),
    ("A18", "refuse the certificate for signatures"),
    ("A19", "demand the key usage digitalSignature"),
    ("A20", "demand the extended key usage clientAuth"),
    ("A21", "compare the policy"),
    ("A22", "refuse an unknown critical extension"),
    ("A23", "refuse an extension that occurs twice"),
    ("A24", "compare the time with the certificate's validity"),
    ("A25", "compare it in UTC"),
    ("A26", "compare the time with the authority's validity"),
    ("A27", "look the serial number up in the revocation list"),
    ("A28", "take a certificate on hold as revoked"),
    ("A29", "demand the list of the certificate's own distribution point"),
    ("A30", "refuse a list after its end"),
    ("A31", "verify the list's signature"),
    ("A32", "refuse a list with an unknown critical extension"),
    ("A37", "refuse without a list"),
    ("A40", "demand RSA keys of 2048 bits and an exponent of 65537"),
    ("A41", "compare the outer signature algorithm with the inner one"),
];

/// Which checks are made: all but those left out.
#[derive(Default)]
pub(crate) struct Steps(Vec<&'static str>);

impl Steps {
    /// Leaves a check out; `false` if there is none of this name.
    pub(crate) fn leave_out(&mut self, wanted: &str) -> bool {
        let found = STEPS.iter().find(|(id, _)| *id == wanted);
        self.0.extend(found.map(|(id, _)| id));
        found.is_some()
    }

    /// Whether this check is left out.
    pub(crate) fn lack(&self, id: &str) -> bool {
        self.0.contains(&id)
    }

    /// Makes a check: refuses if it does not hold and is not left out.
    pub(crate) fn check(&self, id: &'static str, holds: bool, reason: impl Display) -> Result<(), Refusal> {
        match holds || self.lack(id) {
            true => Ok(()),
            false => Err(Refusal::new(id, reason)),
        }
    }
}
