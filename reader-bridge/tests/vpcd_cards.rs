//! This process in the place of vpcd: the messages that a card which connects gets, and what becomes of cards and other
//! peers that answer wrongly. The peers are made by hand.

#![allow(clippy::unwrap_used, missing_docs)] // the whole file is tests

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use vmyna_apdu::{Icc, IccError};
use vmyna_reader_bridge::vpcd::codec::encode;
use vmyna_reader_bridge::vpcd::{VpcdAddress, VpcdCard, VpcdHost};
use vmyna_testkit::test_card::{ATR, echo};
use vmyna_testkit::waiting::{LIMIT, within};

fn host() -> VpcdHost {
    VpcdHost::listen_at(VpcdAddress::local(0), false, Box::new(|_| {})).unwrap()
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    encode(body, &mut frame).unwrap();
    frame
}

/// What a card does at a message.
enum Do {
    Nothing,
    Send(Vec<u8>),
    /// Sends this and ends the connection.
    End(Vec<u8>),
}

/// A card that connects to `port`, and the messages that it gets.
fn connect(port: u16, answer: impl Fn(&[u8]) -> Do + Send + 'static) -> (Receiver<Vec<u8>>, JoinHandle<()>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let (sender, messages) = channel();
    let card = std::thread::spawn(move || {
        let mut header = [0; 2];
        while stream.read_exact(&mut header).is_ok() {
            let mut body = vec![0; u16::from_be_bytes(header).into()];
            stream.read_exact(&mut body).unwrap();
            let _ = sender.send(body.clone());
            match answer(&body) {
                Do::Nothing => {}
                Do::Send(bytes) => stream.write_all(&bytes).unwrap(),
                Do::End(bytes) => return stream.write_all(&bytes).unwrap(),
            }
        }
    });
    (messages, card)
}

fn ordinary(message: &[u8]) -> Do {
    match message {
        [0..=2] => Do::Nothing,
        [4] => Do::Send(frame(&ATR)),
        command => Do::Send(frame(&echo(command))),
    }
}

fn take(host: &VpcdHost) -> VpcdCard {
    let mut strangers = Vec::new();
    let (card, _) = host.next_card(|peer| strangers.push(peer)).unwrap();
    assert_eq!(strangers, Vec::<SocketAddr>::new());
    card
}

