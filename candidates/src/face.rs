//! Cards whose face data (face-info application) are wrong in one respect.
//!
//! One signature covers three digests: of birth date, sex and the chip's key, of the pictures of name and address, and of the
//! photo. Age record (EF 0001) and picture of the My Number (EF 0005) have signatures of their own. Nothing signs the table of
//! offsets, the end of the card and the picture of the security code.

use std::sync::Arc;

use vmyna_apdu::text;
use vmyna_applets::birth::BirthDate;
use vmyna_applets::calendar::{Date, day_in_japan};
use vmyna_applets::cv::{CvCertificate, MODULUS_BYTES};
use vmyna_applets::face_info::AID;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::order::Order;

use crate::candidate::{Candidate, Candidates, Expected, Group, Part, Use, checks};
use crate::forge::chip::{self, Heard};
use crate::forge::face::{ADDRESS, AGE_SIGNATURE, END, Faces, NAME, PHOTO, SIGNATURE, block_content, contents};
use crate::forge::photo::figure;
use crate::forge::sign::{Signer, certify, padded_short, with_other_key};
use crate::forge::{object, person, redirect};
use crate::subject::{ForgedCard, Subject};
use crate::time;
use crate::workshop::{MakeError, Person, Workshop};

checks! {
    F01: must("compare the signed digest of the photo with the photo", "顔写真のハッシュ値を署名されたものと比較する"),
        why("another photo on a genuine card is the usual forgery", "本物のカードの顔写真の差し替えは、最も普通の偽造である"),
        Documented, "ICAO Doc 9303-11, passive authentication: digest of data group 2";
    F02: must("compare the signed digest of the pictures of name and address with them", "氏名と住所の画像のハッシュ値を署名されたものと比較する"),
        why("otherwise the pictures can be those of another person", "比較しなければ、画像は別人のものでもよいことになる"),
        Measured, "myna-card: EF 0002 of a published test card";
    F03: must("compare the signed digest of birth date and sex with them", "生年月日と性別のハッシュ値を署名されたものと比較する"),
        why("age limits depend on the birth date", "年齢制限は生年月日による"),
        Measured, "myna-card: EF 0002 of a published test card";
    F04: must("take the chip's key only from the signed record", "チップの公開鍵を署名された記録からのみ得る"),
        why("a copy of a card brings its own key", "複製カードは自分の鍵を持ってくる"),
        Documented, "gmrtd issue 349; myna-card: the key is under the signature of EF 0002";
    F05: must("compare the whole block of three digests", "3つのハッシュ値のブロック全体を比較する"),
        why("a comparison of a part of the block leaves the photo free", "ブロックの一部だけの比較では、顔写真が対象外になりうる"),
        Assumed, "RFC 8017, 8.2.2; no such card was seen";
    F06a: must("verify the signature of the CV certificate", "CV証明書の署名を検証する"),
        why("otherwise anyone is a municipality", "検証しなければ、誰でも市区町村になれる"),
        Documented, "ICAO Doc 9303-11, verification of the document signer";
    F06b: must("take the key above the CV certificate from outside the card", "CV証明書の発行者の鍵を、カードの外から得る"),
        why("key identifiers are names and not keys", "鍵識別子は名前であり、鍵ではない"),
        Documented, "documentation of myna-card, data.rs; gmrtd issue 1";
    F06c: must("keep the authorities of face and text data apart", "券面とテキストの発行者の鍵を区別する"),
        why("a key that leaks from one application must not serve another", "一方の鍵が漏れても、他方に使えてはならない"),
        Assumed, "the key identifiers differ by application on a published test card (myna-card)";
    F07a: must("challenge the chip", "チップに乱数を署名させる"),
        why("copied data are the cheapest forgery", "データの複製は最も安価な偽造である"),
        Documented, "ICAO Doc 9303-11, active authentication";
    F07b: must("verify the answer of the chip with the signed key", "チップの応答の署名を、署名された公開鍵で検証する"),
        why("the status word 9000 proves nothing", "ステータスワード9000は何も証明しない"),
        Documented, "ICAO Doc 9303-11, active authentication";
    F07c: must("draw a new random challenge each time", "毎回新しい乱数を使う"),
        why("with a fixed challenge a recorded answer is enough", "固定の値なら、記録した応答で足りる"),
        Documented, "NFCPassportReader pull request 227";
    F08: must("demand the same chip key in all records that it uses", "使う記録のすべてに同じチップの公開鍵を要求する"),
        why("otherwise one of them can be that of another card", "要求しなければ、一つは別のカードのものでもよいことになる"),
        Measured, "myna-card: EF 0001, 0002 and 0005 of a published test card have one key";
    F09: must("verify the signature of the age record", "年齢確認情報の署名を検証する"),
        why("a shop that checks the age reads this file alone", "年齢を確認する店はこのファイルだけを読む"),
        Measured, "myna-card: EF 0001 of a published test card";
    F10: must("compare the birth date and the sex of text and face data", "テキストと券面の生年月日と性別を比較する"),
        why("behind one reader there can be two cards", "1台のリーダーの後ろに2枚のカードがありうる"),
        Assumed, "gmrtd issue 349 (binding of two records)";
    F11: must("show the picture of the name beside the name of the text data, or compare them", "氏名の画像をテキストの氏名と並べて示すか、比較する"),
        why("only eyes or character recognition notice two people of one birth date", "生年月日が同じ2人の違いは、目か文字認識でしか分からない"),
        Assumed, "no public source";
    F12: must("refuse a card that has ended", "有効期限の切れたカードを拒否する"),
        why("the end of the card is not the end of a certificate", "カードの有効期限は証明書の有効期限ではない"),
        Assumed, "the end is in three places of the card (myna-card)";
    F13: must("inform its user if the ends that the card states differ", "カードの示す有効期限が食い違うときは知らせる"),
        why("none of the three is signed, so only a contradiction shows a change", "3つとも署名の対象外で、食い違いだけが改変を示す"),
        Measured, "myna-card: the end in EF 0002 is behind the signature and not under it";
    F14: must("find the photo by its tag, or compare the offsets with the objects", "顔写真をタグで探すか、オフセットを照合する"),
        why("offsets are not signed, so the photo shown is not the photo signed", "オフセットは署名の対象外であり、表示する写真が署名された写真と異なりうる"),
        Assumed, "layout measured on a published test card (myna-card)";
    F15: must("find the pictures of name and address by their tags", "氏名と住所の画像をタグで探す"),
        why("a reader by position shows the address as name", "位置で読むと、住所を氏名として表示する"),
        Assumed, "jpki/myna, visual.rs, reads by position; all cards that were seen have one order";
    F16: must("compute the age from the signed birth date and the day in Japan", "署名された生年月日と日本時間の日付から年齢を計算する"),
        why("a day too early is an offence in a shop", "1日早ければ、店では違法になる"),
        Assumed, "the time zone of such programs differs";
}

