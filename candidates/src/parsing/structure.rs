//! Lengths, cuts and the order of objects (P01, P02, P06 to P08).

use sha2::{Digest, Sha256};
use vmyna_apdu::text;
use vmyna_applets::file_size::FileSizes;

use super::{ANY, FACE, GENUINE, P01, P02, P06, P07, P08, TEXT, genuine, municipality, signed_texts, subject};
use crate::candidate::{Candidate, Candidates, Check, Group, Part};
use crate::forge::face::{Faces, PHOTO};
use crate::forge::person::drawn;
use crate::forge::text::{ADDRESS, FIELDS_DIGEST, NAME, Texts, contents};
use crate::forge::{Objects, face};
use crate::subject::Subject;
use crate::workshop::{MakeError, Person, Workshop};

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    right(all);
    lengths(all);
    cuts(all);
    order(all);
}

fn right(all: &mut Candidates) {
    all.add(
        Candidate::right(
            GENUINE,
            Group::Parsing,
            ANY,
            text!(
                "a genuine card: lengths 82 00 hh, private tags, digits under a constructed tag",
                "本物のカード。長さ82 00 hh、私的タグ、構造化タグの下の数字がある"
            ),
            |workshop| Ok(subject(genuine(workshop).clone())),
        )
        .of(&P01),
    );
    all.add(
        Candidate::right(
            "parsing.no-filler",
            Group::Parsing,
            ANY,
            text!(
                "a card whose files are as long as their contents",
                "ファイルの長さが内容と同じカード"
            ),
            |workshop| {
                Ok(subject(
                    workshop.issue(Person::A, |order| order.file_sizes = FileSizes::Exact)?,
                ))
            },
        )
        .of(&P02),
    );
    all.add(
        Candidate::right(
            "parsing.filler",
            Group::Parsing,
            ANY,
            text!(
                "a card with filler FF behind the objects of all files of texts and face",
                "テキストと券面の全ファイルで、オブジェクトの後に詰め物FFがあるカード"
            ),
            |workshop| {
                let mut card = genuine(workshop).clone();
                let filled = |bytes: &[u8]| [bytes, &[0xFF; 40]].concat();
                let data = &mut contents(&mut card)?.data;
                // The digest of EF 0001 covers its filler.
                for file in [
                    &mut data.attributes,
                    &mut data.integrity,
                    &mut data.certificate,
                    &mut data.signed_key,
                ] {
                    *file = filled(file.as_bytes()).into();
                }
                let data = &mut face::contents(&mut card)?.data;
                let files = [
                    &mut data.age_record,
                    &mut data.card_face,
                    &mut data.certificate,
                    &mut data.my_number_picture,
                ];
                for file in files {
                    *file = filled(file.as_bytes()).into();
                }
                Ok(subject(card))
            },
        )
        .of(&P02),
    );
}

/// Where the header of the first object with this tag begins in a file.
fn place(file: &[u8], tag: u16) -> Result<usize, MakeError> {
    let tag = tag.to_be_bytes();
    let found = file.windows(2).position(|window| window == tag);
    found.ok_or(MakeError::Form("a file has the object that is to be changed"))
}

/// The texts with another EF 0002, whose digest the municipality has signed as a reader would compute it that reads the
/// genuine objects.
fn with_attributes(
    workshop: &Workshop,
    edit: impl FnOnce(&mut Vec<u8>) -> Result<(), MakeError>,
) -> Result<Subject, MakeError> {
    let texts = Texts::of(genuine(workshop))?;
    let mut file = texts.attributes()?;
    edit(&mut file)?;
    Ok(subject(texts.put_with(genuine(workshop), file)?))
}

fn with_face(
    workshop: &Workshop,
    edit: impl FnOnce(&mut Vec<u8>) -> Result<(), MakeError>,
) -> Result<Subject, MakeError> {
    let faces = Faces::of(genuine(workshop))?;
    let mut file = faces.card_face()?;
    edit(&mut file)?;
    Ok(subject(faces.put_with(genuine(workshop), file)?))
}

/// Replaces the length of the object at this place.
fn set_length(file: &mut Vec<u8>, at: usize, length: &[u8]) {
    let old = match file.get(at + 2) {
        Some(0x82) => 3,
        _ => 1,
    };
    file.splice(at + 2..at + 2 + old, length.iter().copied());
}

type Make = fn(&Workshop) -> Result<Subject, MakeError>;

