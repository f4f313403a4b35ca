//! The application for the certificates of a phone. The real form is not public: this one is vmyna's own (`assumed`).
//!
//! ```text
//! SignedApplication ::= SEQUENCE { application Application, certificate Certificate, signature BIT STRING }
//! Application ::= SEQUENCE {
//!   form UTF8String ("vmyna phone application 1"), phone UTF8String ("iphone" | "android"), time GeneralizedTime,
//!   signKey, authKey SubjectPublicKeyInfo }
//! ```
//!
//! The signature is RSA PKCS#1 v1.5 with SHA-256 over the DER of the application, by the key for signatures of the card; the
//! certificate is that key's.

use der::asn1::{BitString, GeneralizedTime};
use der::{DateTime, Decode, Encode, Sequence};
use rsa::RsaPublicKey;
use spki::SubjectPublicKeyInfoOwned;
use vmyna_applets::PhoneKind;
use vmyna_applets::cv::check_public_key;
use vmyna_issuance::IssuanceError;

use super::CardSignature;

const FORM: &str = "vmyna phone application 1";
const NO_APPLICATION: IssuanceError = IssuanceError::Input("this is no application for the certificates of a phone");

/// An application: what a phone asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Application {
    /// The kind of phone.
    pub kind: PhoneKind,
    /// When it was made, UTC.
    pub at: DateTime,
    /// The phone's key for signatures, RSA-2048 with e = 65537.
    pub sign: RsaPublicKey,
    /// The phone's key for authentication, likewise.
    pub auth: RsaPublicKey,
}

#[derive(Sequence)]
struct Form {
    form: String,
    phone: String,
    time: GeneralizedTime,
    sign_key: SubjectPublicKeyInfoOwned,
    auth_key: SubjectPublicKeyInfoOwned,
}

#[derive(Sequence)]
struct Signed {
    application: Form,
    certificate: x509_cert::Certificate,
    signature: BitString,
}

impl Application {
    /// An application of a phone for these keys.
    #[must_use]
    pub const fn new(kind: PhoneKind, at: DateTime, sign: RsaPublicKey, auth: RsaPublicKey) -> Self {
        Self { kind, at, sign, auth }
    }

    fn form(&self) -> Result<Form, IssuanceError> {
        Ok(Form {
            form: FORM.to_owned(),
            phone: self.kind.name().to_owned(),
            time: self.at.into(),
            sign_key: SubjectPublicKeyInfoOwned::from_key(self.sign.clone())?,
            auth_key: SubjectPublicKeyInfoOwned::from_key(self.auth.clone())?,
        })
    }

    /// What the card signs, DER.
    ///
    /// # Errors
    /// [`IssuanceError`] for a key that can't be encoded.
    pub fn to_be_signed(&self) -> Result<Vec<u8>, IssuanceError> {
        Ok(self.form()?.to_der()?)
    }

    /// The application with the card's signature, DER: what the phone sends.
    ///
    /// # Errors
    /// [`IssuanceError`] for a key or a certificate that can't be encoded.
    pub fn signed(&self, by: &CardSignature) -> Result<Vec<u8>, IssuanceError> {
        let signed = Signed {
            application: self.form()?,
            certificate: x509_cert::Certificate::from_der(&by.certificate)?,
            signature: BitString::from_bytes(&by.signature)?,
        };
        Ok(signed.to_der()?)
    }

    fn of_form(form: &Form) -> Result<Self, IssuanceError> {
        if form.form != FORM {
            return Err(NO_APPLICATION);
        }
        let key = |info: &SubjectPublicKeyInfoOwned| -> Result<RsaPublicKey, IssuanceError> {
            use rsa::pkcs8::DecodePublicKey as _;
            let key = RsaPublicKey::from_public_key_der(&info.to_der()?).map_err(|_| NO_APPLICATION)?;
            check_public_key(&key)?;
            Ok(key)
        };
        Ok(Self {
            kind: PhoneKind::find(&form.phone).ok_or(NO_APPLICATION)?,
            at: form.time.to_date_time(),
            sign: key(&form.sign_key)?,
            auth: key(&form.auth_key)?,
        })
    }
}

/// An application as the authority receives it.
pub(super) struct Received {
    pub(super) application: Application,
    /// What the signature covers. DER has one form, so these are the received bytes.
    pub(super) signed: Vec<u8>,
    pub(super) by: CardSignature,
}

impl Received {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, IssuanceError> {
        let received = Signed::from_der(bytes)?;
        Ok(Self {
            application: Application::of_form(&received.application)?,
            signed: received.application.to_der()?,
            by: CardSignature {
                certificate: received.certificate.to_der()?,
                signature: received.signature.raw_bytes().to_vec(),
            },
        })
    }
}
