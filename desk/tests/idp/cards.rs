//! What cards decide: PINs and their tries, certificates that do not hold, other cards.

use vmyna::CardSource;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Reason, Register, Revocation, whole_seconds};
use vmyna_desk::client::{CardClient, Pin};

use crate::http::Reply;
use crate::rig::{ITEMS, Options, Request, Rig};

/// The page for the PINs of a card.
pub(crate) fn chosen(rig: &Rig, request: &Request, card: usize) -> Reply {
    let page = rig.authorize(request);
    rig.submit(&page, &[("action", "choose"), ("card", &card.to_string())])
}

pub(crate) fn prove(rig: &Rig, page: &Reply, pin: &str) -> Reply {
    rig.submit(page, &[("action", "prove"), ("auth_pin", pin)])
}

/// Ends the log-in from a page that stopped it; the relying party learns the reason.
#[track_caller]
pub(crate) fn ends(rig: &Rig, page: &Reply, reason: &str) {
    let reply = rig.submit(page, &[("action", "refuse")]);
    assert_eq!(reply.error(), "access_denied");
    assert_eq!(reply.parameter("error_description").unwrap(), reason);
    assert_eq!(reply.parameter("iss").unwrap(), rig.issuer());
    assert!(reply.parameter("state").is_some());
}

#[test]
fn a_refused_consent_is_answered_with_access_denied() {
    let rig = Rig::new();
    let page = rig.authorize(&Request::new(ITEMS));
    for asked in [
        "The shop",
        "http://127.0.0.1:3000",
        "your name",
        "your address",
        "your date of birth",
        "your sex",
    ] {
        assert!(page.body.contains(asked), "{asked}");
    }
    ends(&rig, &page, "consent_refused");
    let page = chosen(&rig, &Request::new("openid"), 0);
    ends(&rig, &page, "consent_refused");
}

#[test]
fn three_wrong_pins_block_the_card_until_the_counter_resets_it() {
    let (_folder, card) = Rig::issued();
    let rig = Rig::with(Options {
        cards: vec![card.clone()],
        ..Options::default()
    });
    let request = Request::new("openid");
    let mut page = chosen(&rig, &request, 0);
    for left in [3, 2, 1] {
        assert!(page.body.contains(&format!("tries left: {left}")), "{}", page.body);
        page = prove(&rig, &page, "0000");
    }
    assert!(page.body.contains("counter"), "{}", page.body);
    let again = rig.submit(&page, &[("action", "other")]);
    let again = rig.submit(&again, &[("action", "choose"), ("card", "0")]);
    assert!(again.body.contains("blocked"), "{}", again.body);
    let page = prove(&rig, &again, "1234");
    ends(&rig, &page, "pin_blocked");
    // The card is free, so the counter can take it.
    let (_, place) = card.find().unwrap();
    place.unwrap().reset().unwrap();
    assert!(rig.log_in(&request, 0).parameter("code").is_some());
}

#[test]
fn a_built_in_card_remembers_its_tries_while_the_provider_runs() {
    let rig = Rig::new();
    let request = Request::new("openid");
    prove(&rig, &chosen(&rig, &request, 0), "0000");
    let page = chosen(&rig, &request, 0);
    assert!(page.body.contains("tries left: 2"), "{}", page.body);
    assert!(prove(&rig, &page, "1234").parameter("code").is_some());
    assert!(chosen(&rig, &request, 0).body.contains("tries left: 3"));
}

#[test]
fn a_pin_of_another_form_costs_no_try() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let mut page = chosen(&rig, &request, 0);
    for pin in ["", "123", "12345", "abcd", "１２３４"] {
        page = prove(&rig, &page, pin);
        assert!(
            page.body.contains("No try was used") && page.body.contains("tries left: 3"),
            "{pin}"
        );
    }
}

