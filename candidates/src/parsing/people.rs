//! Names, addresses, birth dates and sexes that are rare (P03, P09 to P13).

use vmyna_apdu::text;
use vmyna_applets::birth::BirthDate;
use vmyna_applets::person::Sex;
use vmyna_issuance::order::Order;

use super::{ANY, GENUINE, P03, P09, P10, P11, P12, P13, TEXT, signed_texts, subject};
use crate::candidate::{Candidate, Candidates, Check, Expected, Group, Part};
use crate::forge::text::NAME;
use crate::workshop::Person;

/// Adds them.
pub(super) fn add(all: &mut Candidates) {
    addresses(all);
    names(all);
    dangerous(all);
    births(all);
}

type Change = fn(&mut Order);

/// A genuine card that is issued to somebody with this change.
fn issued(all: &mut Candidates, check: &'static Check, rows: &[(&'static str, Change, &str, &str)]) {
    for (name, change, en, ja) in rows {
        let change = *change;
        let what = text!("{en}", "{ja}");
        let make = move |workshop: &crate::workshop::Workshop| Ok(subject(workshop.issue(Person::A, change)?));
        all.add(Candidate::right(name, Group::Parsing, ANY, what, make).of(check));
    }
}

/// The address with a building whose name makes it so many characters long.
fn lengthen(order: &mut Order, characters: usize) {
    const BUILDING: &str = "　見本ハイツ架空町試験棟";
    let address = &order.person.address;
    let more = BUILDING
        .chars()
        .cycle()
        .take(characters.saturating_sub(address.chars().count()));
    order.person.address = address.chars().chain(more).take(characters).collect();
}

fn named(order: &mut Order, name: &str, kana: &str) {
    order.person.name = name.to_owned();
    order.person.kana = kana.to_owned();
}

/// P03.
fn addresses(all: &mut Candidates) {
    issued(
        all,
        &P03,
        &[
            (
                "parsing.address-of-129-bytes",
                |order| lengthen(order, 43),
                "an address of 43 characters, 129 bytes",
                "43文字、129バイトの住所",
            ),
            (
                "parsing.address-of-258-bytes",
                |order| lengthen(order, 86),
                "an address of 86 characters, 258 bytes",
                "86文字、258バイトの住所",
            ),
            (
                "parsing.address-of-200-characters",
                |order| lengthen(order, 200),
                "an address of 200 characters, 600 bytes",
                "200文字、600バイトの住所",
            ),
        ],
    );
}

/// P09 to P11.
fn names(all: &mut Candidates) {
    issued(
        all,
        &P09,
        &[
            (
                "parsing.name-in-latin-letters",
                |order| named(order, "SAMPLE　MARIA", ""),
                "a name in Latin letters",
                "ローマ字の氏名",
            ),
            (
                "parsing.name-with-middle-names",
                |order| named(order, "SAMPLE　JOHN　PAUL　GEORGE", ""),
                "a name with three given names",
                "名が3つある氏名",
            ),
            (
                "parsing.name-without-family-name",
                |order| named(order, "SAMPLE", ""),
                "a name of one part, without blank",
                "空白のない、1つだけの名前",
            ),
            (
                "parsing.name-of-100-letters",
                |order| named(order, &format!("SAMPLE　{}", "ABCDEFGHIJ".repeat(9)), ""),
                "a name of 97 characters",
                "97文字の氏名",
            ),
            (
                "parsing.name-in-katakana",
                |order| named(order, "サンプル　マリア・アンナ", ""),
                "a name in katakana with a middle dot",
                "中黒のあるカタカナの氏名",
            ),
        ],
    );
    let variant: Change = |order| named(order, "葛\u{E0100}城　花子", "カツラギ　ハナコ");
    issued(
        all,
        &P10,
        &[
            (
                "parsing.name-beyond-bmp",
                |order| named(order, "𠮷田　太郎", "ヨシダ　タロウ"),
                "a name with U+20BB7, which takes four bytes",
                "4バイトになるU+20BB7がある氏名",
            ),
            (
                "parsing.name-with-variation-selector",
                variant,
                "a name with U+845B and the variation selector U+E0100",
                "U+845Bと異体字セレクターU+E0100がある氏名",
            ),
            (
                "parsing.name-with-compatibility-ideograph",
                |order| named(order, "\u{FA19}田　太郎", "カミタ　タロウ"),
                "a name with the compatibility ideograph U+FA19, which Unicode normalization changes",
                "正規化で変わる互換漢字U+FA19がある氏名",
            ),
        ],
    );
    all.add(
        Candidate::wrong(
            "parsing.name-differs-from-certificate",
            Group::Parsing,
            &[Part::Text, Part::SignCertificate],
            (&P11, GENUINE),
            text!(
                "the name has a variation selector, and the certificate for signatures a substitute without it",
                "氏名に異体字セレクターがあり、署名用電子証明書はそれのない代替文字"
            ),
            move |workshop| Ok(subject(workshop.issue(Person::A, variant)?)),
        )
        .expecting(Expected::Notice),
    );
}

