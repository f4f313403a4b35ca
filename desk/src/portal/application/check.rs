//! The checks of a signed application.

use std::time::SystemTime;

use rand_core::{OsRng, RngCore};
use vmyna_authority::register::{Register, whole_seconds};
use vmyna_authority::verifier::block::Message;
use vmyna_authority::verifier::compare::{CardAttributes, Claims, compare};
use vmyna_authority::verifier::report::Report;
use vmyna_authority::verifier::revocation::Sources;
use vmyna_authority::verifier::trust::Trust;
use vmyna_authority::verifier::{self, AgreedForm, Settings};
use vmyna_issuance::x509::names::Hierarchy;

use super::{Draft, Outcome};
use crate::portal::day::Day;
use crate::portal::relying_party::{FourItems, Signed};

/// The authorities that the portal trusts with signatures, and where it learns of revocations.
pub struct Verification {
    /// The named authorities.
    pub trust: Trust,
    /// Their registers.
    pub registers: Vec<Box<dyn Register>>,
}

/// Opens authorities and registers as they are now: a new generation of an authority counts at once, and each thread reads
/// through a connection of its own. The error is the reason for people.
pub type OpenVerification = dyn Fn() -> Result<Verification, String> + Send + Sync;

/// Checks a signature over an application: by the verifier, and whether its certificate is that of the person who is
/// logged in.
///
/// # Errors
/// The reason why authorities or registers can't be read.
pub(crate) fn check(
    verification: &OpenVerification,
    draft: Draft,
    signed: Signed,
    items: &FourItems,
) -> Result<Outcome, String> {
    let Verification { trust, registers } = verification()?;
    let now = whole_seconds(SystemTime::now()).ok_or("the clock of this machine shows no usable time")?;
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    let settings = Settings {
        trust,
        at: now,
        clock: now,
        purpose: Some(Hierarchy::Signature),
        form: Some(match draft.with_digest_info {
            true => AgreedForm::DigestInfo,
            false => AgreedForm::Bare,
        }),
        revocation: Sources {
            registers: registers.iter().map(|register| &**register).collect(),
            ..Sources::default()
        },
        nonce,
    };
    let mut claims = Claims::default();
    let message = Message::Data(draft.document.clone().into_bytes());
    let report = verifier::signature(
        &signed.signature,
        &message,
        &signed.certificate,
        Vec::new(),
        &settings,
        &mut claims,
    );
    claims.expect(attributes(items));
    let reports: Vec<Report> = [Some(report), compare(&claims)].into_iter().flatten().collect();
    Ok(Outcome { draft, signed, reports })
}

/// The four items in the form of the card's text data, from where the provider has them. What is missing is empty, so that it
/// differs from every certificate.
fn attributes(items: &FourItems) -> CardAttributes {
    let own = |item: &Option<String>| item.clone().unwrap_or_default();
    let birth = items.birthdate.as_deref().and_then(Day::parse);
    CardAttributes {
        name: own(&items.name),
        address: own(&items.address),
        birth: birth.map(Day::digits).unwrap_or_default(),
        // ISO 5218; the standard claim has words.
        sex: match items.gender.as_deref() {
            Some("male") => "1",
            Some("female") => "2",
            // Neither of the two has a word in the standard claim.
            _ => "0",
        }
        .to_owned(),
    }
}
