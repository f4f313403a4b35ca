//! The report of an exploration.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vmyna_apdu::{Text, text};

use super::judge::Reference;
use super::{Explored, Finding, INTERRUPTIONS, Met, Problem, instruction};
use crate::program::{Ended, Outcome};
use crate::report::{Entry, Fact, Report, Standing};

/// What was explored, in words.
#[derive(Clone, Debug)]
pub struct About {
    /// The program and its arguments as they were typed.
    pub program: Vec<String>,
    /// The card's name.
    pub card: String,
    /// The seed.
    pub seed: u64,
    /// How long a run may take.
    pub limit: Duration,
}

/// What a reader must know of the undisturbed runs.
pub(super) fn notes(outcome: &Outcome, reference: &Reference, [first, second]: [usize; 2], repeats: bool) -> Vec<Text> {
    let mut notes = Vec::new();
    match outcome.ended {
        Ended::Exited(0) => {}
        Ended::Exited(status) => notes.push(text!(
            "The undisturbed program ends with exit status {status}, so whether it reports success without need can't be judged.",
            "中断のない実行が終了ステータス{status}で終わるため、誤った成功の報告は判定できません。"
        )),
        _ => notes.push(text!(
            "The undisturbed program was ended by a signal.",
            "中断のない実行がシグナルで終わりました。"
        )),
    }
    if outcome.ended == Ended::Exited(0) && !reference.judges_success() {
        notes.push(text!(
            "The undisturbed program is given no signature, so success without one can't be judged.",
            "中断のない実行は署名を受け取らないため、署名のない成功は判定できません。"
        ));
    }
    if !repeats {
        notes.push(text!(
            "The conversation does not repeat: two undisturbed runs sent {first} and {second} commands. The same interruption \
             can hit another command the next time.",
            "会話は毎回同じではありません。中断のない2回の実行のコマンドは{first}個と{second}個でした。同じ中断が次は別のコマンドに当たることがあります。"
        ));
    }
    notes
}

/// A finding as an entry of the report. `replay` gives the command line that shows it again.
#[must_use]
pub fn finding(finding: &Finding, replay: &str) -> Entry {
    let (standing, verdict) = match finding.confirmed {
        true => (Standing::Finding, finding.problem.name()),
        false => (Standing::NotJudged, "not-confirmed"),
    };
    let mut details = Vec::new();
    let words = INTERRUPTIONS.iter().find(|one| one.name == finding.interruption);
    if let Some(interruption) = words {
        details.push((text!("interruption", "中断"), interruption.what()));
        let ins = u8::from_str_radix(finding.instruction(), 16).unwrap_or_default();
        let name = instruction::name(ins).unwrap_or("command");
        let (index, command) = (finding.index, &finding.command);
        details.push((
            text!("at", "場所"),
            text!("{name}, index {index}: {command}", "{name}、{index}番目: {command}"),
        ));
    }
    let [en, ja] = &finding.did;
    details.push((text!("what the program did", "プログラムの動作"), text!("{en}", "{ja}")));
    if !finding.also.is_empty() {
        let also: Vec<String> = finding.also.iter().map(ToString::to_string).collect();
        details.push((text!("also at index", "ほかの場所"), Text::same(also.join(" "))));
    }
    if !finding.confirmed {
        details.push((
            text!("confirmed", "確認"),
            text!(
                "no: a second run did not show it",
                "していない。2回目の実行では起こらなかった"
            ),
        ));
    }
    details.push((text!("replay", "再現"), Text::same(replay)));
    Entry {
        name: finding.name(),
        group: match finding.interruption.as_str() {
            "" => "undisturbed".to_owned(),
            name => name.to_owned(),
        },
        standing,
        verdict,
        headline: finding.problem.headline(),
        details,
        fields: vec![
            ("problem", json!(finding.problem.name())),
            ("index", json!(finding.index)),
            ("command", json!(finding.command)),
            ("fault", json!(finding.fault)),
            ("also", json!(finding.also)),
            ("replay", json!(replay)),
        ],
        took: Duration::from_millis(finding.milliseconds),
    }
}

/// The report. An entry is an interruption that the program met; those without an effect are counted only.
#[must_use]
pub fn report(explored: &Explored, about: &About, replay: &dyn Fn(&Finding) -> String) -> Report {
    let saved = &explored.saved;
    let mut entries: Vec<Entry> = saved.findings.iter().map(|one| finding(one, &replay(one))).collect();
    let found: BTreeSet<(&str, usize)> = saved
        .findings
        .iter()
        .flat_map(|one| {
            let indexes = one.also.iter().chain([&one.index]);
            indexes.map(move |index| (one.interruption.as_str(), *index))
        })
        .collect();
    let passed = saved.runs.iter().filter(|run| run.met == Met::Met);
    entries.extend(
        passed
            .filter(|run| !found.contains(&(run.interruption.as_str(), run.index)))
            .map(|run| Entry {
                name: format!("{}@{}", run.interruption, run.index),
                group: run.interruption.clone(),
                standing: Standing::Passed,
                verdict: "passed",
                headline: text!("nothing wrong", "問題なし"),
                details: Vec::new(),
                fields: vec![("index", json!(run.index))],
                took: Duration::from_millis(run.milliseconds),
            }),
    );
    let fact = |id, title, value| Fact { id, title, value };
    let kinds: serde_json::Map<_, _> = PROBLEMS
        .iter()
        .map(|problem| {
            let of = saved
                .findings
                .iter()
                .filter(|one| one.problem == *problem && one.confirmed);
            (problem.name().to_owned(), json!(of.count()))
        })
        .collect();
    Report {
        command: "explore",
        title: text!("Exploration", "探索"),
        collection: "interruptions",
        program: about.program.clone(),
        facts: vec![
            fact("card", text!("card", "カード"), json!(about.card)),
            fact("seed", text!("seed", "シード"), json!(about.seed)),
            fact(
                "limit",
                text!("limit in seconds", "制限時間(秒)"),
                json!(about.limit.as_secs_f64()),
            ),
            fact(
                "commands",
                text!("commands undisturbed", "中断のないコマンド数"),
                json!(explored.commands[0]),
            ),
            fact(
                "repeats",
                text!("conversation repeats", "会話が毎回同じ"),
                json!(explored.repeats),
            ),
            fact(
                "met",
                text!("interruptions met", "起こった中断"),
                json!(explored.count(Met::Met)),
            ),
            fact(
                "without_effect",
                text!("without an effect", "効果のない中断"),
                json!(explored.count(Met::WithoutEffect)),
            ),
            fact("complete", text!("complete", "完了"), json!(explored.complete)),
            fact("problems", text!("findings by kind", "種類ごとの指摘"), json!(kinds)),
        ],
        notes: explored.notes.clone(),
        entries,
    }
}

const PROBLEMS: [Problem; 6] = [
    Problem::Hang,
    Problem::Crash,
    Problem::UnsignedSuccess,
    Problem::TryConsumed,
    Problem::PinInOutput,
    Problem::LeftInTransaction,
];