const FACE: &[Part] = &[Part::Face];
const BOTH: &[Part] = &[Part::Text, Part::Face];
const AGE_READ: &[Use] = &[Use::Read(AID, 0x0001)];

/// The card that was not changed.
const GENUINE: &str = "face.genuine";
/// A card under another data-signing key of the municipality.
const OTHER_KEY: &str = "face.other-data-key.twin";

fn genuine(workshop: &Workshop) -> &IssuedCard {
    workshop.card(Person::A)
}

fn subject(card: IssuedCard) -> Subject {
    Subject::card(ForgedCard::new(card))
}

fn municipality(workshop: &Workshop) -> Result<Signer, MakeError> {
    Signer::new(&workshop.genuine_key("municipality-face")?)
}

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    all.add(Candidate::right(
        GENUINE,
        Group::Face,
        FACE,
        text!("a genuine card", "本物のカード"),
        |workshop| Ok(subject(genuine(workshop).clone())),
    ));
    changed_parts(all);
    blocks(all);
    certificates(all);
    chips(all);
    records(all);
    two_cards(all);
    ends(all);
    layout(all);
    ages(all);
}

type Change = fn(&Workshop, &mut Order) -> Result<(), MakeError>;

/// The genuine card of a cardholder who differs in one respect.
fn changed(workshop: &Workshop, change: Change) -> Result<IssuedCard, MakeError> {
    let mut order = Ok(());
    let card = workshop.issue(Person::A, |changed| order = change(workshop, changed))?;
    order.map(|()| card)
}

