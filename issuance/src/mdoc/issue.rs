//! Issuing an mdoc.

use std::time::Duration;

use der::DateTime;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rand_core::CryptoRngCore;
use vmyna_applets::issued::{IssuedCard, MobileDocument};
use vmyna_card_os::declaration::PrivateKey;
use vmyna_mdoc::Validity;

use super::{DocumentSigner, attributes};
use crate::IssuanceError;
use crate::validity::DAY;

/// How long an mdoc lasts. The real length is not published: `assumed`.
pub const VALIDITY: Duration = Duration::from_secs(30 * DAY);

/// Makes the key of a device: P-256 (`assumed`).
///
/// # Errors
/// [`IssuanceError::PrivateKey`] when it can't be encoded.
pub fn device_key(mut rng: &mut (impl CryptoRngCore + ?Sized)) -> Result<PrivateKey, IssuanceError> {
    let key = p256::SecretKey::random(&mut rng);
    Ok(PrivateKey::from_pkcs8_der(key.to_pkcs8_der()?.as_bytes()))
}

/// Issues an mdoc for the cardholder of a card as it is now, to the device with this key.
///
/// It begins with the day (UTC) of `now`, or with its signer if that begins later, and lasts [`VALIDITY`]: so its times reveal
/// no more than the day of issue.
///
/// # Errors
/// As [`attributes`]; [`IssuanceError::PrivateKey`] for a key other than P-256; [`IssuanceError::Mdoc`] for a signer of another
/// time.
pub fn issue(
    signer: &DocumentSigner,
    card: &IssuedCard,
    device_key: &PrivateKey,
    now: DateTime,
    rng: &mut (impl CryptoRngCore + ?Sized),
) -> Result<MobileDocument, IssuanceError> {
    let seconds = now.unix_duration().as_secs();
    let day = DateTime::from_unix_duration(Duration::from_secs(seconds - seconds % DAY))?;
    let begin = day.max(signer.validity.0);
    let validity = Validity {
        signed: begin,
        valid_from: begin,
        valid_until: DateTime::from_unix_duration(begin.unix_duration() + VALIDITY)?,
    };
    let device = p256::SecretKey::from_pkcs8_der(device_key.as_pkcs8_der())?.public_key();
    let attributes = attributes(card, now)?;
    let issued = vmyna_mdoc::issue(&attributes, &validity, &device, &signer.signer, DECOYS, rng)?;
    Ok(MobileDocument {
        issuer_signed: issued.to_bytes().to_vec(),
        device_key: device_key.clone(),
    })
}

/// Digests without an element: how many real mdocs have is not published.
const DECOYS: u16 = 0;
