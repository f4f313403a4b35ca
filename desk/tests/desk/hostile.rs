//! Who has no business with the desk, and clients that take more than their share.

use std::io::{ErrorKind, Read as _};
use std::time::Duration;

use serde_json::json;
use vmyna::CardSource;
use vmyna_desk::desk::{Desk, PAGES};

use crate::rig::{FIRST, Rig, SELECT, folder, options};

/// Paths that answer something about a card.
fn paths(card: &str) -> Vec<String> {
    let mut paths: Vec<String> = ["state", "shelf", "trace?from=0", "trace.pcapng", "events"]
        .map(|path| format!("/api/{path}"))
        .into();
    for path in ["", "/files", "/front.png", "/back.png"] {
        paths.push(format!("/api/cards/{card}{path}"));
    }
    paths
}

#[test]
fn without_the_token_nothing_about_a_card_is_answered() {
    let rig = Rig::new();
    let card = rig.card("hanako");
    let host = format!("Host: {}\r\n", rig.address);
    let short = &rig.token[..rig.token.len() - 1];
    for authorization in [
        String::new(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Bearer {short}\r\n"),
        format!("Authorization: Bearer {short}?\r\n"),
        format!("Authorization: Basic {}\r\n", rig.token),
        format!("Cookie: token={}\r\n", rig.token),
        format!("Authorization: Bearer {0}\r\nAuthorization: Bearer {0}\r\n", rig.token),
    ] {
        for path in paths(&card) {
            let answer = rig.raw(&format!("GET {path}"), &format!("{host}{authorization}"), "");
            answer.refused(401);
            assert!(
                !answer.text().contains("花子") && !answer.text().contains(&rig.token),
                "{path}"
            );
            assert!(!answer.head.to_lowercase().contains("set-cookie"));
        }
    }
    // Nor does a token in the address count.
    let answer = rig.raw(&format!("GET /api/state?token={}", rig.token), &host, "");
    answer.refused(401);
    // The shell needs none, and holds nothing of a card.
    for path in ["/", "/main.js", "/desk.css", "/favicon.svg"] {
        let shell = rig.raw(&format!("GET {path}"), &host, "");
        assert_eq!(shell.status, 200, "{path}");
        assert!(
            !shell.text().contains("花子") && !shell.text().contains(&rig.token),
            "{path}"
        );
        assert!(
            shell.head.contains("content-security-policy: default-src 'none'"),
            "{}",
            shell.head
        );
    }
    rig.raw("GET /etc/passwd", &host, "").refused(404);
    rig.raw("GET /../Cargo.toml", &host, "").refused(404);
    rig.raw("POST /", &host, "").refused(405);
}

#[test]
fn another_host_or_page_changes_and_learns_nothing_even_with_the_token() {
    let rig = Rig::new();
    let card = rig.card("hanako");
    let bearer = format!("Authorization: Bearer {}\r\n", rig.token);
    for host in [
        "evil.example",
        &format!("evil.example:{}", rig.address.port()),
        "127.0.0.1",
        "localhost",
    ] {
        let answer = rig.raw("GET /api/state", &format!("Host: {host}\r\n{bearer}"), "");
        assert_eq!(answer.status, 421, "{host}");
        assert!(!answer.text().contains("花子"));
    }
    let body = json!({ "card": card }).to_string();
    let first = format!("POST /api/readers/{}/insert", FIRST.replace(' ', "%20"));
    let send = |more: &str| {
        let headers = format!("{}Content-Length: {}\r\n{more}", rig.headers(), body.len());
        rig.raw(&first, &headers, &body)
    };
    let own = format!("Origin: {}\r\n", rig.origin());
    let json = "Content-Type: application/json\r\n";
    for origin in [
        String::new(),
        "Origin: null\r\n".to_owned(),
        "Origin: http://evil.example\r\n".to_owned(),
        format!("Origin: http://127.0.0.1:{}\r\n", rig.address.port() ^ 1),
        format!("Origin: http://localhost:{}\r\n", rig.address.port()),
        format!("{own}Sec-Fetch-Site: same-site\r\n"),
    ] {
        let answer = send(&format!("{origin}{json}"));
        answer.refused(403);
    }
    for kind in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
    ] {
        send(&format!("{own}{kind}")).refused(415);
    }
    assert_eq!(rig.reader(FIRST)["card"], json!(null));
    // Nor by a method that is no change in the eyes of a browser.
    let got = rig.get(&format!("/api/readers/{}/remove", FIRST.replace(' ', "%20")));
    got.refused(404);
    assert!(send(&format!("{own}{json}")).status == 200);
}