#[test]
fn a_card_gets_the_messages_of_vpcd_and_no_others() {
    let host = host();
    let (messages, peer) = connect(host.address().port, ordinary);
    let mut card = take(&host);
    let (mut atr, mut response) = (Vec::new(), Vec::new());
    // Without power, or of one byte, it would be another message, or none of this card's.
    assert_eq!(card.transmit(&[0, 1], &mut response), Err(IccError::Mute));
    card.power_off().unwrap();
    card.power_on(&mut atr).unwrap();
    assert_eq!(atr, ATR);
    for command in [&[][..], &[0], &[4], &[0x80], &vec![0; 65_536]] {
        assert_eq!(card.transmit(command, &mut response), Err(IccError::Mute));
    }
    card.transmit(&[0, 1], &mut response).unwrap();
    assert_eq!(response, echo(&[0, 1]));
    card.reset(&mut atr).unwrap();
    // On a card that has power it is a cold reset.
    card.power_on(&mut atr).unwrap();
    card.power_off().unwrap();
    card.power_off().unwrap();
    let watcher = card.watcher();
    assert!(watcher.is_there() && !card.has_left());
    // Dropping the card ends the connection.
    drop(card);
    assert!(!watcher.is_there() && watcher.is_dropped());
    peer.join().unwrap();
    let expected: [&[u8]; 11] = [&[4], &[1], &[4], &[0, 1], &[2], &[4], &[0], &[1], &[4], &[0], &[4]];
    assert_eq!(messages.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn what_gives_no_atr_is_no_card_and_the_next_peer_gets_the_place() {
    let longest: Vec<u8> = [&[0x3B], &[0x00; 32][..]].concat();
    let wrong: [Vec<u8>; 6] = [
        frame(&[]),
        frame(&[0x3B]),
        // One byte more than an ATR can have.
        frame(&[&longest[..], &[0]].concat()),
        // A text, and an ATR without its end.
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        vec![0, 9, 0x3B],
        vec![],
    ];
    for bytes in wrong {
        let host = host();
        let port = host.address().port;
        let (answer, good) = (bytes.clone(), longest.clone());
        let (_, wrong) = connect(port, move |_| Do::End(answer.clone()));
        let mut next = None;
        let taken = host.next_card(|_| {
            let good = good.clone();
            next = Some(connect(port, move |_| Do::Send(frame(&good))));
        });
        drop(taken.unwrap());
        wrong.join().unwrap();
        next.unwrap().1.join().unwrap();
    }
}

/// A program must see that a card has gone, or does not answer, and no status word in its place.
#[test]
fn a_card_that_answers_wrongly_is_gone_or_mute_and_not_asked_again() {
    let wrong: [(Do, IccError); 5] = [
        (Do::End(Vec::new()), IccError::Gone),
        (Do::End(vec![0, 4, 0x6A]), IccError::Gone),
        (Do::End(frame(&[])), IccError::Gone),
        (Do::Send(frame(&[])), IccError::Gone),
        (Do::Send(frame(&[0x90])), IccError::Mute),
    ];
    for (does, error) in wrong {
        let host = host();
        let (bytes, ends) = match does {
            Do::End(bytes) => (bytes, true),
            Do::Send(bytes) => (bytes, false),
            Do::Nothing => (Vec::new(), false),
        };
        let shown = format!("{bytes:02X?} {ends}");
        let (_, peer) = connect(host.address().port, move |message| match (message, ends) {
            ([_], _) => ordinary(message),
            (_, true) => Do::End(bytes.clone()),
            (_, false) => Do::Send(bytes.clone()),
        });
        let mut card = take(&host);
        let watcher = card.watcher();
        card.power_on(&mut Vec::new()).unwrap();
        assert_eq!(card.transmit(&[0, 1], &mut Vec::new()), Err(error), "{shown}");
        let gone = error == IccError::Gone;
        assert_eq!(card.has_left(), gone, "{shown}");
        assert_eq!(watcher.is_there(), !gone, "{shown}");
        assert_eq!(card.power_on(&mut Vec::new()).is_err(), gone, "{shown}");
        drop(card);
        peer.join().unwrap();
    }
}

#[test]
fn the_end_of_a_connection_is_noticed_while_no_program_uses_the_card() {
    let host = host();
    let (_, peer) = connect(host.address().port, |message| match message {
        [2] => Do::End(Vec::new()),
        other => ordinary(other),
    });
    let mut card = take(&host);
    let watcher = card.watcher();
    assert!(watcher.is_there());
    // The card ends the connection at this.
    assert_eq!(card.reset(&mut Vec::new()), Err(IccError::Gone));
    peer.join().unwrap();
    assert!(!watcher.is_there() && !watcher.is_dropped());
    assert_eq!(card.power_off(), Err(IccError::Gone));
}

/// Ends a command that the card works on: the process is to end.
#[test]
fn stopping_the_host_ends_a_command_that_is_not_answered() {
    let host = host();
    let (messages, peer) = connect(host.address().port, |message| match message {
        [_] => ordinary(message),
        _ => Do::Nothing,
    });
    let mut card = take(&host);
    card.power_on(&mut Vec::new()).unwrap();
    let client = std::thread::spawn(move || card.transmit(&[0, 1], &mut Vec::new()));
    assert!(within(LIMIT, || messages.try_iter().any(|message| message == [0, 1])));
    host.stop_handle().stop();
    assert_eq!(client.join().unwrap(), Err(IccError::Gone));
    assert!(host.next_card(|_| {}).is_none());
    peer.join().unwrap();
}
