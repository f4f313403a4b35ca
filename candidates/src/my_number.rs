//! Cards about the My Number that are wrong in one respect, or tempting in one.

use vmyna_apdu::text;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{face_info, input_assist};

use crate::candidate::{Candidate, Candidates, Duty, Expected, Group, Part, Use, checks};
use crate::forge::face;
use crate::forge::face::Faces;
use crate::forge::person;
use crate::forge::sign::Signer;
use crate::forge::text::{Texts, number_file};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Person, Workshop};

checks! {
    N01: must("check the check digit of the My Number", "個人番号の検査用数字を確認する"),
        why("typed and invented numbers come by the same way", "手入力や架空の番号も同じ経路で届く"),
        Documented, "Ordinance of the Ministry of Internal Affairs 85 of 2014, article 5";
    N02: must("demand twelve ASCII digits", "ASCIIの数字12桁を要求する"),
        why("other characters reach the parser first, and then the database", "他の文字は、まず解析処理に、次にデータベースに届く"),
        Assumed, "no such card was seen";
    N03: must("verify the signature of the picture of the My Number", "個人番号の画像の署名を検証する"),
        why("EF 0005 is signed apart from the card's face", "EF 0005は券面とは別に署名されている"),
        Measured, "myna-card: EF 0005 of a published test card";
    N04: must("report a wrong number after one VERIFY", "番号の不一致を1回のVERIFYで報告する"),
        why("there are ten tries only, and a loop over candidates blocks the card", "試行は10回だけで、候補の総当たりはカードを閉塞させる"),
        Client, "sc-tools-myna: 10 tries; pages of municipalities";
    N05: must("not read the My Number unless that is its purpose", "目的でない限り、個人番号を読み取らない"),
        why("the law limits the collection of the number", "番号の収集は法律で制限されている"),
        Assumed, "My Number Act; not looked up in detail";
    N06: must("not print, log or store the My Number", "個人番号を出力、記録、保存しない"),
        why("the law limits the keeping of the number", "番号の保管は法律で制限されている"),
        Assumed, "My Number Act; not looked up in detail";
    N07: must("cope with texts that the My Number alone has opened: EF 0002 stays closed", "照合番号Aだけの場合、EF 0002が読めないことに対応する"),
        why("the digest of the attributes can't be compared then, and the number is still right", "基本4情報のハッシュ値は比較できないが、番号は正しい"),
        Client, "myna-card: 照合番号A opens EF 0001 and not EF 0002";
}

const NUMBER: &[Part] = &[Part::MyNumber];
const GENUINE: &str = "my-number.genuine";

fn genuine(workshop: &Workshop) -> &IssuedCard {
    workshop.card(Person::A)
}

fn subject(card: IssuedCard) -> Subject {
    Subject::card(ForgedCard::new(card))
}

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    all.add(Candidate::right(
        GENUINE,
        Group::MyNumber,
        NUMBER,
        text!("a genuine card", "本物のカード"),
        |workshop| Ok(subject(genuine(workshop).clone())),
    ));
    numbers(all);
    picture(all);
    tempting(all);
}

/// The card with this number in EF 0001, which the municipality has signed so.
fn with_number(workshop: &Workshop, value: &[u8]) -> Result<Subject, MakeError> {
    let mut texts = Texts::of(genuine(workshop))?;
    texts.number = number_file(value)?;
    texts.digest()?;
    texts.sign(&Signer::new(&workshop.genuine_key("municipality-text")?)?)?;
    Ok(subject(texts.put(genuine(workshop))?))
}

/// N01 and N02.
fn numbers(all: &mut Candidates) {
    type Value = fn(&Workshop, [u8; 12]) -> Vec<u8>;
    let check_digit: Value = |workshop, mut digits| {
        let step = 1 + person::drawn(&mut workshop.rng("my-number/check-digit"), 9) as u8;
        digits[11] = b'0' + (digits[11] - b'0' + step) % 10;
        digits.to_vec()
    };
    let letter: Value = |workshop, mut digits| {
        digits[person::drawn(&mut workshop.rng("my-number/letter"), 12)] = b'O';
        digits.to_vec()
    };
    // Twelve bytes: four full-width digits.
    let full_width: Value = |_, digits| {
        let wide = digits[..4]
            .iter()
            .map(|digit| char::from_u32(0xFF10 + u32::from(digit - b'0')).unwrap_or('０'));
        wide.collect::<String>().into_bytes()
    };
    let short: Value = |_, digits| digits[..11].to_vec();
    let long: Value = |_, digits| [&digits[..], b"0"].concat();
    let rows: [(_, _, Value, _, _); 5] = [
        (
            &N01,
            "my-number.check-digit",
            check_digit,
            "the check digit is wrong",
            "検査用数字が誤っている",
        ),
        (
            &N02,
            "my-number.letter",
            letter,
            "one digit is the letter O",
            "1桁が文字Oになっている",
        ),
        (
            &N02,
            "my-number.full-width",
            full_width,
            "the digits are full-width characters",
            "数字が全角になっている",
        ),
        (
            &N02,
            "my-number.eleven-digits",
            short,
            "there are eleven digits",
            "11桁しかない",
        ),
        (
            &N02,
            "my-number.thirteen-digits",
            long,
            "there are thirteen digits",
            "13桁ある",
        ),
    ];
    for (check, name, value, en, ja) in rows {
        all.add(Candidate::wrong(
            name,
            Group::MyNumber,
            NUMBER,
            (check, GENUINE),
            text!(
                "{en}; the municipality has signed it so",
                "{ja}。市区町村の鍵で署名されている"
            ),
            move |workshop| {
                with_number(
                    workshop,
                    &value(workshop, *workshop.order(Person::A).person.my_number.digits()),
                )
            },
        ));
    }
}

