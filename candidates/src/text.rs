//! Cards whose texts (input-assist application) are wrong in one respect.
//!
//! The municipality's key signs the digests of EF 0001 and of the four attributes (EF 0003), and apart from them the chip's
//! key (EF 0007). Nothing signs the table of offsets, the filler, and EF 0005 and 0006. That texts and chip belong together
//! can't be seen in this application: the texts of one card with the chip of another, of one municipality, pass all its
//! checks.

use std::sync::Arc;

use sha1::Sha1;
use sha2::{Digest, Sha256};
use vmyna_apdu::text;
use vmyna_applets::cv::{CvCertificate, KeyId};
use vmyna_applets::input_assist::AID;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::order::Order;

use crate::candidate::{Candidate, Candidates, Expected, Group, Part, Use, checks};
use crate::forge::chip::{self, Heard, layer, refuse};
use crate::forge::person;
use crate::forge::sign::{Signer, certify, cv_error, digest_info, padded_short, public_key, with_other_key};
use crate::forge::text::{ADDRESS, CHIP_KEY, FIELDS_DIGEST, NUMBER_DIGEST, SIGNATURE, Texts, contents};
use crate::forge::{object, redirect};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Person, Workshop};

checks! {
    T01: must("compare the signed digest of the four attributes with the attributes", "基本4情報のハッシュ値を署名されたものと比較する"),
        why("a signature over digests proves nothing about a text that is not compared with them", "ハッシュ値への署名だけでは、読み取った文字列について何も証明されない"),
        Documented, "ICAO Doc 9303-11, passive authentication; gmrtd issues 1 and 27; AndroidPassportReader issue 31";
    T02: must("compare the signed digest of EF 0001 with the file", "EF 0001のハッシュ値を署名されたものと比較する"),
        why("a signature over digests proves nothing about a number that is not compared with them", "ハッシュ値への署名だけでは、読み取った番号について何も証明されない"),
        Measured, "myna-card: EF 0003 of a published test card; ICAO Doc 9303-11, passive authentication";
    T03: must("compute the digest of all 17 bytes of EF 0001, with the filler", "EF 0001のハッシュ値を、詰め物を含む17バイト全体で計算する"),
        why("a program that refuses genuine cards teaches its users to switch checks off", "本物を拒否するプログラムは、検証を止める習慣につながる"),
        Measured, "myna-card: EF 0003 of a published test card";
    T04: must("verify the signature over the digests", "ハッシュ値への署名を検証する"),
        why("anyone can compute digests of changed texts", "改変した文字列のハッシュ値は誰でも計算できる"),
        Documented, "ICAO Doc 9303-11, passive authentication; gmrtd issue 1";
    T05: must("demand the right digest for each file that it uses", "使うファイルごとに、そのファイルのハッシュ値を要求する"),
        why("\"all digests that are there match\" holds for a file without digest too", "「あるハッシュ値はすべて一致」は、ハッシュ値のないファイルにも成り立つ"),
        Assumed, "a like case: isomdl pull request 132; no such card was seen";
    T06: must("verify the signature of the CV certificate", "CV証明書の署名を検証する"),
        why("otherwise anyone is a municipality", "検証しなければ、誰でも市区町村になれる"),
        Documented, "ICAO Doc 9303-11, verification of the document signer";
    T07: must("take the key above the CV certificate from outside the card", "CV証明書の発行者の鍵を、カードの外から得る"),
        why("key identifiers are names and not keys", "鍵識別子は名前であり、鍵ではない"),
        Documented, "documentation of myna-card, data.rs; gmrtd issue 1";
    T08: must("keep the authorities of text and face data apart", "テキストと券面の発行者の鍵を区別する"),
        why("a key that leaks from one application must not serve another", "一方の鍵が漏れても、他方に使えてはならない"),
        Assumed, "the key identifiers differ by application on a published test card (myna-card)";
    T09: must("inform its user of an unknown issuer, apart from a wrong signature", "未知の発行者を、署名の誤りと区別して知らせる"),
        why("new generations of keys will come, and unknown is not forged", "鍵の世代は新しくなる。未知は偽造ではない"),
        Client, "myna-card has an error of its own for it";
    T10: must("challenge the chip", "チップに乱数を署名させる"),
        why("copied data are the cheapest forgery", "データの複製は最も安価な偽造である"),
        Documented, "ICAO Doc 9303-11, active authentication; PocketSign's documentation, internal authentication";
    T11: must("verify the answer of the chip", "チップの応答の署名を検証する"),
        why("the status word 9000 proves nothing", "ステータスワード9000は何も証明しない"),
        Documented, "ICAO Doc 9303-11, active authentication";
    T12: must("verify the signature over the chip's key", "チップの公開鍵への署名を検証する"),
        why("a copy of a card brings its own key", "複製カードは自分の鍵を持ってくる"),
        Documented, "gmrtd issue 349";
    T13: must("verify the signature over the chip's key with the municipality's key of EF 0004", "チップの公開鍵への署名を、EF 0004の鍵で検証する"),
        why("a signature by any other key is a forger's", "他の鍵による署名は偽造者のものである"),
        Assumed, "gmrtd issue 349, for a program that accepts any key";
    T14: must("draw a new random challenge each time", "毎回新しい乱数を使う"),
        why("with a fixed challenge a recorded answer is enough", "固定の値なら、記録した応答で足りる"),
        Documented, "NFCPassportReader pull request 227";
    T15: must("let the server that verifies choose the challenge", "検証するサーバーが乱数を決める"),
        why("the program on the user's device is in the hands of an attacker", "利用者の端末のプログラムは攻撃者の手の中にある"),
        Documented, "PocketSign's documentation; NFCPassportReader pull request 227";
    T16: must("find objects by their tags, or compare the offsets with them", "オブジェクトをタグで探すか、オフセットを照合する"),
        why("offsets and filler are not signed, so the text shown is not the text signed", "オフセットと詰め物は署名の対象外であり、表示する文字列が署名された文字列と異なりうる"),
        Assumed, "layout measured on a published test card; myna-card compares the offsets with the objects";
    T17: must("refuse an object that is there twice", "同じオブジェクトが2つあれば拒否する"),
        why("two readers would read two addresses", "読み手によって異なる住所になる"),
        Assumed, "no such card was seen";
    T18: must("accept only a whole PKCS#1 v1.5 block with a DigestInfo of SHA-256", "SHA-256のDigestInfoを持つPKCS#1 v1.5のブロック全体だけを受け入れる"),
        why("other algorithms and blocks are weaker ways to the same verdict", "他のアルゴリズムやブロックは、同じ判定へのより弱い道である"),
        Assumed, "RFC 8017, 8.2.2; CRYPTREC LS-0001-2022 for SHA-1";
    T19: must("not take a secure session as a proof of the chip", "セキュアセッションをチップの証明とみなさない"),
        why("nothing signs the key of EF 0006, and answers in the session have no authentication code", "EF 0006の鍵に署名はなく、セッションの応答に認証コードもない"),
        Measured, "myna-card: secure messaging without integrity on real cards";
    T20: must("inform its user if it falls back from a secure session to plain reading", "セキュアセッションから平文の読み取りに戻るときは知らせる"),
        why("a downgrade in silence makes the session worthless", "黙って戻れば、セッションに意味がなくなる"),
        Assumed, "only for a program that promises the session; no such card was seen";
    T21: must("check the form of secured answers: one object 86, indicator 01, padding 80 00", "保護された応答の形式（オブジェクト86、指示子01、パディング80 00）を確認する"),
        why("otherwise garbage is taken for text", "確認しなければ、無意味なバイト列を文字列とみなす"),
        Client, "myna-card: the form of answers in the session";
}

