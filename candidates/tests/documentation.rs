//! docs/candidates.md and docs/candidates.ja.md are what the catalogue has. `make docs` writes the pages anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use vmyna_candidates::{Candidate, Candidates, Check, Expected, Group, Role, Words, all};
use vmyna_testkit::assert_page;

/// The fewest wrong candidates of a useful examination.
const FEWEST: usize = 120;

const GROUPS: [(Group, &str, &str); 9] = [
    (Group::Good, "Genuine cards", "本物のカード"),
    (Group::Text, "Text data", "券面入力補助の文字列"),
    (Group::Face, "Face", "券面"),
    (Group::MyNumber, "My Number", "個人番号"),
    (Group::LogIn, "Log-in", "ログイン"),
    (Group::Signatures, "Signatures", "署名"),
    (Group::Pins, "PIN handling", "暗証番号の扱い"),
    (Group::Parsing, "Parsing", "解析"),
    (Group::Mdoc, "Phone and mdoc", "スマートフォンとmdoc"),
];

const ENGLISH: &str = "\
# Candidates of vmyna exam

[日本語](candidates.ja.md) · [all pages](README.md) · [Is your verifier safe?](exam.md)

Written by `make docs` from the catalogue; a test keeps it so.

A candidate is a card, or files, that are right, or wrong in exactly one respect. *Right answer* is what a right program does:
`accept`, `refuse`; `notice`: it informs its user, whatever it decides; `either`: its verdict decides nothing; `watched`: its
commands, output and files are judged. A *twin* is a right candidate of the same shape: without it, a refusal shows only that
a program stumbled over the shape. Everything in candidates is fictional, and their authorities are vmyna's own.

*Certainty* is that of the check: `documented` in a standard or by several sources, `client` by one source, `measured` on files of
a published test card or with the named program, `assumed` by inference.
";

const JAPANESE: &str = "\
# vmyna examの候補

[English](candidates.md) · [全ページ](README.md) · [その検証は安全ですか](exam.ja.md)

このページは`make docs`がカタログから書き、テストが一致を確かめます。

候補は、正しいか、一点だけが誤っているカードまたはファイルです。「正しい応答」は正しいプログラムの動作です。`accept`は受理、`refuse`は拒否、
`notice`は判定にかかわらず利用者に知らせること、`either`は判定を問わないこと、`watched`はコマンド、出力、ファイルを調べることを表します。
「対」は同じ形の正しい候補です。対がなければ、拒否は形につまずいたことしか示しません。候補の内容はすべて架空で、発行者はvmyna独自のものです。

「確かさ」はチェックについてのものです。`documented`は規格または複数の情報源、`client`は一つの情報源、`measured`は公開されたテストカードの
ファイルまたは名前を挙げたプログラムでの測定、`assumed`は推論によります。
";

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('<', "&lt;")
}

fn words(words: Words, japanese: bool) -> &'static str {
    if japanese { words.ja } else { words.en }
}

fn page(all: &Candidates, japanese: bool) -> String {
    let mut page = if japanese { JAPANESE } else { ENGLISH }.to_owned();
    let pick = |en: &'static str, ja: &'static str| if japanese { ja } else { en };
    for (group, en, ja) in GROUPS {
        let rows: Vec<&Candidate> = all.iter().filter(|candidate| candidate.group == group).collect();
        if rows.is_empty() {
            continue;
        }
        writeln!(page, "\n## {}\n", pick(en, ja)).unwrap();
        let checks: BTreeMap<&str, &Check> = rows
            .iter()
            .filter_map(|row| row.check)
            .map(|check| (check.id, check))
            .collect();
        if !checks.is_empty() {
            page += pick(
                "| Check | The program must | Why | Certainty | Source |\n|---|---|---|---|---|\n",
                "| チェック | プログラムがすべきこと | 理由 | 確かさ | 情報源 |\n|---|---|---|---|---|\n",
            );
            for check in checks.values() {
                let (must, why) = (words(check.must, japanese), words(check.why, japanese));
                let (certainty, source) = (check.basis.certainty, &check.basis.source);
                writeln!(
                    page,
                    "| {} | {} | {} | `{certainty}` | {} |",
                    check.id,
                    cell(must),
                    cell(why),
                    cell(source)
                )
                .unwrap();
            }
            page.push('\n');
        }
        page += pick(
            "| Candidate | Check | What it is | Right answer | Twin |\n|---|---|---|---|---|\n",
            "| 候補 | チェック | 内容 | 正しい応答 | 対 |\n|---|---|---|---|---|\n",
        );
        for row in rows {
            let check = row.check.map_or("", |check| check.id);
            let what = if japanese { &row.what.ja } else { &row.what.en };
            let twin = row.twin.map(|twin| format!("`{twin}`")).unwrap_or_default();
            writeln!(
                page,
                "| `{}` | {check} | {} | {} | {twin} |",
                row.name,
                cell(what),
                row.expected.name()
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn the_pages_have_every_candidate() {
    let all = all();
    assert_page("candidates.md", &page(&all, false));
    assert_page("candidates.ja.md", &page(&all, true));
}

#[test]
fn each_wrong_candidate_has_a_check_and_a_right_twin() {
    let all = all();
    let names: BTreeSet<&str> = all.iter().map(|candidate| candidate.name).collect();
    assert_eq!(names.len(), all.iter().count(), "a name twice");
    for candidate in all.iter().filter(|candidate| candidate.role == Role::Wrong) {
        assert!(candidate.check.is_some(), "{}", candidate.name);
        if candidate.expected == Expected::Refuse {
            let twin = candidate.twin.and_then(|twin| all.find(twin));
            let right = twin.is_some_and(|twin| twin.role != Role::Wrong);
            assert!(right, "{}", candidate.name);
        }
    }
    let wrong = all.iter().filter(|candidate| candidate.role == Role::Wrong).count();
    assert!(wrong >= FEWEST, "{wrong} wrong candidates");
}
