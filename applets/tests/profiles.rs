//! The profiles: what they are called, what their ATRs say, how the cards differ, and a whole card on a contactless
//! reader, also in front of unmodified OpenSC.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::process::Output;
use std::time::{Duration, Instant};

use common::{AUTH, ISD, JPKI, Rig, SIGN, bytes, hex};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_apdu::{Icc, Reader};
use vmyna_applets::{Interface, Profile, specimen};
use vmyna_card_os::Card;
use vmyna_card_os::state::MemoryStore;
use vmyna_reader_bridge::vpcd::{VpcdAddress, VpcdServer};
use vmyna_reader_bridge::{ContactlessReader, SoftwareReader, TypeB};
use vmyna_testkit::{PrivatePcscd, client};

/// Hanako's card of this profile, without power.
fn card(profile: &Profile) -> Card {
    let mut hanako = specimen::find("hanako").unwrap().unwrap();
    hanako.profile = profile.clone();
    let rng = ChaCha20Rng::seed_from_u64(1);
    hanako.card(Box::<MemoryStore>::default(), Box::new(rng)).unwrap()
}

/// The same under power.
fn rig(profile: &Profile) -> Rig {
    let mut card = card(profile);
    card.power_on();
    Rig { card }
}

/// The same as a reader for this profile holds it.
fn icc(profile: &Profile) -> Box<dyn Icc + Send> {
    let card = card(profile);
    match type_b(profile) {
        None => Box::new(card),
        Some(type_b) => Box::new(ContactlessReader::new(
            card,
            type_b,
            Box::new(ChaCha20Rng::seed_from_u64(2)),
        )),
    }
}

fn type_b(profile: &Profile) -> Option<TypeB> {
    match profile.interface {
        Interface::Contact => None,
        Interface::Contactless(type_b) => Some(type_b),
    }
}

fn find(name: &str) -> Profile {
    Profile::find(name).unwrap()
}

/// The parts of an ATR (ISO/IEC 7816-3, 8.2), of which nothing may be left over.
struct Atr {
    /// T of each TD byte, in order.
    protocols: Vec<u8>,
    historical: Vec<u8>,
}

fn parse(atr: &[u8]) -> Atr {
    assert_eq!(atr[0], 0x3B, "direct convention");
    let (mut format, mut at, mut protocols) = (atr[1], 2, Vec::new());
    loop {
        at += (format >> 4).count_ones() as usize;
        if format & 0x80 == 0 {
            break;
        }
        format = atr[at - 1];
        protocols.push(format & 0x0F);
    }
    let historical = atr[at..at + usize::from(atr[1] & 0x0F)].to_vec();
    assert_eq!(at + historical.len() + 1, atr.len(), "TCK ends the ATR {}", hex(atr));
    assert_eq!(
        atr[1..].iter().fold(0, |sum, byte| sum ^ byte),
        0,
        "TCK of {}",
        hex(atr)
    );
    Atr { protocols, historical }
}

/// The value of a compact-TLV object in historical bytes of category `80` (ISO/IEC 7816-4, 8.1.1).
fn compact_tlv(historical: &[u8], tag: u8) -> Option<Vec<u8>> {
    let (0x80, mut rest) = historical.split_first().map(|(first, rest)| (*first, rest))? else {
        return None;
    };
    while let Some((head, body)) = rest.split_first() {
        let (value, after) = body.split_at(usize::from(head & 0x0F));
        if head >> 4 == tag {
            return Some(value.to_vec());
        }
        rest = after;
    }
    None
}

#[test]
fn each_profile_is_found_by_its_name_and_says_what_it_is_and_how_certain_that_is() {
    for name in Profile::NAMES {
        let profile = find(name);
        assert_eq!(profile.name, name);
        assert!(
            !profile.description.is_empty() && !profile.description.ends_with('.'),
            "{name}"
        );
        assert!(profile.facts.iter().any(|(what, _)| *what == "ATR"), "{name}");
        assert!(
            profile.facts.iter().all(|(_, basis)| !basis.source.is_empty()),
            "{name}"
        );
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!((1..=64).contains(&name.len()) && name.bytes().all(allowed), "{name}");
    }
    let all: Vec<_> = Profile::all().map(|profile| profile.name).collect();
    assert_eq!(all, Profile::NAMES);
    assert_eq!(Profile::default().name, Profile::NAMES[0]);
    assert_eq!(Profile::find("Contact"), None);
    assert_eq!(Profile::find(""), None);
}

