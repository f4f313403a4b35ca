use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{pins, specimen};
use vmyna_card_os::declaration::ReferenceData;
use vmyna_issuance::characters::Substitutes;

use super::*;
use crate::counter::{Operation, PhonePolicy, Standing, operate};
use crate::register::{CardId, Cause, Reason, Revocation, Withdrawal};

/// Operations of each kind with values that a card accepts.
fn operation(kind: OperationKind) -> Operation {
    let new = |text: &str| ReferenceData::new(text.as_bytes());
    let all = vec![
        (pins::AUTH, new("7319")),
        (pins::SIGN, new("NEW123")),
        (pins::INPUT_ASSIST, new("7319")),
        (pins::RESIDENCE, new("7319")),
    ];
    match kind {
        OperationKind::ResetPins => Operation::ResetPins(vec![(pins::CODE_A, None)]),
        OperationKind::Renew => Operation::Renew(Which::All),
        OperationKind::Hold => Operation::Hold(Which::All),
        OperationKind::Revoke => Operation::Revoke(Which::All, Reason::KeyCompromise),
        OperationKind::SignCertificate => Operation::SignCertificate(None),
        OperationKind::MoveOut => Operation::MoveOut,
        OperationKind::MoveIn => Operation::MoveIn("東京都千代田区見本町９".to_owned(), None),
        OperationKind::Rename => Operation::Rename("別名　太郎".to_owned(), "ベツメイ　タロウ".to_owned()),
        OperationKind::Death => Operation::Death,
        OperationKind::Lost => Operation::Lost,
        OperationKind::Reissue => Operation::Reissue(Vec::new()),
        OperationKind::WithoutPins => Operation::WithoutPins,
        OperationKind::WithPins => Operation::WithPins(all),
        OperationKind::Furigana => Operation::Furigana(Some("ベツメイ　タロウ".to_owned())),
        OperationKind::PhoneLost => Operation::PhoneLost,
    }
}

/// What a counter answers when it is asked, and when it does it.
fn both(card: &IssuedCard, standing: Standing, now: &str, kind: OperationKind) -> [Option<String>; 2] {
    let mut desk = Desk::new(vmyna_issuance::specimen::authorities().unwrap());
    let visit = Visit {
        card,
        id: CardId::of(card),
        standing,
        now: now.parse().unwrap(),
        substitutes: &Substitutes::default(),
        phones: PhonePolicy::default(),
    };
    let asked = check(&mut desk, &visit, kind).err();
    let mut rng = ChaCha20Rng::from_seed([9; 32]);
    let done = operate(&mut desk, &visit, &operation(kind), &mut rng).err();
    [asked, done].map(|error| error.map(|error| error.to_string()))
}

#[test]
fn an_operation_is_permitted_exactly_when_it_can_be_done() {
    let hanako = specimen::find("hanako").unwrap().unwrap();
    let withdrawn = Standing {
        withdrawn: Some(Withdrawal {
            at: "2027-01-01T00:00:00Z".parse().unwrap(),
            cause: Cause::Death,
        }),
        ..Standing::default()
    };
    let mut refused = 0;
    let mut same = |card: &IssuedCard, standing: Standing, now: &str| {
        for kind in OperationKind::ALL {
            let [asked, done] = both(card, standing, now, kind);
            assert_eq!(asked, done, "{} at {now}: {kind:?}", card.name);
            refused += usize::from(asked.is_some());
        }
    };
    same(&hanako, Standing::default(), "2027-04-01T03:00:00Z");
    same(&hanako, Standing::default(), "2031-08-01T03:00:00Z");
    same(&hanako, Standing::default(), "2040-04-01T03:00:00Z");
    same(&hanako, Standing::default(), "2020-04-01T03:00:00Z");
    same(&hanako, withdrawn, "2027-04-01T03:00:00Z");
    for name in ["child", "no-pin"] {
        let card = specimen::find(name).unwrap().unwrap();
        same(&card, Standing::default(), "2027-04-01T03:00:00Z");
    }
    assert!((40..90).contains(&refused), "{refused}");
}