#[test]
fn bodies_headers_and_paths_that_no_page_sends_are_refused_and_the_desk_goes_on() {
    let rig = Rig::new();
    // Only what is longer than the longest APDU is too long.
    rig.insert(FIRST, &rig.card("hanako"));
    assert_eq!(rig.apdu(FIRST, &"00".repeat(65_544)).len(), 4);
    rig.at(FIRST, "apdu", &json!({ "apdu": "00".repeat(65_545) }))
        .refused(422);
    let giant = "x".repeat(140 * 1024);
    assert_eq!(rig.post("/api/cards/person", &json!({ "toml": giant })).status, 413);
    for body in ["", "null", "[]", "{", "\"x\"", "{\"card\":7}", &"[".repeat(30_000)] {
        let headers = format!(
            "{}Origin: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            rig.headers(),
            rig.origin(),
            body.len()
        );
        let first = format!("POST /api/readers/{}/insert", FIRST.replace(' ', "%20"));
        rig.raw(&first, &headers, body).refused(400);
    }
    for path in [
        "/api/readers/%FF/remove",
        "/api/shelf?search=%zz",
        "/api/cards/%00",
        "/api/",
        "/api/cards/1/pins/a/b/c",
    ] {
        let status = rig.get(path).status;
        assert!([400, 404].contains(&status), "{path}: {status}");
    }
    let long = rig.connect(&format!(
        "GET / HTTP/1.1\r\n{}X: {}\r\n\r\n",
        rig.headers(),
        "a".repeat(64 * 1024)
    ));
    let mut answer = String::new();
    let _ = (&long).read_to_string(&mut answer);
    assert!(!answer.contains(" 200 "), "{answer}");
    rig.state();
}

#[test]
fn of_a_thousand_open_streams_the_first_are_served_and_the_desk_still_answers() {
    let rig = Rig::new();
    rig.insert(FIRST, &rig.card("hanako"));
    let mut served: Vec<_> = (0..PAGES).map(|_| rig.events()).collect();
    let mut refused = 0;
    let mut held = Vec::new();
    for number in PAGES..1000 {
        let stream = rig.connect(&format!("GET /api/events HTTP/1.1\r\n{}\r\n", rig.headers()));
        held.push(stream);
        if number % 100 == 0 {
            // Between them the page of a person does what it does.
            rig.state();
        }
    }
    for stream in &mut held {
        let mut answer = Vec::new();
        // The server closes what it refuses, so that none of them holds a place.
        match stream.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
        refused += 1;
    }
    assert_eq!(refused, 1000 - PAGES);
    rig.apdu(FIRST, SELECT);
    for events in &mut served {
        events.wait_for("trace");
    }
}

#[test]
fn a_page_that_goes_away_frees_its_place() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    for _ in 0..3 {
        let pages: Vec<_> = (0..PAGES).map(|_| rig.events()).collect();
        rig.raw("GET /api/events", &rig.headers(), "").refused(503);
        drop(pages);
        // It is noticed when something is to be sent.
        rig.until("there is a place", |rig| {
            rig.insert(FIRST, &hanako);
            rig.at(FIRST, "remove", &json!({})).ok();
            let stream = rig.connect(&format!("GET /api/events HTTP/1.1\r\n{}\r\n", rig.headers()));
            let mut first = [0; 12];
            (&stream).read_exact(&mut first).unwrap();
            &first == b"HTTP/1.1 200"
        });
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_request_that_is_broken_off_disturbs_nobody() {
    let rig = Rig::new();
    let hanako = rig.card("hanako");
    for _ in 0..20 {
        let headers = format!(
            "{}Origin: {}\r\nContent-Type: application/json\r\nContent-Length: 200\r\n",
            rig.headers(),
            rig.origin()
        );
        drop(rig.connect(&format!(
            "POST /api/cards/{hanako}/counter/reset-pin HTTP/1.1\r\n{headers}\r\n{{\"pin\":\"auth\","
        )));
        drop(rig.connect("GET / HT"));
    }
    // No try was spent, and the card is free.
    assert_eq!(rig.pin(&hanako, "auth")["tries"], 3);
    rig.insert(FIRST, &hanako);
}

#[test]
fn the_link_of_a_desk_on_every_address_opens_and_an_error_names_its_file_once() {
    let folder = folder();
    let mut all = options(folder.path(), vec![CardSource::hanako()]);
    all.listeners = vec![std::net::TcpListener::bind("0.0.0.0:0").unwrap()];
    let port = all.listeners[0].local_addr().unwrap().port();
    let desk = Desk::open(all).unwrap();
    let link = format!("http://127.0.0.1:{port}/#");
    assert!(desk.link().starts_with(&link));
    drop(desk);
    let path = folder.path().join("text.vmyna");
    std::fs::write(&path, "no image").unwrap();
    let refused = Desk::open(options(folder.path(), vec![CardSource::Image(path, None)]));
    let error = refused.err().unwrap().to_string();
    assert_eq!(error.matches("text.vmyna").count(), 1, "{error}");
}