/// The card with another photo, where the label names the figure.
fn other_photo(workshop: &Workshop, order: &mut Order) -> Result<(), MakeError> {
    order.photo = figure(workshop, "other")?.into();
    Ok(())
}

/// F01 to F03: a genuine card of somebody else, under the cardholder's own signature.
fn changed_parts(all: &mut Candidates) {
    let name: Change = |workshop, order| {
        person::name(workshop, order);
        Ok(())
    };
    let address: Change = |workshop, order| {
        person::address(workshop, order);
        Ok(())
    };
    let birth: Change = |_, order| {
        person::birth(order);
        Ok(())
    };
    let sex: Change = |_, order| {
        person::sex(order);
        Ok(())
    };
    let rows: [(_, _, _, Change, _, _); 5] = [
        (
            &F01,
            "face.photo-replaced",
            "face.photo-replaced.twin",
            other_photo,
            "the photo is that of another person",
            "顔写真が別人のものになっている",
        ),
        (
            &F02,
            "face.name-replaced",
            "face.name-replaced.twin",
            name,
            "the picture of the name is that of another person",
            "氏名の画像が別人のものになっている",
        ),
        (
            &F02,
            "face.address-replaced",
            "face.address-replaced.twin",
            address,
            "the picture of the address shows another address",
            "住所の画像が別の住所になっている",
        ),
        (
            &F03,
            "face.birth-date-replaced",
            "face.birth-date-replaced.twin",
            birth,
            "the birth date is one year earlier",
            "生年月日が1年早くなっている",
        ),
        (
            &F03,
            "face.sex-replaced",
            "face.sex-replaced.twin",
            sex,
            "the sex is another one",
            "性別が変わっている",
        ),
    ];
    for (check, name, twin, change, en, ja) in rows {
        all.add(Candidate::right(
            twin,
            Group::Face,
            FACE,
            text!(
                "{en}, and the whole card is issued so",
                "{ja}。カード全体がそのとおりに発行されている"
            ),
            move |workshop| Ok(subject(changed(workshop, change)?)),
        ));
        all.add(Candidate::wrong(
            name,
            Group::Face,
            FACE,
            (check, twin),
            text!(
                "{en}, and the signature of EF 0002 is that over the true data",
                "{ja}が、EF 0002の署名は元のデータへのもの"
            ),
            move |workshop| {
                let card = changed(workshop, change)?;
                let mut faces = Faces::of(&card)?;
                let old = Faces::of(genuine(workshop))?;
                faces.face.set(SIGNATURE, old.face.get(SIGNATURE)?)?;
                Ok(subject(faces.put(&card)?))
            },
        ));
    }
}

/// F05: the photo is not under the signature, though the municipality's key has made it.
fn blocks(all: &mut Candidates) {
    const TWIN: &str = "face.photo-replaced.twin";
    type Sign = fn(&Workshop, &Signer, &Faces) -> Result<Vec<u8>, MakeError>;
    let two: Sign = |_, by, faces| by.content(&block_content(&faces.digests()?[..2].concat()));
    let short: Sign = |workshop, by, faces| {
        let mut rest = workshop.rng("face/short-fill");
        let block = padded_short(&block_content(&faces.digests()?.concat()), &mut rest);
        by.block(&block)
    };
    let rows: [(_, Sign, _, _); 2] = [
        (
            "face.two-digests",
            two,
            "the signature is over two digests only, and the photo is that of another person",
            "署名の対象が2つのハッシュ値だけで、顔写真が別人のもの",
        ),
        (
            "face.short-fill",
            short,
            "the block of the signature has a short fill, and random bytes behind the three digests",
            "署名のブロックの詰め物が短く、3つのハッシュ値の後に乱数がある",
        ),
    ];
    for (name, sign, en, ja) in rows {
        all.add(Candidate::wrong(
            name,
            Group::Face,
            FACE,
            (&F05, TWIN),
            text!("{en}; the key is the municipality's", "{ja}（市区町村の鍵）"),
            move |workshop| {
                let card = changed(workshop, other_photo)?;
                let mut faces = Faces::of(&card)?;
                let signature = sign(workshop, &municipality(workshop)?, &faces)?;
                debug_assert_eq!(signature.len(), MODULUS_BYTES);
                faces.face.set(SIGNATURE, signature)?;
                Ok(subject(faces.put(&card)?))
            },
        ));
    }
}