#[test]
fn no_two_profiles_are_the_same_card() {
    for (index, one) in Profile::all().enumerate() {
        for other in Profile::all().skip(index + 1) {
            let differ = (&one.atr, one.card_certificate) != (&other.atr, other.card_certificate);
            assert!(differ, "{} and {}", one.name, other.name);
        }
    }
}

/// Transcribed anew from the published lists: pcsc-tools, and OpenSC's for Windows.
#[test]
fn the_atrs_are_those_that_were_observed() {
    for (name, atr) in [
        ("contact", "3BE000FF8131FE4514"),
        ("contact-3bc5", "3BC5FF8131FB458073C6010000"),
        ("contact-3bda", "3BDA13FF8131FB468012392F31C173C601C03B"),
        ("contact-3bf5-a1", "3BF59100FF918171FE400042 0001B3A1 15"),
        ("contact-3bf5-d1", "3BF59100FF918171FE400042 000100D1 D6"),
        ("contact-old", "3BE000FF8131FE4514"),
        ("contactless", "3B888001 000005E0 B381A1 00 7F"),
        ("contactless-41e0", "3B888001 000041E0 B381A1 00 3B"),
        ("contactless-51ff", "3B888001 004B51FF B381D1 00 0F"),
        ("contactless-51ff-106", "3B888001 004B51FF 0081D1 00 BC"),
    ] {
        assert_eq!(hex(&find(name).atr), hex(&bytes(atr)), "{name}");
    }
}

#[test]
fn every_atr_is_whole_and_offers_t1() {
    for profile in Profile::all() {
        assert!(parse(&profile.atr).protocols.contains(&1), "{}", profile.name);
        assert!(
            parse(&profile.contact_atr)
                .protocols
                .iter()
                .all(|protocol| *protocol == 1)
        );
    }
}

#[test]
fn a_contactless_atr_is_what_the_reader_makes_of_the_atqb_and_a_contact_atr_is_the_cards_own() {
    for profile in Profile::all() {
        match type_b(&profile) {
            None => assert_eq!(profile.atr, profile.contact_atr, "{}", profile.name),
            Some(type_b) => assert_eq!(profile.atr, type_b.pseudo_atr(), "{}", profile.name),
        }
    }
}

/// Historical bytes as the descriptions tell them: card capabilities, third byte, b8 chaining and b7 extended lengths.
#[test]
fn the_batches_declare_in_their_atrs_what_their_descriptions_say() {
    let historical = |name| parse(&find(name).atr).historical;
    assert!(historical("contact").is_empty());
    assert_eq!(
        compact_tlv(&historical("contact-3bc5"), 7),
        Some(vec![0xC6, 0x01, 0x00])
    );
    let latest = historical("contact-3bda");
    assert_eq!(compact_tlv(&latest, 7), Some(vec![0xC6, 0x01, 0xC0]));
    assert_eq!(compact_tlv(&latest, 1), Some(vec![0x39, 0x2F]), "country code 392");
    assert_eq!(compact_tlv(&latest, 3), Some(vec![0xC1]), "b1: no MF");
}

#[test]
fn a_card_claims_two_and_a_half_seconds_or_a_third_for_an_answer() {
    let waiting = |name| type_b(&find(name)).unwrap().frame_waiting_time().as_millis();
    assert_eq!(["contactless", "contactless-41e0"].map(waiting), [309, 309]);
    assert_eq!(["contactless-51ff", "contactless-51ff-106"].map(waiting), [2474, 2474]);
}

#[test]
fn an_atr_tells_the_first_profile_that_has_it() {
    let name = |atr: &str| Profile::with_atr(&bytes(atr)).map(|profile| profile.name);
    assert_eq!(name("3BE000FF8131FE4514"), Some("contact"));
    assert_eq!(name("3B888001000041E0B381A1003B"), Some("contactless-41e0"));
    // The older card of the residents' network, 住基カード, is another card.
    assert_eq!(name("3B888001000014E0B38191005E"), None);
}

#[test]
fn every_card_tells_its_contact_atr_in_its_applications() {
    for profile in Profile::all() {
        let mut rig = rig(&profile);
        rig.select(JPKI);
        assert_eq!(rig.data("00CA5F51 00"), profile.contact_atr[1..], "{}", profile.name);
    }
}

#[test]
fn only_the_old_card_lacks_the_certificate_of_its_key_and_the_contact_atr_at_the_card_manager() {
    for profile in Profile::all() {
        let expected = if profile.name == "contact-old" { 0x6A88 } else { 0x9000 };
        let mut rig = rig(&profile);
        rig.expect(&[
            ("00CA7F21 000000", expected),
            ("00CA5F51 00", expected),
            ("00CA00F8 000000", 0x9000),
        ]);
        rig.select(JPKI);
        rig.select(ISD);
        rig.expect(&[("00CA7F21 000000", expected), ("00CA5F51 00", expected)]);
    }
}

