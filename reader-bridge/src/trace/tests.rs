use std::sync::mpsc::channel;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::fault::{FaultyCard, RealTime, Script};
use vmyna_apdu::{Icc, IccError};

fn message(reader: &str, what: What) -> Message {
    Message {
        reader: reader.into(),
        time: UNIX_EPOCH + Duration::new(1_795_445_701, 123_456_789),
        what,
    }
}

fn conversation() -> Vec<Message> {
    let verify = b"\x00\x20\x00\x98\x041234";
    let say = |reader, what| message(reader, what);
    vec![
        say("Desk", What::PowerOn(vec![0x3B, 0xE0, 0x00])),
        say("Desk", What::Command(Octets::new(verify, 5..9, true))),
        say("Desk", What::Response(Octets::new(&[0x90, 0x00], 0..0, true))),
        say(
            "玄関",
            What::Command(Octets::new(&[0x00, 0xB0, 0x81, 0x00, 0x00], 0..0, true)),
        ),
        say("玄関", What::Response(Octets::new(&[1, 2, 3, 0x90, 0x00], 0..3, false))),
        say("Desk", What::Reset(vec![0x3B, 0xE0, 0x00])),
        say("Desk", What::Command(Octets::new(&[0x00], 0..0, true))),
        say("Desk", What::Unanswered),
        say("Desk", What::PowerOff),
    ]
}

/// The trace, and where each call's blocks end.
fn written(messages: &[Message]) -> (Vec<u8>, Vec<usize>) {
    let mut file = Vec::new();
    let mut ends = vec![0];
    PcapngSink::begin(&mut file).unwrap();
    for count in 0..=messages.len() {
        file.clear();
        let mut sink = PcapngSink::begin(&mut file).unwrap();
        for message in &messages[..count] {
            sink.write(std::slice::from_ref(message)).unwrap();
        }
        ends.push(file.len());
    }
    (file, ends)
}

#[test]
fn what_was_written_is_read_back_with_readers_times_and_masks() {
    let messages = conversation();
    let recording = read(written(&messages).0.as_slice()).unwrap();
    assert!(!recording.torn && recording.others == 0);
    assert!(
        recording
            .messages
            .iter()
            .map(|numbered| &numbered.message)
            .eq(&messages)
    );
    assert!(recording.messages.iter().map(|numbered| numbered.number).eq(1..=9));
}

#[test]
fn masked_bytes_are_not_in_the_file_and_keep_their_length() {
    let (file, _) = written(&conversation());
    let has = |wanted: &[u8]| file.windows(wanted.len()).any(|bytes| bytes == wanted);
    assert!(has(b"\x00\x20\x00\x98\x04****") && !has(b"1234"));
}

#[test]
fn a_file_cut_anywhere_is_read_up_to_its_last_whole_message() {
    let (file, ends) = written(&conversation());
    for cut in 12..file.len() {
        let recording = read(&file[..cut]).unwrap();
        let whole = ends[2..].iter().filter(|end| **end <= cut).count();
        assert_eq!(recording.messages.len(), whole, "cut at {cut}");
    }
}

#[test]
fn what_does_not_begin_as_pcapng_is_refused() {
    for file in [&b""[..], b"\n", b"2026-11-23T14:55:01Z", &[0; 64]] {
        assert!(matches!(read(file), Err(ReadError::NotPcapng)), "{file:?}");
    }
}

#[test]
fn the_big_endian_form_is_read_too() {
    let mut file = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let length = (body.len() as u32 + 12).to_be_bytes();
        file.extend([&kind.to_be_bytes()[..], &length, body, &length].concat());
    };
    block(
        0x0A0D_0D0A,
        b"\x1A\x2B\x3C\x4D\x00\x01\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
    );
    // No options: no name, microseconds.
    block(1, b"\x00\xFC\x00\x00\x00\x00\x00\x00");
    let packet = b"\x00\x0C\x00\x08iso7816\0\x00\x23\x00\x04\x00\x00\x00\x01\x00\x00\x00\x00\x90\x00\0\0";
    let head = b"\0\0\0\0\0\0\0\0\x00\x0F\x42\x40\0\0\0\x1A\0\0\0\x1A";
    block(6, &[&head[..], packet].concat());
    let recording = read(file.as_slice()).unwrap();
    assert_eq!(recording.messages[0].message.time, UNIX_EPOCH + Duration::from_secs(1));
    let What::Response(octets) = &recording.messages[0].message.what else {
        panic!("{recording:?}")
    };
    assert_eq!(octets.as_bytes(), [0x90, 0x00]);
}

#[test]
fn nothing_printed_for_debugging_shows_a_byte() {
    let octets = Octets::new(b"1234", 0..4, false);
    assert_eq!(format!("{octets:?}"), "4 bytes");
}

struct Echo;

