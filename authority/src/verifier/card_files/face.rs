//! Face data: EF 0001 (age record), 0002 (card face) and 0005 (picture of the My Number) of the face-info application.

use rsa::RsaPublicKey;
use vmyna_apdu::{Text, text};
use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar::{Date, day_in_japan};

use super::{KEY_BYTES, Parsed, Which, conclude};
use crate::verifier::Settings;
use crate::verifier::block::{self, Hash};
use crate::verifier::compare::{Claims, FaceAttributes};
use crate::verifier::report::{Report, fixed};

/// DER of a `DigestInfo` that names SHA-256 and holds the three digests of EF 0002, up to them.
const THREE_DIGESTS: [u8; 19] = [
    0x30, 0x71, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x60,
];

/// The objects of EF 0002 in the order of the offset table.
const FACE_TAGS: [u16; 9] = [0xDF22, 0xDF23, 0xDF24, 0xDF25, 0xDF26, 0xDF27, 0xDF28, 0xDF29, 0xDF2A];

pub(super) fn check(
    report: &mut Report,
    files: &[&Parsed<'_>],
    key: Option<&RsaPublicKey>,
    settings: &Settings<'_>,
    claims: &mut Claims,
) {
    let find = |which| files.iter().find(|file| file.which == which);
    let mut card_keys: Vec<&[u8]> = Vec::new();
    if let Some(file) = find(Which::CardFace)
        && let Some(card_key) = check_face(report, file, key, settings, claims)
    {
        card_keys.push(card_key);
    }
    if let Some(file) = find(Which::AgeRecord) {
        file.check_signed(report, "face.age-record", 0xDF13, key);
        match file.all([0xDF11, 0xDF12]) {
            Err(reason) => report.invalid("face.age-record", reason),
            Ok([birth, card_key]) => {
                card_keys.push(card_key.value);
                check_birth(report, "face.age-birth-date", birth.value, settings);
                let of_face = claims.face.as_ref().map(|face| face.birth.as_bytes());
                if of_face.is_some_and(|of_face| of_face != birth.value) {
                    report.invalid(
                        "face.same-card",
                        fixed(
                            "the age record and the card face state different birth dates",
                            "年齢確認情報と券面情報の生年月日が異なります",
                        ),
                    );
                }
            }
        }
    }
    if let Some(file) = find(Which::MyNumberPicture) {
        file.check_signed(report, "face.my-number-picture", 0xDF43, key);
        match file.all([0xDF41, 0xDF42]) {
            Err(reason) => report.invalid("face.my-number-picture", reason),
            Ok([_, card_key]) => card_keys.push(card_key.value),
        }
    }
    if card_keys.len() > 1 {
        report.check(
            "face.same-card",
            card_keys.windows(2).all(|pair| pair[0] == pair[1]),
            fixed(
                "the files state the same key of the card",
                "どのファイルのカードの鍵も同じです",
            ),
            fixed(
                "the files state different keys of a card",
                "ファイルごとにカードの鍵が異なります",
            ),
        );
    }
    if card_keys.iter().any(|key| key.len() != KEY_BYTES) {
        report.invalid(
            "face.card-key",
            fixed("the card's key has another form", "カードの鍵の形式が異なります"),
        );
    }
}

/// EF 0002. Returns the card's key in it.
fn check_face<'a>(
    report: &mut Report,
    file: &Parsed<'a>,
    key: Option<&RsaPublicKey>,
    settings: &Settings<'_>,
    claims: &mut Claims,
) -> Option<&'a [u8]> {
    let objects = match file.all(FACE_TAGS) {
        Ok(objects) => objects,
        Err(reason) => {
            report.invalid("face.signature", reason);
            return None;
        }
    };
    let [birth, sex, card_key, name, address, photo, signature, end, _] = objects;
    let groups = [&[birth, sex, card_key][..], &[name, address], &[photo]];
    let digests = groups.map(|group| {
        let bytes: Vec<&[u8]> = group.iter().map(|object| object.whole).collect();
        Hash::Sha256.digest(&bytes.concat())
    });
    let expected = [&THREE_DIGESTS[..], &digests.concat()].concat();
    conclude(report, "face.signature", &file.file.name, key, |key| {
        let block = block::recover(key, signature.value)?;
        match block::padded(&expected, block.len()) {
            Some(whole) if whole == block => Ok(()),
            _ => Err(differing(&block, &digests)),
        }
    });
    file.check_offsets(report, "face.offsets", &FACE_TAGS);
    check_birth(report, "face.birth-date", birth.value, settings);
    match sex.value {
        b"0" | b"1" | b"2" | b"9" => {
            let sex = String::from_utf8_lossy(sex.value).into_owned();
            report.fact("sex", fixed("sex", "性別"), sex.as_str());
            let birth = String::from_utf8_lossy(birth.value).into_owned();
            claims.face = Some(FaceAttributes { birth, sex });
        }
        _ => report.invalid("face.sex", fixed("the sex has another form", "性別の形式が異なります")),
    }
    check_end(report, end.value, settings);
    Some(card_key.value)
}

