//! The released elements: their digests, their form, and whether they were asked for.

use std::collections::HashSet;

use ciborium::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};
use vmyna_apdu::{Text, text};

use super::Document;
use super::report::{Element, Report};
use crate::element::{self, Kind, NAMESPACE, NAMESPACE_JP};
use crate::issuer_signed::Item;
use crate::request::DeviceRequest;

/// The fewest random bytes of an element.
const RANDOM: usize = 16;
/// The limit of a digestID.
const NUMBERS: u64 = 1 << 31;

/// The digest by the name of its algorithm.
pub(super) fn digest(algorithm: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        "SHA-256" => Some(Sha256::digest(bytes).to_vec()),
        "SHA-384" => Some(Sha384::digest(bytes).to_vec()),
        "SHA-512" => Some(Sha512::digest(bytes).to_vec()),
        _ => None,
    }
}

/// The name of an element in a reason.
fn name(item: &Item) -> Text {
    Text::same(format!("{} {}", item.namespace(), item.identifier()))
}

fn named(items: &[&Item], en: &str, ja: &str) -> Vec<Text> {
    let one = |item: &&Item| {
        let name = name(item);
        text!("{name} {en}", "{name}{ja}")
    };
    items.iter().map(one).collect()
}

/// Returns the elements whose digests are right.
pub(super) fn verify(document: &Document, report: &mut Report) -> Vec<Element> {
    let items = document.issuer_signed.items();
    let count = items.len();
    match count {
        0 => report.failed(
            "elements.present",
            text!(
                "no element was released, so the document proves nothing",
                "要素が一つもなく、文書は何も証明しません"
            ),
        ),
        _ => report.passed("elements.present", text!("elements: {count}", "要素: {count}個")),
    }
    let object = document.issuer_signed.security_object();
    let signed = |item: &&Item| {
        let digests = object.value_digests.get(item.namespace());
        let signed = digests.and_then(|digests| digests.get(&item.digest_id()));
        signed.is_some() && signed == digest(&object.digest_algorithm, &item.bytes).as_ref()
    };
    let (right, wrong): (Vec<&Item>, Vec<&Item>) = items.iter().partition(signed);
    report.check(
        "elements.digests",
        text!(
            "every element has its digest in the signed object",
            "すべての要素のダイジェストが署名された値と一致"
        ),
        named(
            &wrong,
            "is not what the issuer has signed",
            "は発行者が署名したものではありません",
        ),
    );
    let few: Vec<&Item> = items.iter().filter(|item| item.random_length < RANDOM).collect();
    report.check(
        "elements.random",
        text!("{RANDOM} random bytes at least", "乱数は{RANDOM}バイト以上"),
        named(&few, "has too few random bytes", "の乱数が短すぎます"),
    );
    let mut seen = HashSet::new();
    let mut numbers = Vec::new();
    for item in items {
        if item.digest_id() >= NUMBERS || !seen.insert((item.namespace(), item.digest_id())) {
            numbers.push(item);
        }
    }
    report.check(
        "elements.numbers",
        text!("each digestID below 2^31 and used once", "digestIDは2^31未満で重複なし"),
        named(
            &numbers,
            "has a digestID that is too large or used twice",
            "のdigestIDが大きすぎるか重複しています",
        ),
    );
    types(items, report);
    agreement(items, report);
    let element = |item: &Item| Element {
        doc_type: document.doc_type.clone(),
        namespace: item.namespace().to_owned(),
        identifier: item.identifier().to_owned(),
        value: item.value().clone(),
    };
    right.into_iter().map(element).collect()
}

fn types(items: &[Item], report: &mut Report) {
    let is_wrong = |item: &&Item| {
        let kind = element::kind(item.namespace(), item.identifier());
        kind.is_some_and(|kind| !has_type(kind, item.value()))
    };
    let wrong: Vec<&Item> = items.iter().filter(is_wrong).collect();
    report.check(
        "elements.types",
        text!(
            "every known element has a value of its type",
            "既知の要素の値はすべて所定の型"
        ),
        named(&wrong, "has a value of another type", "の値の型が異なります"),
    );
    for item in items {
        if element::kind(item.namespace(), item.identifier()).is_none() {
            let name = name(item);
            report.note(
                "elements.unknown",
                text!(
                    "{name} is not an element of this document type",
                    "{name}はこの文書の要素ではありません"
                ),
            );
        }
    }
}