impl Icc for Echo {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        atr.clear();
        atr.extend([0x3B, 0x00]);
        Ok(())
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.power_on(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        Ok(())
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        response.clear();
        response.extend(command);
        if command.is_empty() {
            Err(IccError::Mute)
        } else {
            Ok(())
        }
    }
}

struct Full;

impl Sink for Full {
    fn write(&mut self, _: &[Message]) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[test]
fn a_trace_that_can_t_be_written_is_told_once_and_the_card_goes_on() {
    let (sender, heard) = channel();
    let trace = Trace::new(
        Box::new(Full),
        false,
        Box::new(move |error| sender.send(error.kind()).unwrap()),
    );
    let mut card = Traced::new(Box::new(Echo), "Desk", trace, Secrecy::unknown());
    let mut response = Vec::new();
    card.power_on(&mut response).unwrap();
    card.transmit(&[0x90, 0x00], &mut response).unwrap();
    assert_eq!(response, [0x90, 0x00]);
    drop(card);
    assert_eq!(heard.iter().collect::<Vec<_>>(), [io::ErrorKind::StorageFull]);
}

struct Kept(std::sync::mpsc::Sender<Message>);

impl Sink for Kept {
    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        messages
            .iter()
            .for_each(|message| self.0.send(message.clone()).unwrap());
        Ok(())
    }
}

#[test]
fn a_card_that_leaves_by_itself_has_lost_its_power_once() {
    let (kept, messages) = channel();
    let trace = Trace::new(Box::new(Kept(kept)), false, Box::new(|_| {}));
    let faults = ["remove,ins=01", "remove=answered,ins=02", "remove,on=reset"];
    let script = Script::new(faults.iter().map(|text| text.parse().unwrap()).collect());
    let time = Box::new(RealTime::default());
    let card = FaultyCard::new(Box::new(Echo), script.into(), None, time, Box::new(|_| {}));
    let mut card = Traced::new(Box::new(card), "Desk", trace, Secrecy::unknown());
    let mut buffer = Vec::new();
    for command in [Some([0, 1]), Some([0, 2]), None] {
        card.power_on(&mut buffer).unwrap();
        let _ = match command {
            Some(command) => card.transmit(&command, &mut buffer),
            None => card.reset(&mut buffer),
        };
        assert!(card.has_left() && card.power_off().is_err());
    }
    drop(card);
    let events = messages.iter().map(|message| match message.what {
        What::PowerOn(_) => "on",
        What::PowerOff => "off",
        What::Command(_) => "command",
        What::Response(_) => "answer",
        What::Unanswered => "nothing",
        _ => "other",
    });
    let events: Vec<_> = events.collect();
    assert_eq!(events.join(" "), "on command nothing off on command answer off on off");
}

#[test]
fn what_is_written_into_a_secret_file_is_masked_and_a_card_that_tells_nothing_has_no_other() {
    for secret in [Some(false), Some(true), None] {
        let (kept, messages) = channel();
        let trace = Trace::new(Box::new(Kept(kept)), false, Box::new(|_| {}));
        let secrecy = secret.map_or_else(Secrecy::unknown, |_| Secrecy::reported());
        secrecy.report(secret == Some(true));
        let mut card = Traced::new(Box::new(Echo), "Desk", trace, secrecy);
        let mut response = Vec::new();
        for ins in [0xD6, 0xDC, 0xE2, 0x20, 0x84] {
            let command = [0x00, ins, 0x00, 0x00, 0x02, 0xAA, 0xBB];
            card.transmit(&command, &mut response).unwrap();
            let What::Command(octets) = messages.recv().unwrap().what else {
                panic!("a command comes before its answer")
            };
            let masked = match ins {
                0x20 => true,
                0x84 => false,
                _ => secret != Some(false),
            };
            let data = if masked { [MASK, MASK] } else { [0xAA, 0xBB] };
            assert_eq!(octets.as_bytes()[5..], data, "{ins:02X} {secret:?}");
            messages.recv().unwrap();
        }
    }
}