/// The card under a forger's data-signing key with this certificate; all records are signed by it.
fn under(
    workshop: &Workshop,
    certificate: impl FnOnce(&CvCertificate) -> Result<CvCertificate, MakeError>,
) -> Result<Subject, MakeError> {
    let mut faces = Faces::of(genuine(workshop))?;
    faces.certificate = certificate(&faces.cv()?)?.to_file();
    let signer = Signer::new(&workshop.forged_key("data")?)?;
    faces.sign(&signer)?;
    faces.sign_others(&signer)?;
    Ok(subject(faces.put(genuine(workshop))?))
}

/// F06.
fn certificates(all: &mut Candidates) {
    all.add(Candidate::right(
        OTHER_KEY,
        Group::Face,
        FACE,
        text!(
            "another data-signing key, certified by the genuine authority",
            "別のデータ署名鍵。正規の発行者が認証している"
        ),
        |workshop| {
            under(workshop, |old| {
                let root = Signer::new(&workshop.genuine_key("face-root")?)?;
                certify((old.issuer(), &root), (old.subject(), &workshop.forged_key("data")?))
            })
        },
    ));
    all.add(Candidate::wrong(
        "face.certificate-unsigned",
        Group::Face,
        FACE,
        (&F06a, OTHER_KEY),
        text!("the CV certificate has a forger's key and the signature over the old one; the forger has signed all records", "CV証明書の鍵が偽造者のもので署名は元のまま。記録はすべて偽造者の鍵で署名されている"),
        |workshop| under(workshop, |old| with_other_key(old, &workshop.forged_key("data")?)),
    ));
    all.add(
        Candidate::wrong(
            "face.foreign-authority",
            Group::Face,
            FACE,
            (&F06b, OTHER_KEY),
            text!(
                "a foreign authority with the same key identifiers has certified a forger's key",
                "同じ鍵識別子を名乗る別の発行者が、偽造者の鍵を認証している"
            ),
            |workshop| {
                under(workshop, |old| {
                    let root = Signer::new(&workshop.forged_key("ca")?)?;
                    certify((old.issuer(), &root), (old.subject(), &workshop.forged_key("data")?))
                })
            },
        )
        .with_also(&["F06a"]),
    );
    all.add(
        Candidate::wrong(
            "face.authority-of-text",
            Group::Face,
            FACE,
            (&F06c, OTHER_KEY),
            text!(
                "the authority of text data has certified the data-signing key",
                "テキストデータの発行者がデータ署名鍵を認証している"
            ),
            |workshop| {
                let issuer = crate::forge::text::Texts::of(genuine(workshop))?.cv()?.issuer();
                under(workshop, |old| {
                    let root = Signer::new(&workshop.genuine_key("text-root")?)?;
                    certify((issuer, &root), (old.subject(), &workshop.forged_key("data")?))
                })
            },
        )
        .with_also(&["F06a", "F06b"]),
    );
}

/// The card with another chip, genuine throughout.
fn other_chip(workshop: &Workshop) -> Result<IssuedCard, MakeError> {
    let key = workshop.forged_key("chip")?;
    let mut keys = workshop.card_keys(Person::A).clone();
    keys.face = KeyPair::new(&key)?;
    let desk: &Desk = workshop.desk();
    Ok(desk.issue(workshop.order(Person::A), workshop.numbers(Person::A), &keys, None)?)
}

