//! Drives the card and the model with the same steps and compares every answer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::Profile;
use vmyna_card_os::{Card, Parts};

use crate::common::subject::{self, Subject};
use crate::common::{Rig, hex};
use crate::plan::{Plan, last_questions, plan, steps};
use crate::reference::{Model, Name, Step};

/// How many sequences.
const CASES: u32 = 10_000;
/// How many with the token of each kind of phone, which has two applications.
const CASES_OF_PHONE: u32 = 500;

/// The C-APDU of a step, `None` for what a reader does.
fn command(step: &Step) -> Option<String> {
    let data = |bytes: &[u8]| match bytes {
        [] => String::new(),
        bytes => format!("{:02X}{}", bytes.len(), hex(bytes)),
    };
    let reference = |file: &Name| match file {
        Name::Current => 0x80,
        Name::Short(id) => 0x80 | id,
    };
    Some(match step {
        Step::SelectApplication { name, next } => format!("00A404{}{}", if *next { "0E" } else { "0C" }, data(name)),
        Step::SelectFile(id) => format!("00A4020C02{id:04X}"),
        Step::SelectMasterFile => "00A4000C".into(),
        Step::Read(Name::Current) => "00B0000000".into(),
        Step::Read(Name::Short(id)) => format!("00B0{:02X}0000", 0x80 | id),
        Step::ReadBehind => "00B07FFF00".into(),
        Step::ReadRecord { file, number } => {
            let file = if let Name::Short(id) = file { id << 3 } else { 0 };
            format!("00B2{number:02X}{:02X}00", file | 4)
        }
        Step::Query(file) => format!("002000{:02X}", reference(file)),
        Step::Verify { file, value } => format!("002000{:02X}{}", reference(file), data(value)),
        Step::Change { file, key, value } => {
            let header = if *key { "803200" } else { "002401" };
            format!("{header}{:02X}{}", reference(file), data(value))
        }
        Step::Sign(key) => format!("802A00{:02X}0331323300", key.as_ref().map_or(0, reference)),
        Step::InternalAuthenticate(key) => format!("008800{:02X}0331323300", reference(key)),
        Step::ExternalAuthenticate(key) => format!("008200{:02X}080102030405060708", reference(key)),
        Step::VerifyCertificate => format!("80A206C1000133{}", "00".repeat(307)),
        Step::SetSessionKey => format!("80AE0000000100{}", "FF".repeat(256)),
        Step::GetData(tag) => format!("00CA{tag:04X}000000"),
        Step::UnlockKey(file) => format!("805400{:02X}0431323334", reference(file)),
        Step::PowerCycle | Step::WarmReset | Step::Restart => return None,
    })
}

/// One line of the script.
struct Line {
    action: String,
    expected: Option<String>,
    answered: Option<String>,
}

/// What a sequence came to.
struct Run {
    lines: Vec<Line>,
    /// How often the card answered with each status word.
    answers: BTreeMap<u16, usize>,
}

impl Run {
    /// Whether the last answer was another one than the model's; nothing was done after that.
    fn differs(&self) -> bool {
        self.lines
            .last()
            .is_some_and(|line| line.expected.is_some() && line.answered.is_some())
    }
}

/// The card again with what a store has kept.
fn restarted(card: Card) -> Card {
    let rng = ChaCha20Rng::seed_from_u64(1);
    let parts =
        Parts::new(subject::now().applications(), Profile::contact().atr, Box::new(rng)).with_store(card.into_store());
    let mut card = Card::new(parts).unwrap();
    card.power_on();
    card
}

/// Plays the plans on a new card and a new model until they differ. `altered` stands between card and model.
fn play(plans: &[Plan], altered: impl Fn(&str, u16) -> u16) -> Run {
    let (mut rig, mut model) = (Rig::loaded(), Model::new());
    let mut run = Run {
        lines: Vec::new(),
        answers: BTreeMap::new(),
    };
    for plan in plans.iter().map(Some).chain([None]) {
        let steps = plan.map_or_else(|| last_questions(&model), |plan| steps(plan, &model));
        for step in steps {
            let expected = model.step(&step);
            let (Some(expected), Some(command)) = (expected, command(&step)) else {
                let action = match step {
                    Step::PowerCycle => {
                        rig.card.power_off();
                        rig.card.power_on();
                        "power-cycle"
                    }
                    Step::WarmReset => {
                        rig.card.reset().unwrap();
                        "reset"
                    }
                    _ => {
                        rig = Rig {
                            card: restarted(rig.card),
                        };
                        "restart"
                    }
                };
                run.lines.push(Line {
                    action: action.into(),
                    expected: None,
                    answered: None,
                });
                continue;
            };
            let (data, sw) = rig.send(&command);
            let sw = altered(&command, sw);
            *run.answers.entry(sw).or_default() += 1;
            let (least, most) = expected.length;
            let same = sw == expected.sw && (least..=most).contains(&data.len());
            let answered = (!same).then(|| format!("{sw:04X} with {} bytes", data.len()));
            run.lines.push(Line {
                action: command,
                expected: Some(format!("{:04X}", expected.sw)),
                answered,
            });
            if run.differs() {
                return run;
            }
        }
    }
    run
}

