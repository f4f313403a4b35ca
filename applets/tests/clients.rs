//! The published traces of real cards, and the command sequences of public clients, on the specimen card of 見本花子, a
//! fictional person.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{AUTH, ISD, JPKI, Rig, SIGN, hex};
use vmyna_applets::issuance::cv::{CvCertificate, KeyId};

#[test]
fn the_atr_is_the_one_by_which_open_sc_knows_the_card() {
    let mut rig = Rig::hanako();
    assert_eq!(hex(rig.card.power_on()), "3BE000FF8131FE4514");
    assert_eq!(hex(rig.card.reset().unwrap()), "3BE000FF8131FE4514");
}

#[test]
fn the_published_traces_come_out_the_same() {
    // OpenSC issue 3169.
    Rig::jpki().expect(&[("00A4020C 02 0001", 0x9000), ("00B00000 04", 0x6982)]);
    // OpenSC issue 959.
    Rig::jpki().expect(&[
        ("00A4020C 02 0018", 0x9000),
        ("00200080 04 31323334", 0x9000),
        ("00200080", 0x63C3),
    ]);
    // myna-card.
    let mut rig = Rig::hanako();
    assert_eq!(hex(&rig.data("00CA5F51 00")), "E000FF8131FE4514");
    rig.select(JPKI);
    assert_eq!(hex(&rig.data("00CA5F51 00")), "E000FF8131FE4514");
    assert_eq!(hex(&rig.data("00B08800 00")), "8F8F00");
}

#[test]
fn power_up_selects_the_card_manager_and_mf_is_refused_there_and_faked_in_an_application() {
    let mut rig = Rig::hanako();
    rig.expect(&[
        ("00A40000", 0x6A86),
        ("00CA00F2 00", 0x9000),
        ("00A4000C 02 3F00", 0x6A82),
    ]);
    rig.select(JPKI);
    rig.expect(&[
        ("00A40000", 0x9000),
        ("00A4000C", 0x9000),
        ("00CA00F2 00", 0x6A88),
        ("00B08600 00", 0x9000),
    ]);
    rig.expect(&[("00A40400 07 A0000001510000 00", 0x9000), ("00A4020C 02 001E", 0x9000)]);
    rig.expect(&[("00B00000 00", 0x6981), ("00B20104 00", 0x6981)]);
}

#[test]
fn applications_are_found_by_partial_names_and_next_occurrence() {
    let mut rig = Rig::hanako();
    rig.expect(&[("00A40400", 0x9000), ("00CA00F2 00", 0x9000)]);
    rig.expect(&[
        ("00A40402", 0x9000),
        ("00B08600 00", 0x9000),
        ("00A40402", 0x6A82),
        ("00B08600 00", 0x9000),
    ]);
    let (fci, sw) = rig.send("00A40400 09 D392F0002601000000 00");
    assert_eq!((&fci[..1], sw), (&[0x6F][..], 0x9000));
    assert_eq!(hex(&fci), format!("6F0C840A{JPKI}"));
}

#[test]
fn get_data_gives_the_card_managers_objects_in_their_published_forms() {
    let mut rig = Rig::hanako();
    assert_eq!(rig.data("00CA00F0 00"), b"13101", "five digits");
    assert_eq!(rig.data("00CA00F2 00"), b"20361025", "YYYYMMDD");
    assert!(rig.data("00CA0045 00").is_ascii());
    let recognition = rig.data("00CA0066 00");
    assert!(
        hex(&recognition).contains("2A864886FC6B"),
        "identifiers under 1.2.840.114283"
    );
    KeyId::from_bytes(&rig.data("00CA0042 00")).unwrap();
    let intermediate = rig.data("00CA00F7 00");
    KeyId::from_bytes(&intermediate).unwrap();
    for tag in ["00F8", "7F21"] {
        rig.expect(&[(&format!("00CA{tag} 00"), 0x6700)]); // longer than a short Le
        let object = rig.data(&format!("00CA{tag} 000000"));
        assert_eq!(object.len(), 575);
        assert!(hex(&object).starts_with("4D0A42105F20105F498201095F4E820129"));
        assert_eq!(hex(&object[314..319]), "5F37820100");
        let own = if tag == "00F8" { 33..49 } else { 17..33 };
        assert_eq!(
            object[own], intermediate,
            "00F7 is the subject of 00F8 and the issuer of 7F21"
        );
    }
    let [upper, lower] =
        ["00F8", "7F21"].map(|tag| CvCertificate::from_object(&rig.data(&format!("00CA{tag} 000000"))).unwrap());
    lower.verify(&upper.public_key().unwrap()).unwrap();
    rig.expect(&[("00CA00F3 00", 0x6A88), ("00CA0000 00", 0x6A88)]);
}