#[test]
fn every_card_logs_in_and_signs_through_its_reader_and_only_contactless_readers_answer_class_ff() {
    let digest_info = format!("3031300D060960864801650304020105000420{}", "5A".repeat(32));
    for profile in Profile::all() {
        let mut reader = SoftwareReader::new(profile.name);
        reader.put(icc(&profile)).unwrap();
        assert_eq!(reader.atr(), Some(profile.atr.as_slice()), "{}", profile.name);
        let mut send = |command: &str| {
            let mut response = Vec::new();
            reader.transmit(&bytes(command), &mut response).unwrap();
            hex(&response)
        };
        let select = format!("00A4040C 0A {JPKI}");
        let sign = format!("802A0080 33 {digest_info} 00");
        for (key, pin) in [("0017", AUTH), ("001A", SIGN)] {
            for command in [select.as_str(), pin, &format!("00A4020C 02 {key}")] {
                assert_eq!(send(command), "9000", "{command} with {}", profile.name);
            }
            let signature = send(&sign);
            assert!(
                signature.len() == 2 * 258 && signature.ends_with("9000"),
                "{}",
                profile.name
            );
        }
        let uid = send("FFCA0000 00");
        match profile.interface {
            Interface::Contact => assert_eq!(uid, "6E00"),
            Interface::Contactless(_) => assert!(uid.len() == 12 && uid.ends_with("9000"), "{uid}"),
        }
        // The question to the reader has left the card as it was.
        assert!(send(&sign).ends_with("9000"));
    }
}

#[test]
fn a_warm_reset_on_a_contactless_reader_keeps_what_was_verified_and_a_cold_one_does_not() {
    let mut reader = SoftwareReader::new("desk");
    reader.put(icc(&find("contactless"))).unwrap();
    let mut response = Vec::new();
    let mut status = |reader: &mut SoftwareReader, command: &str| {
        reader.transmit(&bytes(command), &mut response).unwrap();
        hex(&response[response.len() - 2..])
    };
    let select = format!("00A4040C 0A {JPKI}");
    assert_eq!(status(&mut reader, &select), "9000");
    assert_eq!(status(&mut reader, SIGN), "9000");
    reader.reset().unwrap();
    assert_eq!(status(&mut reader, "00B08100 04"), "9000");
    reader.power_cycle().unwrap();
    assert_eq!(status(&mut reader, &select), "9000");
    assert_eq!(status(&mut reader, "00B08100 04"), "6982");
}

/// OpenSC finds no ATR that it knows, so it tries the AID (OpenSC `card-jpki.c`).
#[test]
fn opensc_knows_the_card_by_its_application_whatever_the_atr() {
    for name in ["contact-3bda", "contactless", "contactless-51ff"] {
        let profile = find(name);
        let pcscd = PrivatePcscd::start(1).unwrap();
        let mut server = VpcdServer::new(VpcdAddress::local(pcscd.ports()[0]));
        let (stop, mut card) = (server.stop_handle(), icc(&profile));
        let thread = std::thread::spawn(move || server.run(&mut *card, &mut |_| {}).unwrap());
        let run = |program: &str, arguments: &[&str]| -> Output {
            client(program, "opensc")
                .args(arguments)
                .envs(pcscd.environment())
                .output()
                .unwrap()
        };
        let end = Instant::now() + Duration::from_secs(20);
        while !run("opensc-tool", &["--atr"]).status.success() {
            assert!(Instant::now() < end, "no card seen:\n{}", pcscd.log());
        }
        let printed = |output: Output| {
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            assert!(output.status.success(), "{name}:\n{text}");
            text
        };
        let atr: Vec<_> = profile.atr.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(printed(run("opensc-tool", &["--atr"])).contains(&atr.join(":")));
        assert_eq!(printed(run("opensc-tool", &["--name"])).lines().next(), Some("jpki"));
        let dump = printed(run("pkcs15-tool", &["--dump"]));
        for object in [
            "PKCS#15 Card [JPKI]",
            "Private RSA Key [User Authentication Key]",
            "Private RSA Key [Digital Signature Key]",
            "X.509 Certificate [Digital Signature Certificate CA]",
        ] {
            assert!(dump.contains(object), "{name}: {object} is missing in\n{dump}");
        }
        let verify = ["--verify-pin", "--auth-id", "01", "--pin", "1234"];
        printed(run("pkcs15-tool", &verify));
        stop.stop();
        thread.join().unwrap();
    }
}