/// F04 and F07.
fn chips(all: &mut Candidates) {
    const TWIN: &str = "face.other-chip.twin";
    all.add(Candidate::right(
        TWIN,
        Group::Face,
        FACE,
        text!(
            "another chip key, in all records that the municipality has signed",
            "別のチップの鍵。市区町村が署名したすべての記録にある"
        ),
        |workshop| Ok(subject(other_chip(workshop)?)),
    ));
    all.add(
        Candidate::wrong(
            "face.chip-key-unsigned",
            Group::Face,
            FACE,
            (&F04, TWIN),
            text!(
                "a forger's chip with its own key in EF 0002, whose signature is that over the old key",
                "偽造者のチップと鍵。EF 0002の署名は元の鍵へのもの"
            ),
            |workshop| {
                let card = other_chip(workshop)?;
                let mut faces = Faces::of(&card)?;
                let old = Faces::of(genuine(workshop))?;
                faces.face.set(SIGNATURE, old.face.get(SIGNATURE)?)?;
                Ok(subject(faces.put(&card)?))
            },
        )
        .with_also(&["F03"]),
    );
    all.add(Candidate::wrong(
        "face.chip-cannot-sign",
        Group::Face,
        FACE,
        (&F07a, GENUINE),
        text!(
            "a copy of all files; the chip answers a challenge with 6985",
            "全ファイルの複製。チップは署名要求に6985を返す"
        ),
        |workshop| {
            Ok(Subject::card(
                ForgedCard::new(genuine(workshop).clone()).with(chip::silent_chip(AID)),
            ))
        },
    ));
    all.add(Candidate::wrong(
        "face.chip-answers-random",
        Group::Face,
        FACE,
        (&F07b, GENUINE),
        text!(
            "a copy of all files; the chip answers a challenge with 256 random bytes",
            "全ファイルの複製。チップは署名要求に256バイトの乱数を返す"
        ),
        |workshop| {
            let chip = chip::guessing_chip(AID, *workshop.seed("face/random"));
            Ok(Subject::card(ForgedCard::new(genuine(workshop).clone()).with(chip)))
        },
    ));
    all.add(Candidate::wrong(
        "face.chip-other-key",
        Group::Face,
        FACE,
        (&F07b, TWIN),
        text!(
            "a copy of all files; the chip signs a challenge with another key than that of EF 0002",
            "全ファイルの複製。チップはEF 0002と異なる鍵で署名する"
        ),
        |workshop| {
            let mut card = genuine(workshop).clone();
            contents(&mut card)?.authentication_key = KeyPair::new(&workshop.forged_key("chip")?)?.private;
            Ok(subject(card))
        },
    ));
    all.add(
        Candidate::wrong(
            "face.chip-replays",
            Group::Face,
            FACE,
            (&F07c, GENUINE),
            text!(
                "a copy of all files; the chip replays the answer that the genuine card gave in the run before",
                "全ファイルの複製。チップは前回の実行で本物が返した応答を繰り返す"
            ),
            |workshop| {
                let heard = Heard::default();
                let card = || ForgedCard::new(genuine(workshop).clone());
                let before = card().with(chip::overheard_chip(AID, Arc::clone(&heard)));
                Ok(Subject::after(before, card().with(chip::replaying_chip(AID, heard))))
            },
        )
        .with_also(&["F07b"]),
    );
}