fn wrong(all: &mut Candidates, check: &'static Check, rows: &[(&'static str, &'static [Part], Make, &str, &str)]) {
    for (name, claim, make, en, ja) in rows {
        all.add(Candidate::wrong(
            name,
            Group::Parsing,
            claim,
            (check, GENUINE),
            text!("{en}", "{ja}"),
            *make,
        ));
    }
}

/// P06.
fn lengths(all: &mut Candidates) {
    let rows: [(_, _, Make, _, _); 8] = [
        (
            "parsing.length-beyond-file",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    let at = place(file, ADDRESS)?;
                    set_length(file, at, &[0x82, 0xFF, 0xFF]);
                    Ok(())
                })
            },
            "the length of the address is 65,535",
            "住所の長さが65,535になっている",
        ),
        (
            "parsing.length-of-four-bytes",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    let at = place(file, ADDRESS)?;
                    set_length(file, at, &[0x84, 0xFF, 0xFF, 0xFF, 0xFF]);
                    Ok(())
                })
            },
            "the length of the address is 84 FF FF FF FF",
            "住所の長さが84 FF FF FF FFになっている",
        ),
        (
            "parsing.length-indefinite",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    let at = place(file, ADDRESS)?;
                    set_length(file, at, &[0x80]);
                    Ok(())
                })
            },
            "the length of the address is 80, the indefinite one",
            "住所の長さが不定長の80になっている",
        ),
        (
            "parsing.length-zero",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    set_length(file, 0, &[0x00]);
                    Ok(())
                })
            },
            "the length of the whole of EF 0002 is 0",
            "EF 0002全体の長さが0になっている",
        ),
        (
            "parsing.length-beyond-parent",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    let shorter = u16::try_from(file.len().saturating_sub(5 + 9)).unwrap_or_default();
                    let [high, low] = shorter.to_be_bytes();
                    set_length(file, 0, &[0x82, high, low]);
                    Ok(())
                })
            },
            "the length of the whole ends in the middle of the birth date",
            "全体の長さが生年月日の途中で終わる",
        ),
        (
            "parsing.certificate-length-beyond-file",
            TEXT,
            |workshop| {
                let mut texts = Texts::of(genuine(workshop))?;
                set_length(&mut texts.certificate, 0, &[0x82, 0xFF, 0xFF]);
                Ok(subject(texts.put(genuine(workshop))?))
            },
            "the length of the CV certificate is 65,535",
            "CV証明書の長さが65,535になっている",
        ),
        (
            "parsing.number-length-beyond-file",
            &[Part::Text, Part::MyNumber],
            |workshop| {
                let mut texts = Texts::of(genuine(workshop))?;
                set_length(&mut texts.number, 0, &[0x7F]);
                // The digest covers the file as it is.
                texts.digest()?;
                texts.sign(&municipality(workshop, "municipality-text")?)?;
                Ok(subject(texts.put(genuine(workshop))?))
            },
            "the length of the My Number is 127; the municipality has signed it so",
            "個人番号の長さが127になっている。市区町村の鍵で署名されている",
        ),
        (
            "parsing.photo-length-beyond-file",
            FACE,
            |workshop| {
                with_face(workshop, |file| {
                    let at = place(file, PHOTO)?;
                    set_length(file, at, &[0x82, 0xFF, 0xFF]);
                    Ok(())
                })
            },
            "the length of the photo is 65,535",
            "顔写真の長さが65,535になっている",
        ),
    ];
    wrong(all, &P06, &rows);
}

/// A cut behind the header and before the end.
fn cut(workshop: &Workshop, label: &str, file: &mut Vec<u8>) {
    let at = 6 + drawn(&mut workshop.rng(label), file.len().saturating_sub(7));
    file.truncate(at);
}