fn has_type(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Text => value.is_text(),
        Kind::Image => value.is_bytes(),
        Kind::Unsigned => crate::cbor::number(value).is_some(),
        Kind::Boolean => value.is_bool(),
        Kind::Date => element::date(value).is_some(),
    }
}

/// Two elements that state the same of the cardholder. `age_over_NN` grows old, so that its time can't be compared.
fn agreement(items: &[Item], report: &mut Report) {
    let value = |namespace: &str, identifier: &str| {
        let mut items = items.iter();
        let found = items.find(|item| item.namespace() == namespace && item.identifier() == identifier);
        found.map(Item::value)
    };
    let mut wrong = Vec::new();
    let words = value(NAMESPACE_JP, "birth_date_unicode").and_then(Value::as_text);
    let date = value(NAMESPACE, "birth_date").and_then(element::date);
    if let (Some(words), Some(date)) = (words, date)
        && date.words().as_deref() != Some(words)
    {
        wrong.push(text!(
            "birth_date and birth_date_unicode differ",
            "birth_dateとbirth_date_unicodeが異なります"
        ));
    }
    let kanji = value(NAMESPACE_JP, "sex_unicode").and_then(Value::as_text);
    let number = value(NAMESPACE, "sex").and_then(crate::cbor::number);
    let expected = match number {
        Some(1) => Some("男"),
        Some(2) => Some("女"),
        _ => kanji,
    };
    if kanji.is_some() && kanji != expected {
        wrong.push(text!("sex and sex_unicode differ", "sexとsex_unicodeが異なります"));
    }
    if let Some(age) = value(NAMESPACE, "age_in_years").and_then(crate::cbor::number) {
        for item in items {
            let over = element::age_over(item.namespace(), item.identifier());
            let stated = item.value().as_bool();
            if over.is_some() && over.map(|over| age >= u64::from(over)) != stated {
                let name = item.identifier();
                wrong.push(text!(
                    "age_in_years and {name} differ",
                    "age_in_yearsと{name}が異なります"
                ));
            }
        }
    }
    match wrong.is_empty() {
        true => report.passed(
            "elements.agreement",
            text!("no value contradicts another", "値の矛盾なし"),
        ),
        false => report.note("elements.agreement", super::report::joined(&wrong)),
    }
}

/// Returns those of `elements` that the request asks for, or all without a request.
pub(super) fn asked(
    document: &Document,
    elements: Vec<Element>,
    request: Option<&DeviceRequest>,
    report: &mut Report,
) -> Vec<Element> {
    let Some(request) = request else {
        return elements;
    };
    let requests = request.doc_requests().iter();
    let requests = requests.filter(|one| one.doc_type() == document.doc_type);
    let wanted: HashSet<(&str, &str)> = requests
        .flat_map(|one| one.wanted())
        .map(|wanted| (wanted.namespace.as_str(), wanted.identifier.as_str()))
        .collect();
    let items = document.issuer_signed.items();
    let is_asked = |item: &Item| wanted.contains(&(item.namespace(), item.identifier()));
    let unasked: Vec<&Item> = items.iter().filter(|item| !is_asked(item)).collect();
    report.check(
        "request.elements",
        text!("nothing but what was asked for", "要求した要素のみ"),
        named(&unasked, "was not asked for", "は要求していません"),
    );
    let released: HashSet<(&str, &str)> = items.iter().map(|item| (item.namespace(), item.identifier())).collect();
    let mut missing: Vec<_> = wanted.difference(&released).collect();
    missing.sort_unstable();
    for (namespace, identifier) in missing {
        report.note(
            "request.missing",
            text!(
                "{namespace} {identifier} was not released",
                "{namespace} {identifier}は提示されませんでした"
            ),
        );
    }
    let is_asked = |one: &Element| wanted.contains(&(one.namespace.as_str(), one.identifier.as_str()));
    elements.into_iter().filter(is_asked).collect()
}
