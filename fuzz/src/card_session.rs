//! A whole session with the specimen card: commands, right and wrong PINs, resets and power cycles over the real
//! applications, every answer held against what a host can know and against `access.toml` (see [`crate::tracker`]).
//!
//! An input is a list of steps, each an opcode and its operands; operands that are missing are zero.

use arbitrary::Unstructured;

use crate::rig::{Rig, key_delivery};
use crate::rules::APPLICATIONS;

/// More steps than this tell nothing new.
const STEPS: usize = 120;
const SEED: [u8; 32] = [0x3C; 32];
/// Tags of data objects, and one that nobody has.
const TAGS: [u16; 10] = [0x42, 0x45, 0x66, 0xF0, 0xF2, 0xF7, 0xF8, 0x7F21, 0x5F51, 0xF3];
/// A terminal's certificate under the specimen's authority, as `80 A2` takes it: `7F21 … 5F4E … 5F37 …`.
const TERMINAL: &[u8] = vmyna_test_vectors::specimens::certificates::TERMINAL_INTERMEDIATE;

/// One input.
pub fn run(input: &[u8]) {
    let mut operands = Operands::new(input);
    let mut rig = Rig::new();
    for _ in 0..STEPS {
        if operands.is_empty() {
            break;
        }
        step(&mut rig, &mut operands);
    }
}

/// What is left of an input.
pub(crate) struct Operands<'a>(pub(crate) Unstructured<'a>);

impl<'a> Operands<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self(Unstructured::new(input))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    fn pair(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// At most so many bytes, the first operand says how many.
    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let length = usize::from(self.byte()).min(most).min(self.0.len());
        self.0.bytes(length).unwrap_or_default()
    }
}

/// One step of any kind.
pub(crate) fn step(rig: &mut Rig, operands: &mut Operands<'_>) {
    match operands.byte() % 30 {
        0 | 1 => {
            let aid = &APPLICATIONS[usize::from(operands.byte()) % APPLICATIONS.len()].aid;
            send(rig, [0x00, 0xA4, 0x04, 0x0C], aid, Le::None);
        }
        2 => {
            let aid = &APPLICATIONS[usize::from(operands.byte()) % APPLICATIONS.len()].aid;
            let part = &aid[..usize::from(operands.byte()) % (aid.len() + 1)];
            let p2 = operands.byte();
            send(
                rig,
                [0x00, 0xA4, 0x04, if p2 < 0x80 { p2 & 0x0E } else { p2 }],
                part,
                le(operands),
            );
        }
        3 => {
            let id = operands.byte();
            send(rig, [0x00, 0xA4, 0x02, 0x0C], &[0, id & 0x1F], Le::None);
        }
        4 => {
            let (id, p2) = (operands.pair(), operands.byte());
            send(
                rig,
                [0x00, 0xA4, operands.byte() & 6, p2 & 0x0E],
                &id.to_be_bytes(),
                le(operands),
            );
        }
        5 => drop(send(rig, [0x00, 0xA4, 0x00, operands.byte() & 0x0C], &[], Le::None)),
        6 | 7 => {
            let (sfi, offset) = (operands.byte(), operands.byte());
            send(rig, [0x00, 0xB0, 0x80 | sfi & 0x1F, offset], &[], le(operands));
        }
        8 => {
            let [high, low] = operands.pair().to_be_bytes();
            send(rig, [0x00, 0xB0, high & 0x07, low], &[], le(operands));
        }
        9 => {
            let (number, place) = (operands.byte(), operands.byte());
            send(rig, [0x00, 0xB2, number & 3, place], &[], le(operands));
        }
        10 => {
            let [high, low] = TAGS[usize::from(operands.byte()) % TAGS.len()].to_be_bytes();
            send(rig, [0x00, 0xCA, high, low], &[], le(operands));
        }
        11..=13 => {
            if let Some((ef, value)) = rig.tracker.pin(operands.byte()) {
                send(rig, [0x00, 0x20, 0x00, 0x80 | ef as u8], &value, Le::None);
            }
        }
        14 => {
            let pin = rig.tracker.pin(operands.byte());
            let value = operands.bytes(20);
            send(
                rig,
                [0x00, 0x20, 0x00, 0x80 | pin.map_or(0, |(ef, _)| ef as u8)],
                value,
                Le::None,
            );
        }
        15 => drop(send(
            rig,
            [0x00, 0x20, 0x00, 0x80 | operands.byte() & 0x1F],
            &[],
            le(operands),
        )),
        16 => {
            // A new value, digits more often than not.
            let ef = rig.tracker.pin(operands.byte()).map_or(0, |(ef, _)| ef as u8);
            let (by, value) = (operands.byte(), operands.bytes(20));
            let digits: Vec<u8> = value.iter().map(|byte| b'0' + byte % 10).collect();
            let value = if by & 2 == 0 { &digits } else { value };
            let header = if by & 1 == 0 {
                [0x00, 0x24, 0x01]
            } else {
                [0x80, 0x32, 0x00]
            };
            send(rig, [header[0], header[1], header[2], 0x80 | ef], value, Le::None);
        }
        17 | 18 => {
            let (scheme, key) = (operands.byte(), operands.byte());
            let key = if key == 0 { 0 } else { 0x80 | key & 0x1F };
            let data = operands.bytes(255);
            send(rig, [0x80, 0x2A, scheme & 0x83, key], data, le(operands));
        }
        19 => {
            let key = 0x80 | operands.byte() & 0x1F;
            let data = operands.bytes(64);
            send(rig, [0x00, 0x88, 0x00, key], data, le(operands));
        }
        20 => drop(send(rig, [0x00, 0x84, 0x00, 0x00], &[], le(operands))),
        21 => open_session(rig),
        22 => {
            let data = operands.bytes(255);
            send(
                rig,
                [0x80, operands.byte() & 0xFE, operands.byte() & 0x0F, operands.byte()],
                data,
                le(operands),
            );
        }
        23 => {
            let p1_p2 = if operands.byte() & 1 == 0 {
                [0x06, 0xC1]
            } else {
                [0x00, 0xC1]
            };
            // The body ends where `5F37` begins; its template stands before both.
            let cut = TERMINAL
                .windows(4)
                .rposition(|at| at == [0x5F, 0x37, 0x82, 0x01])
                .unwrap_or(0);
            let (body, signature) = TERMINAL.split_at(cut);
            let data = if p1_p2[0] == 0x06 { body } else { signature };
            send(rig, [0x80, 0xA2, p1_p2[0], p1_p2[1]], data, Le::None);
        }
        24 => rig.reset(),
        25 => match operands.byte() % 4 {
            0 | 1 => rig.power_on(),
            2 => rig.power_off(),
            _ => rig.restart(),
        },
        26 => drop(rig.send(operands.bytes(255))),
        kind => secured(rig, operands, kind),
    }
}