#[test]
fn of_a_card_that_tells_nothing_all_that_is_read_is_masked_and_no_answer_is_a_message_too() {
    let (kept, messages) = channel();
    let trace = Trace::new(Box::new(Kept(kept)), false, Box::new(|_| {}));
    let mut card = Traced::new(Box::new(Echo), "Desk", trace, Secrecy::unknown());
    let mut response = Vec::new();
    card.transmit(&[0x00, 0xB0, 0x00, 0x00, 0x02], &mut response).unwrap();
    assert_eq!(response, [0x00, 0xB0, 0x00, 0x00, 0x02]);
    assert!(card.transmit(&[], &mut response).is_err());
    drop(card);
    let events: Vec<_> = messages.iter().map(|message| message.what).collect();
    let [
        What::Command(_),
        What::Response(answer),
        What::Command(_),
        What::Unanswered,
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(answer.as_bytes(), [MASK, MASK, MASK, 0x00, 0x02]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_file_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(bytes.as_slice());
        // Behind a good beginning it gets further.
        let (mut file, ends) = written(&conversation()[..1]);
        file.truncate(ends[2]);
        file.extend(bytes);
        prop_assert!(read(file.as_slice()).map_or(0, |recording| recording.messages.len()) < 40);
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(at in 0..900_usize, byte in any::<u8>(), more in 0..900_usize, other in any::<u8>()) {
        let (mut file, _) = written(&conversation());
        let length = file.len();
        file[at % length] = byte;
        file[more % length] = other;
        let _ = read(file.as_slice());
    }

    #[test]
    fn any_message_comes_back_as_it_was(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        (start, length) in (0..300_usize, 0..300_usize),
        mask in any::<bool>(),
        reader in ".{0,40}",
    ) {
        let octets = Octets::new(&bytes, start..start + length, mask);
        let messages = [message(&reader, What::Command(octets))];
        let recording = read(written(&messages).0.as_slice()).unwrap();
        prop_assert_eq!(recording.messages[0].message.what.clone(), messages[0].what.clone());
    }
}

/// A trace with the interfaces of these names, and the packets of each in turn.
fn with_interfaces(names: impl Iterator<Item = String>, packets: usize) -> Vec<u8> {
    let mut trace = Vec::new();
    let mut sink = PcapngSink::begin(&mut trace).unwrap();
    let names: Vec<String> = names.collect();
    for name in &names {
        sink.write(&[message(name, What::PowerOff)]).unwrap();
    }
    let begin = trace.len();
    PcapngSink::begin(&mut trace)
        .unwrap()
        .write(&[message(&names[0], What::PowerOff)])
        .unwrap();
    // The packet is the last block.
    let length = trace.last_chunk().map(|length| u32::from_le_bytes(*length)).unwrap();
    let packet = trace[trace.len() - length as usize..].to_vec();
    trace.truncate(begin);
    for _ in 0..packets {
        trace.extend(&packet);
    }
    trace
}

#[test]
fn a_long_name_is_in_memory_once_however_many_packets_have_it() {
    let name = "n".repeat(limits::LONGEST_NAME);
    let trace = with_interfaces(std::iter::once(name.clone()), 200_000);
    let recording = read(&trace[..]).unwrap();
    assert_eq!(recording.messages.len(), 200_001);
    let first = recording.messages[0].message.reader.raw();
    assert_eq!(first, name);
    assert!(
        recording
            .messages
            .iter()
            .all(|one| std::ptr::eq(one.message.reader.raw(), first)),
        "a name was copied"
    );
}

#[test]
fn names_too_long_and_readers_too_many_are_refused() {
    let mut readers = Readers::default();
    let longer = "n".repeat(limits::LONGEST_NAME + 1);
    assert!(matches!(readers.name(&longer), Err(ReadError::LongName)));
    for number in 0..limits::MOST_READERS {
        readers.name(&number.to_string()).unwrap();
    }
    assert!(matches!(readers.name("another"), Err(ReadError::TooManyReaders)));
    assert_eq!(readers.name("1").unwrap().raw(), "1", "a known one is found again");

    // The name in the file, which the writer here would cut.
    let mut trace = with_interfaces(std::iter::once("n".to_owned()), 0);
    let mut body = exported_pdu::LINK_TYPE.to_le_bytes().to_vec();
    body.extend([0; 6]);
    body.extend(2_u16.to_le_bytes());
    body.extend(u16::MAX.to_le_bytes());
    body.extend([b'n'; 0x1_0000]);
    let length = (body.len() as u32 + 12).to_le_bytes();
    trace.extend([&1_u32.to_le_bytes()[..], &length, &body, &length].concat());
    assert!(matches!(read(&trace[..]), Err(ReadError::LongName)));

    let many = with_interfaces((0..=limits::MOST_READERS).map(|number| number.to_string()), 0);
    assert!(matches!(read(&many[..]), Err(ReadError::TooManyReaders)));
}

#[test]
fn a_trace_without_end_is_refused_at_the_limit() {
    // Blocks of a kind that is skipped, for ever.
    let block = [
        &0xBAD_u32.to_le_bytes()[..],
        &(1_u32 << 20).to_le_bytes(),
        &vec![0; (1 << 20) - 12],
        &(1_u32 << 20).to_le_bytes(),
    ]
    .concat();
    let begin = with_interfaces(std::iter::once("n".to_owned()), 0);
    struct Repeat(Vec<u8>, usize);
    impl std::io::Read for Repeat {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let rest = &self.0[self.1..];
            let length = rest.len().min(out.len());
            out[..length].copy_from_slice(&rest[..length]);
            self.1 = (self.1 + length) % self.0.len();
            Ok(length)
        }
    }
    let endless = std::io::Read::chain(&begin[..], Repeat(block, 0));
    assert!(matches!(read(endless), Err(ReadError::TooLong)));
}