#[test]
fn a_wrong_pin_ends_the_attempt_before_the_next_pin() {
    let rig = Rig::new();
    let page = chosen(&rig, &Request::new("openid name"), 0);
    let pins = |auth, data| [("action", "prove"), ("auth_pin", auth), ("input_assist_pin", data)];
    let page = rig.submit(&page, &pins("0000", "0000"));
    let left = |page: &Reply| page.body.matches("tries left: 2").count();
    assert_eq!(left(&page), 1, "{}", page.body);
    let page = rig.submit(&page, &pins("1234", "0000"));
    assert!(page.body.contains("tries left: 3") && left(&page) == 1, "{}", page.body);
    assert!(rig.submit(&page, &pins("1234", "1234")).parameter("code").is_some());
}

#[test]
fn no_pin_stays_verified_for_the_next_person() {
    let rig = Rig::new();
    assert!(rig.log_in(&Request::new(ITEMS), 0).parameter("code").is_some());
    let page = chosen(&rig, &Request::new("openid name"), 0);
    // Without the second PIN nothing is read, though it was verified a moment ago.
    let page = rig.submit(&page, &[("action", "prove"), ("auth_pin", "1234")]);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("No try was used"));
}

#[test]
fn an_expired_certificate_is_refused() {
    let rig = Rig::new();
    let page = prove(&rig, &chosen(&rig, &Request::new("openid"), 1), "1234");
    assert!(page.body.contains("expired"), "{}", page.body);
    ends(&rig, &page, "certificate_expired");
}

#[test]
fn a_revoked_certificate_is_refused() {
    let rig = Rig::new();
    let request = Request::new("openid");
    assert!(rig.log_in(&request, 0).parameter("code").is_some());
    revoke(&rig);
    let page = prove(&rig, &chosen(&rig, &request, 0), "1234");
    assert!(page.body.contains("revoked"), "{}", page.body);
    ends(&rig, &page, "certificate_revoked");
}

/// Revokes the certificates of Hanako's card.
fn revoke(rig: &Rig) {
    let mut register = SqliteRegister::open(&rig.register).unwrap();
    let card = CardSource::hanako().issued().unwrap();
    for certificate in Certificate::of_card(&card).unwrap() {
        let revocation = Revocation {
            at: whole_seconds(std::time::SystemTime::now()).unwrap(),
            reason: Reason::KeyCompromise,
        };
        register
            .revoke(certificate.issuer, certificate.serial, revocation)
            .unwrap();
    }
}

#[test]
fn a_certificate_of_which_nothing_is_known_is_refused() {
    let rig = Rig::new();
    std::fs::remove_file(&rig.register).unwrap();
    SqliteRegister::open_or_make(&rig.register).unwrap();
    let page = prove(&rig, &chosen(&rig, &Request::new("openid"), 0), "1234");
    ends(&rig, &page, "certificate_not_verified");
}

#[test]
fn a_card_without_what_is_needed_is_refused_and_another_one_can_be_taken() {
    let rig = Rig::new();
    let request = Request::new("openid");
    // The card without PINs.
    let page = prove(&rig, &chosen(&rig, &request, 3), "1234");
    let page = rig.submit(&page, &[("action", "other")]);
    let page = rig.submit(&page, &[("action", "choose"), ("card", "2")]);
    assert!(page.body.contains("specimen:child"));
    assert!(prove(&rig, &page, "1234").parameter("code").is_some());
}

