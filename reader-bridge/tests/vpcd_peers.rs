//! The conversation with peers made by hand: exactly what vpcd must and must not be answered, and what becomes of peers
//! that are not vpcd. No pcscd takes part.

#![allow(clippy::unwrap_used)] // the whole file is tests

mod common;

use common::Inserted;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vmyna_apdu::Reader;
use vmyna_reader_bridge::fault::{FaultyCard, RealTime, Script};
use vmyna_reader_bridge::vpcd::codec::encode;
use vmyna_reader_bridge::vpcd::{End, VpcdAddress, VpcdError, VpcdHost, VpcdListener, VpcdServer};
use vmyna_testkit::test_card::{ATR, BE_PULLED_OUT, FALL_SILENT_ONCE, NO_ATR_FROM_NOW_ON, TAKE_300_MS, TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};

/// A listener that stands for vpcd, and a card that connects to it.
fn peer_and_card() -> (TcpListener, Inserted) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let card = Inserted::at(listener.local_addr().unwrap().port());
    (listener, card)
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn send(stream: &mut TcpStream, body: &[u8]) {
    let mut frame = Vec::new();
    encode(body, &mut frame).unwrap();
    stream.write_all(&frame).unwrap();
}

fn receive(stream: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; u16::from_be_bytes(header).into()];
    stream.read_exact(&mut body).unwrap();
    body
}

