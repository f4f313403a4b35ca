//! docs/conformance.md is what the vectors say, every row of published facts is proved, and every group is documented.
//! `make docs` writes the page anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vmyna_conformance::CHECKS;
use vmyna_conformance::order::instructions;
use vmyna_conformance::suite::Suite;
use vmyna_conformance::vector::{Certainty, Vector};
use vmyna_testkit::assert_page;

const INTRODUCTION: &str = "\
# The conformance suite

Written by `make docs` from the vectors; a test keeps it so.

What a My Number Card is known to do, as test vectors that any card can take: `vmyna conformance` puts them to a virtual
card, `--reader NAME` to the card in a PC/SC reader, `--vpcd PORT` to whatever connects as a card to vpcd's port. They were
written from published sources, never from vmyna's code; those called `access.` and `pin.` are made of
[access.toml](../test-vectors/access.toml), those called `order.` of [order.toml](../test-vectors/order.toml), which were
written by hand as well, and the others lie in [test-vectors/conformance](../test-vectors/conformance).

## On a real card

Nothing but SELECT, reads and queries of the tries left is sent before you have said which PINs may be used, and a card
without the JPKI application gets one SELECT. Each PIN is verified once, if it has two tries or more; at a wrong one the run
ends. Vectors that present wrong PINs run with `--allow-wrong-pins` only: before each the counters are looked at, what
would come to the last try is left out, and afterwards each counter must be full again, or the run ends. Vectors that write,
or send what only the issuer should, run with `--disposable` only, which nobody should say of a card of his own. What is
signed, also with the sign key, is a text that says it is a test.

`--record FILE` keeps commands as the vectors have them, with placeholders for PINs, and of answers status words, lengths,
the outlines of objects, and only such data as say nothing about holder or card number. `vmyna conformance diff A B`
compares two. A recording of a real card turns what is `assumed` here into what is `measured`: please send it.

