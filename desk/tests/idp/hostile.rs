//! Foreign pages, giant requests, guesses.

use std::time::Duration;

use vmyna_desk::http::Limits;
use vmyna_desk::idp::MOST_TRANSACTIONS;

use crate::http::{form, send};
use crate::rig::{ITEMS, Options, Request, Rig, owned, random, transaction};

const LOGIN: &str = "/api/realms/main/login";

#[test]
fn a_form_of_another_page_is_refused() {
    let rig = Rig::new();
    let page = rig.authorize(&Request::new("openid"));
    let pairs = owned(&[
        ("transaction", &transaction(&page)),
        ("action", "choose"),
        ("card", "0"),
    ]);
    let (origin, port) = (rig.origin(), rig.address.port());
    let other_port = format!("http://localhost:{}", port.wrapping_add(1));
    let other_word = format!("http://127.0.0.1:{port}");
    for headers in [
        &[][..],
        &[("Origin", "null")],
        &[("Origin", "http://localhost")],
        &[("Origin", &other_port)],
        &[("Origin", &other_word)],
        &[("Origin", "https://evil.example")],
        &[("Origin", &origin), ("Sec-Fetch-Site", "same-site")],
        &[("Origin", &origin), ("Origin", "http://evil.example")],
    ] {
        let reply = rig.post(LOGIN, headers, &pairs);
        assert_eq!(reply.status, 403, "{headers:?}");
    }
    // The page is still good.
    let headers = [("Origin", &*origin), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(rig.post(LOGIN, &headers, &pairs).status, 200);
}

#[test]
fn a_page_is_used_once() {
    let rig = Rig::new();
    let page = rig.authorize(&Request::new("openid"));
    let next = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    assert_ne!(transaction(&page), transaction(&next));
    for (old, pairs) in [
        (&page, &[("action", "refuse")][..]),
        (&page, &[("action", "choose"), ("card", "0")]),
    ] {
        let reply = rig.submit(old, pairs);
        assert_eq!((reply.status, reply.header("location")), (400, None));
    }
    let done = rig.submit(&next, &[("action", "prove"), ("auth_pin", "1234")]);
    assert!(done.parameter("code").is_some());
    assert_eq!(
        rig.submit(&next, &[("action", "prove"), ("auth_pin", "1234")]).status,
        400
    );
}

#[test]
fn a_guessed_or_malformed_page_is_refused() {
    let rig = Rig::new();
    let origin = rig.origin();
    for token in ["", "x", &random(), &"A".repeat(5000)] {
        let reply = rig.post(
            LOGIN,
            &[("Origin", &origin)],
            &owned(&[("transaction", token), ("action", "refuse")]),
        );
        assert_eq!((reply.status, reply.header("location")), (400, None));
    }
    let page = rig.authorize(&Request::new("openid"));
    let token = transaction(&page);
    let headers = [
        ("Origin", &*origin),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    for body in [
        format!("transaction={token}&transaction={token}"),
        format!("transaction={token}&x=%"),
        format!("transaction={token}{}", "&a=b".repeat(20)),
    ] {
        assert_eq!(
            send(rig.address, &format!("POST {LOGIN}"), &headers, body.as_bytes()).status,
            400
        );
    }
    // Values that no page sends show the page again.
    for pairs in [
        &[("action", "prove"), ("auth_pin", "1234")][..],
        &[("action", "choose"), ("card", "99")],
        &[("action", "choose"), ("card", "-1")],
        &[("action", "other")],
        &[("action", "x")],
        &[],
    ] {
        let page = rig.authorize(&Request::new("openid"));
        let reply = rig.submit(&page, pairs);
        assert!(reply.status == 200 && reply.body.contains("Which card"), "{pairs:?}");
    }
}

#[test]
fn a_foreign_host_is_refused() {
    let rig = Rig::new();
    for host in [
        "evil.example",
        "localhost",
        "localhost:1",
        "localhost.evil.example",
        "[::1]",
    ] {
        let reply = rig.get_with("/api/realms/main/.well-known/openid-configuration", &[("Host", host)]);
        assert_eq!(reply.status, 421, "{host}");
    }
}

#[test]
fn a_giant_form_is_refused() {
    let rig = Rig::new();
    let giant = owned(&[("transaction", &"A".repeat(70_000))]);
    let origin = rig.origin();
    for path in [
        LOGIN,
        &Rig::endpoint("token"),
        &Rig::endpoint("userinfo"),
        "/api/sign-transactions",
    ] {
        let reply = rig.post(path, &[("Origin", &origin)], &giant);
        assert_eq!(reply.status, 413, "{path}");
        assert!(reply.header("content-security-policy").is_some());
    }
    let query = "a=b&".repeat(10_000);
    let reply = rig.get(&format!("{}?{query}", Rig::endpoint("auth")));
    assert!([400, 414, 431].contains(&reply.status), "{}", reply.status);
    // Many parameters in one form of a size that is allowed.
    let many: Vec<_> = (0..5000).map(|number| (number.to_string(), String::new())).collect();
    assert_eq!(rig.post(&Rig::endpoint("token"), &[], &many).error(), "invalid_request");
}

#[test]
fn a_slow_request_is_ended() {
    let rig = Rig::with(Options {
        limits: Limits {
            request: Duration::from_millis(200),
            ..Limits::default()
        },
        ..Options::default()
    });
    let headers = [
        ("Content-Length", "10"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let reply = send(
        rig.address,
        "GET /api/realms/main/protocol/openid-connect/userinfo",
        &headers,
        b"",
    );
    assert_eq!(reply.status, 408);
}

#[test]
fn a_part_of_another_page_begins_no_log_in() {
    let rig = Rig::new();
    let path = format!("{}?{}", Rig::endpoint("auth"), form(&Request::new("openid").pairs));
    for to in ["image", "iframe", "empty", "script"] {
        let reply = rig.get_with(&path, &[("Sec-Fetch-Dest", to), ("Sec-Fetch-Site", "cross-site")]);
        assert_eq!((reply.status, reply.header("location")), (403, None), "{to}");
    }
    let headers = [("Sec-Fetch-Dest", "document"), ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(rig.get_with(&path, &headers).status, 200);
}

#[test]
fn log_ins_that_have_begun_are_bounded() {
    let rig = Rig::new();
    let request = Request::new("openid");
    for _ in 0..MOST_TRANSACTIONS {
        assert_eq!(rig.authorize(&request).status, 200);
    }
    let reply = rig.authorize(&request);
    assert_eq!((reply.status, reply.header("location")), (503, None));
    // Those that are over make room.
    rig.wait(300 + 600);
    assert!(rig.log_in(&request, 0).parameter("code").is_some());
}

#[test]
fn no_secret_is_logged() {
    let rig = Rig::new();
    let request = Request::new(ITEMS);
    let page = rig.authorize(&request);
    let page = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    let page = rig.submit(
        &page,
        &[("action", "prove"), ("auth_pin", "9876"), ("input_assist_pin", "6789")],
    );
    let pins = [("action", "prove"), ("auth_pin", "1234"), ("input_assist_pin", "1234")];
    let reply = rig.submit(&page, &pins);
    let code = reply.parameter("code").unwrap();
    let tokens = rig.exchange(&request, &code, |_| ()).json();
    rig.userinfo(tokens["access_token"].as_str().unwrap());
    rig.exchange(&request, &code, |_| ());
    let log = rig.log();
    assert!(
        log.contains("login: code") && log.contains("token: ok") && log.contains("invalid_grant"),
        "{log}"
    );
    for secret in [
        "9876",
        "6789",
        "1234",
        &code,
        &request.state,
        &request.nonce,
        &request.verifier,
        "見本",
        "eyJ",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
