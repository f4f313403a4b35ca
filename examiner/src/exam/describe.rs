//! The report of an examination.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vmyna_apdu::{Text, text};
use vmyna_candidates::{Candidate, Expected, Role};

use super::Exam;
use super::run::Ran;
use super::verdict::{Got, Verdict, judge};
use crate::report::{Entry, Fact, Report, Standing};

/// The candidate with which the duties of every run are reported once: the PIN in the output.
pub(super) const KEPT_SECRET: &str = "pins.kept-secret";

/// The report of these runs.
pub(super) fn report(
    exam: &Exam,
    plan: &BTreeMap<usize, Option<Text>>,
    done: &BTreeMap<usize, Ran>,
    examinable: bool,
) -> Report {
    let named: Vec<(&Candidate, Option<Text>, Option<&Ran>)> = exam
        .candidates
        .iter()
        .enumerate()
        .filter_map(|(index, candidate)| Some((candidate, plan.get(&index)?.clone(), done.get(&index))))
        .collect();
    let ran = |name: &str| {
        named
            .iter()
            .find(|(one, ..)| one.name == name)
            .and_then(|(.., ran)| *ran)
    };
    let leak = named
        .iter()
        .find_map(|(candidate, _, ran)| Some((candidate.name, ran.as_ref()?.leak.as_ref()?)));
    let mut entries = Vec::new();
    for (candidate, unclaimed, own) in &named {
        let twin = candidate
            .twin
            .map(|name| (name, ran(name).and_then(|ran| ran.got.as_ref())));
        let reason = unclaimed.clone().or_else(|| match own {
            Some(ran) => ran.reason.clone(),
            None => Some(text!(
                "the program accepts nothing that is right",
                "プログラムは本物を何も受理しない"
            )),
        });
        let mut seen = Seen {
            exam,
            candidate,
            twin,
            ran: *own,
            reason,
            examinable,
            leak: None,
        };
        if candidate.name == KEPT_SECRET {
            seen.leak = leak;
        }
        entries.push(seen.entry());
    }
    let mut report = Report {
        command: "exam",
        title: text!("Examination of a program with candidates", "候補によるプログラムの試験"),
        collection: "candidates",
        program: exam.program.clone(),
        facts: facts(exam, examinable),
        notes: notes(exam, &named, examinable),
        entries,
    };
    report.entries.sort_by_key(|entry| entry.standing);
    report
}

fn facts(exam: &Exam, examinable: bool) -> Vec<Fact> {
    let fact = |id, title, value: Value| Fact { id, title, value };
    vec![
        fact("seed", text!("seed", "シード"), json!(exam.seed)),
        fact(
            "now",
            text!("time of the check", "検証の時刻"),
            json!(exam.workshop.now().to_string()),
        ),
        fact("examinable", text!("can be examined", "試験できる"), json!(examinable)),
    ]
}

fn notes(exam: &Exam, named: &[(&Candidate, Option<Text>, Option<&Ran>)], examinable: bool) -> Vec<Text> {
    let mut notes = Vec::new();
    if !examinable {
        notes.push(text!(
            "Not examinable: fixed anchors. The program refuses everything that is right, so its refusals show nothing. Give \
             it the anchors in $VMYNA_EXAM_TRUST, the time in $VMYNA_EXAM_TIME, and the revocation lists in $VMYNA_EXAM_CRLS \
             (placeholders {{trust}}, {{time}}, {{crls}}). Or it fails for another reason, which its last lines may show.",
            "試験できません（トラストアンカーが固定されています）。プログラムは本物もすべて拒否するため、拒否は何も示しません。\
             $VMYNA_EXAM_TRUSTのアンカー、$VMYNA_EXAM_TIMEの時刻、$VMYNA_EXAM_CRLSの失効リスト（{{trust}}、{{time}}、{{crls}}）を\
             与えてください。ほかの原因は、プログラムの最後の出力に現れることがあります。"
        ));
        let printed = named.iter().find_map(|(candidate, _, ran)| {
            let ran = ran.as_ref()?;
            let right = candidate.expected == Expected::Accept && ran.got != Some(Got::Accepted);
            right.then_some((candidate.name, ran.did.clone(), ran.printed.clone()))
        });
        if let Some((name, did, printed)) = printed {
            let (en, ja) = (&did.en, &did.ja);
            notes.push(match printed {
                Some(printed) => text!(
                    "With {name} the program {en}. It printed:\n{printed}",
                    "{name}に対してプログラムは{ja}。出力:\n{printed}"
                ),
                None => text!(
                    "With {name} the program {en}. It printed nothing that can be shown.",
                    "{name}に対してプログラムは{ja}。表示できる出力はない。"
                ),
            });
        }
    }
    if exam.settings.claims.is_none() {
        notes.push(text!(
            "No claims are stated in exam.toml: all that the program is given is held against it.",
            "exam.tomlに検証項目（claims）がないため、渡したすべてについて判定しています。"
        ));
    }
    notes
}

/// A candidate with all that is known of it.
struct Seen<'r> {
    exam: &'r Exam,
    candidate: &'r Candidate,
    twin: Option<(&'static str, Option<&'r Got>)>,
    ran: Option<&'r Ran>,
    /// Why it is not judged.
    reason: Option<Text>,
    /// Whether the program accepts anything that is right.
    examinable: bool,
    /// In this run a PIN was at this place.
    leak: Option<(&'static str, &'r Text)>,
}

