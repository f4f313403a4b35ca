//! Log-in with the authentication certificate (利用者証明用電子証明書): a challenge, the chip's answer, the certificate.

use rsa::rand_core::{OsRng, RngCore};

use crate::Wish;
use crate::card::Card;
use crate::certificate;
use crate::signature::sha256_info;
use crate::steps::{Refusal, Steps};
use crate::trust::Trust;

const AID: &[u8] = &[0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01];

/// Verifies the certificate, then lets its key answer. A PIN is sent only to a card whose certificate is good.
pub(crate) fn verify(steps: &Steps, trust: &Trust, card: &mut Card, wish: &Wish) -> Result<(), Refusal> {
    card.select(AID)?;
    let leaf = card.read(0x0A)?;
    // What the card sends along is a help to find a chain, never a reason to trust it.
    let sent_along = card.read(0x0B).unwrap_or_default();
    let key = certificate::verify(steps, trust, &leaf, &sent_along, wish.revocation)?;
    let mut challenge = [0; 32];
    OsRng.fill_bytes(&mut challenge);
    card.verify(0x18, wish.value(0).unwrap_or_default())?;
    card.select_file(0x17)?;
    let signature = card.sign(0x80, &sha256_info(&challenge))?;
    let signature = signature.ok_or_else(|| Refusal::new("A05", "the chip does not answer"))?;
    if steps.lack("A05") {
        return Ok(());
    }
    match key.has_answered(steps, &challenge, &signature)? {
        true => Ok(()),
        false => Err(Refusal::new(
            "A05",
            "the answer is not that of the certificate's key to this challenge",
        )),
    }
}
