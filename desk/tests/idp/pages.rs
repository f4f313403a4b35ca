//! The pages themselves: what they contain, and what they never do.

use vmyna_desk::http::escape;

use crate::http::Reply;
use crate::rig::{ITEMS, Options, Request, Rig};

/// All kinds of pages, in both languages.
fn all(rig: &Rig) -> Vec<Reply> {
    let mut pages = Vec::new();
    for language in ["en", "ja"] {
        let request = Request::new(ITEMS).with("ui_locales", language);
        let choose = rig.authorize(&request);
        let pins = rig.submit(&choose, &[("action", "choose"), ("card", "0")]);
        let wrong = rig.submit(&pins, &[("action", "prove"), ("auth_pin", "12")]);
        let other = rig.submit(&wrong, &[("action", "other")]);
        let expired = rig.submit(&other, &[("action", "choose"), ("card", "1")]);
        let stopped = rig.submit(&expired, &[("action", "prove"), ("auth_pin", "1234")]);
        pages.extend([choose, pins, wrong, other, expired, stopped]);
        let bad = request.with("client_id", "nobody");
        let path = format!("{}?{}", Rig::endpoint("auth"), crate::http::form(&bad.pairs));
        pages.push(rig.get_with(&path, &[("Accept-Language", language)]));
        pages.push(rig.get_with("/", &[("Accept-Language", language)]));
        for nothing in ["/nothing", "/api/realms/main/login"] {
            let page = rig.get_with(nothing, &[("Accept-Language", language)]);
            assert_eq!(page.status, 404, "{nothing}");
            pages.push(page);
        }
    }
    pages
}

#[test]
fn every_page_is_marked_and_has_the_headers_of_safety() {
    let rig = Rig::new();
    for page in all(&rig) {
        assert!(page.body.contains("見本 SPECIMEN"), "{page:?}");
        assert!(page.body.contains("<h1>") && page.body.contains("<html lang="));
        let policy = page.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
        for never in ["<script", "onclick", "style=", "javascript:"] {
            assert!(!page.body.contains(never), "{never}");
        }
    }
}

#[test]
fn a_refusal_has_the_language_of_the_browser() {
    let rig = Rig::new();
    let page = rig.authorize(&Request::new("openid"));
    let token = crate::rig::transaction(&page);
    rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    let origin = rig.origin();
    for (language, used, foreign, malformed, unknown) in [
        (
            "en",
            "was used already",
            "not one of this server",
            "is malformed",
            "names no registered client",
        ),
        (
            "ja",
            "使用済み",
            "このサーバーのページから",
            "形式が不正",
            "client_idが登録されていない",
        ),
    ] {
        let own = [("Origin", origin.as_str()), ("Accept-Language", language)];
        let post = |headers: &[(&str, &str)], pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            rig.post("/api/realms/main/login", headers, &pairs)
        };
        // The button "back" of the browser sends a page again: nothing is wrong with any address.
        let again = post(&own, &[("transaction", &token), ("action", "choose")]);
        assert!(again.body.contains(used), "{again:?}");
        assert!(
            !again.body.contains("trick") && !again.body.contains("不正な宛先"),
            "{again:?}"
        );
        let other = [("Origin", "http://evil.example"), ("Accept-Language", language)];
        assert!(post(&other, &[("transaction", "x")]).body.contains(foreign));
        assert!(post(&own, &[("a", "1"), ("a", "2")]).body.contains(malformed));
        let path = format!("{}?client_id=nobody", Rig::endpoint("auth"));
        let refused = rig.get_with(&path, &[("Accept-Language", language)]);
        assert!(refused.body.contains(unknown), "{refused:?}");
    }
}

