//! The mdoc of an iPhone (カード代替電磁的記録) in the place of the input-assist application (`assumed`: what the real service
//! asks of a phone is not public).
//!
//! The phone presents in this process. The transcript is one of OpenID for Verifiable Presentations with a nonce of this
//! provider, so that no other verifier accepts the answer. Nothing is asked for beyond the items of the scopes.

use std::fmt;

use p256::SecretKey;
use p256::pkcs8::DecodePrivateKey as _;
use vmyna_applets::issued::MobileDocument;
use vmyna_mdoc::{
    DOC_TYPE, DeviceRequest, IssuerSigned, NAMESPACE, NAMESPACE_JP, Report, Transcript, Value, Verdict, present,
};

use super::scope::Scope;
use crate::client::FourItems;
use crate::secret::random;

/// What a phone has answered to this provider, with all that its verification needs. `Debug` does not show the response, because
/// it has the four items of a person.
#[non_exhaustive]
pub struct PresentedDocument {
    /// `DeviceResponse`, CBOR.
    pub response: Vec<u8>,
    /// What was asked for.
    pub request: DeviceRequest,
    /// The session.
    pub transcript: Transcript,
}

impl fmt::Debug for PresentedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedDocument")
            .field("request", &self.request)
            .field("transcript", &self.transcript)
            .finish_non_exhaustive()
    }
}

/// The elements that stand for the four items.
const NAME: (&str, &str) = (NAMESPACE_JP, "full_name_unicode");
const ADDRESS: (&str, &str) = (NAMESPACE_JP, "resident_address_unicode");
const BIRTH: (&str, &str) = (NAMESPACE_JP, "birth_date_unicode");
const SEX: (&str, &str) = (NAMESPACE, "sex");

const fn element(scope: Scope) -> Option<(&'static str, &'static str)> {
    match scope {
        Scope::Name => Some(NAME),
        Scope::Address => Some(ADDRESS),
        Scope::Birthdate => Some(BIRTH),
        Scope::Gender => Some(SEX),
        Scope::Openid | Scope::Sign => None,
    }
}

/// The items of these scopes, presented by the phone to the issuer of this URL, and verified. The person has consented by the
/// page and the auth PIN.
///
/// # Errors
/// The step of the verification that failed.
pub(super) fn items(
    document: &MobileDocument,
    scopes: &[Scope],
    issuer: &str,
    verify: impl FnOnce(&PresentedDocument) -> Report,
) -> Result<FourItems, &'static str> {
    let presented = answer(document, scopes, issuer).ok_or("document.form")?;
    let report = verify(&presented);
    if report.verdict() != Verdict::Passed {
        return Err(gravest(&report));
    }
    let value = |(namespace, identifier): (&str, &str)| report.value(namespace, identifier);
    let text = |wanted| match value(wanted) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let sex = match value(SEX) {
        Some(Value::Integer(sex)) => i128::from(*sex).to_string(),
        _ => String::new(),
    };
    Ok(FourItems {
        name: text(NAME),
        address: text(ADDRESS),
        birth: digits(&text(BIRTH)).unwrap_or_default(),
        sex,
    })
}

/// The phone's answer; `None` if its mdoc or its key can't be used.
fn answer(document: &MobileDocument, scopes: &[Scope], issuer: &str) -> Option<PresentedDocument> {
    let key = SecretKey::from_pkcs8_der(document.device_key.as_pkcs8_der()).ok()?;
    let issuer_signed = IssuerSigned::parse(&document.issuer_signed).ok()?;
    let elements: Vec<_> = scopes.iter().copied().filter_map(element).collect();
    let request = DeviceRequest::create(DOC_TYPE, &elements, true).ok()?;
    let transcript = Transcript::openid4vp(issuer, &random(), None, issuer);
    let response = present(&issuer_signed, &key, &request, &transcript, |_| true)
        .ok()?
        .response;
    Some(PresentedDocument {
        response,
        request,
        transcript,
    })
}

/// The first step with the gravest verdict.
fn gravest(report: &Report) -> &'static str {
    let verdict = report.verdict();
    let step = report.steps.iter().find(|step| step.verdict == verdict);
    step.map_or("response.form", |step| step.id)
}

/// `YYYYMMDD` of a date like `1971年9月1日`; a part that is not there is `00`.
fn digits(words: &str) -> Option<String> {
    let (year, rest) = words.split_once('年')?;
    let (month, rest) = rest.split_once('月').unwrap_or(("0", ""));
    let day = rest.strip_suffix('日').unwrap_or("0");
    let [year, month, day] = [year, month, day].map(|part| part.parse::<u16>().ok());
    let (year, month, day) = (year?, month?, day?);
    (year <= 9999 && month <= 12 && day <= 31).then(|| format!("{year:04}{month:02}{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn a_date_in_words_becomes_digits_with_zeros_for_what_is_unknown() {
        for (words, expected) in [
            ("1971年9月1日", Some("19710901")),
            ("1989年10月25日", Some("19891025")),
            ("1940年3月", Some("19400300")),
            ("1940年", Some("19400000")),
            ("", None),
            ("1971年9月x日", None),
            ("1971年13月1日", None),
            ("99999年1月1日", None),
        ] {
            assert_eq!(digits(words).as_deref(), expected, "{words}");
        }
    }
}