impl Seen<'_> {
    fn entry(&self) -> Entry {
        let (verdict, why) = self.verdict();
        let standing = match verdict {
            Verdict::Passed => Standing::Passed,
            Verdict::Stumbled | Verdict::NotExaminable | Verdict::NotJudged => Standing::NotJudged,
            _ => Standing::Finding,
        };
        let candidate = self.candidate;
        let got = self.ran.and_then(|ran| ran.got.as_ref());
        let mut details = vec![(text!("candidate", "候補"), candidate.what.clone())];
        if let Some(check) = candidate.check {
            let of = |words: &vmyna_candidates::Words| words.text();
            details.push((text!("the program must", "プログラムの義務"), of(&check.must)));
            details.push((text!("why", "理由"), of(&check.why)));
            let (id, basis) = (check.id, &check.basis);
            let (certainty, source) = (basis.certainty, &basis.source);
            details.push((
                text!("check and source", "項目と出典"),
                Text::same(format!("{id}, {certainty}: {source}")),
            ));
        }
        if let Some(ran) = self.ran.filter(|ran| ran.got.is_some()) {
            details.push((text!("the program", "プログラム"), ran.did.clone()));
        }
        if let Some((name, got)) = self.twin {
            let did = got.map_or_else(|| text!("it was not run", "実行していない"), Got::words);
            let (en, ja) = (&did.en, &did.ja);
            details.push((
                text!("right twin", "正しい対の候補"),
                text!("{name}: {en}", "{name}: {ja}"),
            ));
        }
        if !candidate.also.is_empty() && standing != Standing::Passed {
            let also = candidate.also.join(", ");
            details.push((text!("falls together with", "区別できない項目"), Text::same(also)));
        }
        if standing != Standing::Passed {
            if let Some(printed) = self.ran.and_then(|ran| ran.printed.clone()) {
                details.push((text!("it printed", "出力"), Text::same(printed)));
            }
            if let Some(again) = &self.exam.again {
                details.push((text!("again", "再現"), Text::same(again(candidate.name))));
            }
        }
        Entry {
            name: candidate.name.to_owned(),
            group: candidate.group.name().to_owned(),
            standing,
            verdict: verdict.name(),
            headline: why,
            details,
            fields: vec![
                ("check", json!(candidate.check.map(|check| check.id))),
                ("also", json!(candidate.also)),
                ("role", json!(role(candidate.role))),
                ("expected", json!(candidate.expected.name())),
                ("got", json!(got.map(Got::name))),
                ("what", json!(candidate.what.en)),
                ("twin", json!(candidate.twin)),
                ("twin_got", json!(self.twin.and_then(|(_, got)| got.map(Got::name)))),
            ],
            took: self.ran.map(|ran| ran.took).unwrap_or_default(),
        }
    }

    fn verdict(&self) -> (Verdict, Text) {
        if let Some((name, place)) = self.leak {
            let (en, ja) = (&place.en, &place.ja);
            let what = text!(
                "a PIN got out in the run with {name}: {en}",
                "{name}の実行で暗証番号が漏れた（{ja}）"
            );
            return (Verdict::DutyBroken, what);
        }
        let Some(ran) = self.ran else {
            return (
                Verdict::NotJudged,
                self.reason.clone().unwrap_or_else(|| text!("not run", "未実行")),
            );
        };
        let Some(got) = &ran.got else {
            return (
                Verdict::NotJudged,
                self.reason.clone().unwrap_or_else(|| ran.did.clone()),
            );
        };
        let ends_badly = matches!(got, Got::Crashed(_) | Got::Hung);
        if let (Some(reason), false) = (&self.reason, ends_badly) {
            return (Verdict::NotJudged, reason.clone());
        }
        if let [first, ..] = &*ran.broken {
            return (Verdict::DutyBroken, first.clone());
        }
        if !self.examinable && !ends_badly {
            return (Verdict::NotExaminable, ran.did.clone());
        }
        let (role, expected) = (self.candidate.role, self.candidate.expected);
        let twin = self.twin.and_then(|(_, got)| got);
        let verdict = judge((role, expected), got, twin, ran.informed);
        if expected == Expected::Watched && verdict == Verdict::Passed && ran.kept == 0 {
            let unknown = ran.unknown.first().cloned();
            return (
                Verdict::NotJudged,
                unknown.unwrap_or_else(|| text!("nothing could be watched", "観察できることがなかった")),
            );
        }
        (verdict, words(verdict, got))
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Good => "good",
        Role::Twin => "twin",
        Role::Wrong => "wrong",
    }
}

/// A verdict in a few words.
fn words(verdict: Verdict, got: &Got) -> Text {
    let did = got.words();
    let (en, ja) = (&did.en, &did.ja);
    match verdict {
        Verdict::Passed => text!("as it must: {en}", "義務のとおり（{ja}）"),
        Verdict::AcceptedWrong => text!(
            "accepted, and it is wrong: the check is not seen",
            "誤ったものを受理した（検証が見られない）"
        ),
        Verdict::RefusedRight => text!("refused, and it is right", "正しいものを拒否した"),
        Verdict::Silent => text!("accepted without informing the user", "利用者に知らせずに受理した"),
        Verdict::Stumbled => text!(
            "refused, and its right twin as well: the check is not shown",
            "正しい対の候補も拒否したため、検証しているかは分からない"
        ),
        _ => did,
    }
}
