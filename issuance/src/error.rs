//! Errors of issuing. An error states the rule that was broken, never the value, because the value may be a My Number or
//! a key.

use std::fmt;

use vmyna_applets::cv::CvError;
use vmyna_applets::person::PersonError;

/// Why something could not be issued, read or verified.
#[derive(Debug)]
#[non_exhaustive]
pub enum IssuanceError {
    /// An argument breaks the rule stated in the text.
    Input(&'static str),
    /// The caller asked to stop.
    Stopped,
    /// Bytes that should be a card-verifiable certificate or part of one are not: the rule that they break.
    CvCertificate(&'static str),
    /// A certificate and a key, or a request and an authority, do not belong together.
    Mismatch(&'static str),
    /// DER encoding or decoding failed, or a date lies outside what X.509 can express.
    Asn1(der::Error),
    /// The certificate builder refused.
    Builder(x509_cert::builder::Error),
    /// The RSA library refused a key or a signature.
    Rsa(rsa::Error),
    /// A private key could not be read from or written to PKCS#8.
    PrivateKey(rsa::pkcs8::Error),
    /// A public key could not be encoded.
    PublicKey(spki::Error),
}

impl fmt::Display for IssuanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(rule) => write!(f, "not issuable: {rule}"),
            Self::Stopped => f.write_str("stopped"),
            Self::CvCertificate(fault) => write!(f, "card-verifiable certificate: {fault}"),
            Self::Mismatch(what) => write!(f, "does not belong together: {what}"),
            Self::Asn1(error) => write!(f, "ASN.1: {error}"),
            Self::Builder(error) => write!(f, "certificate builder: {error}"),
            Self::Rsa(error) => write!(f, "RSA: {error}"),
            Self::PrivateKey(error) => write!(f, "private key: {error}"),
            Self::PublicKey(error) => write!(f, "public key: {error}"),
        }
    }
}

impl std::error::Error for IssuanceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Input(_) | Self::Stopped | Self::CvCertificate(_) | Self::Mismatch(_) => None,
            Self::Asn1(error) => Some(error),
            Self::Builder(error) => Some(error),
            Self::Rsa(error) => Some(error),
            Self::PrivateKey(error) => Some(error),
            Self::PublicKey(error) => Some(error),
        }
    }
}

impl From<der::Error> for IssuanceError {
    fn from(error: der::Error) -> Self {
        Self::Asn1(error)
    }
}

impl From<x509_cert::builder::Error> for IssuanceError {
    fn from(error: x509_cert::builder::Error) -> Self {
        Self::Builder(error)
    }
}

impl From<rsa::Error> for IssuanceError {
    fn from(error: rsa::Error) -> Self {
        Self::Rsa(error)
    }
}

impl From<rsa::pkcs8::Error> for IssuanceError {
    fn from(error: rsa::pkcs8::Error) -> Self {
        Self::PrivateKey(error)
    }
}

impl From<spki::Error> for IssuanceError {
    fn from(error: spki::Error) -> Self {
        Self::PublicKey(error)
    }
}

impl From<CvError> for IssuanceError {
    fn from(error: CvError) -> Self {
        match error {
            CvError::Input(rule) => Self::Input(rule),
            CvError::Rsa(error) => Self::Rsa(error),
            other => Self::CvCertificate(other.rule().unwrap_or_default()),
        }
    }
}

impl From<PersonError> for IssuanceError {
    fn from(error: PersonError) -> Self {
        Self::Input(error.rule())
    }
}
