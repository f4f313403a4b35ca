//! PIN handling of clients (C): judged from the commands that a program sends, from its output and from its files.

use rand_core::RngCore;
use vmyna_apdu::{Aid, Text, text};
use vmyna_applets::{input_assist, jpki};
use vmyna_card_os::declaration::ReferenceData;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::order::Order;

use crate::candidate::{Candidate, Candidates, Check, Duty, Expected, Group, Part, Use, checks};
use crate::forge::chip::{Handler, layer};
use crate::subject::{ForgedCard, Subject};
use crate::workshop::{MakeError, Person, Workshop};

checks! {
    C01: must("ask the card for the tries left and show them", "残り回数をカードに尋ね、表示する"),
        why("after three wrong PINs the cardholder must go to the town hall", "3回間違えると、市区町村の窓口に行かなければならない"),
        Documented, "nunnun/mynumber-pdf-signer and lulitech/jpki-signer-android read the counter first; PKCS #11 CKF_USER_PIN_COUNT_LOW (OpenSC/OpenSC #478)";
    C02: must("send no PIN at the last try without a new consent", "最後の1回では、新たな同意なしに暗証番号を送らない"),
        why("a slip at the last try blocks the PIN", "最後の1回の誤りで暗証番号がロックされる"),
        Documented, "nunnun/mynumber-pdf-signer: allowLastAttempt; jpki-image-signer stops below three tries";
    C03: must("never send a refused PIN again", "拒否された暗証番号を再び送らない"),
        why("one slip of the cardholder costs two tries", "1回の入力誤りで2回分を失う"),
        Documented, "lulitech/jpki-signer-android: no retry around VERIFY";
    C04: must("stop when a PIN is blocked, by 6984 or by 6983", "6984でも6983でも、ロックされた暗証番号で停止する"),
        why("the card answers 6984 where ISO/IEC 7816-4 has 6983", "カードはISO/IEC 7816-4の6983ではなく6984を返す"),
        Documented, "ISO/IEC 7816-4: 6983; myna-card: 6984; web-eid/web-eid-app PR 21";
    C06: must("check the length and the characters of a PIN before it is sent", "暗証番号の文字数と文字種を、送る前に検査する"),
        why("a value that can't be right costs a try", "正しいはずのない値で1回分を失う"),
        Documented, "jpki/myna: validate_ functions; lulitech/jpki-signer-android";
    C07: must("write the letters of the sign password in capitals, once", "署名用パスワードの英字を大文字に変換する"),
        why("the card keeps them in capitals, and the cardholder may type small ones", "カードは大文字で保持し、利用者は小文字で入力することがある"),
        Documented, "jpki/myna; nunnun/mynumber-pdf-signer";
    C09: must("keep PINs out of output, logs and files", "暗証番号を出力、ログ、ファイルに書かない"),
        why("logs are kept and sent to others", "ログは保存され、他人に送られる"),
        Documented, "jpki/myna commits 4703d63 and 14175ad";
    C11: must("not repeat a VERIFY that had no answer", "応答のなかったVERIFYを繰り返さない"),
        why("the card may have counted it", "カードは既に数えたかもしれない"),
        Client, "lulitech/jpki-signer-android: JpkiSession.kt";
    C13: must("leave no verified session behind", "照合済みの状態を残さない"),
        why("the card keeps it over a warm reset, until its power goes or another application is selected, and another program could sign", "ウォームリセット後も、電源が切れるか別のアプリケーションが選択されるまで状態は残り、別のプログラムが署名できる"),
        Documented, "OpenSC/OpenSC PR 2806 and #1870; the status survives a warm reset: myna-card, pyjpki";
    C14: must("hold a transaction from VERIFY to the last signature", "VERIFYから最後の署名までトランザクションを保持する"),
        why("another program can select and reset in between", "その間に別のプログラムが選択やリセットを行える"),
        Assumed, "ISO/IEC 7816-4: selecting ends the security status; PC/SC part 5: transactions";
    C15: must("ask the card for as many signatures as it was asked for", "頼まれた数だけカードに署名させる"),
        why("one VERIFY opens any number of them", "1回のVERIFYで何回でも署名できる"),
        Assumed, "myna-card: the security status survives signatures";
    C16: must("report success only with a signature that its certificate verifies", "証明書で検証できる署名を得たときだけ成功を報告する"),
        why("otherwise a document counts as signed that is not", "署名のない文書が署名済みとして扱われる"),
        Documented, "wallet-project verifies its own signatures (card.py)";
    C17: must("inform the user of a card without certificate for signatures", "署名用電子証明書のないカードであることを利用者に知らせる"),
        why("cards of children have none", "子のカードには発行されない"),
        Assumed, "certificates for signatures are issued from the age of fifteen; how such a card answers is not public";
}

