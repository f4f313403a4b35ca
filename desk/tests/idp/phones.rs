//! Phones in the place of the card.

use vmyna::CardSource;
use vmyna_applets::issued::{IssuedCard, MobileDocument};
use vmyna_applets::{PhoneKind, Profile};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Beginning, Begun, CardId, Intent, OperationId, PhoneLink, Register as _};

use crate::cards::{chosen, ends, prove};
use crate::rig::{ITEMS, Options, Request, Rig};
use crate::tokens::{access, id_token};

/// A provider with this phone and Hanako's card.
fn rig(kind: PhoneKind) -> (tempfile::TempDir, Rig) {
    let (folder, phone) = Rig::phone(kind);
    let options = Options {
        cards: vec![phone, CardSource::hanako()],
        ..Options::default()
    };
    (folder, Rig::with(options))
}

#[test]
fn a_phone_logs_in_with_its_pin_and_is_called_a_phone() {
    for kind in PhoneKind::ALL {
        let (_folder, rig) = rig(kind);
        let request = Request::new("openid");
        let page = rig.authorize(&request);
        let (legend, title) = (
            "Which card or phone do you use?",
            format!("card.vmyna ({})", kind.title()),
        );
        assert!(
            page.body.contains(legend) && page.body.contains(&title),
            "{}",
            page.body
        );
        let page = chosen(&rig, &request, 0);
        assert!(page.body.contains(&format!("Phone: {title}")), "{}", page.body);
        assert!(prove(&rig, &page, "0000").body.contains("tries left: 2"));
        let tokens = rig.tokens(&request);
        let claims = id_token(&rig, &tokens);
        assert_eq!(claims.text("acr"), Some("aal3"));
    }
}

#[test]
fn a_phone_without_the_four_items_is_refused_in_both_languages() {
    for kind in PhoneKind::ALL {
        let (_folder, rig) = rig(kind);
        for scope in ["name", "address", "birthdate", "gender"] {
            let page = chosen(&rig, &Request::new(&format!("openid {scope}")), 0);
            assert!(page.body.contains("This phone can&#39;t be used"), "{}", page.body);
            assert!(!page.body.contains("auth_pin") && page.body.contains("Use the card."));
            let other = rig.submit(&page, &[("language", "ja")]);
            assert!(other.body.contains("カードを使用してください"), "{}", other.body);
            ends(&rig, &other, "card_not_suitable");
        }
        // The card of the same person can be taken instead.
        let page = chosen(&rig, &Request::new(ITEMS), 0);
        let page = rig.submit(&page, &[("action", "other")]);
        let page = rig.submit(&page, &[("action", "choose"), ("card", "1")]);
        let pins = [("action", "prove"), ("auth_pin", "1234"), ("input_assist_pin", "1234")];
        assert!(rig.submit(&page, &pins).parameter("code").is_some());
        // A form with PINs that was not asked for gets no further.
        let page = chosen(&rig, &Request::new(ITEMS), 0);
        let page = rig.submit(&page, &pins);
        ends(&rig, &page, "card_not_suitable");
    }
}

/// A provider with this phone.
fn with_mdoc(mdoc: MobileDocument) -> (tempfile::TempDir, Rig) {
    let (folder, phone) = Rig::phone_with(PhoneKind::Iphone, Some(mdoc));
    let options = Options {
        cards: vec![phone],
        ..Options::default()
    };
    (folder, Rig::with(options))
}

#[test]
fn an_iphone_states_the_four_items_by_its_mdoc() {
    let card = Rig::new();
    let (_folder, rig) = with_mdoc(Rig::mdoc(0));
    for (scopes, elements) in [
        (
            ITEMS,
            &[
                "birth_date_unicode",
                "full_name_unicode",
                "resident_address_unicode",
                "sex",
            ][..],
        ),
        ("openid address", &["resident_address_unicode"]),
        ("openid birthdate gender", &["birth_date_unicode", "sex"]),
    ] {
        let request = Request::new(scopes);
        let page = chosen(&rig, &request, 0);
        assert!(!page.body.contains("input_assist_pin"), "{}", page.body);
        let items = |rig: &Rig| {
            let mut items = rig.userinfo(access(&rig.tokens(&request))).json();
            items.as_object_mut().unwrap().remove("sub");
            items
        };
        // The mdoc says what the card's input-assist application says.
        assert_eq!(items(&rig), items(&card), "{scopes}");
        let mut asked = rig.asked.lock().unwrap().clone();
        asked.sort_unstable();
        assert_eq!(asked, elements, "{scopes}");
    }
    rig.asked.lock().unwrap().clear();
    rig.tokens(&Request::new("openid"));
    assert!(rig.asked.lock().unwrap().is_empty());
}

