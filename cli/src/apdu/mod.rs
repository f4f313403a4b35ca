//! `vmyna apdu`: APDUs from arguments, standard input or a prompt to a virtual card or a card in a PC/SC reader.

pub(crate) mod args;
mod auto_response;
mod expect;
mod input;
mod step;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Instant;

use vmyna_apdu::{Reader, ResponseApdu, hex};
use vmyna_explain::{Narrator, ReaderKind, Reasons};
use vmyna_reader_bridge::SoftwareReader;

use crate::advice;
use crate::bench::{self, OwnBench};
use crate::failure::Failure;
use crate::faults::Faults;
use crate::options::language::Language;
use crate::output;
use crate::pcsc;
use crate::settle::settle;
use crate::trace_file::{self, names::Names};
use auto_response::Pieces;
use expect::Expectation;
use step::{Directive, Step};

/// Runs the command.
pub(crate) fn run(arguments: args::Apdu) -> Result<(), Failure> {
    // Everything typed is understood before anything is sent.
    let steps = step::parse_arguments(&arguments.steps)?;
    let apdus = steps.iter().filter(|step| matches!(step, Step::Apdu(_))).count();
    let at_prompt = arguments.steps.is_empty() && io::stdin().is_terminal() && output::is_terminal();
    match &arguments.expect {
        Some(_) if at_prompt => {
            let what = "--expect is for scripts: give the APDUs as arguments or on standard input";
            return Err(Failure::Usage(what.to_owned()));
        }
        Some(expectation) if !arguments.steps.is_empty() => expectation.check_count(apdus)?,
        _ => {}
    }
    let faults = Arc::new(Faults::begin(&arguments.faults, !arguments.plain)?);
    let outcome =
        Session::open(&arguments, &faults).and_then(|mut session| session.converse(&arguments, steps, at_prompt));
    faults.report();
    outcome
}

/// A conversation with a card.
struct Session {
    reader: Box<dyn Reader>,
    narrator: Narrator,
    /// `None` for a card that gives no reasons, or without --why.
    reasons: Option<Reasons>,
    language: Language,
    plain: bool,
    auto_response: bool,
    expectation: Option<Expectation>,
    /// How many APDUs have been sent.
    sent: usize,
    response: Vec<u8>,
}

impl Session {
    fn open(arguments: &args::Apdu, faults: &Arc<Faults>) -> Result<Self, Failure> {
        let reasons = arguments.why.then(Reasons::default);
        let mut kind = ReaderKind::Unknown;
        let mut narrator = match &arguments.reader {
            Some(_) => Narrator::of_shared_card(),
            None => Narrator::new(),
        };
        let names = Names::default();
        let begin = || trace_file::begin(&arguments.trace, arguments.show_secrets, &names);
        let reader: Box<dyn Reader> = match &arguments.reader {
            Some(name) => {
                let reader = pcsc::open(name)?;
                trace_file::around(reader, begin()?)
            }
            None => {
                let source = arguments.applications.on(&arguments.card)?;
                let observer = reasons.as_ref().map(Reasons::observer);
                let card = match observer {
                    Some(observer) => {
                        settle(&source);
                        source.open(Some(observer))?
                    }
                    None => bench::open(&source)?,
                };
                kind = match card.is_contactless() {
                    true => ReaderKind::Contactless,
                    false => ReaderKind::Contacts,
                };
                let bench = OwnBench::new(faults, begin()?, names.clone(), None);
                if let Some(applications) = card.applications() {
                    narrator = narrator.of_applications(applications);
                }
                let mut reader = SoftwareReader::new("software reader");
                // The user puts a card back that a fault pulls out.
                reader.put(bench.connect(card, "software reader", None, |_| {}))?;
                // The reasons of power-up do not belong to the first command.
                reasons.iter().for_each(Reasons::clear);
                Box::new(reader)
            }
        };
        Ok(Self {
            reader,
            narrator: narrator
                .in_language(arguments.lang)
                .at_reader(kind)
                .showing_secrets(arguments.show_secrets),
            reasons,
            language: arguments.lang,
            plain: arguments.plain,
            auto_response: arguments.auto_response,
            expectation: arguments.expect.clone(),
            sent: 0,
            response: Vec::new(),
        })
    }

