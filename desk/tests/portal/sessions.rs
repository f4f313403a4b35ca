//! Sessions, forms of other pages, and other names of the portal.

use vmyna_desk::portal::SessionLimits;

use crate::server::{Rig, is_logged_in};

/// The name of the portal's cookie.
fn cookie(rig: &Rig) -> String {
    format!("vmyna_portal_{}", rig.origin.rsplit(':').next().unwrap())
}

#[test]
fn a_session_that_was_planted_never_becomes_that_of_a_person() {
    let rig = Rig::new();
    let name = cookie(&rig);
    // A made-up identifier is not adopted.
    let mut browser = rig.browser();
    browser.cookies.insert(name.clone(), "planted".to_owned());
    browser.get("/en/");
    assert_ne!(browser.cookies[&name], "planted");
    // One that the portal has given to somebody else is left at the log-in.
    let mut attacker = rig.browser();
    attacker.get("/en/");
    let mut victim = attacker.clone();
    assert!(is_logged_in(&rig.log_in(&mut victim)));
    assert_ne!(victim.cookies[&name], attacker.cookies[&name]);
    assert!(!is_logged_in(&attacker.get("/en/")));
    assert!(is_logged_in(&victim.get("/en/")));
}

#[test]
fn of_two_cookies_of_the_name_none_is_believed() {
    let rig = Rig::new();
    let mut person = rig.person();
    let (name, value) = person.cookies.pop_first().unwrap();
    let both = format!("{name}={value}; {name}=other");
    for cookies in [&*both, &*format!("{name}=other; {name}={value}")] {
        let page = person.request("GET", "/en/", &[("Cookie", cookies)], "");
        assert!(!is_logged_in(&page));
        person.cookies.clear();
    }
    let one = format!("other=1; {name}={value}");
    assert!(is_logged_in(&person.request("GET", "/en/", &[("Cookie", &one)], "")));
}

#[test]
fn the_cookie_is_not_for_scripts_and_not_for_requests_of_other_sites() {
    let rig = Rig::new();
    let page = rig.browser().get("/en/");
    let set = page.header("set-cookie").unwrap();
    assert!(
        set.starts_with(&cookie(&rig)) && set.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{set}"
    );
}

#[test]
fn a_form_of_another_page_changes_nothing() {
    let rig = Rig::new();
    let mut person = rig.person();
    let csrf = person.get("/en/").csrf().to_owned();
    let others = rig.person().get("/en/").csrf().to_owned();
    let own = rig.origin.clone();
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let port = own.rsplit(':').next().unwrap().to_owned();
    let (localhost, other_port) = (format!("http://localhost:{port}"), "http://127.0.0.1:9".to_owned());
    let good = format!("csrf={csrf}");
    let doubled = format!("csrf={csrf}&csrf={csrf}");
    let of_others = format!("csrf={others}");
    let attempts: [(&[(&str, &str)], &str); 11] = [
        (&[("Origin", &own), kind], ""),
        (&[("Origin", &own), kind], "csrf="),
        (&[("Origin", &own), kind], "csrf=wrong"),
        (&[("Origin", &own), kind], &of_others),
        (&[("Origin", &own), kind], &doubled),
        (&[kind], &good),
        (&[("Origin", "null"), kind], &good),
        (&[("Origin", &localhost), kind], &good),
        (&[("Origin", &other_port), kind], &good),
        (&[("Origin", &own), ("Sec-Fetch-Site", "same-site"), kind], &good),
        (&[("Origin", &own), ("Content-Type", "text/plain")], &good),
    ];
    for (headers, body) in attempts {
        for path in ["/en/log-out", "/en/data", "/en/application", "/en/application/sign"] {
            let page = person.request("POST", path, headers, body);
            assert_eq!(page.status, 403, "{path} {headers:?} {body}");
        }
    }
    assert!(is_logged_in(&person.get("/en/")));
    // What is right is accepted.
    assert_eq!(person.post("/en/log-out", &good).status, 303);
    assert!(!is_logged_in(&person.get("/en/")));
}

#[test]
fn a_log_in_is_not_begun_by_another_page() {
    let rig = Rig::new();
    let mut visitor = rig.browser();
    visitor.get("/en/");
    assert_eq!(visitor.post("/en/log-in", "csrf=wrong").status, 403);
    assert_eq!(rig.browser().post("/en/log-in", "csrf=").status, 403);
    // An address alone begins nothing.
    let page = visitor.get("/en/log-in");
    assert_eq!((page.status, page.location()), (303, "/en/"));
}

#[test]
fn pictures_of_another_page_push_no_visitor_out() {
    let rig = Rig::new();
    let mut browser = rig.browser();
    let begun = browser.submit("/en/", "/en/log-in", "");
    assert_eq!(begun.status, 303);
    for _ in 0..300 {
        let mut other = rig.browser();
        let picture = other.request(
            "GET",
            &format!("{}/en/", rig.origin),
            &[("Sec-Fetch-Dest", "image")],
            "",
        );
        assert_eq!(picture.header("set-cookie"), None);
    }
    let document = [("Sec-Fetch-Dest", "document")];
    let again = browser.request("GET", &format!("{}/en/", rig.origin), &document, "");
    assert_eq!(again.header("set-cookie"), None, "the session of the visitor has ended");
    let first = rig
        .browser()
        .request("GET", &format!("{}/en/", rig.origin), &document, "");
    assert!(first.header("set-cookie").is_some());
}

#[test]
fn a_session_ends_when_it_is_not_used() {
    let (rig, SessionLimits { idle, .. }) = (Rig::new(), SessionLimits::default());
    let mut person = rig.person();
    for _ in 0..2 {
        rig.wait(idle / 2);
        assert!(is_logged_in(&person.get("/en/")));
    }
    rig.wait(idle);
    let page = person.get("/en/data");
    assert_eq!((page.status, page.location()), (303, "/en/"));
    assert!(!is_logged_in(&person.get("/en/")));
}

#[test]
fn another_name_of_the_portal_leads_to_the_one_that_works() {
    let rig = Rig::new();
    let port = rig.origin.rsplit(':').next().unwrap();
    let mut browser = rig.browser();
    let page = browser.get(&format!("http://localhost:{port}/en/"));
    assert_eq!((page.status, page.location()), (303, &*format!("{}/en/", rig.origin)));
    let page = browser.get(&format!("http://localhost:{port}/en/codes?from=a&to=b"));
    assert_eq!(page.location(), format!("{}/en/codes?from=a&to=b", rig.origin));
    assert!(browser.cookies.is_empty());
    let page = browser.request("POST", &format!("http://localhost:{port}/en/log-in"), &[], "");
    assert_eq!(page.status, 403);
    let page = browser.get(&format!("http://localhost:{port}//evil.example/"));
    assert!(page.location().starts_with(&rig.origin), "{}", page.location());
}

#[test]
fn a_giant_form_and_a_foreign_host_are_refused() {
    let rig = Rig::new();
    let mut person = rig.person();
    let csrf = person.get("/en/").csrf().to_owned();
    let giant = format!("csrf={csrf}&address={}", "a".repeat(64 * 1024));
    assert_eq!(person.post("/en/application", &giant).status, 413);
    let many = format!("csrf={csrf}{}", "&a=".repeat(20_000));
    assert_eq!(person.post("/en/application", &many).status, 403);
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1"] {
        let page = person.with_host(host, "/en/");
        assert_eq!(page.status, 421, "{host}");
        page.lacks("花子");
    }
    assert!(is_logged_in(&person.get("/en/")));
}
