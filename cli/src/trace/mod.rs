//! Traces on the command line: `--trace FILE` of the commands that run a card, and `vmyna trace`, which shows one and
//! replays it against a card.
//!
//! A trace that can't be written must never stop a card. No PIN is written unless the user asked for it.

pub(crate) mod args;
mod load;
mod replay;
mod secrecy;
mod show;
mod text;

use std::io::ErrorKind;
use std::path::Path;

use vmyna_apdu::{Icc, Reader, ReaderError};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::{Event, Observer};
use vmyna_reader_bridge::trace::{self, PcapngSink, Secrecy, Sink, Trace, Traced, What};

use crate::card::CardSource;
use crate::failure::{Failure, path_failure};
use crate::output::say;
use args::{TraceArguments, TraceCommand, TraceFormat, TraceOptions};

/// Runs `vmyna trace`.
pub(crate) fn run(arguments: &TraceArguments) -> Result<(), Failure> {
    match &arguments.command {
        TraceCommand::Show(show) => show::run(show),
        TraceCommand::Replay(replay) => replay::run(replay),
    }
}

/// Makes the file that was asked for and begins the trace in it.
pub(crate) fn begin(options: &TraceOptions, show_secrets: bool) -> Result<Option<Trace>, Failure> {
    let Some(path) = &options.trace else {
        return Ok(None);
    };
    let fault = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{} exists already, and a trace overwrites nothing: name another file or remove it",
            path.display()
        )),
        _ => path_failure(
            &error,
            format!("{}: the trace can't be written: {error}", path.display()),
        ),
    };
    let file = trace::create(path).map_err(fault)?;
    let sink: Box<dyn Sink> = match options.trace_format.unwrap_or_else(|| TraceFormat::of(path)) {
        TraceFormat::Pcapng => Box::new(PcapngSink::begin(file).map_err(fault)?),
        TraceFormat::Text => Box::new(text::TextSink::new(file)),
    };
    let path = path.clone();
    let failed = move |error: &std::io::Error| {
        say(&format!(
            "vmyna: {}: the trace ends here, it can't be written: {error}",
            path.display()
        ));
    };
    Ok(Some(Trace::new(sink, show_secrets, Box::new(failed))))
}

/// A card that is ready to be traced.
pub(crate) struct Prepared {
    card: Box<dyn Icc + Send>,
    secrecy: Secrecy,
}

/// Opens a card so that it tells, beside `observer`, which answers are secret.
pub(crate) fn prepare(source: &CardSource, observer: Option<Box<dyn Observer + Send>>) -> Result<Prepared, Failure> {
    prepare_with(observer, |all| source.open(Some(all)))
}

/// The same for the card as it was `issued`, whatever has become of it.
pub(crate) fn prepare_as_issued(
    source: &CardSource,
    issued: &IssuedCard,
    observer: Option<Box<dyn Observer + Send>>,
) -> Result<Prepared, Failure> {
    prepare_with(observer, |all| source.as_issued(issued, Some(all)))
}

fn prepare_with(
    observer: Option<Box<dyn Observer + Send>>,
    open: impl FnOnce(Box<dyn Observer + Send>) -> Result<Box<dyn Icc + Send>, Failure>,
) -> Result<Prepared, Failure> {
    let secrecy = Secrecy::reported();
    // Whoever has an observer of their own tells more than this.
    let mut observers = [
        secrecy::reporting_to(&secrecy),
        observer.unwrap_or_else(|| Box::new(tell_what_is_not_kept)),
    ];
    let all = move |event: &Event<'_>| observers.iter_mut().for_each(|observer| observer.event(event));
    Ok(Prepared {
        card: open(Box::new(all))?,
        secrecy,
    })
}

/// Says why a change could not be stored: the program that uses the card learns only that it was not.
fn tell_what_is_not_kept(event: &Event<'_>) {
    if let Event::Commit { outcome: Err(why), .. } = event {
        say(&format!("vmyna: {why}"));
    }
}

impl Prepared {
    /// The card as a host is to meet it, which is what is traced.
    pub(crate) fn with(self, around: impl FnOnce(Box<dyn Icc + Send>) -> Box<dyn Icc + Send>) -> Self {
        Self {
            card: around(self.card),
            ..self
        }
    }

    /// The card, of which this trace is written as well.
    pub(crate) fn traced(self, reader: &str, trace: Trace) -> Self {
        let secrecy = self.secrecy.clone();
        self.with(|card| Box::new(Traced::new(card, reader, trace, secrecy)))
    }

    /// The card as it goes into the reader of this name.
    pub(crate) fn into_reader(self, reader: &str, trace: Option<&Trace>) -> Box<dyn Icc + Send> {
        match trace {
            Some(trace) => self.traced(reader, trace.clone()).card,
            None => self.card,
        }
    }
}

/// A reader of the machine with a trace: nobody tells what its card reads, so all that is read counts as secret.
pub(crate) struct TracedReader {
    reader: Box<dyn Reader>,
    trace: Trace,
}

impl TracedReader {
    /// Puts the trace, if there is one, in front of `reader`.
    pub(crate) fn around(reader: Box<dyn Reader>, trace: Option<Trace>) -> Box<dyn Reader> {
        match trace {
            Some(trace) => Box::new(Self { reader, trace }),
            None => reader,
        }
    }

    fn note(&self, what: What) {
        self.trace.note(self.reader.name(), what);
    }

    fn powered(&self) {
        self.note(What::PowerOn(self.reader.atr().unwrap_or_default().to_vec()));
    }
}

impl Reader for TracedReader {
    fn name(&self) -> &str {
        self.reader.name()
    }

    fn atr(&self) -> Option<&[u8]> {
        self.reader.atr()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        let sent = std::time::SystemTime::now();
        let outcome = self.reader.transmit(command, response);
        let answer = outcome.is_ok().then_some(response.as_slice());
        let name = self.reader.name();
        self.trace.exchange(name, &Secrecy::unknown(), (sent, command), answer);
        outcome
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.reader.reset()?;
        self.note(What::Reset(self.reader.atr().unwrap_or_default().to_vec()));
        Ok(())
    }

    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.reader.power_cycle()?;
        self.note(What::PowerOff);
        self.powered();
        Ok(())
    }

    fn remove(&mut self) -> Result<(), ReaderError> {
        self.reader.remove()?;
        self.note(What::PowerOff);
        Ok(())
    }

    fn insert(&mut self) -> Result<(), ReaderError> {
        self.reader.insert()?;
        self.powered();
        Ok(())
    }
}

/// Whether a file's name asks for the text form.
fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "txt")
}
