//! Text data: EF 0001, 0002, 0003 and 0007 of the input-assist application.

use rsa::RsaPublicKey;
use vmyna_apdu::{Text, text};
use vmyna_applets::birth::BirthDate;
use vmyna_applets::person::MyNumber;

use super::{KEY_BYTES, Parsed, Placed, Which};
use crate::verifier::block::Hash;
use crate::verifier::compare::{CardAttributes, Claims};
use crate::verifier::report::{Report, fixed};

/// The length of EF 0001: the object and two bytes of filler, all of which the digest covers.
const MY_NUMBER_BYTES: usize = 17;

pub(super) fn check(report: &mut Report, files: &[&Parsed<'_>], key: Option<&RsaPublicKey>, claims: &mut Claims) {
    let find = |which| files.iter().find(|file| file.which == which);
    if let Some(file) = find(Which::SignedKey) {
        file.check_signed(report, "text.card-key", 0xDF52, key);
        if file.object(0xDF51).is_ok_and(|object| object.value.len() != KEY_BYTES) {
            report.invalid(
                "text.card-key",
                fixed("the card's key has another form", "カードの鍵の形式が異なります"),
            );
        }
    }
    let (number, attributes) = (find(Which::MyNumber), find(Which::TextAttributes));
    let Some(integrity) = find(Which::TextIntegrity) else {
        if number.is_some() || attributes.is_some() {
            report.not_verified(
                "text.signature",
                fixed(
                    "the file with digests and signature (EF 0003) is missing",
                    "ハッシュ値と署名のファイル（EF 0003）がありません",
                ),
            );
        }
        return;
    };
    integrity.check_signed(report, "text.signature", 0xDF33, key);
    if let Some(file) = number {
        let covered = &file.file.bytes[..file.file.bytes.len().min(MY_NUMBER_BYTES)];
        check_digest(report, "text.my-number", integrity, (0xDF31, file), covered);
        // The number itself never gets into the report.
        let digits = <[u8; 12]>::try_from(file.value).ok().and_then(MyNumber::from_digits);
        report.check(
            "text.check-digit",
            digits.is_some(),
            fixed(
                "the My Number has twelve digits, and its check digit is right",
                "個人番号は12桁で、検査用数字は正しいです",
            ),
            fixed(
                "the My Number does not have twelve digits, or its check digit is wrong",
                "個人番号が12桁でないか、検査用数字が誤っています",
            ),
        );
    }
    if let Some(file) = attributes {
        check_attributes(report, integrity, file, claims);
    }
}

/// The four attributes (EF 0002) and their digest.
fn check_attributes(report: &mut Report, integrity: &Parsed<'_>, file: &Parsed<'_>, claims: &mut Claims) {
    const TAGS: [u16; 4] = [0xDF22, 0xDF23, 0xDF24, 0xDF25];
    let objects = match file.all(TAGS) {
        Ok(objects) => objects,
        Err(reason) => return report.invalid("text.attributes", reason),
    };
    let covered = objects.map(|object| object.whole).concat();
    check_digest(report, "text.attributes", integrity, (0xDF32, file), &covered);
    file.check_offsets(report, "text.offsets", &TAGS);
    match read(&objects) {
        Ok(attributes) => {
            let titles = [
                ("name", "氏名"),
                ("address", "住所"),
                ("birth date", "生年月日"),
                ("sex", "性別"),
            ];
            let ids = ["name", "address", "birth-date", "sex"];
            let values = [
                &attributes.name,
                &attributes.address,
                &attributes.birth,
                &attributes.sex,
            ];
            for ((id, (en, ja)), value) in ids.into_iter().zip(titles).zip(values) {
                report.fact(id, fixed(en, ja), value.as_str());
            }
            report.ok(
                "text.values",
                fixed("the four attributes have their form", "基本4情報の形式は正しいです"),
            );
            claims.text = Some(attributes);
        }
        Err(reason) => report.invalid("text.values", reason),
    }
}

fn read(objects: &[Placed<'_>; 4]) -> Result<CardAttributes, Text> {
    let text = |object: &Placed<'_>| {
        let tag = object.tag;
        String::from_utf8(object.value.to_vec()).map_err(|_| {
            text!(
                "the object {tag:04X} is not UTF-8",
                "オブジェクト{tag:04X}がUTF-8ではありません"
            )
        })
    };
    let [name, address, birth, sex] = objects;
    if BirthDate::from_digits(birth.value).is_none() || !matches!(sex.value, b"0" | b"1" | b"2" | b"9") {
        return Err(fixed(
            "the birth date or the sex has another form",
            "生年月日または性別の形式が異なります",
        ));
    }
    Ok(CardAttributes {
        name: text(name)?,
        address: text(address)?,
        birth: text(birth)?,
        sex: text(sex)?,
    })
}

/// Compares a digest in EF 0003 with that of a file.
fn check_digest(
    report: &mut Report,
    id: &'static str,
    integrity: &Parsed<'_>,
    (tag, file): (u16, &Parsed<'_>),
    covered: &[u8],
) {
    let name = &file.file.name;
    match integrity.object(tag) {
        Err(reason) => report.invalid(id, reason),
        Ok(digest) => report.check(
            id,
            digest.value == Hash::Sha256.digest(covered),
            text!(
                "the signed digest is that of {name}",
                "署名されたハッシュ値は{name}のものです"
            ),
            text!(
                "the signed digest is not that of {name}",
                "署名されたハッシュ値が{name}のものではありません"
            ),
        ),
    }
}
