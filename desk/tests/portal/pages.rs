//! The pages: what each has, and who may see them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::browser::Browser;
use crate::server::Rig;

/// The pages of a person.
const PAGES: [&str; 7] = [
    "",
    "exchanges",
    "codes",
    "codes?from=city&to=health",
    "data",
    "notices",
    "application",
];

#[test]
fn a_visitor_sees_no_page_of_a_person() {
    let rig = Rig::new();
    let mut visitor = rig.browser();
    let others = [
        "application/review",
        "application/result",
        "application/signature.bin",
        "nothing",
    ];
    for path in PAGES[1..].iter().chain(&others) {
        let page = visitor.get(&format!("/ja/{path}"));
        assert_eq!((page.status, page.location(), &*page.body), (303, "/ja/", ""), "{path}");
    }
    let page = visitor.get("/ja/");
    page.has("カードでログイン").lacks("花子");
}

#[test]
fn every_page_is_marked_has_no_script_and_exists_in_both_languages() {
    let rig = Rig::new();
    let mut person = rig.person();
    for (language, specimen) in [
        ("en", "All people and bodies are invented."),
        ("ja", "人物も機関もすべて架空です。"),
    ] {
        for path in PAGES {
            let page = person.get(&format!("/{language}/{path}"));
            assert_eq!(page.status, 200, "{path}");
            page.has(&format!("<html lang=\"{language}\">"));
            page.has("<span class=\"stamp\">見本 SPECIMEN</span>").has(specimen);
            page.lacks("<script").lacks("style=\"").lacks("onclick");
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
            assert!(!policy.contains("script-src"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            // With `no-referrer` browsers send forms with the origin `null`.
            assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        }
    }
}

#[test]
fn a_page_that_is_not_there_is_404_for_a_person() {
    let rig = Rig::new();
    let mut person = rig.person();
    for path in [
        "/en/nothing",
        "/fr/",
        "/nothing",
        "/en",
        "/en/../data",
        "/en/data/",
        "//en/",
    ] {
        let page = person.get(path);
        assert_eq!(page.status, 404, "{path}");
        page.has("見本");
    }
    assert_eq!(person.request("DELETE", "/en/", &[], "").status, 405);
}

#[test]
fn the_first_page_is_in_the_language_of_the_browser() {
    let rig = Rig::new();
    for (languages, path) in [("ja-JP,en;q=0.5", "/ja/"), ("en-GB,ja;q=0.5", "/en/"), ("fr", "/en/")] {
        let page = rig.browser().request("GET", "/", &[("Accept-Language", languages)], "");
        assert_eq!((page.status, page.location()), (303, path), "{languages}");
    }
    let page = rig.browser().request("GET", "/", &[("Accept-Language", "")], "");
    assert_eq!(page.location(), "/en/");
}

#[test]
fn what_the_provider_states_has_no_markup() {
    let rig = Rig::new();
    rig.lie(|lies| {
        lies.userinfo = Box::new(|(status, mut items)| {
            items["name"] = json!("<script>alert(1)</script>");
            items["address"] = json!("\" onmouseover=\"x");
            items["birthdate"] = json!("<i>");
            items["gender"] = json!("'><b>");
            (status, items)
        });
    });
    let mut person = rig.person();
    for path in PAGES {
        let page = person.get(&format!("/en/{path}"));
        page.lacks("<script")
            .lacks("\" onmouseover")
            .lacks("<i>")
            .lacks("'><b>");
    }
    person.get("/en/data").has("&lt;script&gt;alert(1)&lt;/script&gt;");
}

#[test]
fn the_reason_of_a_problem_is_in_the_language_of_the_page() {
    let rig = Rig::new();
    let callback = |language| {
        let headers = [("Accept-Language", language)];
        rig.browser().request("GET", "/callback?state=x", &headers, "")
    };
    callback("ja")
        .has("<dt>理由</dt><dd>このブラウザで始めた操作への応答ではないか、使用済みか、時間が経ち過ぎています</dd>");
    callback("en").has("<dt>Reason</dt><dd>the answer does not belong to a log-in that this browser has begun");
}

/// The codes on a page, like `AB01-0203-0405-0607-0809`.
fn codes(person: &mut Browser, path: &str) -> Vec<String> {
    let page = person.get(path);
    let is_code = |word: &&str| {
        word.len() == 24
            && word.split('-').count() == 5
            && word.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    page.body.split(['<', '>']).filter(is_code).map(str::to_owned).collect()
}

#[test]
fn the_codes_of_a_person_stay_and_differ_by_body_and_person() {
    let rig = Rig::new();
    let mut person = rig.person();
    let table = codes(&mut person, "/en/codes?from=town&to=town");
    assert_eq!(table.len(), 12);
    assert_eq!(
        table.iter().collect::<BTreeSet<_>>().len(),
        12,
        "a code is there twice: {table:?}"
    );
    assert_eq!(codes(&mut rig.person(), "/ja/codes?from=town&to=town"), table);
    // The codes of the exchanges are among those of the table.
    let used = codes(&mut person, "/en/exchanges");
    assert!(
        used.len() >= 8 && used.iter().all(|code| table.contains(code)),
        "{used:?}"
    );
    rig.lie(|lies| lies.claims = Box::new(|claims| claims.with("sub", "person-2")));
    rig.lie(|lies| {
        lies.claims = Box::new(|claims| claims.with("sub", "person-2"));
        lies.userinfo = Box::new(|(status, mut items)| {
            items["sub"] = json!("person-2");
            (status, items)
        });
    });
    let others = codes(&mut rig.person(), "/en/codes?from=town&to=town");
    let own = |codes: &[String]| codes.iter().step_by(2).cloned().collect::<BTreeSet<_>>();
    assert!(own(&others).is_disjoint(&own(&table)));
    // The other person of the table is the same for both.
    assert_eq!(others[1], table[1]);
}

#[test]
fn a_question_is_converted_between_the_two_bodies() {
    let rig = Rig::new();
    let mut person = rig.person();
    let shown = codes(&mut person, "/en/codes?from=city&to=health");
    let (table, steps) = shown.split_at(12);
    let (city, health) = (&table[2], &table[6]);
    assert_eq!(steps, [city, city, health, health, city].map(String::clone));
    let page = person.get("/en/codes?from=city&to=city");
    page.has("A body does not ask itself");
}

#[test]
fn no_page_has_a_my_number() {
    let rig = Rig::new();
    let mut person = rig.person();
    for path in PAGES {
        person
            .get(&format!("/ja/{path}"))
            .lacks("123456789018")
            .lacks("1234 5678 9018");
    }
}
