//! The published traces of real cards, and the command sequences of public clients, on the specimen card of 見本花子, a
//! fictional person.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{AUTH, CARD_INFO, FACE_INFO, INPUT_ASSIST, ISD, JPKI, RESIDENCE_CODE, Rig, SIGN, hex};
use vmyna_applets::cv::{CvCertificate, KeyId};

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
    rig.expect(&[("00A4020C 02 001E", 0x9000), ("00B00000 00", 0x6981)]);
    rig.expect(&[("00B20104 00", 0x6981)]);
    rig.expect(&[("00A40400 07 A0000001510000 00", 0x9000), ("00A4020C 02 001E", 0x6A82)]);
}

#[test]
fn applications_are_found_by_partial_names_and_next_occurrence() {
    let mut rig = Rig::hanako();
    rig.expect(&[("00A40400", 0x9000), ("00CA00F2 00", 0x9000)]);
    // sc-tools-myna finds them all this way; JPKI comes first and the common card application last.
    rig.expect(&[("00A40402", 0x9000), ("00B08600 00", 0x9000)]);
    for _ in [INPUT_ASSIST, FACE_INFO, RESIDENCE_CODE, CARD_INFO] {
        rig.expect(&[("00A40402", 0x9000)]);
    }
    rig.expect(&[("00B2010C 00", 0x9000), ("00A40402", 0x6A82), ("00B2010C 00", 0x9000)]);
    let (fci, sw) = rig.send("00A40400 09 D392F0002601000000 00");
    assert_eq!((&fci[..1], sw), (&[0x6F][..], 0x9000));
    assert_eq!(hex(&fci), format!("6F0C840A{JPKI}"));
    // S380-relay prints these two answers of a real card as far as 6F.
    for aid in [INPUT_ASSIST, CARD_INFO] {
        let fci = rig.data(&format!("00A40400 0A {aid} 00"));
        assert_eq!(hex(&fci), format!("6F0C840A{aid}"));
    }
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
    rig.expect(&[("00B005FA FF", 0x9000), ("00B00EE0 FF", 0x6B00)]);
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

/// jpki-image-signer and jpki-web ask in both forms and take the one that answers 63Cx.
#[test]
fn a_client_that_asks_with_and_without_le_gets_one_answer() {
    let mut rig = Rig::jpki();
    rig.expect(&[
        ("00A4020C 02 001B", 0x9000),
        ("00200080", 0x63C5),
        ("0020008000", 0x6700),
        ("00200080", 0x63C5),
    ]);
}

#[test]
fn what_jpki_refuses_it_refuses_as_published() {
    let mut rig = Rig::jpki();
    rig.expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
    rig.expect(&[
        ("80FC0000", 0x6700),                                       // the phone tokens' indicator
        ("80AE0000 04 80022222", 0x6700),                           // no encrypted key is so short
        (&format!("80AE0000 000100 {}", "00".repeat(256)), 0x6982), // no secure session in this application
        ("80540098", 0x6982),                                       // UNLOCK KEY
        ("00840000 000101", 0x6985),                                // GET CHALLENGE of 257 bytes
        ("01B08A00 00", 0x6881),                                    // a logical channel
        ("08B08A00 00", 0x69FC),                                    // secure messaging without a session
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

/// 照合番号A and B of 見本花子.
const CODE_A: &str = "0C 313233343536373839303138";
const CODE_B: &str = "0E 3031313032353230333632303236";

#[test]
fn the_number_and_the_four_attributes_come_in_the_published_bytes_whatever_way_they_are_read() {
    let number = "FF100C313233343536373839303138FFFF";
    let attributes = [
        "FF2062DF2108000E002000560061",
        "DF220FE8A68BE69CACE38080E88AB1E5AD90",
        "DF2333E69DB1E4BAACE983BDE58D83E4BBA3E794B0E58CBAE8A68BE69CACE794BAE4B880E4B881E79BAEEFBC92E795AAEFBC93E58FB7",
        "DF24083139383931303235DF250132",
    ]
    .concat();
    let mut rig = Rig::hanako();
    rig.select(INPUT_ASSIST);
    // jpki/myna: SELECT of each file, VERIFY before it, the number's digits at 3 to 15.
    rig.expect(&[
        ("00A4020C 02 0011", 0x9000),
        ("00200080", 0x63C3),
        ("00200080 04 31323334", 0x9000),
    ]);
    rig.expect(&[("00A4020C 02 0001", 0x9000)]);
    assert_eq!(hex(&rig.data("00B00000 11")), number);
    assert_eq!(rig.data("00B00000 00")[3..15], *b"123456789018");
    // Its attributes: seven bytes for the length, then the rest.
    rig.expect(&[("00A4020C 02 0002", 0x9000)]);
    assert_eq!(hex(&rig.data("00B00000 07")), attributes[..14]);
    assert_eq!(hex(&rig.data("00B00000 65")), attributes);
    // A Dart client asks for 113 bytes, whatever is there; others for 256.
    assert_eq!(hex(&rig.data("00B00000 71")), attributes);
    assert_eq!(hex(&rig.data("00B00000 00")), attributes);
    // jsapdu: VERIFY and READ by short identifier, extended.
    let mut rig = Rig::hanako();
    rig.select(INPUT_ASSIST);
    rig.expect(&[("00200091 04 31323334", 0x9000)]);
    assert_eq!(hex(&rig.data("00B08100 000000")), number);
    assert_eq!(hex(&rig.data("00B08200 000000")), attributes);
}

#[test]
fn jsapdu_reads_the_face_by_either_code_and_the_number_by_a_alone() {
    for (p2, code, number) in [("93", CODE_A, 0x9000), ("92", CODE_B, 0x6982)] {
        let mut rig = Rig::hanako();
        rig.select(FACE_INFO);
        rig.expect(&[("00B08200 000000", 0x6982)]);
        rig.expect(&[
            (&format!("002000{p2}"), 0x63CA),
            (&format!("002000{p2} {code}"), 0x9000),
        ]);
        let face = rig.data("00B08200 000000");
        assert!(hex(&face).starts_with("FF2082"));
        let length = usize::from(u16::from_be_bytes([face[3], face[4]])) + 5;
        assert_eq!(face.len(), length, "the file ends with the object");
        assert!(
            hex(&face[5..]).starts_with("DF2112001A00250029"),
            "published head and first offsets"
        );
        // The same in pieces of 256; the file is the current one now.
        let mut pieces = Vec::new();
        while pieces.len() < length {
            pieces.extend(rig.data(&format!("00B0{:04X} 00", pieces.len())));
        }
        assert_eq!(pieces, face);
        rig.expect(&[("00B08500 000000", number), ("00B08100 00", 0x6982)]);
    }
}

#[test]
fn the_common_record_is_read_as_each_client_reads_it() {
    let record = [&[0x01, 0x1C][..], b"9999000000000011310120361025"].concat();
    let mut rig = Rig::hanako();
    rig.select(CARD_INFO);
    // jpki/myna and sc-tools-myna, without and with SELECT of the file.
    assert_eq!(rig.data("00B2010C 00"), record);
    rig.expect(&[("00A4020C 02 0001", 0x9000)]);
    for command in ["00B20104 00", "00B20105 00", "00B20104 1E"] {
        assert_eq!(rig.data(command), record, "{command}");
    }
    rig.expect(&[("00B20204 00", 0x6A83), ("00B00000 00", 0x6981)]);
    let digest = rig.data("00880099 04 01020304 00");
    assert_eq!(digest.len(), 256);
    assert_eq!(rig.data("00880099 04 01020304 00"), digest, "no salt");
}

#[test]
fn the_basic_information_begins_as_published() {
    let mut rig = Rig::hanako();
    rig.select(INPUT_ASSIST);
    let basic = hex(&rig.data("00B08500 00"));
    assert!(basic.starts_with("FF4082009FDF410401030E01DF4210"), "{basic}");
    rig.select(FACE_INFO);
    let basic = hex(&rig.data("00B08300 000000"));
    assert!(basic.starts_with("FF3082013BDF310406030E01DF3210"), "{basic}");
    assert!(basic.contains("DF330100DF34053133313031DF35820110"), "{basic}");
}
