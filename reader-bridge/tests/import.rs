//! Logs of other programs: real ones become the messages that were sent, secrets are masked, a line that is none is an error
//! with its number, and what is written in a format is read back from it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use vmyna_apdu::hex;
use vmyna_reader_bridge::trace::import::{
    DetectError, Format, ImportError, LONGEST_LINE, MOST_MESSAGES, Place, Problem, detect, import,
};
use vmyna_reader_bridge::trace::{Message, PcapngSink, Sink, What};

fn log(name: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/logs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A message in a line; masked bytes are asterisks.
fn line(message: &Message) -> String {
    let octets = |arrow: &str, octets: &vmyna_reader_bridge::trace::Octets| {
        let bytes = octets.as_bytes();
        format!(
            "{arrow} {}",
            hex::encode_hiding(bytes, 0..bytes.len(), &octets.masked())
        )
    };
    match &message.what {
        What::PowerOn(atr) => format!("on {}", hex::encode(atr)),
        What::Reset(atr) => format!("reset {}", hex::encode(atr)),
        What::PowerOff => "off".to_owned(),
        What::Command(command) => octets(">", command),
        What::Response(answer) => octets("<", answer),
        What::Unanswered => "unanswered".to_owned(),
    }
}

#[track_caller]
fn lines(log: &[u8], show_secrets: bool) -> (Format, Vec<String>, Vec<Message>) {
    let format = detect(log).unwrap();
    let messages = import(log, format, show_secrets).unwrap_or_else(|error| panic!("{error}"));
    (format, messages.iter().map(line).collect(), messages)
}

const SELECT: [&str; 6] = [
    "> 00A4040C0AD392F000260100000001",
    "< 9000",
    "> 00A4020C020018",
    "< 9000",
    "> 00200080",
    "< 63C3",
];
const VERIFY: [&str; 2] = ["> 002000800431323334", "< 9000"];
const READ: [&str; 2] = [
    "> 00B08A0030",
    "< 308206323082051AA0030201020203010001300D06092A864886F70D01010B0500308187310B3009060355040613024A9000",
];
const AFTER_RESET: [&str; 4] = ["> 00200080", "< 6986", "> 00B0810000", "< 6982"];

/// The messages of the session that most logs hold.
fn session(power: &[&'static str], reset: &[&'static str], end: &[&'static str]) -> Vec<&'static str> {
    [power, &SELECT, &VERIFY, &READ, reset, &AFTER_RESET, end].concat()
}

const ATR: &str = "on 3BE000FF8131FE4514";

#[test]
fn real_logs_become_the_messages_that_were_sent() {
    let reset = ["reset 3BE000FF8131FE4514"];
    let short = [&SELECT[..4], &VERIFY, &READ].concat();
    let table = [
        (
            "scriptor.txt",
            Format::Scriptor,
            "vmyna 00 00",
            session(&[], &reset, &[]),
        ),
        // pcscd without --debug logs no reset and no loss of power.
        (
            "pcscd-info.txt",
            Format::Pcscd,
            "vmyna 0 00 00",
            session(&[ATR], &[], &["off"]),
        ),
        (
            "pcscd-debug.txt",
            Format::Pcscd,
            "vmyna 0 00 00",
            session(&[ATR, "off", ATR], &reset, &["off"]),
        ),
        (
            "pcscd-colour.txt",
            Format::Pcscd,
            "vmyna 0 00 00",
            session(&[ATR, "off", ATR], &reset, &["off"]),
        ),
        ("opensc.txt", Format::Opensc, "vmyna 00 00", short.clone()),
        (
            "gp.txt",
            Format::GlobalPlatformPro,
            "vmyna 00 00",
            [
                &short[..],
                &["> 00B08A00000010", "< 308206323082051AA0030201020203019000"],
            ]
            .concat(),
        ),
        (
            "pyscard.txt",
            Format::Pyscard,
            "vmyna 00 00",
            [&SELECT[..], &VERIFY].concat(),
        ),
        (
            "vicc.txt",
            Format::Vicc,
            "vicc",
            vec![
                "on ",
                "off",
                "on ",
                "> 00A4000C023F00",
                "< 9000",
                "> 002000010431323334",
                "< 9000",
                "> 00B0000010",
                "< 6986",
                "> 0084000010",
                "< 6AA50BD05256351A9000",
            ],
        ),
        (
            "gsmtap.pcap",
            Format::Capture,
            "GSMTAP",
            vec![
                "on 3B9F95801FC78031E073FE211B66D0017797160028",
                "> A0A40000023F00",
                "< 9F17",
                "> A0C0000005",
                "< 00000000029000",
                "> A02000010831323334FFFFFFFF",
                "< 9000",
                "> A0B0000004",
                "< 010203049000",
                "> A0B2010405",
                "< 6F00",
            ],
        ),
    ];
    for (name, format, reader, expected) in table {
        let (detected, lines, messages) = lines(&log(name), true);
        assert_eq!(detected, format, "{name}");
        let mut lines = lines;
        if name == "pyscard.txt" {
            // It reads 64 bytes more.
            assert_eq!(lines.len(), expected.len() + 2);
            lines.truncate(expected.len());
        }
        assert_eq!(lines, expected, "{name}");
        assert!(
            messages.iter().all(|message| *message.reader == reader),
            "{name}: {:?}",
            messages[0].reader
        );
    }
}

#[test]
fn pins_and_what_was_read_are_masked_unless_they_are_asked_for() {
    for name in [
        "scriptor.txt",
        "pcscd-debug.txt",
        "pcscd-colour.txt",
        "opensc.txt",
        "gp.txt",
        "pyscard.txt",
    ] {
        let (_, shown, messages) = lines(&log(name), false);
        assert!(shown.contains(&"> 0020008004********".to_owned()), "{name}: {shown:?}");
        assert!(
            shown
                .iter()
                .any(|line| line.starts_with("< ****") && line.ends_with("**9000")),
            "{name}"
        );
        assert!(shown.contains(&"< 63C3".to_owned()) || !["scriptor.txt", "pyscard.txt"].contains(&name));
        // Nowhere in the bytes either.
        let mut file = Vec::new();
        PcapngSink::begin(&mut file).unwrap().write(&messages).unwrap();
        assert!(!file.windows(4).any(|bytes| bytes == b"1234"), "{name}");
    }
    let (_, shown, _) = lines(&log("gsmtap.pcap"), false);
    assert!(shown.contains(&"> A020000108****************".to_owned()), "{shown:?}");
}

#[test]
fn times_are_those_of_the_log_or_begin_in_1970() {
    let since = |name: &str, at: usize| {
        let messages = lines(&log(name), true).2;
        messages[at].time.duration_since(UNIX_EPOCH).unwrap()
    };
    // 2026-11-29T20:36:02Z
    assert_eq!(since("vicc.txt", 0), Duration::from_secs(1_795_984_562));
    assert_eq!(since("gsmtap.pcap", 0), Duration::new(1_795_445_701, 250_000_000));
    assert!(since("opensc.txt", 0) < Duration::from_secs(86_400) && since("opensc.txt", 0) > Duration::from_secs(3600));
    assert_eq!(since("scriptor.txt", 0), Duration::ZERO);
    let (first, last) = (since("pcscd-debug.txt", 0), since("pcscd-debug.txt", 10));
    assert!(Duration::ZERO < first && first < last);
    assert_eq!(since("gp.txt", 9), Duration::from_millis(29));
}

#[test]
fn a_line_that_is_none_is_an_error_with_its_number_and_never_repeats_it() {
    use Format::{GlobalPlatformPro, Lines, Opensc, Pcscd, Pyscard, Scriptor, Vicc};
    let count = |stated, there| Problem::Count { stated, there };
    let cut = |stated, there| Problem::CutOff { stated, there };
    let table = [
        (Lines, "> 00A4\n< 9000\nhello 3132", 3, Problem::Foreign),
        (Lines, "# a comment\n\n> 00A40", 3, Problem::NotHex),
        (Lines, "> ", 1, Problem::Foreign),
        (Lines, "< 9000", 1, Problem::NoCommand),
        (Scriptor, "Using T=1 protocol\n> 00 A4\nhello", 3, Problem::Foreign),
        (Scriptor, "> 00 A4\n< 90 0x : Normal processing.", 2, Problem::NotHex),
        (Scriptor, "> 00 A4\n< 30 31", 2, cut(4, 2)),
        (Scriptor, "> RESET\n< 90 00 : Normal processing.", 2, Problem::Foreign),
        (Pyscard, "> 00 A4 0g", 1, Problem::NotHex),
        (Pyscard, "<  [] 90 00", 1, Problem::NoCommand),
        (Pcscd, "00000002 APDU: 00 A4 00 00 \nhello 3132", 2, Problem::Foreign),
        (Pcscd, "00000002 APDU: 00 A4 0", 1, Problem::NotHex),
        (Pcscd, "00000002 APDU: ", 1, Problem::Length(0)),
        (Pcscd, "00000002 SW: 90 00 ", 1, Problem::NoCommand),
        (Opensc, "Outgoing APDU (5 bytes):\n00 B0 8A 00", 2, cut(5, 4)),
        (
            Opensc,
            "Outgoing APDU (5 bytes):\n00 B0 8A 00 zz ....",
            2,
            Problem::NotHex,
        ),
        (Opensc, "Outgoing APDU (5 bytes):", 1, cut(5, 0)),
        (GlobalPlatformPro, "A>> T=1 (4+0002) 00A4020C 02 00", 1, count(2, 6)),
        (
            GlobalPlatformPro,
            "A>> T=1 (4+0000) 00A40400 00 \nA<< (0018+2) (26ms) 6F10 9000",
            2,
            count(18, 2),
        ),
        (GlobalPlatformPro, "A>> T=1 (4+0000 00A40400 00", 1, Problem::Foreign),
        (
            GlobalPlatformPro,
            "A>> T=1 (31323334313233343132) 00A40400",
            1,
            count(9_999_999, 4),
        ),
        (
            Vicc,
            "29.11.2026 20:36:05  [INFO] Command APDU (7 bytes):\n  0010:  00 A4",
            2,
            cut(7, 0),
        ),
    ];
    for (format, text, number, problem) in table {
        let error = import(text.as_bytes(), format, true).unwrap_err();
        let expected = ImportError {
            place: Place::Line(number),
            problem,
        };
        assert_eq!(error, expected, "{text:?}");
        assert!(!error.to_string().contains("3132"), "{error}");
        assert!(error.to_string().starts_with(&format!("line {number}: ")), "{error}");
    }
    for format in Format::ALL {
        assert!(import(b"", format, true).is_err());
    }
    let empty = import(b"00000000 pcscdaemon.c:666:main() daemon ready.\n", Pcscd, true).unwrap_err();
    assert_eq!(empty.problem, Problem::Nothing);
}

#[test]
fn limits_are_errors() {
    let long = format!("> {}\n", "00".repeat(LONGEST_LINE));
    assert_eq!(
        import(long.as_bytes(), Format::Lines, true).unwrap_err().problem,
        Problem::LongLine
    );
    let long = format!("> {}\n", "00".repeat(70_000));
    assert_eq!(
        import(long.as_bytes(), Format::Lines, true).unwrap_err().problem,
        Problem::Length(70_000)
    );
    let many = "> 00A40000\n".repeat(MOST_MESSAGES + 1);
    assert_eq!(
        import(many.as_bytes(), Format::Lines, true).unwrap_err().problem,
        Problem::TooMany
    );
    let name = format!("connecting to {}\n", "x".repeat(200));
    assert_eq!(
        import(name.as_bytes(), Format::Pyscard, true).unwrap_err().problem,
        Problem::Name
    );
    let name = "connecting to a\u{7}b\n> 00 A4 00 00\n";
    assert_eq!(
        import(name.as_bytes(), Format::Pyscard, true).unwrap_err().problem,
        Problem::Name
    );
}

#[test]
fn a_log_of_several_formats_or_of_none_is_not_guessed() {
    assert_eq!(detect(b"hello\nworld"), Err(DetectError::Unknown));
    assert_eq!(detect(b""), Err(DetectError::Unknown));
    let both = "A>> T=1 (4+0000) 00A40400 00 \nOutgoing APDU (5 bytes):\n";
    let several = vec![Format::GlobalPlatformPro, Format::Opensc];
    assert_eq!(detect(both.as_bytes()), Err(DetectError::Several(several)));
    assert_eq!(detect("\u{FEFF}# c\r\n\r\n=> 00A4\r\n".as_bytes()), Ok(Format::Lines));
}

#[test]
fn pcscd_s_lines_in_the_journal_are_read() {
    let text = "-- Boot 1 --\n\
        Nov 29 20:15:00 host systemd[1]: Started PC/SC Smart Card Daemon.\n\
        Nov 29 20:15:00 host pcscd[813]: 00000002 APDU: 00 20 00 80 \n\
        2026-11-29T20:15:00+09:00 host pcscd[813]: SW: 63 C3 \n";
    let (format, lines, _) = lines(text.as_bytes(), true);
    assert_eq!(
        (format, lines.join(" ")),
        (Format::Pcscd, "> 00200080 < 63C3".to_owned())
    );
}

/// pcscd's log of two programs at two readers, in colours or not.
fn two_programs(threads: bool, order: &[(usize, &str)]) -> String {
    let mut text = String::new();
    for (program, words) in order {
        let thread = if threads {
            format!("[14000{program}] ")
        } else {
            String::new()
        };
        writeln!(text, "00000001 {thread}{words}").unwrap();
    }
    text
}

#[test]
fn a_command_goes_to_the_reader_of_its_program_or_is_an_error() {
    let connect = |program: usize, reader: &'static str| {
        [
            (
                program,
                [
                    "winscard_svc.c:361:ContextThread() Received command: CONNECT from client 0",
                    "winscard_svc.c:361:ContextThread() Received command: CONNECT from client 1",
                ][program],
            ),
            (
                program,
                match reader {
                    "A" => "winscard.c:258:SCardConnect() Attempting Connect to A using protocol: 3",
                    _ => "winscard.c:258:SCardConnect() Attempting Connect to B using protocol: 3",
                },
            ),
            (
                program,
                [
                    "winscard_svc.c:523:ContextThread() CONNECT for client 0, rv=SCARD_S_SUCCESS",
                    "winscard_svc.c:523:ContextThread() CONNECT for client 1, rv=SCARD_S_SUCCESS",
                ][program],
            ),
        ]
    };
    let transmit = [
        (
            0,
            "winscard_svc.c:361:ContextThread() Received command: TRANSMIT from client 0",
        ),
        (0, "APDU: 00 20 00 80 "),
    ];
    let answer = [
        (0, "SW: 63 C3 "),
        (
            0,
            "winscard_svc.c:694:ContextThread() TRANSMIT for client 0, rv=SCARD_S_SUCCESS",
        ),
    ];
    let other = [
        (
            1,
            "winscard_svc.c:361:ContextThread() Received command: TRANSMIT from client 1",
        ),
        (1, "APDU: 00 84 00 00 08 "),
    ];
    let other_answer = [
        (1, "SW: 90 00 "),
        (
            1,
            "winscard_svc.c:694:ContextThread() TRANSMIT for client 1, rv=SCARD_S_SUCCESS",
        ),
    ];
    let in_turn = [
        &connect(0, "A")[..],
        &connect(1, "B"),
        &transmit,
        &answer,
        &other,
        &other_answer,
    ]
    .concat();
    let at_once = [
        &connect(0, "A")[..],
        &connect(1, "B"),
        &transmit,
        &other,
        &other_answer,
        &answer,
    ]
    .concat();
    for (threads, order) in [(true, &in_turn), (false, &in_turn), (true, &at_once)] {
        let text = two_programs(threads, order);
        let messages = import(text.as_bytes(), Format::Pcscd, true).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let readers: Vec<_> = messages
            .iter()
            .map(|message| (message.reader.raw(), line(message)))
            .collect();
        let at = |reader: &str| {
            readers
                .iter()
                .filter(|(name, _)| *name == reader)
                .map(|(_, line)| line.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(at("A"), ["> 00200080", "< 63C3"], "{text}");
        assert_eq!(at("B"), ["> 0084000008", "< 9000"], "{text}");
    }
    // Without threads nobody knows which of two commands at once an `APDU:` is.
    let text = two_programs(false, &at_once);
    assert_eq!(
        import(text.as_bytes(), Format::Pcscd, true).unwrap_err().problem,
        Problem::Ambiguous
    );
    // One program at two readers.
    let two = [&connect(0, "A")[..], &connect(0, "B"), &transmit].concat();
    let text = two_programs(true, &two);
    assert_eq!(
        import(text.as_bytes(), Format::Pcscd, true).unwrap_err().problem,
        Problem::Ambiguous
    );
    // Cards in two readers, and no line about programs.
    let text = "00000001 eventhandler.c:423:EHStatusHandlerThread() Card inserted into A\n\
        00000001 eventhandler.c:423:EHStatusHandlerThread() Card inserted into B\n00000001 APDU: 00 20 00 80 \n";
    assert_eq!(
        import(text.as_bytes(), Format::Pcscd, true).unwrap_err().problem,
        Problem::Ambiguous
    );
}

#[test]
fn an_answer_that_never_came_is_none() {
    let text = "00000001 APDU: 00 20 00 80 \n00000001 SW: \n";
    assert_eq!(lines(text.as_bytes(), true).1, ["> 00200080", "unanswered"]);
    let text = "A>> T=1 (4+0000) 00200080\n<< (12ms) SCARD_E_NOT_TRANSACTED\n";
    assert_eq!(lines(text.as_bytes(), true).1, ["> 00200080", "unanswered"]);
}

#[test]
fn a_direction_that_is_not_known_is_an_error_with_the_packet() {
    let mut capture = log("gsmtap.pcap");
    // INS of the second packet.
    let at = capture
        .windows(4)
        .position(|bytes| bytes == [0xA0, 0xA4, 0, 0])
        .unwrap();
    capture[at + 1] = 0xE0;
    let error = import(&capture, Format::Capture, true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "packet 2: whether the data of instruction E0 are sent or received is not known"
    );
}

/// A conversation: commands with an Le or data, and answers.
fn conversation() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let command = (any::<[u8; 4]>(), proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(header, data)| {
        let mut command = header.to_vec();
        if !data.is_empty() {
            command.push(data.len() as u8);
            command.extend(data);
        }
        command
    });
    let answer = (proptest::collection::vec(any::<u8>(), 0..40), any::<[u8; 2]>())
        .prop_map(|(data, status)| [&data[..], &status].concat());
    proptest::collection::vec((command, answer), 1..6)
}

fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X} ")).collect()
}

/// A dump as OpenSC prints it.
fn dump(title: &str, bytes: &[u8]) -> String {
    let mut text = format!("{title} ({} bytes):\n", bytes.len());
    for row in bytes.chunks(16) {
        let width = if bytes.len() > 16 { 48 } else { 0 };
        writeln!(text, "{:width$}{}", spaced(row), ".".repeat(row.len())).unwrap();
    }
    text + "\n"
}

/// The conversation in this format, as its program prints it.
fn written(format: Format, conversation: &[(Vec<u8>, Vec<u8>)]) -> String {
    let mut text = String::new();
    for (command, answer) in conversation {
        let (data, status) = answer.split_at(answer.len() - 2);
        text += &match format {
            Format::Lines => format!("> {}\n< {}\n", hex::encode(command), hex::encode(answer)),
            Format::Pcscd => format!("00000001 APDU: {}\n00000020 SW: {}\n", spaced(command), spaced(answer)),
            Format::Pyscard if data.is_empty() => format!("> {}\n<  [] {}\n", spaced(command), spaced(status)),
            Format::Pyscard => format!("> {}\n< {}\n", spaced(command), spaced(answer)),
            Format::Scriptor => {
                let bytes = spaced(answer);
                let rows: Vec<String> = bytes
                    .trim_end()
                    .as_bytes()
                    .chunks(48)
                    .map(|row| String::from_utf8_lossy(row).into_owned())
                    .collect();
                format!("> {}\n< {} : Normal processing.\n", spaced(command), rows.join("\n"))
            }
            Format::Opensc => dump("Outgoing APDU", command) + &dump("Incoming APDU", answer),
            Format::GlobalPlatformPro => format!(
                "A>> T=1 (4+{:04}) {}\nA<< ({:04}+2) (5ms) {} {}\n",
                command.len().saturating_sub(5),
                hex::encode(command),
                data.len(),
                hex::encode(data),
                hex::encode(status)
            ),
            _ => {
                let rows = |bytes: &[u8]| -> String {
                    let rows = bytes.chunks(16).enumerate();
                    rows.map(|(at, row)| format!("  {:04x}:  {:48}  ....\n", at * 16, spaced(row)))
                        .collect()
                };
                let stamp = "29.11.2026 20:36:05  [INFO]";
                format!(
                    "{stamp} Command APDU ({} bytes):\n{}{stamp} Response APDU ({} bytes):\n{}\n",
                    command.len(),
                    rows(command),
                    answer.len(),
                    rows(answer)
                )
            }
        };
    }
    text
}

const TEXTS: [Format; 7] = [
    Format::Lines,
    Format::Pcscd,
    Format::Pyscard,
    Format::Scriptor,
    Format::Opensc,
    Format::GlobalPlatformPro,
    Format::Vicc,
];

proptest! {
    #[test]
    fn a_conversation_is_read_back_from_every_format(conversation in conversation()) {
        let expected: Vec<String> = conversation
            .iter()
            .flat_map(|(command, answer)| [format!("> {}", hex::encode(command)), format!("< {}", hex::encode(answer))])
            .collect();
        for format in TEXTS {
            let text = written(format, &conversation);
            let messages = import(text.as_bytes(), format, true).unwrap_or_else(|error| panic!("{format:?}: {error}\n{text}"));
            prop_assert_eq!(messages.iter().map(line).collect::<Vec<_>>(), expected.clone(), "{:?}\n{}", format, text);
        }
    }

    #[test]
    fn no_damage_makes_the_importer_panic_or_repeat_a_line(
        conversation in conversation(),
        format in proptest::sample::select(TEXTS.to_vec()),
        at in any::<prop::sample::Index>(),
        damage in proptest::collection::vec(any::<u8>(), 0..20),
        read_as in proptest::sample::select(Format::ALL.to_vec()),
    ) {
        let mut text = written(format, &conversation).into_bytes();
        let at = at.index(text.len());
        text.splice(at..at, damage);
        let _ = detect(&text);
        let _ = import(&text, format, false);
        let _ = import(&text, read_as, false);
        let mut capture = log("gsmtap.pcap");
        let at = at % capture.len();
        capture[at] ^= 0x5A;
        let _ = import(&capture, Format::Capture, false);
    }

    #[test]
    fn own_traces_are_imported_with_their_masks(conversation in conversation()) {
        let text = written(Format::Lines, &conversation);
        for show in [false, true] {
            let messages = import(text.as_bytes(), Format::Lines, show).unwrap();
            let mut file = Vec::new();
            PcapngSink::begin(&mut file).unwrap().write(&messages).unwrap();
            let again = import(&file, Format::Capture, true).unwrap();
            prop_assert_eq!(&again, &messages);
        }
    }
}