/// Asks as vpcd does when it is refused an answer: a length comes, and then not the body but the end.
fn is_refused(stream: &mut TcpStream) {
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    assert_ne!(header, [0, 0]);
    assert_eq!(stream.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// Trap 2: control messages 0, 1 and 2 must not be answered, 4 must, on every poll.
#[test]
fn only_the_question_for_the_atr_and_apdus_are_answered() {
    let (listener, card) = peer_and_card();
    let mut vpcd = accept(&listener);
    for control in [4_u8, 4, 1, 4, 2, 4, 0, 4, 1, 4] {
        send(&mut vpcd, &[control]);
        if control == 4 {
            assert_eq!(receive(&mut vpcd), ATR);
        }
    }
    send(&mut vpcd, &[0, 0xA4, 4, 0]);
    assert_eq!(receive(&mut vpcd), echo(&[0, 0xA4, 4, 0]));
    // A control message that had been answered would have shifted the answers above; nothing more has come.
    vpcd.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(vpcd.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(card.card.calls(), ["on", "off", "on", "reset", "off", "on", "4"]);
}

/// An unknown control byte has no answer, and neither has an empty frame. After them the stream is in step.
#[test]
fn unknown_control_bytes_and_empty_frames_are_ignored() {
    let (listener, card) = peer_and_card();
    let mut vpcd = accept(&listener);
    for ignored in [&[3_u8][..], &[5], &[], &[0x80], &[0xFF], &[], &[]] {
        send(&mut vpcd, ignored);
        send(&mut vpcd, &[4]);
        assert_eq!(receive(&mut vpcd), ATR, "{ignored:?}");
    }
    send(&mut vpcd, &[]);
    send(&mut vpcd, &[0, 1]);
    assert_eq!(receive(&mut vpcd), echo(&[0, 1]));
    assert!(!card.saw("disconnected"), "{:?}", card.events());
}

/// A peer that does not poll, unlike pcscd, may power the card off and stay silent as long as it likes.
#[test]
fn a_peer_that_never_polls_keeps_its_connection_over_a_long_silence() {
    let (listener, card) = peer_and_card();
    let mut peer = accept(&listener);
    for message in [&[1][..], &[4]] {
        send(&mut peer, message);
    }
    assert_eq!(receive(&mut peer), ATR);
    for last in [0, 2] {
        send(&mut peer, &[last]);
        // Longer than vpcd, which polls, is ever silent.
        peer.set_read_timeout(Some(Duration::from_millis(2500))).unwrap();
        assert_eq!(peer.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    peer.set_read_timeout(Some(LIMIT)).unwrap();
    send(&mut peer, &[0, 1]);
    assert_eq!(receive(&mut peer), echo(&[0, 1]));
    assert!(!card.saw("disconnected"), "{:?}", card.events());
}

/// pcscd waits for an answer to a command of one byte, which nothing distinguishes from a control message.
#[test]
fn a_peer_that_polls_and_falls_silent_after_a_single_byte_is_refused_an_answer() {
    for byte in [0, 3] {
        let (listener, card) = peer_and_card();
        let mut vpcd = accept(&listener);
        for message in [4, 1, 4, 4] {
            send(&mut vpcd, &[message]);
        }
        for _ in 0..3 {
            assert_eq!(receive(&mut vpcd), ATR);
        }
        send(&mut vpcd, &[byte]);
        is_refused(&mut vpcd);
        card.wait_for("disconnected OneByteCommand");
    }
}

#[test]
fn a_message_that_comes_byte_by_byte_is_answered_all_the_same() {
    let (listener, _card) = peer_and_card();
    let mut vpcd = accept(&listener);
    for byte in [0, 1, 4] {
        vpcd.write_all(&[byte]).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(receive(&mut vpcd), ATR);
}

#[test]
fn the_card_has_no_power_before_the_reader_gives_it_and_none_after_the_connection() {
    let (listener, card) = peer_and_card();
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[4]);
    receive(&mut vpcd);
    assert_eq!(card.card.calls(), ["on", "off"]);
    send(&mut vpcd, &[1]);
    card.wait_for("on 9");
    drop(vpcd);
    card.wait_for("disconnected Closed");
    assert_eq!(card.card.calls(), ["on", "off", "on", "off"]);
}

/// With its connection the card loses its power. pcscd must see an empty reader before it sees the card again, or it would
/// go on talking to a card without power.
#[test]
fn a_mute_card_refuses_the_answer_and_comes_back_after_the_reader_was_seen_empty() {
    let (listener, card) = peer_and_card();
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[1]);
    send(&mut vpcd, &[FALL_SILENT_ONCE, 0]);
    is_refused(&mut vpcd);
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[4]);
    assert_eq!(vpcd.read(&mut [0; 1]).unwrap(), 0);
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[4]);
    assert_eq!(receive(&mut vpcd), ATR);
    send(&mut vpcd, &[1]);
    send(&mut vpcd, &[0, 1]);
    assert_eq!(receive(&mut vpcd), echo(&[0, 1]));
    assert_eq!(card.card.calls(), ["on", "off", "on", "2", "off", "on", "2"]);
    let reasons: Vec<_> = card
        .events()
        .into_iter()
        .filter(|event| event.starts_with("disconnected"))
        .collect();
    assert_eq!(reasons, ["disconnected Mute", "disconnected Removal"]);
}

#[test]
fn after_nobody_listened_the_card_is_there_at_the_first_question() {
    let (listener, card) = peer_and_card();
    let address = listener.local_addr().unwrap();
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[4]);
    receive(&mut vpcd);
    drop((vpcd, listener));
    card.wait_for("waiting");
    let listener = TcpListener::bind(address).unwrap();
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[4]);
    assert_eq!(receive(&mut vpcd), ATR);
}

#[test]
fn a_card_that_gives_no_atr_on_a_reset_is_mute_to_the_question_for_the_atr() {
    let (listener, card) = peer_and_card();
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[1]);
    send(&mut vpcd, &[NO_ATR_FROM_NOW_ON, 0]);
    receive(&mut vpcd);
    send(&mut vpcd, &[2]);
    send(&mut vpcd, &[4]);
    is_refused(&mut vpcd);
    card.wait_for("disconnected Mute");
}

#[test]
fn a_card_that_is_pulled_out_refuses_the_answer_and_does_not_come_back() {
    let (listener, mut card) = peer_and_card();
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[1]);
    send(&mut vpcd, &[BE_PULLED_OUT, 0]);
    is_refused(&mut vpcd);
    assert_eq!(card.ended().unwrap(), End::Gone);
    assert!(card.saw("failed Gone"));
}

