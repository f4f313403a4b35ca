//! Putting vectors to a card.
//!
//! A card in a reader may be the identity card of a person. Hence [`examine`] sends nothing but SELECT, reads and
//! queries, and nothing at all that a card without these applications could take amiss; [`admit`] checks each PIN once and
//! stops at the first wrong one; and [`run`] looks at the counters before each vector that presents a PIN, leaves out what
//! would come to the last try, and checks afterwards that every try is back. A virtual card is made anew for each vector.

mod error;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rand_core::OsRng;
use vmyna_apdu::{Reader, ReaderError};
use zeroize::Zeroizing;

use crate::check::Check;
use crate::pattern::{self, hex};
use crate::pins::{Application, Pin, Place, Values};
use crate::report::{CardReport, Exchange, Outcome, Reason, Report, VectorReport};
use crate::secure::Session;
use crate::template::Context;
use crate::vector::{Effect, Expected, Property, Send, Step, Vector};
pub use error::RunError;
use vmyna_apdu::{Text, text};

/// Makes a card, in a reader, for the vector of this name or for [`EXAMINATION`].
pub type Make<'a> = dyn FnMut(&str) -> Result<Box<dyn Reader>, ReaderError> + 'a;

/// What a card is made for before all vectors: [`examine`].
pub const EXAMINATION: &str = "examination";

/// Where the card comes from.
pub enum Subject<'a> {
    /// It is made anew for each vector: nothing that happens to it lasts.
    Anew(&'a mut Make<'a>),
    /// It is the one in this reader, the same for all vectors.
    InReader(&'a mut dyn Reader),
}

impl Subject<'_> {
    fn with<T>(
        &mut self,
        what_for: &str,
        act: impl FnOnce(&mut dyn Reader) -> Result<T, RunError>,
    ) -> Result<T, RunError> {
        match self {
            Self::Anew(make) => act(&mut *make(what_for)?),
            Self::InReader(reader) => act(*reader),
        }
    }

    fn is_kept(&self) -> bool {
        matches!(self, Self::InReader(_))
    }
}

/// What the cardholder allows. Reading, queries, right PINs and signatures over a test's text always are.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Permissions {
    /// Wrong PINs, of which every try is given back.
    pub wrong_pins: bool,
    /// The card may be written to and blocked, because no person needs it.
    pub disposable: bool,
}

impl Permissions {
    /// For a card that may be written to and blocked, e.g. a virtual one.
    pub const EVERYTHING: Self = Self {
        wrong_pins: true,
        disposable: true,
    };
}

/// What reading shows of a card.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examination {
    /// The ATR.
    pub atr: Vec<u8>,
    /// What kind of card it is.
    pub properties: BTreeSet<Property>,
    /// Tries left of each PIN; none for one that is not there.
    pub tries: BTreeMap<Place, u8>,
}

impl Examination {
    /// Whether the card has what the vector is about: not so for an application in the free area that it lacks, for phones,
    /// and on a phone for what only cards have.
    #[must_use]
    pub fn concerns(&self, vector: &Vector) -> bool {
        if self.properties.contains(&Property::Phone) && vector.unless.contains(&Property::Phone) {
            return false;
        }
        let loaded = Application::LOADED.into_iter().filter_map(Property::of_loaded);
        let phones = [Property::Phone, Property::Iphone, Property::Android];
        let mut lacking = loaded
            .chain(phones)
            .filter(|property| !self.properties.contains(property));
        !lacking.any(|property| vector.applies.contains(&property))
    }
}

fn send(reader: &mut dyn Reader, command: &[u8]) -> Result<(Vec<u8>, u16), RunError> {
    let mut response = Zeroizing::new(Vec::new());
    reader.transmit(command, &mut response)?;
    match response.split_last_chunk() {
        Some((data, sw)) => Ok((data.to_vec(), u16::from_be_bytes(*sw))),
        None => Err(ReaderError::Mute {
            reader: reader.name().to_owned(),
        }
        .into()),
    }
}

fn select(reader: &mut dyn Reader, application: Application) -> Result<u16, RunError> {
    let aid = application.aid();
    let command = [&[0x00, 0xA4, 0x04, 0x0C, aid.len() as u8], aid].concat();
    send(reader, &command).map(|(_, sw)| sw)
}