/// F08 and F09.
fn records(all: &mut Candidates) {
    all.add(
        Candidate::wrong(
            "face.age-record-of-another-card",
            Group::Face,
            FACE,
            (&F08, GENUINE),
            text!(
                "the age record is that of another card of the same person, genuine and with another chip key",
                "年齢確認情報が同じ人の別のカードのもので、チップの公開鍵が異なる"
            ),
            |workshop| {
                let mut faces = Faces::of(genuine(workshop))?;
                faces.age = Faces::of(&other_chip(workshop)?)?.age;
                Ok(subject(faces.put(genuine(workshop))?))
            },
        )
        .if_used(&[Use::Read(AID, 0x0001), Use::Read(AID, 0x0002)]),
    );
    all.add(
        Candidate::wrong(
            "face.age-record-changed",
            Group::Face,
            FACE,
            (&F09, "face.birth-date-replaced.twin"),
            text!(
                "the birth date is one year earlier, and the signature of the age record is that over the true one",
                "生年月日が1年早く、年齢確認情報の署名は元の生年月日へのもの"
            ),
            |workshop| {
                let card = changed(workshop, |_, order| {
                    person::birth(order);
                    Ok(())
                })?;
                let mut faces = Faces::of(&card)?;
                let old = Faces::of(genuine(workshop))?;
                faces.age.set(AGE_SIGNATURE, old.age.get(AGE_SIGNATURE)?)?;
                Ok(subject(faces.put(&card)?))
            },
        )
        .if_used(AGE_READ),
    );
}

/// The first card with the face data and the chip of the second one. The codes are those of the first, which a program is
/// given.
fn with_face_of(card: &IssuedCard, other: IssuedCard) -> Result<IssuedCard, MakeError> {
    let mut card = card.clone();
    let face = other
        .face_info
        .ok_or(MakeError::Form("a card has a face-info application"))?;
    let place = contents(&mut card)?;
    place.data = face.data;
    place.authentication_key = face.authentication_key;
    Ok(card)
}

/// F10 and F11.
fn two_cards(all: &mut Candidates) {
    all.add(Candidate::wrong(
        "face.of-another-card",
        Group::Face,
        BOTH,
        (&F10, GENUINE),
        text!("the texts are those of one card and the face data those of another person's, both genuine with their chips", "テキストは1枚のカードのもの、券面データは別人のカードのもの。どちらも本物でチップも応答する"),
        |workshop| {
            let end = workshop.order(Person::A).expiry;
            let other = workshop.issue(Person::B, |order| order.expiry = end)?;
            Ok(subject(with_face_of(genuine(workshop), other)?))
        },
    ));
    all.add(
        Candidate::wrong(
            "face.of-a-person-of-equal-birth-date",
            Group::Face,
            BOTH,
            (&F11, GENUINE),
            text!(
                "as with face.of-another-card, and both people have one birth date and sex",
                "face.of-another-cardと同様で、2人の生年月日と性別が同じ"
            ),
            |workshop| {
                let first = workshop.order(Person::A);
                let other = workshop.issue(Person::B, |order| {
                    order.expiry = first.expiry;
                    order.person.birth = first.person.birth;
                    order.person.sex = first.person.sex;
                })?;
                Ok(subject(with_face_of(genuine(workshop), other)?))
            },
        )
        .expecting(Expected::Notice),
    );
}

/// A day before or after another one.
fn days_from(workshop: &Workshop, days: i64) -> Result<Date, MakeError> {
    day_in_japan(time::days_from(workshop.now(), days)?).ok_or(MakeError::Form("a day has a date"))
}

/// A genuine card that ends on this day; its certificates end later.
fn ending(workshop: &Workshop, days: i64) -> Result<IssuedCard, MakeError> {
    let end = days_from(workshop, days)?;
    let until = workshop.order(Person::A).certificate_validity()?.auth.1;
    workshop.issue(Person::A, |order| {
        order.expiry = end;
        order.certificate_dates.until = Some(until);
    })
}

