//! Secure messaging in an open session: what is sealed rightly is carried out as the plain command would be, a fault in an
//! envelope ends the session, every command counts once. The tracker holds key and number of its own and opens every
//! answer (see [`crate::tracker`]).
//!
//! An input is a list of steps as in [`crate::card_session`], three of four of them with CLA 08; the session is opened
//! again after it has ended.

use arbitrary::Unstructured;

use crate::card_session::{Le, Operands, open_session, secured, send, step};
use crate::rig::Rig;
use crate::rules::APPLICATIONS;

const STEPS: usize = 60;
/// The one application that offers sessions.
const INPUT_ASSIST: usize = 2;

/// One input.
pub fn run(input: &[u8]) {
    let mut operands = Operands(Unstructured::new(input));
    let mut rig = Rig::new();
    for _ in 0..STEPS {
        if operands.0.is_empty() {
            break;
        }
        if rig.tracker.channel.is_none() {
            // A session that has ended has ended, also for who still has its key.
            send(&mut rig, [0x08, 0xB0, 0x81, 0x00], &[0x96, 3, 0, 0, 1], Le::Short(0));
            send(
                &mut rig,
                [0x00, 0xA4, 0x04, 0x0C],
                &APPLICATIONS[INPUT_ASSIST].aid,
                Le::None,
            );
            // The holder's PIN opens it, while it is not blocked.
            if let Some((ef, value)) = rig.tracker.pin(0) {
                let verified = send(&mut rig, [0x00, 0x20, 0x00, 0x80 | ef as u8], &value, Le::None) == 0x9000;
                open_session(&mut rig);
                assert_eq!(
                    rig.tracker.channel.is_some(),
                    verified,
                    "a session needs the PIN and nothing else"
                );
            }
        }
        match operands.byte() {
            0xC0.. => step(&mut rig, &mut operands),
            kind => secured(&mut rig, &mut operands, kind),
        }
    }
}