const TEXT: &[Part] = &[Part::Text];
const SESSION: &[Use] = &[Use::SecureSession];

/// The card that was not changed: the twin of those that no changed card can be compared with.
const GENUINE: &str = "text.genuine";
/// A card under another data-signing key of the municipality.
const OTHER_KEY: &str = "text.other-data-key.twin";

/// The genuine card of the cardholder.
fn genuine(workshop: &Workshop) -> &IssuedCard {
    workshop.card(Person::A)
}

fn subject(card: IssuedCard) -> Subject {
    Subject::card(ForgedCard::new(card))
}

fn municipality(workshop: &Workshop) -> Result<Signer, MakeError> {
    Signer::new(&workshop.genuine_key("municipality-text")?)
}

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    all.add(
        Candidate::right(
            GENUINE,
            Group::Text,
            TEXT,
            text!(
                "a genuine card, whose digest of EF 0001 covers the filler",
                "本物のカード（EF 0001のハッシュ値は詰め物を含む）"
            ),
            |workshop| Ok(subject(genuine(workshop).clone())),
        )
        .of(&T03),
    );
    changed_texts(all);
    digests(all);
    certificates(all);
    chips(all);
    layout(all);
    blocks(all);
    sessions(all);
}

type Change = fn(&Workshop, &mut Order) -> Result<(), MakeError>;

