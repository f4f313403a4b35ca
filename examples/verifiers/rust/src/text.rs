//! The texts of the input-assist application (券面事項入力補助AP), and the My Number in it.

use rsa::rand_core::{OsRng, RngCore};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::card::Card;
use crate::signature::{Key, SHA1, sha256_info};
use crate::steps::{Refusal, Steps};
use crate::tlv::{File, first};
use crate::trust::Trust;
use crate::{Wish, tlv};

const AID: &[u8] = &[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08];

/// Name, address, birth date and sex, in the order of the offset table.
const ATTRIBUTES: [u16; 4] = [0xDF22, 0xDF23, 0xDF24, 0xDF25];

/// What is compared with other applications.
pub(crate) struct Texts {
    pub(crate) birth: Vec<u8>,
    pub(crate) sex: Vec<u8>,
}

/// Verifies the texts, and the My Number if it is wished for. Nothing else is read.
pub(crate) fn verify(steps: &Steps, trust: &Trust, card: &mut Card, wish: &Wish) -> Result<Texts, Refusal> {
    card.select(AID)?;
    card.verify(0x11, wish.value(0).unwrap_or_default())?;
    let key = municipality(steps, trust, &card.read(0x04)?, ("T06", "T08", "33"))?;

    let record = card.read(0x03)?;
    let record = File::read(&record, 0xFF30)?;
    let signature = record.get(0xDF33)?;
    let signed = record.before(signature);
    let right = key.has_signed(steps, signed, signature.value)?
        || steps.lack("T18") && key.has_signed_by::<Sha1>(steps, SHA1, signed, signature.value)?;
    steps.check("T04", right, "the signature over the digests is wrong")?;

    let attributes = card.read(0x02)?;
    let attributes = File::read(&attributes, 0xFF20)?;
    attributes.check(steps, ("T17", "T16"), &ATTRIBUTES)?;
    // The digest is over the four attributes in the order of their tags, wherever they are.
    compare(steps, &record, ("T01", 0xDF32), &attributes.concat(&ATTRIBUTES)?)?;
    if wish.my_number {
        let number = card.read(0x01)?;
        // The filler is signed, too.
        compare(steps, &record, ("T02", 0xDF31), &number)?;
        check_number(steps, first(&number)?.0)?;
    }

    let chip = card.read(0x07)?;
    let chip = File::read(&chip, 0xFF50)?;
    let signature = chip.get(0xDF52)?;
    let right = key.has_signed(steps, chip.before(signature), signature.value)?;
    steps.check("T12", right, "the signature over the chip's key is wrong")?;
    let key = Key::of_card(chip.get(0xDF51)?.value)?;
    challenge(steps, card, &key, ["T10", "T11", "T14"])?;
    Ok(Texts {
        birth: attributes.get(0xDF24)?.value.to_vec(),
        sex: attributes.get(0xDF25)?.value.to_vec(),
    })
}

/// The data-signing key of the municipality from EF 0004 of either application, under a named authority of that one.
/// `ids`: the check of the signature, that of the application, and how the authority's seven digits end.
pub(crate) fn municipality(
    steps: &Steps,
    trust: &Trust,
    file: &[u8],
    (signature_id, application_id, ending): (&'static str, &'static str, &str),
) -> Result<Key, Refusal> {
    let file = File::read(file, 0x7F21)?;
    let (body, signature) = (file.get(0x5F4E)?.value, file.get(0x5F37)?.value);
    let Some((issuer, rest)) = body.split_at_checked(16) else {
        return Err(Refusal::form("a municipality's certificate that is cut off"));
    };
    let Some(authority) = trust.cv_key(issuer) else {
        // "Unknown" is not "forged": new generations of authorities will come.
        let unknown = "the municipality's certificate is of an authority that is not known";
        return Err(Refusal::new("T09", unknown));
    };
    let own = issuer.get(5..7) == Some(ending.as_bytes());
    steps.check(application_id, own, "the authority is that of another application")?;
    let right = authority.has_signed(steps, body, signature)?;
    steps.check(
        signature_id,
        right,
        "the municipality's certificate is not the authority's",
    )?;
    Key::of_card(rest.get(16..).unwrap_or_default())
}

/// Compares the digest of what was read with the signed one. The digests have their places: a record with one of them, or
/// with the two in each other's place, proves nothing.
fn compare(steps: &Steps, record: &File<'_>, (id, tag): (&'static str, u16), covered: &[u8]) -> Result<(), Refusal> {
    let digest = Sha256::digest(covered);
    let is = |tag| record.find(tag).map(|object: tlv::Object<'_>| *object.value == *digest);
    let elsewhere = || is(0xDF31) == Some(true) || is(0xDF32) == Some(true);
    match is(tag) {
        Some(true) => Ok(()),
        None => steps.check("T05", false, "the signed record lacks a digest"),
        Some(false) if elsewhere() => steps.check("T05", false, "the digest is that of another file"),
        Some(false) => steps.check(id, false, "what was read is not what was signed"),
    }
}

/// Twelve ASCII digits, the last of which follows from the others (Ordinance 85/2014 of the MIC, article 5).
fn check_number(steps: &Steps, number: tlv::Object<'_>) -> Result<(), Refusal> {
    let digits = number.value;
    let form = digits.len() == 12 && digits.iter().all(u8::is_ascii_digit) && number.tag == 0xFF10;
    steps.check("N02", form, "the My Number is not twelve digits")?;
    let weights = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let weighted = digits.iter().zip(weights);
    let rest = weighted
        .map(|(digit, weight)| u32::from(digit & 0x0F) * weight)
        .sum::<u32>()
        % 11;
    let check = if rest <= 1 { 0 } else { 11 - rest };
    let right = !form || digits.get(11).map(|digit| u32::from(digit & 0x0F)) == Some(check);
    steps.check("N01", right, "the check digit of the My Number is wrong")
}

/// Lets the chip sign a challenge with the application's own key. `ids`: that it answers; that the answer is right; that the
/// challenge is new.
pub(crate) fn challenge(steps: &Steps, card: &mut Card, key: &Key, ids: [&'static str; 3]) -> Result<(), Refusal> {
    let [answers, right, fresh] = ids;
    let mut challenge = [0x5A; 32];
    if !steps.lack(fresh) {
        OsRng.fill_bytes(&mut challenge);
    }
    let Some(signature) = card.sign(0x00, &sha256_info(&challenge))? else {
        return steps.check(answers, false, "the chip does not answer: these may be copied files");
    };
    let signed = key.has_signed(steps, &challenge, &signature);
    steps.check(
        right,
        matches!(signed, Ok(true)),
        "the chip's answer is wrong: these are copied files",
    )
}