/// The tries left of a PIN of the selected application; `None` for one that is not there.
fn query(reader: &mut dyn Reader, place: Place) -> Result<Option<u8>, RunError> {
    let (_, sw) = send(reader, &[0x00, 0x20, 0x00, 0x80 | place.ef])?;
    Ok(matches!(sw, 0x63C0..=0x63CF).then_some((sw & 0xF) as u8))
}

fn verify(reader: &mut dyn Reader, place: Place, value: &str) -> Result<u16, RunError> {
    let head = [0x00, 0x20, 0x00, 0x80 | place.ef, value.len() as u8];
    let command = Zeroizing::new([&head, value.as_bytes()].concat());
    send(reader, &command).map(|(_, sw)| sw)
}

/// What the label of a token shows of a phone: nothing for a card's.
fn kind_of_phone(label: &[u8]) -> Vec<Property> {
    let end = label.iter().rposition(|byte| !matches!(byte, 0 | b' '));
    match label.get(..=end.unwrap_or_default()) {
        Some(b"JPKIAPIOSTOKEN") => vec![Property::Phone, Property::Iphone],
        Some(b"JPKIAPGPSETOKEN") => vec![Property::Phone, Property::Android],
        _ => Vec::new(),
    }
}

/// Looks at a card: reads and asks, and nothing else.
///
/// # Errors
/// [`RunError::NotThisCard`]; [`RunError::Reader`].
pub fn examine(subject: &mut Subject<'_>) -> Result<Examination, RunError> {
    subject.with(EXAMINATION, |reader| {
        reader.power_cycle()?;
        if select(reader, Application::Jpki)? != 0x9000 {
            return Err(RunError::NotThisCard);
        }
        let mut properties = BTreeSet::new();
        let mut add = |property| properties.insert(property);
        if let (data, 0x9000) = send(reader, &[0x00, 0xB0, 0x88, 0x00, 0x03])? {
            add(if data.first() == Some(&0) {
                Property::NoSignCertificate
            } else {
                Property::SignCertificate
            });
            if data.get(1).is_some_and(|byte| *byte != 0) {
                add(Property::AuthCertificate);
            }
        }
        if send(reader, &[0x00, 0xCA, 0x5F, 0x51, 0x00])?.1 == 0x9000 {
            add(Property::ContactAtrInApplications);
        }
        if let (data, 0x9000) = send(reader, &[0x00, 0xB0, 0x86, 0x00, 0x20])? {
            properties.extend(kind_of_phone(&data));
        }
        let mut tries = BTreeMap::new();
        for application in Application::ALL.into_iter().chain(Application::LOADED) {
            if select(reader, application)? != 0x9000 {
                continue;
            }
            properties.extend(Property::of_loaded(application));
            for place in Place::all().filter(|place| place.application == application) {
                if let Some(left) = query(reader, place)? {
                    tries.insert(place, left);
                }
            }
        }
        let own = |place: &Place| {
            matches!(
                place.pin,
                Pin::Auth | Pin::Sign | Pin::InputAssist | Pin::Residence | Pin::Common
            )
        };
        let without = Place::all().filter(own).all(|place| tries.get(&place) == Some(&0));
        if without && properties.contains(&Property::NoSignCertificate) {
            properties.insert(Property::NoPins);
        }
        let mut add = |property| properties.insert(property);
        select(reader, Application::CardManager)?;
        let there = send(reader, &[0x00, 0xCA, 0x7F, 0x21, 0x00, 0x00, 0x00])?.1 == 0x9000;
        add(if there {
            Property::CardCertificate
        } else {
            Property::NoCardCertificate
        });
        if send(reader, &[0x00, 0xCA, 0x5F, 0x51, 0x00])?.1 == 0x9000 {
            add(Property::ContactAtrAtCardManager);
        }
        let atr = reader.atr().unwrap_or_default().to_vec();
        let by_air = atr.starts_with(&[0x3B, 0x88, 0x80, 0x01]) && atr.len() == 13;
        add(if by_air {
            Property::Contactless
        } else {
            Property::Contact
        });
        Ok(Examination { atr, properties, tries })
    })
}