#[test]
fn renewing_is_permitted_if_one_certificate_can_be_renewed() {
    let hanako = specimen::find("hanako").unwrap().unwrap();
    let revoked = Standing {
        sign: Some(Revocation {
            at: "2027-01-01T00:00:00Z".parse().unwrap(),
            reason: Reason::AffiliationChanged,
        }),
        ..Standing::default()
    };
    let [asked, both_at_once] = both(&hanako, revoked, "2027-04-01T03:00:00Z", OperationKind::Renew);
    assert_eq!(asked, None);
    assert!(both_at_once.is_some_and(|error| error.contains("auth")));
    let mut desk = Desk::new(vmyna_issuance::specimen::authorities().unwrap());
    let visit = Visit {
        card: &hanako,
        id: CardId::of(&hanako),
        standing: revoked,
        now: "2027-04-01T03:00:00Z".parse().unwrap(),
        substitutes: &Substitutes::default(),
        phones: PhonePolicy::default(),
    };
    let sign = Operation::Renew(Which::Only(Hierarchy::Signature));
    operate(&mut desk, &visit, &sign, &mut ChaCha20Rng::from_seed([9; 32])).unwrap();
}

#[test]
fn each_kind_has_a_name_of_its_own_and_a_title_in_both_languages() {
    for kind in OperationKind::ALL {
        assert_eq!(OperationKind::find(kind.name()), Some(kind));
        assert_eq!(operation(kind).kind(), kind);
        let title = kind.title();
        assert!(title.en.is_ascii() && !title.ja.is_ascii(), "{title:?}");
    }
    assert_eq!(OperationKind::find("renewal"), None);
}

#[test]
fn what_was_done_and_what_is_refused_is_said_in_both_languages() {
    let hanako = specimen::find("hanako").unwrap().unwrap();
    let mut desk = Desk::new(vmyna_issuance::specimen::authorities().unwrap());
    let visit = Visit {
        card: &hanako,
        id: CardId::of(&hanako),
        standing: Standing::default(),
        now: "2031-08-01T03:00:00Z".parse().unwrap(),
        substitutes: &Substitutes::default(),
        phones: PhonePolicy::default(),
    };
    let mut outcome = |operation: &Operation| {
        let mut rng = ChaCha20Rng::from_seed([9; 32]);
        operate(&mut desk, &visit, operation, &mut rng)
    };
    let kana = |character: char| character >= '\u{3040}';
    for kind in OperationKind::ALL {
        for step in outcome(&operation(kind))
            .map(|outcome| outcome.done)
            .unwrap_or_default()
        {
            let text = step.text();
            assert_eq!(text.en, step.to_string());
            assert!(text.ja.contains(kana), "{text:?}");
        }
    }
    let value = |text: &str| Some(ReferenceData::new(text.as_bytes()));
    for (operation, en, ja) in [
        (
            Operation::ResetPins(vec![(pins::AUTH, value("1989"))]),
            "auth PIN: is the year of birth, which others can read off the card: choose another",
            "生まれた年と同じで、カードを見た人に分かります",
        ),
        (
            Operation::ResetPins(vec![(pins::SIGN, value("abc123"))]),
            "sign password: has lower-case letters",
            "小文字があります",
        ),
        (
            Operation::ResetPins(vec![(pins::CODE_A, value("1234"))]),
            "only its tries can be restored",
            "残り回数だけを元に戻せます",
        ),
        (
            Operation::MoveIn("見\u{7}本".to_owned(), None),
            "address: character 2 is U+0007, a control character",
            "住所: 2文字目のU+0007は制御文字です",
        ),
        (
            Operation::Rename("見本　𩸽".to_owned(), "ミホン　花".to_owned()),
            "kana: has 花 (U+82B1), which is no kana",
            "振り仮名: 花 (U+82B1)は仮名ではありません",
        ),
        (
            Operation::MoveIn(hanako.summary.person.address.clone(), None),
            "the card has this address already",
            "カードの住所は、すでにそのとおりです",
        ),
    ] {
        let text = outcome(&operation).unwrap_err().text();
        assert!(text.en.contains(en), "{text:?}");
        assert!(text.ja.contains(ja), "{text:?}");
    }
}