/// N03.
fn picture(all: &mut Candidates) {
    const TWIN: &str = "my-number.picture-replaced.twin";
    let changed = |workshop: &Workshop| {
        let mut order = Ok(());
        let card = workshop.issue(Person::A, |changed| order = person::my_number(workshop, changed))?;
        order.map(|()| card)
    };
    all.add(Candidate::right(
        TWIN,
        Group::MyNumber,
        NUMBER,
        text!(
            "one digit of the My Number is another one, and the whole card is issued so",
            "個人番号の1桁が変わり、カード全体がそのとおりに発行されている"
        ),
        move |workshop| Ok(subject(changed(workshop)?)),
    ));
    all.add(
        Candidate::wrong(
            "my-number.picture-replaced",
            Group::MyNumber,
            NUMBER,
            (&N03, TWIN),
            text!(
                "one digit of the My Number is another one, and the signature of its picture is that over the true one",
                "個人番号の1桁が変わり、画像の署名は元の画像へのもの"
            ),
            move |workshop| {
                let card = changed(workshop)?;
                let mut faces = Faces::of(&card)?;
                let old = Faces::of(genuine(workshop))?;
                faces
                    .number
                    .set(face::NUMBER_SIGNATURE, old.number.get(face::NUMBER_SIGNATURE)?)?;
                Ok(subject(faces.put(&card)?))
            },
        )
        .if_used(&[Use::Read(face_info::AID, 0x0005)]),
    );
}

/// N04 to N07.
fn tempting(all: &mut Candidates) {
    const CODE_A: u16 = input_assist::ef::CODE_A.value();
    all.add(
        Candidate::wrong(
            "my-number.wrong-code",
            Group::MyNumber,
            NUMBER,
            (&N04, GENUINE),
            text!(
                "a genuine card; the My Number that the program is given differs in one digit",
                "本物のカード。プログラムに渡す個人番号が1桁異なる"
            ),
            |workshop| {
                let mut order = workshop.order(Person::A).clone();
                person::my_number(workshop, &mut order)?;
                let digits = order.person.my_number.digits().iter().copied().map(char::from);
                Ok(subject(genuine(workshop).clone()).given("code-a", digits.collect::<String>()))
            },
        )
        .if_used(&[Use::Verify(input_assist::AID, CODE_A)])
        .with_duties(vec![Duty::AtMostVerifiesOf(input_assist::AID, CODE_A, 1)])
        .expecting(Expected::Watched),
    );
    let rows = [
        (
            &N05,
            "my-number.not-asked-for-text",
            text!(
                "a genuine card; the program has no purpose for the My Number",
                "本物のカード。プログラムの目的に個人番号は含まれない"
            ),
            Duty::NoRead(input_assist::AID, &[0x0001]),
        ),
        (
            &N05,
            "my-number.not-asked-for-picture",
            text!(
                "a genuine card; the program has no purpose for the picture of the My Number",
                "本物のカード。プログラムの目的に個人番号の画像は含まれない"
            ),
            Duty::NoRead(face_info::AID, &[0x0005]),
        ),
        (
            &N06,
            "my-number.not-shown",
            text!(
                "a genuine card; output and files are searched for the My Number",
                "本物のカード。出力とファイルから個人番号を探す"
            ),
            Duty::NoMyNumberInOutput,
        ),
    ];
    for (check, name, what, duty) in rows {
        all.add(
            Candidate::wrong(name, Group::MyNumber, &[], (check, GENUINE), what, |workshop| {
                Ok(subject(genuine(workshop).clone()))
            })
            .unless(NUMBER)
            .with_duties(vec![duty])
            .expecting(Expected::Watched),
        );
    }
    all.add(
        Candidate::right(
            "my-number.by-code-a",
            Group::MyNumber,
            NUMBER,
            text!(
                "a genuine card that the My Number opens: EF 0001 can be read, and EF 0002 answers 6982",
                "照合番号Aで開く本物のカード。EF 0001は読め、EF 0002は6982を返す"
            ),
            |workshop| Ok(subject(genuine(workshop).clone())),
        )
        .of(&N07)
        .if_used(&[Use::Verify(input_assist::AID, CODE_A)]),
    );
}