/// Verifies each given PIN once, so that a mistyped one costs one try and not one a vector. Values of PINs with fewer than
/// two tries left are forgotten, and not presented.
///
/// # Errors
/// [`RunError::WrongPin`] at the first wrong one; [`RunError::Reader`].
pub fn admit(reader: &mut dyn Reader, examination: &mut Examination, values: &mut Values) -> Result<(), RunError> {
    for pin in values.pins().collect::<Vec<_>>() {
        for place in Place::all().filter(|place| place.pin == pin) {
            if examination.tries.get(&place).is_none_or(|left| *left < 2) {
                values.forget(pin);
                continue;
            }
            reader.power_cycle()?;
            let Some(value) = values.get(pin) else { break };
            select(reader, place.application)?;
            let sw = verify(reader, place, value)?;
            if sw != 0x9000 {
                return Err(RunError::WrongPin {
                    place: place.to_string(),
                    sw,
                });
            }
            if let Some(left) = query(reader, place)? {
                examination.tries.insert(place, left);
            }
        }
    }
    reader.power_cycle()?;
    Ok(())
}

/// Sends the vectors to the card, those that block a PIN last. `place` names the card's place in the report. `progress` is
/// called after each vector. If the run ends early, the report has the reason and all results until then.
pub fn run(
    vectors: &[&Vector],
    subject: &mut Subject<'_>,
    place: &str,
    mut examination: Examination,
    values: &Values,
    permissions: Permissions,
    progress: &mut dyn FnMut(&VectorReport),
) -> Report {
    let begin = Instant::now();
    let mut report = Report {
        made_by: concat!("vmyna ", env!("CARGO_PKG_VERSION")).to_owned(),
        card: CardReport {
            place: place.to_owned(),
            atr: hex(&examination.atr),
            properties: examination.properties.clone(),
        },
        vectors: Vec::with_capacity(vectors.len()),
        ended: None,
        notes: Vec::new(),
        milliseconds: 0,
    };
    let mut order = vectors.to_vec();
    order.sort_by_key(|vector| vector.effect == Effect::Blocks);
    for vector in order {
        let start = Instant::now();
        let mut steps = Vec::new();
        let kept = subject.is_kept();
        let tried = match reason(vector, &examination, values, permissions) {
            // The tries of declared PINs are not guarded.
            None if kept && vector.presents_declared() => Ok(Outcome::Skipped { why: Reason::Writes }),
            Some(why) => Ok(Outcome::Skipped { why }),
            None => subject.with(&vector.id, |reader| {
                if kept && let Some(why) = guard(reader, vector)? {
                    return Ok(Outcome::Skipped { why });
                }
                reader.power_cycle()?;
                let outcome = execute(reader, vector, &examination, values, &mut steps)?;
                if kept {
                    restore(reader, vector, &examination, values)?;
                }
                Ok(outcome)
            }),
        };
        let (outcome, ended) = match tried {
            Ok(outcome) => (outcome, None),
            Err(error) => (
                Outcome::Failed {
                    step: steps.len(),
                    what: error.text(),
                },
                Some(error.text()),
            ),
        };
        if vector.effect == Effect::Blocks && subject.is_kept() && !matches!(outcome, Outcome::Skipped { .. }) {
            examination.tries.extend(vector.spends.iter().map(|place| (*place, 0)));
        }
        let tried = VectorReport {
            id: vector.id.clone(),
            requirement: vector.requirement.clone(),
            source: vector.source.clone(),
            certainty: vector.certainty,
            effect: vector.effect,
            outcome,
            steps,
            microseconds: u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        progress(&tried);
        report.vectors.push(tried);
        if ended.is_some() {
            report.ended = ended;
            break;
        }
    }
    report.took(begin.elapsed());
    report
}

/// Why a vector can't be tried, from all that is known before.
fn reason(vector: &Vector, examination: &Examination, values: &Values, permissions: Permissions) -> Option<Reason> {
    let properties = &examination.properties;
    if !vector.applies.is_subset(properties) || !vector.unless.is_disjoint(properties) {
        return Some(Reason::NotThisCard);
    }
    match vector.effect {
        Effect::Reads => {}
        Effect::WrongPins if permissions.wrong_pins || permissions.disposable => {}
        Effect::WrongPins => return Some(Reason::WrongPins),
        Effect::Writes | Effect::Blocks if permissions.disposable => {}
        Effect::Writes | Effect::Blocks => return Some(Reason::Writes),
    }
    let presents = vector.presents();
    let spent = presents.iter().find(|place| {
        let left = examination.tries.get(place).copied().unwrap_or_default();
        // A value that was given for a PIN with one try left has been forgotten.
        left == 0 || (left < 2 && values.get(place.pin).is_none())
    });
    if let Some(place) = spent {
        return Some(Reason::TooFewTries(place.to_string()));
    }
    let mut needs = vector.steps.iter().filter_map(|step| match step {
        Step::Send(send) => Some(send.command.needs()),
        _ => None,
    });
    let unknown = needs.find_map(|pins| pins.into_iter().find(|pin| values.get(*pin).is_none()));
    unknown.map(|pin| Reason::PinUnknown(pin.to_string()))
}

/// Looks at the counters of the PINs that a vector presents: at the most it may come to the last but one try.
fn guard(reader: &mut dyn Reader, vector: &Vector) -> Result<Option<Reason>, RunError> {
    let presents = vector.presents();
    if presents.is_empty() || vector.effect == Effect::Blocks {
        return Ok(None);
    }
    reader.power_cycle()?;
    for place in presents {
        select(reader, place.application)?;
        let left = query(reader, place)?.unwrap_or_default();
        if left < 2 || left <= vector.wrong_values(place) {
            return Ok(Some(Reason::TooFewTries(place.to_string())));
        }
    }
    Ok(None)
}

/// Gives back the tries that a vector has spent, also one that failed halfway, and makes sure that they are back.
fn restore(
    reader: &mut dyn Reader,
    vector: &Vector,
    examination: &Examination,
    values: &Values,
) -> Result<(), RunError> {
    if !matches!(vector.effect, Effect::WrongPins | Effect::Writes) {
        return Ok(());
    }
    for place in vector.presents() {
        let Some(value) = values.get(place.pin) else { continue };
        reader.power_cycle()?;
        select(reader, place.application)?;
        // A card that loses count must not lose its last try to this.
        let left = query(reader, place)?;
        let sw = match left {
            Some(2..) => verify(reader, place, value)?,
            left => 0x63C0 | u16::from(left.unwrap_or_default()),
        };
        if sw != 0x9000 || query(reader, place)? < examination.tries.get(&place).copied() {
            return Err(RunError::Lost {
                vector: vector.id.clone(),
                place: place.to_string(),
                sw,
            });
        }
    }
    Ok(())
}

/// Does the steps of a vector.
fn execute(
    reader: &mut dyn Reader,
    vector: &Vector,
    examination: &Examination,
    values: &Values,
    exchanges: &mut Vec<Exchange>,
) -> Result<Outcome, RunError> {
    let mut state = State {
        values,
        atr: &examination.atr,
        saved: BTreeMap::new(),
        session: None,
    };
    for (number, step) in vector.steps.iter().enumerate() {
        let done = match step {
            Step::ColdReset => {
                state.session = None;
                exchanges.push(plain("cold reset", reader.power_cycle().map(|()| String::new())?));
                Ok(())
            }
            Step::WarmReset => {
                exchanges.push(plain("warm reset", reader.reset().map(|()| String::new())?));
                Ok(())
            }
            Step::Atr(expected) => {
                let atr = reader.atr().unwrap_or_default().to_vec();
                exchanges.push(plain("atr", hex(&atr)));
                state.compare(expected, atr)
            }
            Step::Send(send) => state.send(reader, send, exchanges),
        };
        match done {
            Ok(()) => {}
            Err(Fault::Run(error)) => return Err(error),
            Err(Fault::Otherwise(what)) => return Ok(Outcome::Failed { step: number + 1, what }),
        }
    }
    Ok(Outcome::Passed)
}

fn plain(sent: &str, data: String) -> Exchange {
    Exchange {
        sent: sent.to_owned(),
        sw: String::new(),
        data,
    }
}

/// Why a step did not come out as it must.
enum Fault {
    Run(RunError),
    Otherwise(Text),
}

impl From<RunError> for Fault {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<Text> for Fault {
    fn from(what: Text) -> Self {
        Self::Otherwise(what)
    }
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self::Otherwise(what.into())
    }
}

/// What a vector has come to know on its way.
struct State<'a> {
    values: &'a Values,
    atr: &'a [u8],
    saved: BTreeMap<String, Vec<u8>>,
    session: Option<Session>,
}