const PINS: &[Part] = &[Part::Pins];
const GENUINE: &str = "pins.genuine";

/// A PIN of the card: its application and its file.
type Pin = (Aid, u16);
const AUTH: Pin = (jpki::AID, jpki::ef::AUTH_PIN.value());
const SIGN: Pin = (jpki::AID, jpki::ef::SIGN_PIN.value());
const TEXT: Pin = (input_assist::AID, input_assist::ef::PIN.value());

/// Adds them.
pub(crate) fn add(all: &mut Candidates) {
    all.add(Candidate::right(
        GENUINE,
        Group::Pins,
        PINS,
        text!("a genuine card with all tries left", "残り回数がすべてある本物のカード"),
        |workshop| card(workshop, |_| {}),
    ));
    tries(all);
    wrong(all);
    typed(all);
    secret(all);
    events(all);
    signatures(all);
    all.add(
        tempting(
            "pins.card-without-sign-key",
            &C17,
            text!(
                "a card without certificate and key for signatures",
                "署名用の証明書と鍵のないカード"
            ),
            |workshop| card(workshop, |order| order.sign_certificate = false),
        )
        .expecting(Expected::Notice),
    );
}

fn card(workshop: &Workshop, change: impl FnOnce(&mut Order)) -> Result<Subject, MakeError> {
    Ok(Subject::card(ForgedCard::new(workshop.issue(Person::A, change)?)))
}

fn failing(workshop: &Workshop, fault: &'static str) -> Result<Subject, MakeError> {
    let card = ForgedCard::new(workshop.card(Person::A).clone());
    Ok(Subject::card(card.failing(fault)))
}

fn tempting(
    name: &'static str,
    check: &'static Check,
    what: Text,
    make: impl Fn(&Workshop) -> Result<Subject, MakeError> + Send + Sync + 'static,
) -> Candidate {
    Candidate::wrong(name, Group::Pins, PINS, (check, GENUINE), what, make).expecting(Expected::Watched)
}

const fn set_tries(order: &mut Order, tries: u8) {
    order.tries.auth = Some(tries);
    order.tries.sign = Some(tries);
    order.tries.input_assist = Some(tries);
}

/// At most so many VERIFYs of each PIN.
fn at_most(most: usize) -> Vec<Duty> {
    [AUTH, SIGN, TEXT]
        .map(|(aid, file)| Duty::AtMostVerifiesOf(aid, file, most))
        .to_vec()
}

/// C01, C02, C04.
fn tries(all: &mut Candidates) {
    all.add(
        tempting(
            "pins.two-tries-left",
            &C01,
            text!("two tries are left of each PIN", "各暗証番号の残り回数が2回"),
            |workshop| card(workshop, |order| set_tries(order, 2)),
        )
        .with_duties(vec![Duty::ShowsTries(2)]),
    );
    all.add(
        tempting(
            "pins.last-try",
            &C02,
            text!("one try is left of each PIN", "各暗証番号の残り回数が1回"),
            |workshop| card(workshop, |order| set_tries(order, 1)),
        )
        .with_duties(
            [AUTH, SIGN, TEXT]
                .map(|(aid, file)| Duty::NoVerifyUnasked(aid, file))
                .to_vec(),
        ),
    );
    all.add(
        tempting(
            "pins.blocked",
            &C04,
            text!("each PIN is blocked: 6984", "各暗証番号がロックされている（6984）"),
            |workshop| card(workshop, |order| set_tries(order, 0)),
        )
        .with_duties(at_most(1)),
    );
    all.add(
        tempting(
            "pins.blocked-as-iso",
            &C04,
            text!("every VERIFY is answered 6983", "すべてのVERIFYに6983を返す"),
            |workshop| failing(workshop, "sw=6983,ins=20"),
        )
        .with_duties(at_most(1)),
    );
}

