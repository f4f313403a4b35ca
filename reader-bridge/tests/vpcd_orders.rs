//! Every order of vpcd's messages up to length four, against a model: the answers and what is done to the card. pcscd on Linux
//! sends few of these orders; vpcd of Windows and macOS resets a card that it never powered on, or sends it a command.

#![allow(clippy::unwrap_used, missing_docs)] // the whole file is tests

mod common;

use common::Inserted;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use vmyna_reader_bridge::vpcd::codec::encode;
use vmyna_testkit::test_card::{ATR, echo};
use vmyna_testkit::waiting::LIMIT;

const LONGEST: u32 = 4;

const OFF: &[u8] = &[0];
const ON: &[u8] = &[1];
const RESET: &[u8] = &[2];
const GET_ATR: &[u8] = &[4];
const APDU: &[u8] = &[0, 0xA4, 4, 0];

const MESSAGES: [&[u8]; 5] = [ON, OFF, RESET, GET_ATR, APDU];

/// Frames that have no effect and no answer.
const IGNORED: [&[u8]; 5] = [&[], &[3], &[5], &[0xFF], &[]];

/// How the frames are written.
#[derive(Clone, Copy, Debug)]
enum Segments {
    /// Each frame by itself.
    Apart,
    /// All frames at once.
    Joined,
    /// Each byte by itself.
    Split,
    /// All frames at once, with ignored ones between them.
    WithIgnored,
}

/// The bytes of all answers, and the calls to the card from its insertion to the end of the connection.
fn model(order: &[&[u8]]) -> (Vec<u8>, Vec<String>) {
    let (mut answers, mut frame, mut powered) = (Vec::new(), Vec::new(), false);
    // The card is powered on once for its ATR.
    let mut calls = vec!["on".to_owned(), "off".to_owned()];
    let mut answer = |body: &[u8]| {
        encode(body, &mut frame).unwrap();
        answers.extend_from_slice(&frame);
    };
    for message in order {
        match *message {
            ON => {
                calls.push("on".to_owned());
                powered = true;
            }
            OFF => {
                calls.push("off".to_owned());
                powered = false;
            }
            RESET => {
                calls.push(if powered { "reset" } else { "on" }.to_owned());
                powered = true;
            }
            GET_ATR => answer(&ATR),
            command => {
                if !powered {
                    calls.push("on".to_owned());
                }
                calls.push(command.len().to_string());
                powered = true;
                answer(&echo(command));
            }
        }
    }
    if powered {
        calls.push("off".to_owned());
    }
    (answers, calls)
}

/// The same of the card.
fn converse(listener: &TcpListener, order: &[&[u8]], segments: Segments) -> (Vec<u8>, Vec<String>) {
    let mut card = Inserted::at(listener.local_addr().unwrap().port());
    let (mut peer, _) = listener.accept().unwrap();
    peer.set_read_timeout(Some(LIMIT)).unwrap();
    peer.set_nodelay(true).unwrap();
    let (mut frame, mut all) = (Vec::new(), Vec::new());
    for (message, ignored) in order.iter().zip(IGNORED) {
        encode(message, &mut frame).unwrap();
        match segments {
            Segments::Apart => peer.write_all(&frame).unwrap(),
            Segments::Split => frame.iter().for_each(|byte| peer.write_all(&[*byte]).unwrap()),
            Segments::Joined => all.extend_from_slice(&frame),
            Segments::WithIgnored => {
                all.extend_from_slice(&frame);
                encode(ignored, &mut frame).unwrap();
                all.extend_from_slice(&frame);
            }
        }
    }
    peer.write_all(&all).unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let mut answers = Vec::new();
    peer.read_to_end(&mut answers).unwrap();
    card.stop.stop();
    card.ended().unwrap();
    (answers, card.card.calls())
}

#[test]
fn every_order_of_messages_is_answered_as_the_model_does_however_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut count = 0;
    for length in 1..=LONGEST {
        for number in 0..MESSAGES.len().pow(length) {
            let order: Vec<&[u8]> = (0..length)
                .map(|place| MESSAGES[number / MESSAGES.len().pow(place) % MESSAGES.len()])
                .collect();
            for segments in [
                Segments::Apart,
                Segments::Joined,
                Segments::Split,
                Segments::WithIgnored,
            ] {
                let found = converse(&listener, &order, segments);
                assert_eq!(found, model(&order), "{order:02X?} {segments:?}");
                count += 1;
            }
        }
    }
    assert_eq!(count, 4 * (5 + 25 + 125 + 625));
}