/// Trap 3: a command of 65,536 bytes is announced as one of none, and one of 65,538 as one of two.
#[test]
fn a_command_whose_length_was_cut_never_reaches_the_card() {
    for length in [65_536_usize, 65_538, 65_548] {
        let (listener, card) = peer_and_card();
        let mut vpcd = accept(&listener);
        send(&mut vpcd, &[1]);
        let mut bytes = (length as u16).to_be_bytes().to_vec();
        bytes.resize(2 + length, 0x77);
        // The other side may have hung up before all of it is out.
        let _ = vpcd.write_all(&bytes);
        card.wait_for("disconnected OutOfStep");
        assert_eq!(card.card.calls(), ["on", "off", "on", "off"], "{length}");
    }
}

#[test]
fn another_program_that_speaks_first_is_recognised_at_once_and_reported() {
    for banner in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "* OK IMAP4",
        "220 mail",
    ] {
        let (listener, card) = peer_and_card();
        accept(&listener).write_all(banner.as_bytes()).unwrap();
        card.wait_for("disconnected NotVpcd");
        assert!(
            !card.saw("inserted") && card.card.calls() == ["on", "off"],
            "{banner:?}"
        );
    }
}

#[test]
fn a_peer_that_says_nothing_is_reported_once_and_waited_for() {
    let (listener, card) = peer_and_card();
    let mut vpcd = accept(&listener);
    card.wait_for("idle");
    send(&mut vpcd, &[4]);
    assert_eq!(receive(&mut vpcd), ATR);
    assert_eq!(card.events(), ["connected", "idle", "inserted"]);
}

#[test]
fn half_a_message_is_reported_whether_the_peer_waits_or_closes() {
    for close in [true, false] {
        let (listener, card) = peer_and_card();
        let mut vpcd = accept(&listener);
        send(&mut vpcd, &[1]);
        vpcd.write_all(&[0, 5, 0, 0xA4]).unwrap();
        let kept = (!close).then_some(vpcd);
        card.wait_for("disconnected HalfMessage { received: 4 }");
        assert_eq!(card.card.calls(), ["on", "off", "on", "off"]);
        drop(kept);
    }
}