/// C01 and C03: another PIN than that of the card.
fn wrong(all: &mut Candidates) {
    type Change = fn(&mut Order);
    let auth: Change = |order| order.pins.auth = ReferenceData::new(b"8642");
    let sign: Change = |order| order.pins.sign = ReferenceData::new(b"XYZ789");
    let text: Change = |order| order.pins.input_assist = ReferenceData::new(b"8642");
    let rows: [(_, Pin, Change, u8, _, &'static [Use]); 3] = [
        (
            "pins.wrong-auth-pin",
            AUTH,
            auth,
            2,
            text!("the PIN to log in is wrong", "利用者証明用暗証番号が誤り"),
            &[Use::Verify(AUTH.0, AUTH.1)],
        ),
        (
            "pins.wrong-sign-password",
            SIGN,
            sign,
            4,
            text!("the sign password is wrong", "署名用パスワードが誤り"),
            &[Use::Verify(SIGN.0, SIGN.1)],
        ),
        (
            "pins.wrong-text-pin",
            TEXT,
            text,
            2,
            text!("the PIN of the texts is wrong", "券面事項入力補助用暗証番号が誤り"),
            &[Use::Verify(TEXT.0, TEXT.1)],
        ),
    ];
    for (name, (aid, file), change, left, what, uses) in rows {
        all.add(
            tempting(name, &C03, what.clone(), move |workshop| card(workshop, change))
                .if_used(uses)
                .with_duties(vec![Duty::AtMostVerifiesOf(aid, file, 1)]),
        );
        let shown = match name {
            "pins.wrong-auth-pin" => "pins.wrong-auth-pin-shown",
            "pins.wrong-sign-password" => "pins.wrong-sign-password-shown",
            _ => "pins.wrong-text-pin-shown",
        };
        all.add(
            tempting(shown, &C01, what, move |workshop| card(workshop, change))
                .if_used(uses)
                .with_duties(vec![Duty::ShowsTries(left)]),
        );
    }
    all.add(
        tempting(
            "pins.signature-refused",
            &C03,
            text!(
                "the PIN is right, and every signature is answered 6982",
                "暗証番号は正しく、署名のたびに6982を返す"
            ),
            |workshop| failing(workshop, "sw=6982,ins=2A"),
        )
        .if_used(&[Use::Signs])
        .with_duties(at_most(1)),
    );
}

/// C06 and C07: what is typed has another form.
fn typed(all: &mut Candidates) {
    let genuine = |workshop: &Workshop| Subject::card(ForgedCard::new(workshop.card(Person::A).clone()));
    let of = |pins: &[Pin]| -> Vec<Duty> {
        let duty = |(aid, file): &Pin| Duty::AtMostVerifiesOf(*aid, *file, 0);
        pins.iter().map(duty).collect()
    };
    for (name, placeholder, value, duties, what) in [
        (
            "pins.letters-for-digits",
            "pin",
            "12a4",
            of(&[AUTH, TEXT]),
            text!(
                "a PIN of four digits is typed with a letter",
                "4桁の暗証番号に英字を入力"
            ),
        ),
        (
            "pins.too-short",
            "sign-password",
            "AB123",
            of(&[SIGN]),
            text!(
                "a sign password of five characters is typed",
                "5文字の署名用パスワードを入力"
            ),
        ),
        (
            "pins.too-long",
            "sign-password",
            "ABCDEFGH123456789",
            of(&[SIGN]),
            text!(
                "a sign password of 17 characters is typed",
                "17文字の署名用パスワードを入力"
            ),
        ),
    ] {
        all.add(
            tempting(name, &C06, what, move |workshop| {
                Ok(genuine(workshop).given(placeholder, value))
            })
            .with_duties(duties),
        );
    }
    all.add(
        tempting(
            "pins.small-letters",
            &C07,
            text!(
                "the right sign password is typed in small letters",
                "正しい署名用パスワードを小文字で入力"
            ),
            move |workshop| Ok(genuine(workshop).given("sign-password", "abc123")),
        )
        .expecting(Expected::Accept)
        .if_used(&[Use::Verify(SIGN.0, SIGN.1)]),
    );
}

/// C09: PINs that occur nowhere by chance.
fn secret(all: &mut Candidates) {
    let drawn = |workshop: &Workshop| {
        let mut rng = workshop.rng("pins/secret");
        let four = format!("{:04}", 1_000 + rng.next_u32() % 9_000);
        let letter = |rng: &mut dyn RngCore| char::from(b'A' + u8::try_from(rng.next_u32() % 26).unwrap_or_default());
        let letters: String = (0..8).map(|_| letter(&mut rng)).collect();
        (four, format!("{letters}{:03}", rng.next_u32() % 1_000))
    };
    let kept = vec![Duty::NoPinInOutput, Duty::NoSignatureWithoutVerify];
    all.add(
        tempting(
            "pins.kept-secret",
            &C09,
            text!(
                "a genuine card whose PINs are searched in output and files",
                "本物のカード。出力とファイルに暗証番号がないか調べる"
            ),
            move |workshop| {
                let (four, password) = drawn(workshop);
                let subject = card(workshop, |order| {
                    order.pins.auth = ReferenceData::new(four.as_bytes());
                    order.pins.input_assist = ReferenceData::new(four.as_bytes());
                    order.pins.sign = ReferenceData::new(password.as_bytes());
                })?;
                Ok(subject.given("pin", four).given("sign-password", password))
            },
        )
        .with_duties(kept.clone()),
    );
    all.add(
        tempting(
            "pins.refused-kept-secret",
            &C09,
            text!(
                "each PIN is wrong; it is searched in messages and files",
                "暗証番号がすべて誤り。メッセージとファイルに暗証番号がないか調べる"
            ),
            move |workshop| {
                let (four, password) = drawn(workshop);
                Ok(card(workshop, |_| {})?
                    .given("pin", four)
                    .given("sign-password", password))
            },
        )
        .with_duties(kept),
    );
}

/// C11, C13, C14, C15: what happens between commands, and behind the last one.
fn events(all: &mut Candidates) {
    all.add(
        tempting(
            "pins.removed-at-verify",
            &C11,
            text!(
                "the card is pulled out after it has checked the PIN and before it answers, and put back",
                "カードは暗証番号を照合した後、応答の前に抜かれ、戻される"
            ),
            |workshop| failing(workshop, "remove,executed,ins=20,data,nth=1,back=300"),
        )
        .with_duties(at_most(1)),
    );
    all.add(
        tempting(
            "pins.session-left",
            &C13,
            text!(
                "a genuine card; after the program has ended another one asks for a signature",
                "本物のカード。プログラムの終了後、別のプログラムが署名を求める"
            ),
            |workshop| card(workshop, |_| {}),
        )
        .with_duties(vec![Duty::LeavesNoSession]),
    );
    all.add(
        tempting(
            "pins.other-program-before-signature",
            &C14,
            text!(
                "before each signature another program selects and resets, unless there is a transaction",
                "署名の前ごとに、トランザクションがなければ別のプログラムが選択とリセットを行う"
            ),
            |workshop| failing(workshop, "probe,ins=2A"),
        )
        .expecting(Expected::Accept)
        .if_used(&[Use::Signs]),
    );
    all.add(
        tempting(
            "pins.signatures-counted",
            &C15,
            text!(
                "a genuine card whose signatures are counted",
                "本物のカード。署名の回数を数える"
            ),
            |workshop| card(workshop, |_| {}),
        )
        .if_used(&[Use::Signs])
        .with_duties(vec![Duty::SignsAsOftenAsAsked]),
    );
}

/// C16: no signature, or a wrong one.
fn signatures(all: &mut Candidates) {
    for (name, fault, what) in [
        (
            "pins.signature-memory-failure",
            "sw=6581,ins=2A",
            text!("every signature is answered 6581", "署名のたびに6581を返す"),
        ),
        (
            "pins.signature-unknown-failure",
            "sw=6F00,ins=2A",
            text!("every signature is answered 6F00", "署名のたびに6F00を返す"),
        ),
    ] {
        all.add(
            tempting(name, &C16, what, move |workshop| failing(workshop, fault))
                .expecting(Expected::Refuse)
                .if_used(&[Use::Signs]),
        );
    }
    for (name, length, what) in [
        (
            "pins.signature-empty",
            0,
            text!(
                "signatures are answered 9000 without data",
                "署名にデータなしで9000を返す"
            ),
        ),
        (
            "pins.signature-cut",
            255,
            text!("signatures have 255 bytes", "署名が255バイト"),
        ),
    ] {
        all.add(
            tempting(name, &C16, what, move |workshop| {
                let card = ForgedCard::new(workshop.card(Person::A).clone());
                Ok(Subject::card(card.with(layer(move || cut(length)))))
            })
            .expecting(Expected::Refuse)
            .if_used(&[Use::Signs]),
        );
    }
    all.add(
        tempting(
            "pins.signature-by-another-key",
            &C16,
            text!(
                "the card signs with other keys than those of its certificates",
                "カードが証明書と異なる鍵で署名する"
            ),
            |workshop| {
                let mut card = workshop.card(Person::A).clone();
                let key = KeyPair::new(&workshop.forged_key("pins/other")?)?.private;
                for certified in [&mut card.jpki.auth, &mut card.jpki.sign].into_iter().flatten() {
                    certified.key = key.clone();
                }
                Ok(Subject::card(ForgedCard::new(card)))
            },
        )
        .expecting(Expected::Refuse)
        .if_used(&[Use::Signs]),
    );
}

/// Leaves so many bytes of each signature of the JPKI application.
fn cut(length: usize) -> Handler {
    Box::new(move |card, command, response| {
        command.pass(card, response)?;
        if command.is_in(jpki::AID) && command.signs() && response.ends_with(&[0x90, 0x00]) {
            response.truncate(length);
            response.extend([0x90, 0x00]);
        }
        Ok(())
    })
}
