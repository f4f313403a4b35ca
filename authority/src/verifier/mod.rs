//! The verifier (署名検証者): checks as a careful relying party would, and reports each check with verdict and reason.
//!
//! | Module | Checks |
//! |---|---|
//! | [`block`] | a signature value: DigestInfo, bare digest or PSS, the whole block compared |
//! | [`certificate()`] | an X.509 certificate with its chain, times, usage, policy, revocation and attributes |
//! | [`signed_data`] | CMS signed data, its content inside or beside it |
//! | [`card_files`] | text and face data under CV certificates |
//! | [`mdoc()`] | the answer of a phone with an mdoc |
//! | [`compare`] | things that were given together are of one person |
//! | [`input`] | – the kind of a file by its content |
//! | [`trust`] | – the authorities that the user has named |
//! | [`revocation`] | revocation by register, list or OCSP |
//!
//! Nothing is trusted that the user has not named. A check that can't be made is "not verified" and never valid. The verifier
//! must never take a key, an authority or a purpose from the file that it verifies, never panic on any bytes, and never put
//! the My Number into a report.

mod attributes;
pub mod block;
pub mod card_files;
pub mod certificate;
mod certificate_id;
pub mod compare;
pub mod input;
pub mod mdoc;
mod parts;
mod profile;
pub mod report;
pub mod revocation;
pub mod signed_data;
pub mod trust;

use der::DateTime;
use vmyna_apdu::{Text, hex, text};
use vmyna_issuance::x509::names::Hierarchy;

pub use self::mdoc::mdoc;

use self::block::{Form, Hash, Message};
use self::certificate::{Received, purpose_title};
use self::compare::Claims;
use self::report::{Kind, Report};
use self::revocation::Sources;
use self::trust::Trust;

/// What a verification depends on besides the file.
pub struct Settings<'a> {
    /// The named authorities.
    pub trust: Trust,
    /// The time of the check, UTC.
    pub at: DateTime,
    /// The time of the machine's clock, UTC: revocation data from later than both is refused.
    pub clock: DateTime,
    /// What certificates must be for; `None` for what each one claims, and for signatures over documents digital signature.
    pub purpose: Option<Hierarchy>,
    /// The form of signature values that was agreed; `None` for any.
    pub form: Option<AgreedForm>,
    /// Where revocation data may be read.
    pub revocation: Sources<'a>,
    /// The nonce of OCSP requests: random, not used before.
    pub nonce: [u8; 32],
}

/// A form of signature values that a relying party and its clients have agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreedForm {
    /// PKCS#1 v1.5 with a `DigestInfo` of SHA-256, SHA-384 or SHA-512.
    DigestInfo,
    /// PKCS#1 v1.5 padding around a bare SHA-256 digest.
    Bare,
    /// RSASSA-PSS.
    Pss,
}

impl AgreedForm {
    const fn has(self, form: Form) -> bool {
        matches!(
            (self, form),
            (Self::DigestInfo, Form::DigestInfo(_)) | (Self::Bare, Form::Bare) | (Self::Pss, Form::Pss)
        )
    }
}

/// Verifies a certificate alone, DER with or without filler behind it.
#[must_use]
pub fn certificate(bytes: &[u8], file: &str, settings: &Settings<'_>, claims: &mut Claims) -> Report {
    let mut report = Report::new(Kind::Certificate, vec![file.to_owned()]);
    match Received::read(bytes) {
        Err(reason) => report.invalid("certificate.form", reason),
        Ok(certificate) => check_certificate(&mut report, &certificate, settings.purpose, settings, claims),
    }
    report
}

/// All checks of a certificate.
fn check_certificate(
    report: &mut Report,
    certificate: &Received<'_>,
    purpose: Option<Hierarchy>,
    settings: &Settings<'_>,
    claims: &mut Claims,
) {
    let fields = certificate.fields();
    let purpose = purpose.unwrap_or_else(|| profile::claimed(fields));
    let (en, ja) = purpose_title(purpose);
    report.fact("purpose", report::fixed("purpose", "用途"), en);
    report.fact(
        "subject",
        report::fixed("subject", "主体者"),
        fields.subject.to_string(),
    );
    report.fact("issuer", report::fixed("issuer", "発行者"), fields.issuer.to_string());
    let serial = hex::encode(fields.serial_number.as_bytes());
    report.fact("serial", report::fixed("serial number", "シリアル番号"), serial);
    report.ok(
        "certificate.form",
        text!("a certificate, checked for {en}", "証明書です。{ja}として検証します"),
    );
    certificate::check_form(report, certificate);
    let names = ("certificate.validity", "the certificate", "証明書");
    certificate::check_validity(report, names, fields, settings.at);
    let anchor = certificate::check_issuer(report, certificate, &settings.trust, settings.at);
    profile::check(report, fields, purpose, anchor);
    if purpose == Hierarchy::Signature {
        claims.certificates.extend(attributes::check(report, fields));
    }
    revocation::check(report, certificate, anchor, settings);
}

/// Verifies a signature value over a message, with the certificate of the key that has made it.
#[must_use]
pub fn signature(
    signature: &[u8],
    message: &Message,
    certificate: &[u8],
    files: Vec<String>,
    settings: &Settings<'_>,
    claims: &mut Claims,
) -> Report {
    let mut report = Report::new(Kind::RawSignature, files);
    let certificate = match Received::read(certificate) {
        Ok(certificate) => certificate,
        Err(reason) => {
            report.invalid("certificate.form", reason);
            return report;
        }
    };
    let form = certificate
        .key()
        .and_then(|key| block::recognise(&key, signature, message));
    match form {
        Err(reason) => report.invalid("signature.value", reason),
        Ok(form) => check_agreed(&mut report, form, settings.form),
    }
    check_certificate(&mut report, &certificate, settings.purpose, settings, claims);
    report
}

fn check_agreed(report: &mut Report, form: Form, agreed: Option<AgreedForm>) {
    let Text { en, ja } = form.title();
    report.ok(
        "signature.value",
        text!(
            "the certificate's key has signed this message: {en}",
            "証明書の鍵によるこの内容への署名です。形式は{ja}です"
        ),
    );
    if form == Form::DigestInfo(Hash::Sha1) {
        report.invalid(
            "signature.form",
            report::fixed("SHA-1 is not accepted", "SHA-1は受け入れられません"),
        );
    } else {
        report.check(
            "signature.form",
            agreed.is_none_or(|agreed| agreed.has(form)),
            text!("the form is one that is accepted: {en}", "受け入れられる形式です。{ja}"),
            text!("another form was agreed than {en}", "取り決めた形式と異なります。{ja}"),
        );
    }
}

#[cfg(test)]
mod tests;