/// P12.
fn dangerous(all: &mut Candidates) {
    /// The name, and the part of it that must not be shown as it is.
    type Row = (
        &'static str,
        &'static [u8],
        Option<&'static [u8]>,
        &'static str,
        &'static str,
    );
    const ROWS: [Row; 6] = [
        (
            "parsing.name-not-utf8",
            b"\xE8\xA6\x8B\xE6\x9C\xE3\x80\x80\xFF\xFE",
            Some(b"\xE6\x9C\xE3\x80\x80\xFF\xFE"),
            "a name that is not UTF-8",
            "UTF-8でない氏名",
        ),
        (
            "parsing.name-with-nul",
            b"TEST\0SAMPLE",
            Some(b"TEST\0SAMPLE"),
            "a name with a NUL",
            "NULのある氏名",
        ),
        (
            "parsing.name-with-escape",
            b"TEST\x1B[2J\x1B]0;SAMPLE\x07",
            Some(b"\x1B[2J"),
            "a name with commands for a terminal",
            "端末への命令がある氏名",
        ),
        (
            "parsing.name-with-bidi-marks",
            "TEST\u{202E}ELPMAS".as_bytes(),
            Some("\u{202E}ELPMAS".as_bytes()),
            "a name with a mark that changes the direction of writing",
            "書字方向を変える文字がある氏名",
        ),
        (
            "parsing.name-with-markup",
            b"<script>alert(1)</script>",
            None,
            "a name that is markup with a script",
            "スクリプトを含むマークアップの氏名",
        ),
        (
            "parsing.name-with-formula",
            b"=HYPERLINK(\"https://example.invalid\")",
            None,
            "a name that is a formula of a spreadsheet",
            "表計算の数式になっている氏名",
        ),
    ];
    for (name, value, unseen, en, ja) in ROWS {
        all.add(
            Candidate::wrong(
                name,
                Group::Parsing,
                TEXT,
                (&P12, GENUINE),
                text!(
                    "{en}; the municipality has signed it so",
                    "{ja}。市区町村の鍵で署名されている"
                ),
                move |workshop| {
                    let subject = signed_texts(workshop, |texts| texts.fields.set(NAME, value))?;
                    Ok(match unseen {
                        Some(bytes) => subject.with_unseen(bytes),
                        None => subject,
                    })
                },
            )
            .expecting(Expected::Either),
        );
    }
}

/// P13.
fn births(all: &mut Candidates) {
    issued(
        all,
        &P13,
        &[
            (
                "parsing.sex-neither",
                |order| order.person.sex = Sex::Other,
                "the sex 9, not applicable",
                "性別9（適用不能）",
            ),
            (
                "parsing.sex-unknown",
                |order| order.person.sex = Sex::Unknown,
                "the sex 0, not known",
                "性別0（不明）",
            ),
        ],
    );
    let rows: [(_, &'static [u8; 8], _, _); 3] = [
        (
            "parsing.birth-day-unknown",
            b"19450600",
            "a birth date whose day is not known",
            "日が不詳の生年月日",
        ),
        (
            "parsing.birth-month-unknown",
            b"19450000",
            "a birth date of which only the year is known",
            "年だけが分かる生年月日",
        ),
        (
            "parsing.birth-unknown",
            b"00000000",
            "an unknown birth date",
            "不詳の生年月日",
        ),
    ];
    for (name, digits, en, ja) in rows {
        all.add(
            Candidate::wrong(
                name,
                Group::Parsing,
                TEXT,
                (&P13, GENUINE),
                text!("{en} (the form is assumed)", "{ja}（形式は推定）"),
                move |workshop| {
                    let birth = BirthDate::from_digits(digits);
                    Ok(subject(workshop.issue(Person::A, |order| {
                        order.person.birth = birth.unwrap_or(order.person.birth);
                    })?))
                },
            )
            .expecting(Expected::Notice),
        );
    }
}