#[test]
fn an_mdoc_that_does_not_hold_is_refused() {
    let mut changed = Rig::mdoc(0);
    let name = "花子".as_bytes();
    let at = changed.issuer_signed.windows(name.len()).position(|part| part == name);
    changed.issuer_signed[at.unwrap() + 2] ^= 1;
    let mut other_key = Rig::mdoc(0);
    other_key.device_key = Rig::mdoc(0).device_key;
    let expired = Rig::mdoc(40);
    for (mdoc, step) in [
        (changed, "elements.digests"),
        (other_key, "document.form"),
        (expired, "object.validity"),
    ] {
        let (_folder, rig) = with_mdoc(mdoc);
        let page = prove(&rig, &chosen(&rig, &Request::new("openid name"), 0), "1234");
        assert!(page.body.contains("can&#39;t be verified"), "{step}: {}", page.body);
        ends(&rig, &page, "mdoc_not_verified");
        assert!(
            rig.log().contains(&format!("mdoc_not_verified: {step}")),
            "{step}: {}",
            rig.log()
        );
        // To log in nothing of it is needed.
        assert!(rig.log_in(&Request::new("openid"), 0).parameter("code").is_some());
    }
}

#[test]
fn a_blocked_pin_of_a_phone_is_not_sent_to_the_counter() {
    let (_folder, rig) = rig(PhoneKind::Android);
    let mut page = chosen(&rig, &Request::new("openid"), 0);
    for _ in 0..3 {
        page = prove(&rig, &page, "0000");
    }
    assert!(
        page.body.contains("held to the phone again") && !page.body.contains("counter"),
        "{}",
        page.body
    );
    ends(&rig, &page, "pin_blocked");
}

#[test]
fn a_phone_has_the_identifier_of_the_card_that_it_is_linked_to() {
    let (card, other) = (
        CardSource::hanako().issued().unwrap(),
        "specimen:showa".parse::<CardSource>().unwrap().issued().unwrap(),
    );
    let phone = IssuedCard::of_phone(
        "hanako-phone".parse().unwrap(),
        Profile::phone(PhoneKind::Iphone),
        card.summary.clone(),
        other.jpki.clone(),
        None,
    );
    let (_folder, source) = Rig::kept(&phone);
    let rig = Rig::with(Options {
        cards: vec![source, CardSource::hanako()],
        ..Options::default()
    });
    let subject = |client: &str, card: usize| {
        let request = Request::of(client, "openid");
        let code = rig.log_in(&request, card).parameter("code").unwrap();
        let tokens = rig.exchange(&request, &code, |_| ()).json();
        id_token(&rig, &tokens).text("sub").unwrap().to_owned()
    };
    assert_ne!(subject("shop", 0), subject("shop", 1));
    let id = |card: &IssuedCard| (CardId::of(card), card.name.to_string());
    let intent = Intent {
        operation: OperationId([7; 16]),
        card: id(&card),
        place: String::new(),
        change: Default::default(),
        certificates: Vec::new(),
        phones: vec![PhoneLink {
            // The register knows its certificates as those of this one.
            phone: id(&other),
            card: id(&card),
            kind: PhoneKind::Iphone,
        }],
    };
    let beginning = Beginning {
        operation: intent.operation,
        card: intent.card.clone(),
        after: None,
        revoke: &[],
        withdraw: None,
        end_phones: &[],
        code: None,
        intent: Some(&intent),
    };
    let mut register = SqliteRegister::open(&rig.register).unwrap();
    assert!(matches!(register.begin(&beginning).unwrap(), Begun::Done(_)));
    assert!(register.finish(intent.operation).unwrap());
    assert_eq!(subject("shop", 0), subject("shop", 1));
    assert_ne!(subject("shop", 0), subject("bank", 0));
}