#[test]
fn no_page_answers_a_form_with_a_pin() {
    let rig = Rig::new();
    let origin = rig.origin();
    let request = Request::new(ITEMS);
    for more in [
        &[("action", "prove"), ("auth_pin", "12")][..],
        &[("action", "prove"), ("auth_pin", "1234"), ("input_assist_pin", "12")],
        &[("action", "prove"), ("auth_pin", "1234")],
        &[("action", "other"), ("auth_pin", "1234")],
        &[("language", "ja"), ("auth_pin", "1234")],
        &[("language", "ja"), ("sign_password", "ABC123")],
        &[("transaction", "unknown"), ("auth_pin", "1234")],
    ] {
        let page = rig.authorize(&request);
        let page = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
        let token = crate::rig::transaction(&page);
        let mut pairs = vec![("transaction".to_owned(), token)];
        pairs.retain(|(name, _)| more[0].0 != name);
        pairs.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let reply = rig.post("/api/realms/main/login", &[("Origin", &origin)], &pairs);
        // A browser would keep the form, and with it the PIN, beside the page.
        assert_eq!((reply.status, reply.body.as_str()), (303, ""), "{more:?}");
        let address = reply.header("location").unwrap();
        assert!(address.starts_with("/api/realms/main/login?page=") && !address.contains("1234"));
        let page = rig.get(address);
        assert!(page.body.contains("<h1>") && page.status != 404, "{more:?} {page:?}");
        // The address opens it once.
        assert!(rig.get(address).body.contains("was used already"));
        if page.status == 200 {
            let on = rig.submit(&page, &[("action", "refuse")]);
            assert_eq!(on.error(), "access_denied");
        }
    }
    // It waits for a minute.
    let page = rig.authorize(&request);
    let token = crate::rig::transaction(&page);
    let pairs = [
        ("transaction", token.as_str()),
        ("language", "ja"),
        ("auth_pin", "1234"),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reply = rig.post("/api/realms/main/login", &[("Origin", &origin)], &pairs);
    rig.wait(60);
    assert!(
        rig.get(reply.header("location").unwrap())
            .body
            .contains("was used already")
    );
}

#[test]
fn only_the_page_of_a_log_in_leads_to_the_site() {
    let rig = Rig::new();
    let page = rig.authorize(&Request::new("openid"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:3000;"), "{policy}");
    let other = rig.authorize(&Request::new("openid").with("client_id", "nobody"));
    assert!(
        other
            .header("content-security-policy")
            .unwrap()
            .contains("form-action 'self';")
    );
}

#[test]
fn a_page_changes_its_language_by_a_button() {
    let rig = Rig::new();
    let page = rig.authorize(&Request::new("openid"));
    let japanese = rig.submit(&page, &[("language", "ja")]);
    assert!(japanese.body.contains(r#"<html lang="ja">"#) && japanese.body.contains("カードでログイン"));
    let pins = rig.submit(&japanese, &[("action", "choose"), ("card", "0")]);
    assert!(pins.body.contains("利用者証明用暗証番号"));
    let english = rig.submit(&pins, &[("language", "en")]);
    assert!(english.body.contains(r#"<html lang="en">"#) && english.body.contains("PIN to log in"));
    assert!(
        rig.submit(&english, &[("action", "prove"), ("auth_pin", "1234")])
            .parameter("code")
            .is_some()
    );
}

#[test]
fn pin_fields_are_hidden_and_not_completed() {
    let rig = Rig::new();
    let page = rig.authorize(&Request::new(ITEMS));
    let page = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    for field in page.body.split("<input ").filter(|field| field.contains("_pin\" type")) {
        assert!(
            field.contains(r#"type="password""#) && field.contains(r#"autocomplete="off""#),
            "{field}"
        );
        assert!(!field.split('>').next().unwrap().contains("value="));
    }
    assert_eq!(page.body.matches("type=\"password\"").count(), 2);
    assert_eq!(page.body.matches("<label for=").count(), 2);
}

#[test]
fn names_of_cards_and_sites_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let name = "<img src=x onerror='alert(1)'>&.vmyna";
    let rig = Rig::with(Options {
        cards: vec![vmyna::CardSource::Image(folder.path().join(name), None)],
        ..Options::default()
    });
    let page = rig.authorize(&Request::new("openid"));
    assert!(page.body.contains(&escape(name)), "{}", page.body);
    assert!(!page.body.contains("<img"));
    assert!(!page.body.contains(folder.path().to_str().unwrap()));
    // A card that is not there is said to be so, without its folder.
    let page = rig.submit(&page, &[("action", "choose"), ("card", "0")]);
    assert!(page.body.contains("can&#39;t be opened"), "{}", page.body);
    assert!(!page.body.contains(folder.path().to_str().unwrap()));
}

#[test]
fn the_style_and_the_icon_are_of_this_server() {
    let rig = Rig::new();
    let style = rig.get("/idp.css");
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, Some("text/css; charset=utf-8"))
    );
    assert!(!style.body.contains("http") && !style.body.contains("@import"));
    assert_eq!(rig.get("/favicon.svg").header("content-type"), Some("image/svg+xml"));
    assert_eq!(rig.get("/other").status, 404);
}
