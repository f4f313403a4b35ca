//! Errors of issuing. An error states the rule that was broken, never the value, because the value may be a My Number or
//! a key.

use vmyna_applets::cv::CvError;
use vmyna_applets::person::PersonError;

/// Why something could not be issued, read or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuanceError {
    /// An argument breaks the rule stated in the text.
    #[error("not issuable: {0}")]
    Input(&'static str),
    /// No generation of the authorities is valid from the beginning of a certificate to its end.
    #[error("not issuable: the authorities must be valid as long as the certificates that they issue")]
    Outlived,
    /// The caller asked to stop.
    #[error("stopped")]
    Stopped,
    /// Bytes that should be a card-verifiable certificate or part of one are not: the rule that they break.
    #[error("card-verifiable certificate: {0}")]
    CvCertificate(&'static str),
    /// A certificate and a key, or a request and an authority, do not belong together.
    #[error("does not belong together: {0}")]
    Mismatch(&'static str),
    /// DER encoding or decoding failed, or a date lies outside what X.509 can express.
    #[error("ASN.1: {0}")]
    Asn1(#[from] der::Error),
    /// The certificate builder refused.
    #[error("certificate builder: {0}")]
    Builder(#[from] x509_cert::builder::Error),
    /// The RSA library refused a key or a signature.
    #[error("RSA: {0}")]
    Rsa(#[from] rsa::Error),
    /// A private key could not be read from or written to PKCS#8.
    #[error("private key: {0}")]
    PrivateKey(#[from] rsa::pkcs8::Error),
    /// An mdoc could not be issued.
    #[error("mdoc: {0}")]
    Mdoc(#[from] vmyna_mdoc::IssueError),
    /// A public key could not be encoded.
    #[error("public key: {0}")]
    PublicKey(#[from] spki::Error),
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