#[test]
fn a_card_in_use_is_named_and_can_be_tried_again() {
    let (_folder, card) = Rig::issued();
    let rig = Rig::with(Options {
        cards: vec![card.clone()],
        ..Options::default()
    });
    let page = chosen(&rig, &Request::new("openid"), 0);
    let mut other = CardClient::open(&card).unwrap();
    let page = prove(&rig, &page, "1234");
    // It is said once, and there is no PIN to type.
    assert_eq!(page.body.matches("in use").count(), 1, "{}", page.body);
    assert!(!page.body.contains("auth_pin"), "{}", page.body);
    // The page names no process, but the line for the one who runs the server says what was wrong.
    assert!(
        rig.log().contains("login: not yet: the card is in use by "),
        "{}",
        rig.log()
    );
    let page = rig.submit(&page, &[("action", "again")]);
    assert_eq!(page.body.matches("in use").count(), 1, "{}", page.body);
    // No try was spent by that.
    assert_eq!(other.tries(Pin::Auth).unwrap().left, 3);
    drop(other);
    let page = rig.submit(&page, &[("action", "again")]);
    assert!(
        page.body.contains("auth_pin") && !page.body.contains("role=\"alert\""),
        "{}",
        page.body
    );
    assert!(prove(&rig, &page, "1234").parameter("code").is_some());
}

#[test]
fn the_log_says_why_a_card_cannot_be_opened_and_that_a_pin_was_wrong() {
    let (folder, card) = Rig::issued();
    let rig = Rig::with(Options {
        cards: vec![card],
        ..Options::default()
    });
    let page = chosen(&rig, &Request::new("openid"), 0);
    let page = prove(&rig, &page, "9876");
    assert!(
        rig.log().contains("login: not yet: wrong auth PIN, 2 tries left"),
        "{}",
        rig.log()
    );
    std::fs::remove_file(folder.path().join("card.vmyna")).unwrap();
    let page = prove(&rig, &page, "9876");
    assert!(
        page.body.contains("be opened") && !page.body.contains("card.vmyna: "),
        "{}",
        page.body
    );
    let log = rig.log();
    assert!(
        log.contains("card.vmyna") && log.contains("No such file") && !log.contains("9876"),
        "{log}"
    );
}

#[test]
fn a_browser_that_goes_away_leaves_the_card_free_and_its_tries() {
    let (_folder, card) = Rig::issued();
    let rig = Rig::with(Options {
        cards: vec![card.clone()],
        ..Options::default()
    });
    let request = Request::new("openid");
    for _ in 0..5 {
        chosen(&rig, &request, 0);
    }
    let mut other = CardClient::open(&card).unwrap();
    assert_eq!(other.tries(Pin::Auth).unwrap().left, 3);
    drop(other);
    // In the middle of a form: the PIN is cut off.
    let page = chosen(&rig, &request, 0);
    let body = format!(
        "transaction={}&action=prove&auth_pin=12",
        crate::rig::transaction(&page)
    );
    let head = format!(
        "POST /api/realms/main/login HTTP/1.1\r\nHost: localhost:{}\r\nOrigin: {}\r\nContent-Length: {}\r\n\r\n",
        rig.address.port(),
        rig.origin(),
        body.len() + 2
    );
    let mut stream = std::net::TcpStream::connect(rig.address).unwrap();
    std::io::Write::write_all(&mut stream, format!("{head}{body}").as_bytes()).unwrap();
    drop(stream);
    assert!(prove(&rig, &page, "1234").parameter("code").is_some());
    assert_eq!(CardClient::open(&card).unwrap().tries(Pin::Auth).unwrap().left, 3);
}

#[test]
fn a_log_in_times_out_and_the_site_learns_it() {
    let rig = Rig::new();
    let request = Request::new("openid");
    let page = chosen(&rig, &request, 0);
    rig.wait(300);
    let late = prove(&rig, &page, "1234");
    assert_eq!(late.status, 200);
    let link = late
        .body
        .split_once(r#"href="http://127.0.0.1:3000/callback?"#)
        .unwrap()
        .1;
    let link = link.split_once('"').unwrap().0;
    assert!(
        link.contains("error=access_denied") && link.contains("error_description=time_out"),
        "{link}"
    );
    assert!(link.contains(&format!("state={}", request.state)));
    // The card was not asked.
    assert!(chosen(&rig, &request, 0).body.contains("tries left: 3"));
}