    fn converse(&mut self, arguments: &args::Apdu, steps: Vec<Step>, at_prompt: bool) -> Result<(), Failure> {
        if at_prompt {
            return input::prompt(self);
        }
        if arguments.steps.is_empty() {
            input::standard_input(self)?;
        } else {
            steps.into_iter().try_for_each(|step| self.carry_out(step))?;
        }
        self.finish()
    }

    fn carry_out(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Apdu(command) => self.transmit(&command),
            Step::Directive(directive) => self.obey(directive),
        }
    }

    fn transmit(&mut self, command: &[u8]) -> Result<(), Failure> {
        self.sent += 1;
        self.exchange(command)?;
        if self.auto_response {
            let mut pieces = Pieces::of(command);
            let number = self.sent;
            let failed = |error| Failure::Failed(format!("APDU {number}: {error}"));
            while let Some(next) = pieces.next(&mut self.response).map_err(failed)? {
                self.exchange(&next)?;
            }
        }
        if self.plain {
            writeln!(output::text(), "{}", hex::encode(&self.response))?;
        }
        self.narrator.follow(command, &self.response);
        match (&self.expectation, ResponseApdu::parse(&self.response)) {
            (_, None) => Err(Failure::Failed(format!(
                "the answer to APDU {} has no status word",
                self.sent
            ))),
            (None, Some(_)) => Ok(()),
            (Some(expectation), Some(response)) => expectation.check(self.sent, response.status_word),
        }
    }

    /// Sends a command and takes its answer. Prints both, unless only whole answers are printed.
    fn exchange(&mut self, command: &[u8]) -> Result<(), Failure> {
        let mut out = output::text();
        if !self.plain {
            writeln!(out, "{}", self.narrator.command(command))?;
            if self.reasons.is_some() {
                for field in self.narrator.fields(command) {
                    writeln!(out, "   {field}")?;
                }
            }
        }
        let start = Instant::now();
        let outcome = self.reader.transmit(command, &mut self.response);
        let elapsed = start.elapsed();
        outcome.map_err(|error| {
            let advised = advice::of_reader(&error);
            Failure::Failed(format!("APDU {} was not answered: {advised}", self.sent))
        })?;
        if !self.plain {
            writeln!(out, "{}", self.narrator.answer(&self.response, elapsed))?;
            if let Some(reasons) = &self.reasons {
                for reason in self.narrator.reasons(command, &self.response, reasons) {
                    writeln!(out, "   {reason}")?;
                }
            }
        }
        Ok(())
    }

    fn obey(&mut self, directive: Directive) -> Result<(), Failure> {
        match directive {
            Directive::Reset => self.reader.reset()?,
            Directive::PowerCycle => self.reader.power_cycle()?,
            Directive::Remove => self.reader.remove()?,
            Directive::Insert => self.reader.insert()?,
        }
        if directive != Directive::Reset {
            self.narrator.powered();
        }
        let reasons = self.reasons.as_ref().map(Reasons::take).unwrap_or_default();
        if self.plain {
            return Ok(());
        }
        let atr = self
            .reader
            .atr()
            .map_or_else(String::new, |atr| format!("   ATR {}", hex::encode(atr)));
        let mut out = output::text();
        writeln!(out, "-- {}{atr}", directive.text(self.language))?;
        for reason in reasons {
            writeln!(out, "   {}", reason.say(self.language))?;
        }
        Ok(())
    }

    /// What is known only at the end: whether as many APDUs came as were expected.
    fn finish(&self) -> Result<(), Failure> {
        output::text().flush()?;
        self.expectation
            .as_ref()
            .map_or(Ok(()), |expectation| expectation.check_count(self.sent))
    }
}