/// P07.
fn cuts(all: &mut Candidates) {
    let rows: [(_, _, Make, _, _); 6] = [
        (
            "parsing.attributes-cut",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    cut(workshop, "parsing/attributes", file);
                    Ok(())
                })
            },
            "EF 0002 of the texts is cut somewhere",
            "テキストのEF 0002が途中で切れている",
        ),
        (
            "parsing.attributes-without-last-byte",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    file.pop();
                    Ok(())
                })
            },
            "EF 0002 of the texts lacks its last byte",
            "テキストのEF 0002の最後の1バイトがない",
        ),
        (
            "parsing.attributes-empty",
            TEXT,
            |workshop| {
                with_attributes(workshop, |file| {
                    file.clear();
                    Ok(())
                })
            },
            "EF 0002 of the texts is empty",
            "テキストのEF 0002が空になっている",
        ),
        (
            "parsing.certificate-cut",
            TEXT,
            |workshop| {
                let mut texts = Texts::of(genuine(workshop))?;
                cut(workshop, "parsing/certificate", &mut texts.certificate);
                Ok(subject(texts.put(genuine(workshop))?))
            },
            "the CV certificate is cut somewhere",
            "CV証明書が途中で切れている",
        ),
        (
            "parsing.signature-short",
            TEXT,
            |workshop| {
                let mut texts = Texts::of(genuine(workshop))?;
                let mut signature = texts.integrity.remove(crate::forge::text::SIGNATURE)?;
                signature.pop();
                texts
                    .integrity
                    .insert(usize::MAX, crate::forge::text::SIGNATURE, signature);
                Ok(subject(texts.put(genuine(workshop))?))
            },
            "the signature over the digests has 255 bytes",
            "ハッシュ値への署名が255バイトになっている",
        ),
        (
            "parsing.card-face-cut",
            FACE,
            |workshop| {
                with_face(workshop, |file| {
                    cut(workshop, "parsing/card-face", file);
                    Ok(())
                })
            },
            "EF 0002 of the face data is cut somewhere",
            "券面のEF 0002が途中で切れている",
        ),
    ];
    wrong(all, &P07, &rows);
}

/// P08.
fn order(all: &mut Candidates) {
    let twice = |objects: &mut Objects, tag, value: Vec<u8>| objects.insert(0, tag, value);
    all.add(
        Candidate::wrong(
            "parsing.name-twice",
            Group::Parsing,
            TEXT,
            (&P08, GENUINE),
            text!(
                "a second name stands before the four attributes, and the signed digest covers all five",
                "4情報の前に2つ目の氏名があり、署名されたハッシュ値は5つすべてのもの"
            ),
            move |workshop| {
                let mut texts = Texts::of(genuine(workshop))?;
                let name = workshop.order(Person::B).person.name.clone();
                twice(&mut texts.fields, NAME, name.into_bytes());
                let digest = Sha256::digest(texts.fields.bytes()?).to_vec();
                texts.integrity.set(FIELDS_DIGEST, digest)?;
                texts.sign(&municipality(workshop, "municipality-text")?)?;
                Ok(subject(texts.put(genuine(workshop))?))
            },
        )
        .with_also(&["T17"]),
    );
    all.add(Candidate::wrong(
        "parsing.photo-twice",
        Group::Parsing,
        FACE,
        (&P08, GENUINE),
        text!(
            "another photo stands before all objects of the card's face, and the signature covers the last one",
            "券面のオブジェクトの先頭に別の顔写真があり、署名の対象は後の方"
        ),
        move |workshop| {
            let mut faces = Faces::of(genuine(workshop))?;
            let other = crate::forge::photo::figure(workshop, "other")?;
            twice(&mut faces.face, PHOTO, other.clone());
            let mut file = faces.card_face()?;
            // The offset is that of the signed photo, which is the last object with this tag.
            let signed = faces.face.before_last(PHOTO)?;
            let header = file.len() - faces.face.bytes()?.len();
            crate::forge::redirect(&mut file, 5, header + signed)?;
            Ok(subject(faces.put_with(genuine(workshop), file)?).with_unseen(other))
        },
    ));
    all.add(
        Candidate::right(
            "parsing.unknown-object-first",
            Group::Parsing,
            TEXT,
            text!(
                "an unknown object stands before the four attributes, with right offsets",
                "4情報の前に未知のオブジェクトがあり、オフセットは正しい"
            ),
            |workshop| {
                signed_texts(workshop, |texts| {
                    texts.fields.insert(0, 0xDF2F, *b"test");
                    Ok(())
                })
            },
        )
        .of(&P08),
    );
    all.add(
        Candidate::right(
            "parsing.attributes-in-other-order",
            Group::Parsing,
            TEXT,
            text!(
                "name and address have changed places, with right offsets; the digest is in the order of the tags",
                "氏名と住所の位置が入れ替わり、オフセットは正しい。ハッシュ値はタグの順"
            ),
            |workshop| signed_texts(workshop, |texts| texts.fields.swap(NAME, ADDRESS)),
        )
        .of(&P08),
    );
}