/// A sequence as a test vector, the model's answers being what is expected.
fn vector(lines: &[Line]) -> String {
    let mut text = String::from(
        "id = \"model.difference\"\n\
         requirement = \"the card answers as the reference model of the access rules does\"\n\
         source = \"found by random sequences; test-vectors/access.toml\"\ncertainty = \"assumed\"\n\
         card = \"specimen:hanako\"\n",
    );
    for line in lines {
        match &line.expected {
            None => write!(text, "\n[[step]]\nreader = \"{}\"\n", line.action).unwrap(),
            Some(expected) => {
                write!(
                    text,
                    "\n[[step]]\nsend = \"{}\"\nexpect = \"{expected}\"\n",
                    line.action
                )
                .unwrap();
            }
        }
        if let Some(answered) = &line.answered {
            writeln!(text, "# the card answered {answered}").unwrap();
        }
    }
    text
}

/// The shortest difference that shrinking finds among so many sequences, and all answers of the card by status word.
fn search(cases: u32, altered: impl Fn(&str, u16) -> u16) -> (Option<String>, BTreeMap<u16, usize>) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let answers = std::cell::RefCell::new(BTreeMap::new());
    let outcome = runner.run(&proptest::collection::vec(plan(), 1..60), |plans| {
        let run = play(&plans, &altered);
        for (sw, count) in &run.answers {
            *answers.borrow_mut().entry(*sw).or_insert(0) += count;
        }
        prop_assert!(!run.differs());
        Ok(())
    });
    let found = match outcome {
        Ok(()) => None,
        Err(TestError::Fail(_, plans)) => Some(vector(&play(&plans, &altered).lines)),
        Err(error @ TestError::Abort(_)) => panic!("{error}"),
    };
    (found, answers.into_inner())
}

/// The answers of the subject to so many sequences, by status word; all as the model's.
fn compare(subject: Subject, cases: u32) -> BTreeMap<u16, usize> {
    subject.choose();
    let (found, answers) = search(cases, |_, sw| sw);
    if let Some(script) = found {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("model-difference.toml");
        std::fs::write(&path, &script).unwrap();
        panic!(
            "the card differs from the model; as a test vector ({}):\n\n{script}",
            path.display()
        );
    }
    let all: usize = answers.values().sum();
    let words: Vec<String> = answers.iter().map(|(sw, count)| format!("{sw:04X} {count}")).collect();
    println!(
        "counted: model: {cases} sequences with {subject:?}, {all} answers, all as the model's: {}",
        words.join(", ")
    );
    answers
}

#[test]
fn the_card_answers_as_the_reference_model_of_the_published_rules_does() {
    let answers = compare(Subject::Card, CASES);
    // The sequences reach all that the model knows: every status word, blocked PINs and the last try among them.
    for sw in [
        0x9000, 0x63C0, 0x63C1, 0x63CA, 0x6700, 0x66F1, 0x6981, 0x6982, 0x6984, 0x6985, 0x6986, 0x6A80,
    ] {
        assert!(answers.contains_key(&sw), "{sw:04X} never came");
    }
    for sw in [0x6A82, 0x6A83, 0x6A86, 0x6A88, 0x6B00] {
        assert!(answers.contains_key(&sw), "{sw:04X} never came");
    }
}

#[test]
fn the_token_of_a_phone_answers_as_the_reference_model_does() {
    for phone in Subject::PHONES {
        let answers = compare(phone, CASES_OF_PHONE);
        for sw in [
            0x9000, 0x63C2, 0x63C3, 0x63C4, 0x63C5, 0x6700, 0x6981, 0x6982, 0x6986, 0x6A80, 0x6A82, 0x6A86, 0x6A88,
            0x6B00,
        ] {
            assert!(answers.contains_key(&sw), "{sw:04X} never came");
        }
    }
}

/// The search itself is tested: a card that is wrong in one place is found, and told by a few commands.
#[test]
fn a_card_that_opens_one_file_to_nobody_in_particular_is_found_and_told_in_a_short_script() {
    let open = |command: &str, sw: u16| {
        if command == "00B0810000" && sw == 0x6982 {
            0x9000
        } else {
            sw
        }
    };
    let script = search(2_000, open).0.expect("the difference is found");
    println!("{script}");
    let parsed: toml::Table = toml::from_str(&script).unwrap();
    let steps = parsed["step"].as_array().unwrap();
    // The read that is answered wrongly is the last step; SELECT of the application comes before it, and what else every
    // sequence asks at its end.
    assert_eq!(steps.last().unwrap()["send"].as_str(), Some("00B0810000"), "{script}");
    assert_eq!(steps.last().unwrap()["expect"].as_str(), Some("6982"), "{script}");
    assert!(steps.len() <= 4, "{} steps:\n{script}", steps.len());
}
