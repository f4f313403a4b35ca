//! The face-info application (券面事項確認AP): birth date, sex, pictures, and the end of the card.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::Wish;
use crate::card::{Card, OK};
use crate::signature::{Key, padded};
use crate::steps::{Refusal, Steps};
use crate::text::{challenge, municipality};
use crate::tlv::File;
use crate::trust::Trust;

const AID: &[u8] = &[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02];
const COMMON: &[u8] = &[0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x01, 0x00];
const MANAGER: &[u8] = &[0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];

/// The objects in the order of the offset table.
const TAGS: [u16; 9] = [0xDF22, 0xDF23, 0xDF24, 0xDF25, 0xDF26, 0xDF27, 0xDF28, 0xDF29, 0xDF2A];

/// DER of a `DigestInfo` of SHA-256 that holds three digests, up to them.
const THREE: [u8; 19] = [
    0x30, 0x71, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x60,
];
/// The same with two.
const TWO: [u8; 19] = [
    0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x40,
];

/// What is compared with other applications.
pub(crate) struct Face {
    pub(crate) birth: Vec<u8>,
    pub(crate) sex: Vec<u8>,
}

/// The ends that the card states outside this application, YYYYMMDD: card manager, common record. Neither is signed.
pub(crate) fn ends(card: &mut Card) -> Result<Vec<Vec<u8>>, Refusal> {
    card.select(MANAGER)?;
    let (manager, status) = card.transmit(&[0x00, 0xCA, 0x00, 0xF2, 0x00])?;
    let manager = (status == OK).then_some(manager);
    card.select(COMMON)?;
    let record = card.command("READ RECORD", &[0x00, 0xB2, 0x01, 0x0C, 0x00])?;
    let common = record
        .get(22..30)
        .ok_or_else(|| Refusal::form("a common record that is cut off"))?;
    Ok(manager.into_iter().chain([common.to_vec()]).collect())
}

/// Verifies the face data, with code B or A; and the age record and the picture of the My Number, if there are values for
/// them.
pub(crate) fn verify(
    steps: &Steps,
    trust: &Trust,
    card: &mut Card,
    wish: &Wish,
    ends: &[Vec<u8>],
) -> Result<Face, Refusal> {
    card.select(AID)?;
    let municipality = municipality(steps, trust, &card.read(0x04)?, ("F06", "F06c", "23"))?;
    match wish.value(1) {
        Some(code) => card.verify(0x12, code)?,
        None => card.verify(0x13, wish.value(2).unwrap_or_default())?,
    }
    let bytes = card.read(0x02)?;
    let file = File::read(&bytes, 0xFF20)?;
    file.check(steps, ("form", "F14"), &TAGS)?;
    check_digests(steps, &municipality, &file)?;
    let key = file.get(0xDF24)?.value;
    challenge(steps, card, &Key::of_card(key)?, ["F07a", "F07b", "F07c"])?;

    let end = file.get(0xDF29)?.value;
    let today = day_in_japan(trust.time);
    let passed = |end: &[u8]| end.len() != 8 || end < today.as_bytes();
    let over = passed(end) || ends.iter().any(|end| passed(end));
    steps.check(
        "F13",
        ends.iter().all(|other| other == end),
        "the card states different ends",
    )?;
    steps.check("F12", !over, "the card has ended")?;

    let birth = file.get(0xDF22)?.value;
    if let Some(value) = wish.value(3) {
        card.verify(0x11, value)?;
        let age = card.read(0x01)?;
        let age = File::read(&age, 0xFF10)?;
        let signature = age.get(0xDF13)?;
        let right = municipality.has_signed(steps, age.before(signature), signature.value)?;
        steps.check("F09", right, "the signature over the age record is wrong")?;
        let same = age.get(0xDF12)?.value == key && (steps.lack("F09") || age.get(0xDF11)?.value == birth);
        steps.check("F08", same, "the age record is of another card")?;
    }
    if wish.my_number {
        card.verify(0x13, wish.value(2).unwrap_or_default())?;
        let picture = card.read(0x05)?;
        let picture = File::read(&picture, 0xFF40)?;
        let signature = picture.get(0xDF43)?;
        let right = municipality.has_signed(steps, picture.before(signature), signature.value)?;
        steps.check("N03", right, "the signature over the picture of the My Number is wrong")?;
        steps.check(
            "N03",
            picture.get(0xDF42)?.value == key,
            "the picture of the My Number is of another card",
        )?;
    }
    let sex = file.get(0xDF23)?.value.to_vec();
    let birth = birth.to_vec();
    Ok(Face { birth, sex })
}

/// One signature over three digests: birth date, sex and key; the pictures of name and address; the photo.
fn check_digests(steps: &Steps, municipality: &Key, file: &File<'_>) -> Result<(), Refusal> {
    let block = municipality.block(steps, file.get(0xDF28)?.value)?;
    let digest = |tags: &[u16]| Ok::<_, Refusal>(Sha256::digest(file.concat(tags)?));
    let groups = [
        ("F03", digest(&TAGS[..3])?),
        ("F02", digest(&TAGS[3..5])?),
        ("F01", digest(&TAGS[5..6])?),
    ];
    if steps.lack("F05") && block == padded(block.len(), &[&TWO[..], &groups[0].1, &groups[1].1].concat()) {
        return Ok(());
    }
    let start = block.len().saturating_sub(96);
    let (frame, signed) = block.split_at(start);
    let whole = padded(block.len(), &[&THREE[..], &[0; 96]].concat());
    steps.check(
        "F05",
        whole.starts_with(frame) && signed.len() == 96,
        "the signature's block has another form",
    )?;
    for ((id, digest), signed) in groups.iter().zip(signed.as_chunks::<32>().0) {
        steps.check(id, **digest == *signed, "what was read is not what was signed")?;
    }
    Ok(())
}

/// The day in Japan, YYYYMMDD, nine hours ahead of UTC.
fn day_in_japan(time: Duration) -> String {
    day_of(time + Duration::from_secs(9 * 3600))
}

fn day_of(time: Duration) -> String {
    let day = der::DateTime::from_unix_duration(time);
    day.map(|day| format!("{:04}{:02}{:02}", day.year(), day.month(), day.day()))
        .unwrap_or_default()
}