/// The genuine card of a cardholder who differs in one respect.
fn changed(workshop: &Workshop, change: Change) -> Result<IssuedCard, MakeError> {
    let mut order = Ok(());
    let card = workshop.issue(Person::A, |changed| order = change(workshop, changed))?;
    order.map(|()| card)
}

/// T01, T02, T04: a genuine card of somebody else, with a part of the cardholder's own.
fn changed_texts(all: &mut Candidates) {
    let address: Change = |workshop, order| {
        person::address(workshop, order);
        Ok(())
    };
    let name: Change = |workshop, order| {
        person::name(workshop, order);
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
    let rows: [(_, _, Change, _, _); 4] = [
        (
            "text.address-replaced",
            "text.address-replaced.twin",
            address,
            "one kanji of the address is another one",
            "住所の漢字1文字が別の字になっている",
        ),
        (
            "text.name-replaced",
            "text.name-replaced.twin",
            name,
            "the name is that of another person",
            "氏名が別人のものになっている",
        ),
        (
            "text.birth-date-replaced",
            "text.birth-date-replaced.twin",
            birth,
            "the birth date is one year earlier",
            "生年月日が1年早くなっている",
        ),
        (
            "text.sex-replaced",
            "text.sex-replaced.twin",
            sex,
            "the sex is another one",
            "性別が変わっている",
        ),
    ];
    for (name, twin, change, en, ja) in rows {
        all.add(Candidate::right(
            twin,
            Group::Text,
            TEXT,
            text!(
                "{en}, and the whole card is issued so",
                "{ja}。カード全体がそのとおりに発行されている"
            ),
            move |workshop| Ok(subject(changed(workshop, change)?)),
        ));
        all.add(Candidate::wrong(
            name,
            Group::Text,
            TEXT,
            (&T01, twin),
            text!(
                "{en}, and EF 0003 is that of the true text",
                "{ja}が、EF 0003は元の文字列のもの"
            ),
            move |workshop| {
                let card = changed(workshop, change)?;
                let mut texts = Texts::of(&card)?;
                texts.integrity = Texts::of(genuine(workshop))?.integrity;
                Ok(subject(texts.put(&card)?))
            },
        ));
    }
    all.add(Candidate::right(
        "text.number-replaced.twin",
        Group::Text,
        TEXT,
        text!(
            "one digit of the My Number is another one, and the whole card is issued so",
            "個人番号の1桁が変わり、カード全体がそのとおりに発行されている"
        ),
        |workshop| Ok(subject(changed(workshop, person::my_number)?)),
    ));
    all.add(
        Candidate::wrong(
            "text.number-replaced",
            Group::Text,
            TEXT,
            (&T02, "text.number-replaced.twin"),
            text!("one digit of the My Number is another one, its check digit is right, and EF 0003 is that of the true number", "個人番号の1桁が変わり、検査用数字は正しいが、EF 0003は元の番号のもの"),
            |workshop| {
                let card = changed(workshop, person::my_number)?;
                let mut texts = Texts::of(&card)?;
                texts.integrity = Texts::of(genuine(workshop))?.integrity;
                Ok(subject(texts.put(&card)?))
            },
        )
        .if_used(&[Use::Read(AID, 0x0001)]),
    );
    let rows: [(_, _, Change, _, _); 2] = [
        (
            "text.digests-unsigned",
            "text.address-replaced.twin",
            address,
            "address and digest are changed alike",
            "住所とハッシュ値がともに変わっている",
        ),
        (
            "text.number-digest-unsigned",
            "text.number-replaced.twin",
            person::my_number,
            "My Number and digest are changed alike",
            "個人番号とハッシュ値がともに変わっている",
        ),
    ];
    for (name, twin, change, en, ja) in rows {
        all.add(Candidate::wrong(
            name,
            Group::Text,
            TEXT,
            (&T04, twin),
            text!(
                "{en}, and the signature over the digests is the old one",
                "{ja}が、ハッシュ値への署名は元のもの"
            ),
            move |workshop| {
                let card = changed(workshop, change)?;
                let mut texts = Texts::of(&card)?;
                let old = Texts::of(genuine(workshop))?;
                texts.integrity.set(SIGNATURE, old.integrity.get(SIGNATURE)?)?;
                Ok(subject(texts.put(&card)?))
            },
        ));
    }
}

/// T05.
fn digests(all: &mut Candidates) {
    type Edit = fn(&mut Texts) -> Result<(), MakeError>;
    let without_fields: Edit = |texts| texts.integrity.remove(FIELDS_DIGEST).map(drop);
    let without_number: Edit = |texts| texts.integrity.remove(NUMBER_DIGEST).map(drop);
    let swapped: Edit = |texts| {
        let (number, fields) = (
            texts.integrity.get(NUMBER_DIGEST)?.to_vec(),
            texts.integrity.get(FIELDS_DIGEST)?.to_vec(),
        );
        texts.integrity.set(NUMBER_DIGEST, fields)?;
        texts.integrity.set(FIELDS_DIGEST, number)
    };
    const NUMBER_READ: &[Use] = &[Use::Read(AID, 0x0001)];
    let rows: [(_, Edit, &'static [Use], _, _); 3] = [
        (
            "text.attributes-digest-missing",
            without_fields,
            &[],
            "the signed record has no digest of the attributes",
            "署名された記録に基本4情報のハッシュ値がない",
        ),
        (
            "text.number-digest-missing",
            without_number,
            NUMBER_READ,
            "the signed record has no digest of the My Number",
            "署名された記録に個人番号のハッシュ値がない",
        ),
        (
            "text.digests-swapped",
            swapped,
            &[],
            "the two digests of the signed record have changed places",
            "署名された記録の2つのハッシュ値が入れ替わっている",
        ),
    ];
    for (name, edit, uses, en, ja) in rows {
        all.add(
            Candidate::wrong(
                name,
                Group::Text,
                TEXT,
                (&T05, GENUINE),
                text!(
                    "{en}; the municipality has signed it so",
                    "{ja}。市区町村の鍵で署名されている"
                ),
                move |workshop| {
                    let mut texts = Texts::of(genuine(workshop))?;
                    edit(&mut texts)?;
                    texts.sign(&municipality(workshop)?)?;
                    Ok(subject(texts.put(genuine(workshop))?))
                },
            )
            .if_used(uses),
        );
    }
}

/// The card under a data-signing key of this label, with this certificate; all records are signed by it.
fn under(
    workshop: &Workshop,
    certificate: impl FnOnce(&CvCertificate) -> Result<CvCertificate, MakeError>,
) -> Result<Subject, MakeError> {
    let mut texts = Texts::of(genuine(workshop))?;
    texts.certificate = certificate(&texts.cv()?)?.to_file();
    let signer = Signer::new(&workshop.forged_key("data")?)?;
    texts.sign(&signer)?;
    texts.sign_chip(&signer)?;
    Ok(subject(texts.put(genuine(workshop))?))
}

/// T06 to T09.
fn certificates(all: &mut Candidates) {
    all.add(Candidate::right(
        OTHER_KEY,
        Group::Text,
        TEXT,
        text!(
            "another data-signing key, certified by the genuine authority",
            "別のデータ署名鍵。正規の発行者が認証している"
        ),
        |workshop| {
            under(workshop, |old| {
                let root = Signer::new(&workshop.genuine_key("text-root")?)?;
                certify((old.issuer(), &root), (old.subject(), &workshop.forged_key("data")?))
            })
        },
    ));
    all.add(Candidate::wrong(
        "text.certificate-unsigned",
        Group::Text,
        TEXT,
        (&T06, OTHER_KEY),
        text!("the CV certificate has a forger's key and the signature over the old one; the forger has signed all records", "CV証明書の鍵が偽造者のもので署名は元のまま。記録はすべて偽造者の鍵で署名されている"),
        |workshop| under(workshop, |old| with_other_key(old, &workshop.forged_key("data")?)),
    ));
    all.add(
        Candidate::wrong(
            "text.foreign-authority",
            Group::Text,
            TEXT,
            (&T07, OTHER_KEY),
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
        .with_also(&["T06"]),
    );
    all.add(
        Candidate::wrong(
            "text.authority-of-face",
            Group::Text,
            TEXT,
            (&T08, OTHER_KEY),
            text!(
                "the authority of face data has certified the data-signing key",
                "券面データの発行者がデータ署名鍵を認証している"
            ),
            |workshop| {
                let issuer = crate::forge::face::Faces::of(genuine(workshop))?.cv()?.issuer();
                under(workshop, |old| {
                    let root = Signer::new(&workshop.genuine_key("face-root")?)?;
                    certify((issuer, &root), (old.subject(), &workshop.forged_key("data")?))
                })
            },
        )
        .with_also(&["T06", "T07"]),
    );
    all.add(
        Candidate::wrong(
            "text.unknown-generation",
            Group::Text,
            TEXT,
            (&T09, OTHER_KEY),
            text!(
                "the issuer of the CV certificate is of the unknown generation 009; its key is the genuine one",
                "CV証明書の発行者が未知の世代009を名乗る。鍵は正規のもの"
            ),
            |workshop| {
                under(workshop, |old| {
                    let mut id = *old.issuer().as_bytes();
                    id[9..12].copy_from_slice(b"009");
                    let root = Signer::new(&workshop.genuine_key("text-root")?)?;
                    let issuer = KeyId::from_bytes(&id).map_err(cv_error)?;
                    certify((issuer, &root), (old.subject(), &workshop.forged_key("data")?))
                })
            },
        )
        .expecting(Expected::Notice),
    );
}

/// The card with a forger's chip, whose key is in EF 0007.
fn with_chip(workshop: &Workshop, by: Option<&Signer>) -> Result<Subject, MakeError> {
    let key = workshop.forged_key("chip")?;
    let mut texts = Texts::of(genuine(workshop))?;
    texts.chip.set(CHIP_KEY, public_key(&key)?)?;
    if let Some(by) = by {
        texts.sign_chip(by)?;
    }
    let mut card = texts.put(genuine(workshop))?;
    contents(&mut card)?.authentication_key = KeyPair::new(&key)?.private;
    Ok(subject(card))
}

/// T10 to T14.
fn chips(all: &mut Candidates) {
    const TWIN: &str = "text.other-chip.twin";
    all.add(Candidate::right(
        TWIN,
        Group::Text,
        TEXT,
        text!(
            "another chip key, signed by the municipality",
            "別のチップの鍵。市区町村の鍵で署名されている"
        ),
        |workshop| with_chip(workshop, Some(&municipality(workshop)?)),
    ));
    all.add(Candidate::wrong(
        "text.chip-cannot-sign",
        Group::Text,
        TEXT,
        (&T10, GENUINE),
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
        "text.chip-answers-random",
        Group::Text,
        TEXT,
        (&T11, GENUINE),
        text!(
            "a copy of all files; the chip answers a challenge with 256 random bytes",
            "全ファイルの複製。チップは署名要求に256バイトの乱数を返す"
        ),
        |workshop| {
            let chip = chip::guessing_chip(AID, *workshop.seed("text/random"));
            Ok(Subject::card(ForgedCard::new(genuine(workshop).clone()).with(chip)))
        },
    ));
    all.add(Candidate::wrong(
        "text.chip-other-key",
        Group::Text,
        TEXT,
        (&T11, TWIN),
        text!(
            "a copy of all files; the chip signs a challenge with another key than that of EF 0007",
            "全ファイルの複製。チップはEF 0007と異なる鍵で署名する"
        ),
        |workshop| {
            let mut card = genuine(workshop).clone();
            contents(&mut card)?.authentication_key = KeyPair::new(&workshop.forged_key("chip")?)?.private;
            Ok(subject(card))
        },
    ));
    all.add(Candidate::wrong(
        "text.chip-key-unsigned",
        Group::Text,
        TEXT,
        (&T12, TWIN),
        text!(
            "a forger's chip with its own key in EF 0007, under the signature over the old key",
            "偽造者のチップと鍵。EF 0007の署名は元の鍵へのもの"
        ),
        |workshop| with_chip(workshop, None),
    ));
    all.add(
        Candidate::wrong(
            "text.chip-key-by-forger",
            Group::Text,
            TEXT,
            (&T13, TWIN),
            text!(
                "a forger's chip with its own key, signed by a key that the card's CV certificate does not certify",
                "偽造者のチップと鍵。CV証明書が認証していない鍵で署名されている"
            ),
            |workshop| with_chip(workshop, Some(&Signer::new(&workshop.forged_key("data")?)?)),
        )
        .with_also(&["T12"]),
    );
    all.add(
        Candidate::wrong(
            "text.chip-key-by-face-key",
            Group::Text,
            TEXT,
            (&T13, TWIN),
            text!(
                "a forger's chip with its own key, signed by the municipality's key for face data",
                "偽造者のチップと鍵。市区町村の券面データ用の鍵で署名されている"
            ),
            |workshop| {
                with_chip(
                    workshop,
                    Some(&Signer::new(&workshop.genuine_key("municipality-face")?)?),
                )
            },
        )
        .with_also(&["T12"]),
    );
    all.add(
        Candidate::wrong(
            "text.chip-replays",
            Group::Text,
            TEXT,
            (&T14, GENUINE),
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
        .with_also(&["T11"]),
    );
}

/// T16 and T17.
fn layout(all: &mut Candidates) {
    const TWIN: &str = "text.address-replaced.twin";
    let other_address = |workshop: &Workshop| workshop.order(Person::B).person.address.clone();
    all.add(
        Candidate::wrong(
            "text.offset-into-filler",
            Group::Text,
            TEXT,
            (&T16, TWIN),
            text!(
                "the unsigned offset of the address leads to another address behind the signed object",
                "署名対象外のオフセットが、署名されたオブジェクトの後にある別の住所を指す"
            ),
            move |workshop| {
                let texts = Texts::of(genuine(workshop))?;
                let mut file = texts.attributes()?;
                file.extend([0xFF; 8]);
                let hidden = file.len();
                file.extend(object(ADDRESS, other_address(workshop).as_bytes())?);
                file.extend([0xFF; 8]);
                redirect(&mut file, 1, hidden)?;
                let card = texts.put_with(genuine(workshop), file)?;
                Ok(subject(card).with_unseen(other_address(workshop)))
            },
        )
        .expecting(Expected::Either),
    );
    all.add(
        Candidate::wrong(
            "text.address-twice",
            Group::Text,
            TEXT,
            (&T17, TWIN),
            text!(
                "a second address stands behind the four attributes, and the signed digest covers all five",
                "4情報の後に2つ目の住所があり、署名されたハッシュ値は5つすべてのもの"
            ),
            move |workshop| {
                let mut texts = Texts::of(genuine(workshop))?;
                texts.fields.insert(usize::MAX, ADDRESS, other_address(workshop));
                let digest = Sha256::digest(texts.fields.bytes()?).to_vec();
                texts.integrity.set(FIELDS_DIGEST, digest)?;
                texts.sign(&municipality(workshop)?)?;
                Ok(subject(texts.put(genuine(workshop))?))
            },
        )
        .with_also(&["P08"]),
    );
    all.add(
        Candidate::wrong(
            "text.address-twice-unsigned",
            Group::Text,
            TEXT,
            (&T17, TWIN),
            text!(
                "a second address stands behind the four attributes, and the signed digest covers the first four",
                "4情報の後に2つ目の住所があり、署名されたハッシュ値は最初の4つのもの"
            ),
            move |workshop| {
                let mut texts = Texts::of(genuine(workshop))?;
                texts.fields.insert(usize::MAX, ADDRESS, other_address(workshop));
                Ok(subject(texts.put(genuine(workshop))?))
            },
        )
        .with_also(&["P08"]),
    );
}

/// T18.
fn blocks(all: &mut Candidates) {
    type Sign = fn(&Workshop, &Signer, &[u8]) -> Result<Vec<u8>, MakeError>;
    /// DER of a `DigestInfo` of SHA-1 up to the digest (RFC 8017, 9.2, note 1).
    const SHA1: [u8; 15] = [
        0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
    ];
    let sha1: Sign = |_, by, signed| by.content(&[&SHA1[..], &Sha1::digest(signed)].concat());
    let bare: Sign = |_, by, signed| by.content(&Sha256::digest(signed));
    let short: Sign = |workshop, by, signed| {
        by.block(&padded_short(
            &digest_info(signed),
            &mut workshop.rng("text/short-fill"),
        ))
    };
    let rows: [(_, Sign, _, _); 3] = [
        (
            "text.signed-with-sha1",
            sha1,
            "the record of digests is signed with SHA-1",
            "ハッシュ値の記録がSHA-1で署名されている",
        ),
        (
            "text.signed-without-digest-info",
            bare,
            "the record of digests is signed as a bare digest without DigestInfo",
            "ハッシュ値の記録がDigestInfoなしで署名されている",
        ),
        (
            "text.signed-with-short-fill",
            short,
            "the block of the signature has a short fill, and random bytes behind the digest",
            "署名のブロックの詰め物が短く、ハッシュ値の後に乱数がある",
        ),
    ];
    for (name, sign, en, ja) in rows {
        all.add(
            Candidate::wrong(
                name,
                Group::Text,
                TEXT,
                (&T18, GENUINE),
                text!("{en}, by the municipality's key", "{ja}（市区町村の鍵）"),
                move |workshop| {
                    let mut texts = Texts::of(genuine(workshop))?;
                    let signed = texts.integrity.before(SIGNATURE)?;
                    let signature = sign(workshop, &municipality(workshop)?, &signed)?;
                    texts.integrity.set(SIGNATURE, signature)?;
                    Ok(subject(texts.put(genuine(workshop))?))
                },
            )
            .with_also(&["T04"]),
        );
    }
}

/// T19 to T21.
fn sessions(all: &mut Candidates) {
    all.add(
        Candidate::wrong(
            "text.session-of-forger",
            Group::Text,
            TEXT,
            (&T19, GENUINE),
            text!("a copy of all files with a session key of the forger's: a secure session works, but the chip can't sign", "全ファイルの複製で、セッション用の鍵だけ偽造者のもの。セッションは確立できるが、チップは署名できない"),
            |workshop| {
                let key = KeyPair::new(&workshop.forged_key("chip")?)?;
                let public = public_key(&workshop.forged_key("chip")?)?;
                let mut card = genuine(workshop).clone();
                let contents = contents(&mut card)?;
                contents.session_key = key.private;
                contents.data.session_key = object(0xA1, &public)?.into();
                Ok(Subject::card(ForgedCard::new(card).with(chip::silent_chip(AID))))
            },
        )
        .with_also(&["T10"]),
    );
    all.add(
        Candidate::wrong(
            "text.session-refused-later",
            Group::Text,
            TEXT,
            (&T20, GENUINE),
            text!("a secure session is set up, but the first secured command gives 6988 and each later one 69FC; plain reading works", "セッションは確立するが、最初の保護されたコマンドは6988、以後は69FCになる。平文では読み取れる"),
            |workshop| {
                let downgrade = layer(|| {
                    let mut refused = false;
                    Box::new(move |card, command, response| match command.is_secured() {
                        true if std::mem::replace(&mut refused, true) => refuse(response, [0x69, 0xFC]),
                        true => refuse(response, [0x69, 0x88]),
                        false => command.pass(card, response),
                    })
                });
                Ok(Subject::card(ForgedCard::new(genuine(workshop).clone()).with(downgrade)))
            },
        )
        .if_used(SESSION)
        .expecting(Expected::Notice),
    );
    type Edit = fn(&mut Vec<u8>);
    let indicator: Edit = |value| {
        if let Some(indicator) = value.first_mut() {
            *indicator = 0x00;
        }
    };
    let padding: Edit = |value| value.truncate(value.len().saturating_sub(16));
    let rows: [(_, Edit, _, _); 2] = [
        (
            "text.secured-answer-indicator",
            indicator,
            "secured answers have the padding indicator 00",
            "保護された応答のパディング指示子が00",
        ),
        (
            "text.secured-answer-padding",
            padding,
            "secured answers lack their last block, and with it the padding",
            "保護された応答の最後のブロックがなく、パディングもない",
        ),
    ];
    for (name, edit, en, ja) in rows {
        all.add(
            Candidate::wrong(
                name,
                Group::Text,
                TEXT,
                (&T21, GENUINE),
                text!("{en}", "{ja}"),
                move |workshop| {
                    let altered = layer(move || {
                        Box::new(move |card, command, response| {
                            command.pass(card, response)?;
                            if command.is_secured() {
                                edit_cryptogram(response, edit);
                            }
                            Ok(())
                        })
                    });
                    Ok(Subject::card(ForgedCard::new(genuine(workshop).clone()).with(altered)))
                },
            )
            .if_used(SESSION),
        );
    }
}

/// Changes the value of the object 86 in a secured answer; an answer without one stays as it is.
fn edit_cryptogram(response: &mut Vec<u8>, edit: fn(&mut Vec<u8>)) {
    let Some((data, status_word)) = response.split_last_chunk::<2>() else {
        return;
    };
    let value = match *data {
        [0x86, 0..=0x7F, ref value @ ..] | [0x86, 0x81, _, ref value @ ..] | [0x86, 0x82, _, _, ref value @ ..] => {
            value
        }
        _ => return,
    };
    let (mut value, status_word) = (value.to_vec(), *status_word);
    edit(&mut value);
    let length = value.len();
    response.clear();
    response.push(0x86);
    match length {
        0..0x80 => response.push(length as u8),
        0x80..0x100 => response.extend([0x81, length as u8]),
        _ => response.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    response.extend(value);
    response.extend(status_word);
}
