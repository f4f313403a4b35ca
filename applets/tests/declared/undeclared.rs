//! An instruction of writing that the selected application does not declare does not exist, whatever P1, P2 and data are.

use std::collections::BTreeMap;

use vmyna_card_os::key::default_engine;

use crate::common::{HANAKO, Rig};
use crate::inventions::declared;

/// UPDATE BINARY, UPDATE RECORD, APPEND RECORD, GENERATE ASYMMETRIC KEY PAIR.
const INSTRUCTIONS: [u8; 4] = [0xD6, 0xDC, 0xE2, 0x46];

#[test]
fn no_instruction_of_writing_exists_in_the_card_s_own_applications() {
    // A card on which another application declares them all.
    let applications = [HANAKO.clone(), declared()].concat();
    let mut rig = Rig::of(&applications, default_engine());
    let mut response = Vec::new();
    let mut answers: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for application in HANAKO.iter() {
        rig.select(&application.aid.to_string());
        for instruction in INSTRUCTIONS {
            for parameters in 0..=u16::MAX {
                let [p1, p2] = parameters.to_be_bytes();
                let mut ask = |rest: &[u8]| {
                    let command = [&[0x00, instruction, p1, p2], rest].concat();
                    rig.card.transmit(&command, &mut response).unwrap();
                    *answers.entry(response.clone()).or_default() += 1;
                };
                ask(&[1, 0]);
                // The other forms of a command, for some parameters.
                if parameters.is_multiple_of(251) {
                    ask(&[]);
                    ask(&[0]);
                    ask(&[2, 0, 0, 0]);
                }
            }
        }
    }
    let all: usize = answers.values().sum();
    println!("counted: undeclared: {all} commands of writing in the card's own applications, all answered 6D00");
    assert_eq!(answers.keys().collect::<Vec<_>>(), [&[0x6D, 0x00]]);
}