## How a vector is written

    [[vector]]
    id = \"verify.query.after-success\"
    requirement = \"After a success the query still answers 63Cx, not 9000.\"
    source = \"OpenSC issue 959, trace of a real card\"
    certainty = \"measured\"            # measured, documented, client, assumed
    proves = [\"4-query-after-success\"]   # rows of the list of facts
    applies = [\"contact\"]             # kinds of card; any card without it
    unless = []                       # kinds of card that are left out
    effect = \"reads\"                  # reads, wrong-pins, writes, blocks
    spends = []                       # with wrong-pins: PIN or PIN@AP, of which tries are spent and given back
    steps = [
      \"{select:jpki}\",                             # COMMAND, answered 9000
      \"00 A4 02 0C 02 0018 => 9000\",               # COMMAND => SW
      \"00 20 00 80 [{pin:auth}] => 9000\",          # [ ] puts the length before, [[ ]] an extended one
      \"00 20 00 80 => 63C3\",                       # X is any digit, | stands between alternatives
      { send = \"00 B0 8A 00 04\", data = \"3082*\" },   # ? is any digit, a final * any bytes
      \"warm reset\",
    ]

A vector begins after a cold reset. An answer other than 9000 must have no data. A step as a table may also have `sw`,
`length` (`160`, `1..256`), `tlv` (`FF20{DF21:8 DF22}FF*`: tags, lengths, filler), `check` (below), `save` (a name for the
data), `sealed` (open the answer first) and `public` (the data may be recorded). `send = \"atr\"` looks at the ATR. The kinds
of card for `applies`: contact, contactless, card-certificate, no-card-certificate, contact-atr-at-card-manager,
contact-atr-in-applications, sign-certificate, no-sign-certificate, auth-certificate, no-pins, phone, iphone, android,
driving-licence, residence, conformance; they are found by SELECT and reading. A vector of an application in the free area is
left out without a word on a card that lacks it, and so are vectors of phones (スマホ用電子証明書) on a card, and on a phone those
of what only cards have. `conformance` is an invention of the suite, a card with all that a free area allows:
[application.ap.toml](../test-vectors/conformance/application.ap.toml).

Placeholders: `{select:AP}` the whole SELECT, `{aid:AP}`, `{pin:P}`, `{wrong:P}` (its last character is the next one),
`{longer:P}`, `{lower:P}`, `{saved:NAME}`, `{text:T}`, `{sha256:T}`, `{digest-info:T}`, `{fill:COUNT BYTE}`,
`{random:COUNT}`, `{session-key}` (a new one, under the key saved as session-key; also `:tag-81`, `:too-large`),
`{sealed:…}`, `{sealed-long:…}`, `{sealed-ahead:…}` and `{sealed-unpadded}` (object 86 under the session's key; with a long
length; under a later command's number; a block that ends with no padding), `{host:KEY}` (a signature over what was saved as
challenge, by the suite's test key rsa-2048, p-256 or p-384). AP is card_manager, jpki, input_assist, face_info,
residence_code, card_info, driving-licence, residence, residence-df1 to -df3, conformance, conformance-below or
conformance-locked; P is auth, sign, input-assist, residence,
common, code-a, code-b, birth or licence.

## Vectors for an application of your own

`vmyna ap test employee.ap.toml` puts vectors to a virtual card that has the applications of the declaration. Most follow from
the declaration: each file x operation x set of verified PINs and authenticated hosts (every set of up to four, of more none,
each alone and all), each PIN's counter and lengths, files that are not there, instructions that are not declared, SELECT, and
what lasts over a reset and without power, also of files that were written and keys that were made. Their names begin with the
application's: `employee.0001.update-binary.terminal`. The keys of hosts are replaced by test keys of the same kind, because
their private halves are not in the declaration. These vectors prove that the card does what the declaration states. They do
not prove that the declaration is right, or that a real card behaves so; the report says it.

What your application must do, write as vectors of your own: in `employee.vectors.toml` beside the declaration, or in a file
that `--vectors` names. They have the form above. AP can be an application of the declaration too, and P one of its PINs with
the application's name, for {pin:…}, {wrong:…}, {longer:…} and {lower:…}. `spends` names PINs of the card itself only.

    [[vector]]
    id = \"door.log\"
    requirement = \"The door appends to the log after the terminal's authentication.\"
    source = \"the door's specification, section 4\"
    certainty = \"assumed\"
    effect = \"writes\"
    steps = [
      \"{select:employee}\",
      \"00 20 00 86 [{pin:pin@employee}]\",
      \"00 E2 00 10 [{text:opened}] => 6982\",
      { send = \"00 84 00 00 08\", save = \"challenge\" },
      \"00 82 00 92 [{host:p-256}]\",
      \"00 E2 00 10 [{text:opened}]\",
    ]

";

fn documentation(suite: &Suite) -> String {
    let mut text = INTRODUCTION.to_owned();
    text += "| Check | The data pass when |\n|---|---|\n";
    for (form, says) in CHECKS {
        writeln!(text, "| `{form}` | {says} |").unwrap();
    }
    let count = |certainty| suite.count(certainty);
    writeln!(
        text,
        "\n## Which fact is proved by which vector\n\n{} vectors: {} measured, {} documented, {} client, {} assumed.",
        suite.vectors.len(),
        count(Certainty::Measured),
        count(Certainty::Documented),
        count(Certainty::Client),
        count(Certainty::Assumed)
    )
    .unwrap();
    for section in &suite.sections {
        writeln!(
            text,
            "\n### {} {}\n\n| Row | Fact | Proved by |\n|---|---|---|",
            section.number, section.title
        )
        .unwrap();
        for row in &section.rows {
            let by = match &row.unproved {
                Some(why) => format!("not by APDUs: {why}"),
                None => names(&provers(suite, &row.id)),
            };
            writeln!(text, "| {} | {} | {by} |", row.id, cell(&row.says)).unwrap();
        }
    }
    text += &order();
    text += "\n## All vectors\n";
    let mut groups: BTreeMap<&str, Vec<&Vector>> = BTreeMap::new();
    for vector in &suite.vectors {
        groups.entry(vector.group()).or_default().push(vector);
    }
    for (group, vectors) in groups {
        writeln!(
            text,
            "\n### {group}\n\n| Vector | The card must | Certainty | Source or reason | Effect |\n|---|---|---|---|---|"
        )
        .unwrap();
        for vector in vectors {
            let Vector {
                id,
                requirement,
                certainty,
                source,
                effect,
                ..
            } = vector;
            writeln!(
                text,
                "| {id} | {} | {certainty} | {} | {effect} |",
                cell(requirement),
                cell(source)
            )
            .unwrap();
        }
    }
    text
}

/// The order of checks, one line a row of the table.
fn order() -> String {
    let mut text = String::from(
        "\n## Which of two faults a card reports\n\nFrom [order.toml](../test-vectors/order.toml), written by hand. Each row is a vector, \
         `order.` and its name; a test\nholds that each pair of faults that one command can have has one row.\n\n\
         | Instruction | Reported | SW | Rather than | Certainty | Source or reason |\n|---|---|---|---|---|---|\n",
    );
    for instruction in instructions().unwrap() {
        for row in &instruction.rows {
            writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                cell(&instruction.title),
                row.first,
                instruction.answer_to(&row.first).unwrap(),
                row.then.join(", "),
                row.certainty,
                cell(&row.source)
            )
            .unwrap();
        }
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn provers<'a>(suite: &'a Suite, row: &str) -> Vec<&'a str> {
    let proves = |vector: &&Vector| vector.proves.iter().any(|proved| proved == row);
    suite
        .vectors
        .iter()
        .filter(proves)
        .map(|vector| vector.id.as_str())
        .collect()
}

/// The names; many with the same beginning as that beginning.
fn names(provers: &[&str]) -> String {
    let mut shown: Vec<String> = Vec::new();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for name in provers {
        let words = match name.split('.').next() {
            Some("access") => Some(3),
            Some("order") => Some(2),
            _ => None,
        };
        match words.and_then(|words| name.match_indices('.').nth(words - 1)) {
            Some((end, _)) => *groups.entry(&name[..end]).or_default() += 1,
            None => shown.push((*name).to_owned()),
        }
    }
    shown.extend(
        groups
            .into_iter()
            .map(|(beginning, count)| format!("{beginning} ({count})")),
    );
    shown.join(", ")
}

#[test]
fn the_page_is_what_the_vectors_say() {
    let suite = Suite::built_in().unwrap();
    assert_page("conformance.md", &documentation(&suite));
}

#[test]
fn every_row_of_facts_is_proved_by_a_vector_or_says_why_none_can() {
    let suite = Suite::built_in().unwrap();
    let mut unproved = Vec::new();
    for row in suite.sections.iter().flat_map(|section| &section.rows) {
        let proved = !provers(&suite, &row.id).is_empty();
        if proved == row.unproved.is_some() {
            unproved.push(&row.id);
        }
    }
    assert!(unproved.is_empty(), "{unproved:?}");
    assert!(suite.vectors.len() >= 200, "{} vectors", suite.vectors.len());
}

#[test]
fn a_vector_that_does_more_than_it_says_is_refused() {
    let vector = |more: &str, steps: &str| {
        let text = format!(
            "[[vector]]\nid = \"a.b\"\nrequirement = \"r\"\nsource = \"s\"\ncertainty = \"assumed\"\n{more}\nsteps = [{steps}]"
        );
        vmyna_conformance::suite::parse("test", &text)
    };
    assert!(vector("", "\"00 20 00 98\"").is_ok());
    for (more, steps) in [
        ("", "\"00 20 00 98 [{wrong:auth}] => 63CX\""),
        ("", "\"00 20 00 98 [31323334] => 63CX\""),
        ("", "\"00 24 01 98 [{pin:auth}]\""),
        ("", "\"80 54 00 98 => 6982\""),
        // The tries are not given back.
        (
            "effect = \"wrong-pins\"\nspends = [\"auth\"]",
            "\"00 20 00 98 [{wrong:auth}] => 63CX\"",
        ),
        ("effect = \"wrong-pins\"", "\"00 20 00 98\""),
        ("spends = [\"auth\"]", "\"00 20 00 98\""),
        ("expect = 1", "\"00 20 00 98\""),
        ("", ""),
        ("", "{ send = \"00 B0 81 00 04\", check = [\"no-such\"] }"),
        ("", "\"00 20 00 98 => 63C\""),
    ] {
        assert!(vector(more, steps).is_err(), "{more} {steps}");
    }
}