/// A command with CLA 08; outside a secure session the card refuses it.
pub(crate) fn secured(rig: &mut Rig, operands: &mut Operands<'_>, kind: u8) {
    let seal = |rig: &Rig, ahead: u8, plain: &[u8]| match &rig.tracker.channel {
        Some(channel) => channel.seal(ahead, plain),
        None => [&[0x86, plain.len() as u8 + 1, 1], plain].concat(),
    };
    // Now and then under the number of a later command.
    let number = operands.byte();
    let ahead = if number > 0xF0 { number & 3 } else { 0 };
    match kind % 6 {
        0 => {
            let Some((ef, value)) = rig.tracker.pin(operands.byte()) else {
                return;
            };
            let wrong = operands.byte();
            let value = if wrong > 0xE0 {
                vec![wrong; usize::from(wrong & 0x1F)]
            } else {
                value
            };
            let sealed = seal(rig, ahead, &value);
            send(rig, [0x08, 0x20, 0x00, 0x80 | ef as u8], &sealed, Le::None);
        }
        1 => {
            let (p1, id) = (operands.byte(), operands.byte());
            let aid = &APPLICATIONS[usize::from(id) % APPLICATIONS.len()].aid;
            let by_name = p1 > 0xE0;
            let sealed = if by_name {
                seal(rig, ahead, aid)
            } else {
                seal(rig, ahead, &[0, id & 0x1F])
            };
            send(
                rig,
                [0x08, 0xA4, if by_name { 4 } else { 2 }, p1 & 0x0C],
                &sealed,
                le(operands),
            );
        }
        2 | 3 => {
            let (sfi, offset) = (operands.byte(), operands.byte());
            let [high, low] = operands.pair().to_be_bytes();
            let p1 = if sfi & 0x80 == 0 { 0 } else { 0x80 | sfi & 0x1F };
            send(
                rig,
                [0x08, 0xB0, p1, offset],
                &[0x96, 3, 0, high & 3, low],
                le(operands),
            );
        }
        4 => {
            // Any bytes in any envelope, with any instruction of any secured class.
            let (cla, ins, p1, p2) = (operands.byte(), operands.byte(), operands.byte(), operands.byte());
            let cla = [0x08, 0x08, 0x08, 0x0C, 0x88, 0x8C, 0x18, 0x04][usize::from(cla & 7)];
            let ins = [0x20, 0xA4, 0xB0, ins][usize::from(ins & 3)];
            let data = operands.bytes(255);
            send(rig, [cla, ins, p1, p2], data, le(operands));
        }
        _ => {
            // Any bytes rightly sealed.
            let (ins, p1, p2) = (operands.byte(), operands.byte(), operands.byte());
            let sealed = seal(rig, ahead, operands.bytes(255));
            send(
                rig,
                [0x08, if ins & 1 == 0 { 0x20 } else { 0xA4 }, p1 & 7, p2],
                &sealed,
                le(operands),
            );
        }
    }
}

/// A secure session with a known key, where the application and the verified PINs allow one.
pub(crate) fn open_session(rig: &mut Rig) {
    rig.tracker.delivered = SEED;
    send(rig, [0x80, 0xAE, 0x00, 0x00], &key_delivery(&SEED), Le::None);
}

/// The Le field.
#[derive(Clone, Copy)]
pub(crate) enum Le {
    None,
    /// One byte, or two where Lc is extended.
    Short(u8),
    /// Two bytes, and Lc extended.
    Extended(u16),
}

fn le(operands: &mut Operands<'_>) -> Le {
    match operands.byte() {
        0xFF => Le::None,
        0xE0..=0xFE => Le::Extended(operands.pair()),
        short => Le::Short(short),
    }
}

/// Sends a command that these parts are.
pub(crate) fn send(rig: &mut Rig, header: [u8; 4], data: &[u8], le: Le) -> u16 {
    let mut command = header.to_vec();
    let extended = data.len() > 255 || matches!(le, Le::Extended(_));
    if extended {
        command.push(0);
    }
    match (data.len(), extended) {
        (0, _) => {}
        (length, true) => command.extend((length as u16).to_be_bytes()),
        (length, false) => command.push(length as u8),
    }
    command.extend(data);
    match le {
        Le::None if extended && data.is_empty() => command.truncate(4),
        Le::None => {}
        Le::Short(le) if extended => command.extend(u16::from(le).to_be_bytes()),
        Le::Short(le) => command.push(le),
        Le::Extended(le) => command.extend(le.to_be_bytes()),
    }
    rig.send(&command)
}
