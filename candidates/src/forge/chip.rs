//! What a card does otherwise than it should: layers between a card and its reader.

use std::sync::{Arc, Mutex, PoisonError};

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use vmyna_apdu::{Aid, CommandApdu, Icc, IccError, Incident, Pull};
use vmyna_applets::cv::MODULUS_BYTES;

/// The card below a layer.
type Below<'a> = &'a mut (dyn Icc + Send);

/// A command on its way to the card.
pub(crate) struct Command<'a> {
    bytes: &'a [u8],
    /// The command, if it is one.
    pub(crate) apdu: Option<CommandApdu<'a>>,
    selected: &'a [u8],
}

impl Command<'_> {
    /// Hands it on.
    pub(crate) fn pass(&self, card: Below<'_>, response: &mut Vec<u8>) -> Result<(), IccError> {
        card.transmit(self.bytes, response)
    }

    /// Hands on the command with another Ne.
    pub(crate) fn pass_with(&self, ne: u32, card: Below<'_>, response: &mut Vec<u8>) -> Result<(), IccError> {
        match self.apdu.map(|apdu| CommandApdu { ne: Some(ne), ..apdu }.to_bytes()) {
            Some(Ok(bytes)) => card.transmit(&bytes, response),
            _ => self.pass(card, response),
        }
    }

    /// Whether it goes to this application.
    pub(crate) fn is_in(&self, aid: Aid) -> bool {
        !self.selected.is_empty() && aid.matches(self.selected)
    }

    /// Whether its instruction is this one, without the class.
    pub(crate) fn is(&self, ins: u8) -> bool {
        self.apdu.is_some_and(|apdu| apdu.ins == ins)
    }

    /// Whether it is secured.
    pub(crate) fn is_secured(&self) -> bool {
        self.bytes.first().is_some_and(|cla| cla & 0x08 != 0)
    }

    /// Whether it lets the card sign.
    pub(crate) fn signs(&self) -> bool {
        self.is(0x2A) || self.is(0x88)
    }
}

/// READ BINARY.
pub(crate) const READ_BINARY: u8 = 0xB0;
/// SELECT.
pub(crate) const SELECT: u8 = 0xA4;

/// What a layer does with a command: it fills the response, or hands the command on.
pub(crate) type Handler = Box<dyn FnMut(Below<'_>, &Command<'_>, &mut Vec<u8>) -> Result<(), IccError> + Send>;

/// A layer with a fresh handler for each run.
pub(crate) fn layer(
    handler: impl Fn() -> Handler + Send + Sync + 'static,
) -> impl Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync + 'static {
    move |card| {
        Box::new(Layer {
            card,
            selected: Vec::new(),
            handler: handler(),
        })
    }
}

struct Layer {
    card: Box<dyn Icc + Send>,
    /// The name of the application that was selected last, as the command had it.
    selected: Vec<u8>,
    handler: Handler,
}

impl Icc for Layer {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.selected.clear();
        self.card.power_on(atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.selected.clear();
        self.card.reset(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        let apdu = CommandApdu::parse(command).ok();
        let seen = Command {
            bytes: command,
            apdu,
            selected: &self.selected,
        };
        (self.handler)(&mut *self.card, &seen, response)?;
        let by_name = apdu.filter(|apdu| apdu.ins == SELECT && apdu.p1 == 0x04);
        if let Some(apdu) = by_name
            && response.ends_with(&[0x90, 0x00])
        {
            self.selected = apdu.data.to_vec();
        }
        Ok(())
    }

    fn incident(&mut self, command: &[u8]) -> Option<Incident> {
        self.card.incident(command)
    }

    fn incident_happens(&mut self) {
        self.card.incident_happens();
    }

    fn has_left(&self) -> bool {
        self.card.has_left()
    }

    fn pull(&self) -> Option<Pull> {
        self.card.pull()
    }
}

/// Answers with a status word alone.
pub(crate) fn refuse(response: &mut Vec<u8>, status_word: [u8; 2]) -> Result<(), IccError> {
    response.clear();
    response.extend(status_word);
    Ok(())
}

/// A chip that can't sign in this application: 6985.
pub(crate) fn silent_chip(aid: Aid) -> impl Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync + 'static {
    layer(move || {
        Box::new(
            move |card, command, response| match command.is_in(aid) && command.signs() {
                true => refuse(response, [0x69, 0x85]),
                false => command.pass(card, response),
            },
        )
    })
}

/// A chip that answers each challenge in this application with random bytes below the modulus.
pub(crate) fn guessing_chip(
    aid: Aid,
    seed: [u8; 32],
) -> impl Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync + 'static {
    layer(move || {
        let mut rng = ChaCha20Rng::from_seed(seed);
        Box::new(move |card, command, response| {
            if !(command.is_in(aid) && command.signs()) {
                return command.pass(card, response);
            }
            response.clear();
            response.resize(MODULUS_BYTES, 0);
            rng.fill_bytes(response);
            // A modulus has its first bit set.
            response[0] &= 0x7F;
            response.extend([0x90, 0x00]);
            Ok(())
        })
    })
}

/// What a chip has answered to its first challenge.
pub(crate) type Heard = Arc<Mutex<Option<Vec<u8>>>>;

/// A chip whose first good answer in this application is kept.
pub(crate) fn overheard_chip(
    aid: Aid,
    heard: Heard,
) -> impl Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync + 'static {
    layer(move || {
        let heard = Arc::clone(&heard);
        Box::new(move |card, command, response| {
            command.pass(card, response)?;
            if command.is_in(aid) && command.signs() && response.ends_with(&[0x90, 0x00]) {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.get_or_insert_with(|| response.clone());
            }
            Ok(())
        })
    })
}

/// A chip that answers each challenge in this application with what was heard before; 6985 if nothing was.
pub(crate) fn replaying_chip(
    aid: Aid,
    heard: Heard,
) -> impl Fn(Box<dyn Icc + Send>) -> Box<dyn Icc + Send> + Send + Sync + 'static {
    layer(move || {
        let heard = Arc::clone(&heard);
        Box::new(move |card, command, response| {
            if !(command.is_in(aid) && command.signs()) {
                return command.pass(card, response);
            }
            match &*heard.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(answer) => response.clone_from(answer),
                None => refuse(response, [0x69, 0x85])?,
            }
            Ok(())
        })
    })
}