/// F12 and F13.
fn ends(all: &mut Candidates) {
    const TWIN: &str = "face.ends-today.twin";
    all.add(Candidate::right(
        TWIN,
        Group::Face,
        FACE,
        text!("the card ends on the day of the check", "カードの有効期限が検証日"),
        |workshop| Ok(subject(ending(workshop, 0)?)),
    ));
    all.add(Candidate::wrong(
        "face.ended",
        Group::Face,
        FACE,
        (&F12, TWIN),
        text!(
            "the card ended on the day before the check, as all its records state",
            "カードの有効期限が検証日の前日で、すべての記録がそう示す"
        ),
        |workshop| Ok(subject(ending(workshop, -1)?)),
    ));
    all.add(
        Candidate::wrong(
            "face.end-changed",
            Group::Face,
            FACE,
            (&F13, GENUINE),
            text!(
                "the unsigned end in EF 0002 is a year later than those of the other records",
                "署名対象外のEF 0002の有効期限が、他の記録より1年遅い"
            ),
            |workshop| {
                let mut faces = Faces::of(genuine(workshop))?;
                let end = workshop.order(Person::A).expiry;
                let later = Date::new(end.year() + 1, end.month(), end.day().min(28));
                let later = later.ok_or(MakeError::Form("a card ends before the year 9999"))?;
                faces.face.set(END, later.digits())?;
                Ok(subject(faces.put(genuine(workshop))?))
            },
        )
        .expecting(Expected::Notice),
    );
}

/// F14 and F15.
fn layout(all: &mut Candidates) {
    all.add(
        Candidate::wrong(
            "face.offset-behind-object",
            Group::Face,
            FACE,
            (&F14, "face.photo-replaced.twin"),
            text!(
                "the unsigned offset of the photo leads to another photo behind the signed object",
                "署名対象外のオフセットが、署名されたオブジェクトの後にある別の顔写真を指す"
            ),
            |workshop| {
                let faces = Faces::of(genuine(workshop))?;
                let mut file = faces.card_face()?;
                let hidden = file.len();
                let photo = figure(workshop, "other")?;
                file.extend(object(PHOTO, &photo)?);
                file.extend([0xFF; 8]);
                redirect(&mut file, 5, hidden)?;
                let card = faces.put_with(genuine(workshop), file)?;
                Ok(subject(card).with_unseen(photo))
            },
        )
        .expecting(Expected::Either),
    );
    all.add(
        Candidate::right(
            "face.pictures-in-other-order",
            Group::Face,
            FACE,
            text!("the pictures of name and address have changed places, with right offsets; the digest is in the order of the tags", "氏名と住所の画像の位置が入れ替わり、オフセットは正しい。ハッシュ値はタグの順"),
            |workshop| {
                let mut faces = Faces::of(genuine(workshop))?;
                faces.face.swap(NAME, ADDRESS)?;
                Ok(subject(faces.put(genuine(workshop))?))
            },
        )
        .of(&F15),
    );
}

/// F16.
fn ages(all: &mut Candidates) {
    const TWIN: &str = "face.twenty-today.twin";
    /// Born twenty years before the day that is so far from that of the check.
    fn twenty(workshop: &Workshop, days: i64) -> Result<Subject, MakeError> {
        let day = days_from(workshop, days)?;
        // Born on 29 February, a person is counted as one of 28 February.
        let birth = BirthDate::new(day.year() - 20, day.month(), day.day())
            .or_else(|| BirthDate::new(day.year() - 20, day.month(), day.day() - 1));
        let birth = birth.ok_or(MakeError::Form("a birth date is a day"))?;
        Ok(subject(workshop.issue(Person::A, |order| order.person.birth = birth)?))
    }
    all.add(
        Candidate::right(
            TWIN,
            Group::Face,
            FACE,
            text!(
                "the cardholder's twentieth birthday is the day of the check in Japan",
                "検証日（日本時間）が本人の20歳の誕生日"
            ),
            |workshop| twenty(workshop, 0),
        )
        .of(&F16),
    );
    all.add(
        Candidate::wrong(
            "face.twenty-tomorrow",
            Group::Face,
            FACE,
            (&F16, TWIN),
            text!("the cardholder's twentieth birthday is the day after the check in Japan: a program with this age limit refuses", "検証日（日本時間）の翌日が本人の20歳の誕生日。20歳を条件とするプログラムは拒否する"),
            |workshop| twenty(workshop, 1),
        )
        .expecting(Expected::Either),
    );
}