/// Which of the three digests is not the signed one.
fn differing(block: &[u8], digests: &[Vec<u8>; 3]) -> Text {
    const PARTS: [(&str, &str); 3] = [
        ("birth date, sex or the card's key", "生年月日、性別またはカードの鍵"),
        ("the picture of name or address", "氏名または住所の画像"),
        ("the photo", "顔写真"),
    ];
    let unlike = fixed(
        "the signature's block is not that of three SHA-256 digests",
        "署名のブロックがSHA-256のハッシュ値3つのものではありません",
    );
    let Some(signed) = block.len().checked_sub(96).and_then(|at| block.get(at..)) else {
        return unlike;
    };
    if block::padded(&[&THREE_DIGESTS[..], signed].concat(), block.len()).as_deref() != Some(block) {
        return unlike;
    }
    let found = signed.as_chunks::<32>().0.iter().zip(digests).zip(PARTS);
    let (en, ja): (Vec<&str>, Vec<&str>) = found
        .filter(|((signed, own), _)| signed[..] != own[..])
        .map(|(_, part)| part)
        .unzip();
    let (en, ja) = (en.join(", "), ja.join("、"));
    text!("not what was signed: {en}", "署名されたものと異なります: {ja}")
}

/// A birth date from a signed record, and the age on the day of the check in Japan.
fn check_birth(report: &mut Report, id: &'static str, digits: &[u8], settings: &Settings<'_>) {
    let Some(birth) = BirthDate::from_digits(digits) else {
        return report.invalid(
            id,
            fixed("the birth date has another form", "生年月日の形式が異なります"),
        );
    };
    report.fact(
        "birth-date",
        fixed("birth date", "生年月日"),
        String::from_utf8_lossy(digits),
    );
    if let Some(day) = day_in_japan(settings.at) {
        let age = birth.age_on(day);
        report.fact(
            "age",
            fixed("age on the day of the check in Japan", "検証日（日本時間）の年齢"),
            age.to_string(),
        );
    }
    report.ok(id, fixed("the birth date has its form", "生年月日の形式は正しいです"));
}

/// The card's expiry, which is not signed: an end in the past refuses the card, and one in the future proves nothing.
fn check_end(report: &mut Report, digits: &[u8], settings: &Settings<'_>) {
    let (Some(end), Some(today)) = (Date::from_digits(digits), day_in_japan(settings.at)) else {
        return report.invalid(
            "face.expiry",
            fixed(
                "the card's expiry has another form",
                "カードの有効期限の形式が異なります",
            ),
        );
    };
    if end < today {
        report.invalid(
            "face.expiry",
            text!(
                "the card ended on {end}, and the day of the check in Japan is {today}",
                "カードの有効期限は{end}ですが、検証日（日本時間）は{today}です"
            ),
        );
    } else {
        report.note(
            "face.expiry",
            text!(
                "the card states {end} as its end; the statement is not signed",
                "カードの有効期限は{end}です。署名の対象ではありません"
            ),
        );
    }
}