/// CLA of a secured command.
const SECURED: u8 = 0x08;

impl State<'_> {
    fn context<'a>(&'a self, rng: &'a mut OsRng) -> Context<'a> {
        Context {
            values: self.values,
            saved: &self.saved,
            session: self.session.as_ref(),
            rng,
            delivered: None,
        }
    }

    fn send(&mut self, reader: &mut dyn Reader, send: &Send, exchanges: &mut Vec<Exchange>) -> Result<(), Fault> {
        let mut rng = OsRng;
        let mut context = self.context(&mut rng);
        let command = send.command.fill(&mut context)?;
        let delivered = context.delivered.take();
        let (mut data, sw) = self::send(reader, &command).map_err(|error| match error {
            // What does not get through is a finding about this way to the card; what ends the way ends the run.
            RunError::Reader(
                error @ (ReaderError::NoCard { .. } | ReaderError::Gone { .. } | ReaderError::NoReaders),
            ) => Fault::Run(error.into()),
            RunError::Reader(error) => Fault::Otherwise(Text::same(error.to_string()).at(send.command.text())),
            error => Fault::Run(error),
        })?;
        let opened = (send.expected.sealed && sw == 0x9000).then(|| self.session.as_ref()?.open(&data));
        if let Some(session) = self.session.as_mut().filter(|_| command.first() == Some(&SECURED)) {
            session.count();
        }
        if sw == 0x9000 && delivered.is_some() {
            self.session = delivered;
        }
        let fixed = send
            .expected
            .data
            .as_ref()
            .is_some_and(|data| !data.contains(['?', '*', '{']));
        let right = fixed
            && send
                .expected
                .data
                .as_ref()
                .is_some_and(|pattern| pattern::bytes_fit(pattern, &data).is_ok());
        exchanges.push(Exchange {
            sent: send.command.text().to_owned(),
            sw: format!("{sw:04X}"),
            data: if send.expected.public || right || data.is_empty() {
                hex(&data)
            } else {
                pattern::outline(&data)
            },
        });
        let place = send.command.text();
        if !pattern::status_word_fits(&send.sw, sw) {
            let wanted = &send.sw;
            return Err(text!(
                "{place}: the card answers {sw:04X}, expected {wanted}",
                "{place}: カードの応答は{sw:04X}、期待値は{wanted}"
            )
            .into());
        }
        match opened {
            Some(Some(plain)) => data = plain,
            Some(None) => {
                return Err(text!(
                    "{place}: the answer is not sealed with the session's key",
                    "{place}: 応答がセッション鍵で暗号化されていない"
                )
                .into());
            }
            None => {}
        }
        if sw != 0x9000 && !data.is_empty() {
            let length = data.len();
            return Err(text!(
                "{place}: {length} bytes of data come with {sw:04X}",
                "{place}: {sw:04X}に{length}バイトのデータが付いている"
            )
            .into());
        }
        self.compare(&send.expected, data).map_err(|fault| match fault {
            Fault::Otherwise(what) => Fault::Otherwise(what.at(place)),
            fault => fault,
        })
    }

    fn compare(&mut self, expected: &Expected, data: Vec<u8>) -> Result<(), Fault> {
        let mut rng = OsRng;
        let mut context = self.context(&mut rng);
        if let Some(pattern) = &expected.data {
            pattern::bytes_fit(&fill_pattern(pattern, &mut context)?, &data)?;
        }
        if let Some(length) = &expected.length {
            pattern::length_fits(length, data.len())?;
        }
        if let Some(shape) = &expected.tlv {
            pattern::shape_fits(shape, &data)?;
        }
        for check in &expected.check {
            Check::parse(check)?
                .pass(&data, self.atr, &mut context)
                .map_err(|what| what.at(check))?;
        }
        if let Some(name) = &expected.save {
            self.saved.insert(name.clone(), data);
        }
        Ok(())
    }
}

/// Fills the placeholders of a pattern; masks stay.
fn fill_pattern(pattern: &str, context: &mut Context<'_>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        let (word, after) = behind.split_once('}').ok_or("a closing } is missing")?;
        let bytes = crate::template::Template::parse(&format!("{{{word}}}"))?.fill(context)?;
        filled += before;
        filled += &hex(&bytes);
        rest = after;
    }
    Ok(filled + rest)
}