#[test]
fn a_peer_that_takes_every_connection_and_closes_it_is_tried_ever_more_slowly() {
    // Connections at 0, 50, 150, 350 and 750 ms; all but the first of them twice where the reader must be seen empty.
    for (greeting, possible) in [(&[][..], 2..=5), (&[0, 1, 4], 3..=9)] {
        let (listener, card) = peer_and_card();
        listener.set_nonblocking(true).unwrap();
        let (start, mut connections) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_millis(1000) {
            if let Ok((mut stream, _)) = listener.accept() {
                connections += 1;
                stream.write_all(greeting).unwrap();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(
            possible.contains(&connections),
            "{connections} connections in a second: {:?}",
            card.events()
        );
    }
}

#[test]
fn while_nobody_listens_it_waits_ever_longer_and_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let card = Inserted::at(port);
    card.wait_for("waiting 400 ms");
    assert_eq!(
        card.events()[..4],
        ["waiting 50 ms", "waiting 100 ms", "waiting 200 ms", "waiting 400 ms"]
    );
    assert_eq!(card.card.calls(), ["on", "off"]);
}

#[test]
fn stopping_wakes_a_pause_and_a_silent_connection_at_once() {
    let (listener, mut connected) = peer_and_card();
    let stream = accept(&listener);
    connected.wait_for("connected");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut waiting = Inserted::at(port);
    waiting.wait_for("waiting 500 ms");
    for card in [&mut connected, &mut waiting] {
        let start = Instant::now();
        card.stop.stop();
        assert_eq!(card.ended().unwrap(), End::Stopped);
        assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
    }
    drop(stream);
}

#[test]
fn a_command_the_card_works_on_when_stopped_is_finished_and_answered() {
    let (listener, mut card) = peer_and_card();
    let mut vpcd = accept(&listener);
    send(&mut vpcd, &[1]);
    send(&mut vpcd, &[TAKE_300_MS, 0]);
    assert!(within(LIMIT, || card.card.count("2") == 1));
    card.stop.stop();
    assert_eq!(receive(&mut vpcd), [0x90, 0x00]);
    assert_eq!(vpcd.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(card.ended().unwrap(), End::Stopped);
    assert_eq!(card.card.calls().last().unwrap(), "off");
}

/// In reversed mode vpcd connects. A peer that ends its connection knows that the card loses its power; one whose connection
/// the card has ended must see the reader empty.
#[test]
fn in_reversed_mode_peers_connect_one_after_another() {
    let listener = VpcdListener::listen(VpcdAddress::local(0), false, Box::new(|_| {})).unwrap();
    let port = listener.address().port;
    let mut card = Inserted::by(VpcdServer::reversed(listener));
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    };
    let mut first = connect();
    send(&mut first, &[4]);
    assert_eq!(receive(&mut first), ATR);
    send(&mut first, &[0, 1]);
    assert_eq!(receive(&mut first), echo(&[0, 1]));
    drop(first);
    card.wait_for("disconnected Closed");
    let mut second = connect();
    send(&mut second, &[4]);
    assert_eq!(receive(&mut second), ATR);
    send(&mut second, &[FALL_SILENT_ONCE, 0]);
    is_refused(&mut second);
    card.wait_for("disconnected Mute");
    let mut third = connect();
    send(&mut third, &[4]);
    assert_eq!(third.read(&mut [0; 1]).unwrap(), 0);
    card.wait_for("disconnected Removal");
    let mut fourth = connect();
    send(&mut fourth, &[4]);
    assert_eq!(receive(&mut fourth), ATR);
    card.stop.remove();
    assert_eq!(card.ended().unwrap(), End::Removed);
    assert_eq!(fourth.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(card.card.calls(), ["on", "off", "on", "2", "off", "on", "2", "off"]);
}

/// Trap 4: vpcd listens on all interfaces, so a card could be put into another machine's reader by mistake.
#[test]
fn another_machine_is_refused_unless_the_caller_allows_it() {
    let address = VpcdAddress {
        host: "192.0.2.1".to_owned(),
        port: 35_963,
    };
    let mut card = TestCard::default();
    let error = VpcdServer::new(address.clone())
        .run(&mut card, &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, VpcdError::NotLoopback { .. }) && error.to_string().contains("unencrypted"));

    let mut server = VpcdServer::new(address).allow_remote();
    let stop = server.stop_handle();
    // 192.0.2.0/24 is for documentation: no host answers, and that is an event and no error.
    let end = server.run(&mut card, &mut |_| stop.stop()).unwrap();
    assert_eq!(end, End::Stopped);
}

#[test]
fn a_card_without_an_atr_is_not_put_into_a_reader() {
    let mut card = without_atr::MuteCard;
    let error = VpcdServer::new(VpcdAddress::local(1))
        .run(&mut card, &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, VpcdError::NoAtr { length: 0 }), "{error}");
}

#[test]
fn a_card_that_leaves_after_its_answer_gives_it_and_leaves_vpcds_slot_at_once() {
    let host = VpcdHost::listen(0).unwrap();
    let mut server = VpcdServer::new(host.address());
    let script = Script::new(vec!["remove=answered,nth=1".parse().unwrap()]);
    let mut card = FaultyCard::new(
        Box::new(TestCard::default()),
        Arc::new(script),
        None,
        Box::new(RealTime::default()),
        Box::new(|_| {}),
    );
    let server = std::thread::spawn(move || server.run(&mut card, &mut |_| {}));
    let (mut reader, mut response) = (host.wait(LIMIT).unwrap(), Vec::new());
    reader.transmit(&[0, 1, 2], &mut response).unwrap();
    assert_eq!(response, echo(&[0, 1, 2]));
    // No other command is sent to it.
    assert!(within(LIMIT, || server.is_finished()));
    assert_eq!(server.join().unwrap().unwrap(), End::Gone);
}

mod without_atr {
    use vmyna_apdu::{Icc, IccError};

    pub(super) struct MuteCard;

    impl Icc for MuteCard {
        fn power_on(&mut self, _: &mut Vec<u8>) -> Result<(), IccError> {
            Err(IccError::Mute)
        }
        fn reset(&mut self, _: &mut Vec<u8>) -> Result<(), IccError> {
            Err(IccError::Mute)
        }
        fn power_off(&mut self) -> Result<(), IccError> {
            Ok(())
        }
        fn transmit(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<(), IccError> {
            Err(IccError::Mute)
        }
    }
}