#[test]
fn open_sc_finds_the_card_reads_a_certificate_and_signs() {
    let mut rig = Rig::hanako();
    // What drivers of other cards send before it is this one's turn.
    rig.expect(&[
        ("00CADF30 05", 0x6A88),
        ("00CB3FFF 05 5C035FC107 00", 0x6D00),
        ("00A4040C 09 A00000030800001000", 0x6A82),
    ]);
    rig.select(JPKI);
    rig.expect(&[
        ("00CADF30 05", 0x6A88),
        ("00CB3FFF 05 5C035FC107 00", 0x6D00),
        ("00A4090C 02 000A", 0x6A86),
    ]);
    rig.expect(&[("00A4020C 02 000A", 0x9000)]);
    let head = rig.data("00B00000 04");
    let length = usize::from(u16::from_be_bytes([head[2], head[3]])) + 4;
    let mut certificate = Vec::new();
    while certificate.len() < length {
        let piece = (length - certificate.len()).min(256);
        certificate.extend(rig.data(&format!("00B0{:04X} {:02X}", certificate.len(), piece & 0xFF)));
    }
    assert_eq!(certificate.len(), 1590);
    rig.expect(&[
        ("00A4020C 02 0018", 0x9000),
        ("00200080", 0x63C3),
        ("00200080 04 31323334", 0x9000),
    ]);
    rig.expect(&[("00A4020C 02 0017", 0x9000)]);
    assert_eq!(rig.data("802A0080 01 5A 00").len(), 256);
}

#[test]
fn other_clients_ways_lead_to_the_same_end() {
    // pyjpki: VERIFY, SELECT of the application again, then the key; reading in pieces until 6B00.
    let mut rig = Rig::jpki();
    rig.expect(&[("00A4020C 02 001B", 0x9000), ("00200080 06 414243313233", 0x9000)]);
    rig.select(JPKI);
    rig.expect(&[
        ("00A4020C 02 001A", 0x9000),
        ("802A0080 01 5A 00", 0x9000),
        ("00A4020C 02 0001", 0x9000),
    ]);
    rig.expect(&[("00B005FA FF", 0x9000), ("00B006DA FF", 0x6B00)]);
    // A pyscard client with short identifiers.
    let mut rig = Rig::jpki();
    rig.expect(&[
        ("00200098", 0x63C3),
        ("00200091", 0x6A82),
        (AUTH, 0x9000),
        ("802A0097 01 5A 00", 0x9000),
    ]);
    rig.expect(&[
        ("00B08A00 04", 0x9000),
        ("00B08A04 00", 0x9000),
        ("00B08103 0C", 0x6982),
        ("00B08202 01", 0x9000),
    ]);
    // jpki/myna: the label by 32 bytes; many digests behind one VERIFY, then the certificate.
    let mut rig = Rig::jpki();
    rig.expect(&[("00A4020C 02 0006", 0x9000)]);
    assert_eq!(
        rig.data("00B00000 20"),
        format!("{:32}", "JPKIAPICCTOKEN2").into_bytes()
    );
    rig.expect(&[(SIGN, 0x9000), ("00A4020C 02 001A", 0x9000)]);
    for _ in 0..10 {
        rig.expect(&[("802A0080 01 5A 00", 0x9000)]);
    }
    rig.expect(&[("00A4020C 02 0001", 0x9000), ("00B00000 07", 0x9000)]);
    // myna-card: a throw-away command behind power, then as usual.
    rig.card.power_on();
    rig.sw("00A40000");
    rig.select(ISD);
    rig.select(JPKI);
    rig.expect(&[("00B08A00 00", 0x9000)]);
}

#[test]
fn what_jpki_refuses_it_refuses_as_published() {
    let mut rig = Rig::jpki();
    rig.expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
    rig.expect(&[
        ("80FC0000", 0x6700),             // the phone tokens' indicator
        ("80AE0000 04 80022222", 0x6982), // no secure session in this application
        ("80540098", 0x6982),             // UNLOCK KEY
        ("00840000 000101", 0x6985),      // GET CHALLENGE of 257 bytes
        ("01B08A00 00", 0x6881),          // a logical channel
        ("08B08A00 00", 0x69FC),          // secure messaging without a session
        ("08A4040C 02 D392", 0x6882),
        ("00880097 04 01020304 00", 0x6982), // INTERNAL AUTHENTICATE with a key behind a PIN
        ("0088009A 04 01020304 00", 0x6982),
        ("802A0697 01 5A 00", 0x6A86),
        ("00B0970000", 0x6981),
        ("00B08AFFFF", 0x9000),
        ("00B07FFF 00", 0x6B00),
    ]);
    assert_eq!(rig.data("00840000 00").len(), 256);
}
