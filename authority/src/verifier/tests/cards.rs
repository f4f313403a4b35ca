//! Text data of the card, and what is compared with it.

use rsa::traits::PublicKeyParts;
use rsa::{BigUint, hazmat};
use vmyna_applets::cv::{CvCertificate, KeyId, encode_public_key};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::my_number_check_digit;
use vmyna_applets::specimen;
use vmyna_card_os::tlv::Tlv;
use vmyna_issuance::issuer_key::IssuerKey;

use super::faces::{FACE, Faces};
use super::rig::*;
use crate::verifier::block::{Hash, padded};
use crate::verifier::card_files::{CardFile, card_files};
use crate::verifier::compare::{Claims, compare};
use crate::verifier::report::{Report, Verdict};

const TEXT: &str = "municipality-text";

pub(super) type Objects = Vec<(u16, Vec<u8>)>;

pub(super) fn card() -> IssuedCard {
    specimen::find("hanako").unwrap().unwrap()
}

pub(super) fn tlv(tag: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Tlv { tag, value }.write(&mut bytes).unwrap();
    bytes
}

/// The objects in the outer object of a file, without the table of offsets.
pub(super) fn objects(file: &[u8]) -> Objects {
    let (outer, _) = Tlv::read(file).unwrap();
    let all = Tlv::read_all(outer.value).unwrap().into_iter();
    all.map(|object| (object.tag, object.value.to_vec()))
        .filter(|(tag, _)| *tag != 0xDF21)
        .collect()
}

pub(super) fn set(objects: &mut Objects, tag: u16, value: &[u8]) {
    objects.iter_mut().find(|(found, _)| *found == tag).unwrap().1 = value.to_vec();
}

pub(super) fn get(objects: &Objects, tag: u16) -> Vec<u8> {
    objects.iter().find(|(found, _)| *found == tag).unwrap().1.clone()
}

pub(super) fn joined(objects: &Objects, tags: &[u16]) -> Vec<u8> {
    tags.iter()
        .map(|tag| tlv(*tag, &get(objects, *tag)))
        .collect::<Vec<_>>()
        .concat()
}

/// An EF 0002 of these objects, with its table of offsets for the tags from DF22 on.
pub(super) fn with_table(objects: &Objects, entries: u16) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = objects.iter().map(|(tag, value)| tlv(*tag, value)).collect();
    let inner = 3 + usize::from(entries) * 2 + parts.iter().map(Vec::len).sum::<usize>();
    let before = if inner < 0x80 { 3 } else { 5 } + 3 + usize::from(entries) * 2;
    let offset = |tag: u16| {
        let index = objects.iter().position(|(found, _)| *found == tag).unwrap();
        (before + parts[..index].iter().map(Vec::len).sum::<usize>()) as u16
    };
    let table: Vec<u8> = (0..entries)
        .flat_map(|entry| offset(0xDF22 + entry).to_be_bytes())
        .collect();
    tlv(0xFF20, &[tlv(0xDF21, &table), parts.concat()].concat())
}

/// `objects` with a signature over them.
pub(super) fn with_signature(outer: u16, objects: &Objects, tag: u16, key: &IssuerKey) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = objects.iter().map(|(tag, value)| tlv(*tag, value)).collect();
    let signed = parts.concat();
    let signature = key.sign_message(&signed).unwrap();
    tlv(outer, &[signed, tlv(tag, &signature)].concat())
}

/// A CV certificate over a key by another one.
pub(super) fn certified(issuer: KeyId, by: &str, of: &str) -> Vec<u8> {
    let subject = KeyId::new(7_131_013, 0, 0).unwrap();
    let key = encode_public_key(&key(of).to_public_key()).unwrap();
    let body = [&issuer.as_bytes()[..], subject.as_bytes(), &key].concat();
    let signature = issuer_key(by).sign_message(&body).unwrap();
    CvCertificate::from_parts(&body, &signature).unwrap().to_file()
}

pub(super) fn root(number: u32, generation: u16) -> KeyId {
    KeyId::new(number, generation, 0).unwrap()
}

/// Files of the input-assist application.
#[derive(Clone)]
struct Texts {
    number: Vec<u8>,
    attributes: Vec<u8>,
    integrity: Vec<u8>,
    certificate: Vec<u8>,
    signed_key: Vec<u8>,
}

impl Texts {
    fn of(card: &IssuedCard) -> Self {
        let data = &card.input_assist.as_ref().unwrap().data;
        Self {
            number: data.my_number.as_bytes().to_vec(),
            attributes: data.attributes.as_bytes().to_vec(),
            integrity: data.integrity.as_bytes().to_vec(),
            certificate: data.certificate.as_bytes().to_vec(),
            signed_key: data.signed_key.as_bytes().to_vec(),
        }
    }

    fn new() -> Self {
        Self::of(&card())
    }

    fn fields(&self) -> Objects {
        objects(&self.attributes)
    }

    /// The digests of the files, signed by a key.
    fn signed(mut self, by: &str) -> Self {
        let covered = joined(&self.fields(), &[0xDF22, 0xDF23, 0xDF24, 0xDF25]);
        let digests = vec![
            (0xDF31, Hash::Sha256.digest(&self.number)),
            (0xDF32, Hash::Sha256.digest(&covered)),
        ];
        self.integrity = with_signature(0xFF30, &digests, 0xDF33, &issuer_key(by));
        self
    }

    fn files(&self) -> Vec<CardFile> {
        let all = [
            &self.number,
            &self.attributes,
            &self.integrity,
            &self.certificate,
            &self.signed_key,
        ];
        named(&all)
    }

    fn report(&self) -> Report {
        report(&self.files())
    }
}

pub(super) fn named(all: &[&Vec<u8>]) -> Vec<CardFile> {
    let file = |(index, bytes): (usize, &&Vec<u8>)| CardFile {
        name: format!("file {index}"),
        bytes: bytes.to_vec(),
    };
    all.iter().enumerate().map(file).collect()
}

#[track_caller]
pub(super) fn report(files: &[CardFile]) -> Report {
    let mut reports = card_files(files, &settings(), &mut Claims::default());
    assert_eq!(reports.len(), 1, "{reports:#?}");
    reports.remove(0)
}

#[test]
fn the_texts_of_a_card_are_valid_and_the_number_is_not_reported() {
    let texts = Texts::new();
    let report = texts.report();
    assert_valid(&report);
    assert!(report.public_keys && report.facts.iter().any(|fact| fact.id == "address"));
    let number = String::from_utf8(texts.number[3..15].to_vec()).unwrap();
    assert!(!format!("{report:?}").contains(&number));
    // Filler behind each file.
    let mut files = texts.files();
    for file in &mut files[1..] {
        file.bytes.extend([0xFF; 50]);
    }
    assert_valid(&self::report(&files));
    // N07: the number alone, as 照合番号A opens it.
    assert_valid(&self::report(&named(&[
        &texts.number,
        &texts.integrity,
        &texts.certificate,
    ])));
}

#[test]
fn a_changed_text_is_found_and_the_same_text_signed_is_accepted() {
    // T01, T04, P03, P12.
    let address = "東京都千代田区".repeat(30);
    for (tag, value) in [
        (0xDF22, "他人".as_bytes()),
        (0xDF23, address.as_bytes()),
        (0xDF24, b"19700101"),
        (0xDF25, b"9"),
    ] {
        let mut forged = Texts::new();
        let mut fields = forged.fields();
        set(&mut fields, tag, value);
        forged.attributes = with_table(&fields, 4);
        assert_only(&forged.report(), &["text.attributes"], Verdict::Invalid);
        let old = forged.integrity.clone();
        let twin = forged.clone().signed(TEXT);
        assert_valid(&twin.report());
        // Digest changed too, signature old.
        let mut digests = objects(&twin.integrity);
        set(&mut digests, 0xDF33, &get(&objects(&old), 0xDF33));
        let parts: Vec<u8> = digests.iter().flat_map(|(tag, value)| tlv(*tag, value)).collect();
        forged.integrity = tlv(0xFF30, &parts);
        assert_only(&forged.report(), &["text.signature"], Verdict::Invalid);
    }
    let mut broken = Texts::new();
    let mut fields = broken.fields();
    set(&mut fields, 0xDF22, &[0x80, 0x81]);
    broken.attributes = with_table(&fields, 4);
    assert_only(&broken.signed(TEXT).report(), &["text.values"], Verdict::Invalid);
}

#[test]
fn a_changed_number_is_found_and_all_17_bytes_are_hashed() {
    // T02, T03.
    let mut forged = Texts::new();
    let base = *b"23456789012";
    let digit = my_number_check_digit(base).unwrap();
    forged.number = [&[0xFF, 0x10, 12][..], &base, &[digit, 0xFF, 0xFF]].concat();
    assert_only(&forged.report(), &["text.my-number"], Verdict::Invalid);
    assert_valid(&forged.signed(TEXT).report());
    let mut short = Texts::new();
    short.number.truncate(15);
    assert_only(&short.report(), &["text.my-number"], Verdict::Invalid);
    // N01, N02: signed, but no number.
    for digits in ["123456789012", "12345678901A", "１２３４"] {
        let mut wrong = Texts::new();
        wrong.number = [&[0xFF, 0x10, 12][..], digits.as_bytes(), &[0xFF, 0xFF]].concat();
        assert_only(&wrong.signed(TEXT).report(), &["text.check-digit"], Verdict::Invalid);
    }
}

#[test]
fn each_file_needs_its_digest_and_the_signature_covers_all() {
    // T05.
    let sign = |digests: Objects| {
        let mut texts = Texts::new();
        texts.integrity = with_signature(0xFF30, &digests, 0xDF33, &issuer_key(TEXT));
        texts.report()
    };
    let [own, other] = [0xDF31, 0xDF32].map(|tag| get(&objects(&Texts::new().integrity), tag));
    assert_valid(&sign(vec![(0xDF31, own.clone()), (0xDF32, other.clone())]));
    assert_only(
        &sign(vec![(0xDF31, own.clone())]),
        &["text.attributes"],
        Verdict::Invalid,
    );
    assert_only(
        &sign(vec![(0xDF32, other.clone())]),
        &["text.my-number"],
        Verdict::Invalid,
    );
    let swapped = sign(vec![(0xDF31, other.clone()), (0xDF32, own.clone())]);
    assert_only(&swapped, &["text.my-number", "text.attributes"], Verdict::Invalid);
    let twice = sign(vec![
        (0xDF31, own.clone()),
        (0xDF31, own.clone()),
        (0xDF32, other.clone()),
    ]);
    assert_only(&twice, &["text.my-number"], Verdict::Invalid);
    // An object behind the signature.
    let mut texts = Texts::new();
    let mut digests = objects(&texts.integrity);
    digests.push((0xDF34 + 5, vec![1]));
    let parts: Vec<u8> = digests.iter().flat_map(|(tag, value)| tlv(*tag, value)).collect();
    texts.integrity = tlv(0xFF30, &parts);
    assert_only(&texts.report(), &["text.signature"], Verdict::Invalid);
    // T18: a DigestInfo of SHA-1.
    let mut texts = Texts::new();
    let digests = objects(&texts.integrity);
    let signed = joined(&digests, &[0xDF31, 0xDF32]);
    let info = [
        &[
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
        ][..],
        &Hash::Sha1.digest(&signed),
    ]
    .concat();
    texts.integrity = tlv(0xFF30, &[signed, tlv(0xDF33, &raw(TEXT, &info))].concat());
    assert_only(&texts.report(), &["text.signature"], Verdict::Invalid);
}

/// A signature over a content, padded as PKCS#1 v1.5 has it.
pub(super) fn raw(by: &str, content: &[u8]) -> Vec<u8> {
    let block = BigUint::from_bytes_be(&padded(content, 256).unwrap());
    let signature = hazmat::rsa_decrypt_and_check(&key(by), None::<&mut rsa::rand_core::OsRng>, &block).unwrap();
    let bytes = signature.to_bytes_be();
    [vec![0; key(by).size() - bytes.len()], bytes].concat()
}

#[test]
fn the_data_signing_key_is_certified_by_the_named_key_of_its_application() {
    let with = |certificate: Vec<u8>, by: &str| {
        let mut texts = Texts::new().signed(by);
        texts.certificate = certificate;
        let key = objects(&texts.signed_key);
        texts.signed_key = with_signature(0xFF50, &vec![key[0].clone()], 0xDF52, &issuer_key(by));
        texts.report()
    };
    let below = ["text.card-key", "text.signature"];
    assert_valid(&with(certified(root(7_000_033, 1), "text-root", HOLDER), HOLDER));
    let invalid = |report: &Report| {
        report
            .steps
            .iter()
            .filter(|step| step.verdict == Verdict::Invalid)
            .map(|step| step.id)
            .collect::<Vec<_>>()
    };
    // T06: the key swapped in a genuine certificate.
    let mut swapped = Texts::new().certificate;
    let modulus = key(FORGER).n().to_bytes_be();
    let at = swapped.len() - 261 - modulus.len();
    swapped[at..at + modulus.len()].copy_from_slice(&modulus);
    assert_eq!(invalid(&with(swapped, FORGER)), ["cv.signature"]);
    // T07: a foreign key under the right names.
    assert_eq!(
        invalid(&with(certified(root(7_000_033, 1), FORGER, HOLDER), HOLDER)),
        ["cv.signature"]
    );
    // T08: the key of the other application.
    assert_eq!(
        invalid(&with(certified(root(7_000_023, 1), "face-root", HOLDER), HOLDER)),
        ["cv.application"]
    );
    // T09: a generation that is not named is unknown, not forged.
    let unknown = with(certified(root(7_000_033, 9), "text-root", HOLDER), HOLDER);
    assert_only(&unknown, &["cv.issuer", below[0], below[1]], Verdict::NotVerified);
    // Without a certificate.
    let texts = Texts::new();
    let report = report(&named(&[&texts.attributes, &texts.integrity]));
    assert_only(&report, &["cv.certificate", "text.signature"], Verdict::NotVerified);
    // Cut off, and with bytes behind it.
    let mut cut = Texts::new();
    cut.certificate.pop();
    assert!(
        card_files(&cut.files(), &settings(), &mut Claims::default())
            .iter()
            .any(|report| report.verdict() == Verdict::Invalid)
    );
}

#[test]
fn the_key_of_the_card_is_signed_by_the_certified_key() {
    // T12, T13.
    let own = encode_public_key(&key(HOLDER).to_public_key()).unwrap().to_vec();
    let mut forged = Texts::new();
    let mut parts = objects(&forged.signed_key);
    set(&mut parts, 0xDF51, &own);
    let bytes: Vec<u8> = parts.iter().flat_map(|(tag, value)| tlv(*tag, value)).collect();
    forged.signed_key = tlv(0xFF50, &bytes);
    assert_only(&forged.report(), &["text.card-key"], Verdict::Invalid);
    for (by, verdict) in [
        (TEXT, Verdict::Ok),
        (FORGER, Verdict::Invalid),
        (FACE, Verdict::Invalid),
    ] {
        forged.signed_key = with_signature(0xFF50, &vec![(0xDF51, own.clone())], 0xDF52, &issuer_key(by));
        assert_eq!(forged.report().verdict(), verdict, "{by}");
    }
}

#[test]
fn objects_are_found_by_tag_and_never_through_the_unsigned_offsets() {
    // T16.
    let mut forged = Texts::new();
    let at = 5 + 3 + 2;
    forged.attributes[at..at + 2].copy_from_slice(&400_u16.to_be_bytes());
    let report = forged.report();
    assert_only(&report, &["text.offsets"], Verdict::Invalid);
    let address = report.facts.iter().find(|fact| fact.id == "address").unwrap();
    assert_eq!(address.value, card().summary.person.address.to_string());
    // T17: an object twice.
    let mut twice = Texts::new();
    let mut fields = twice.fields();
    fields.push((0xDF23, b"elsewhere".to_vec()));
    twice.attributes = with_table(&fields, 4);
    assert_only(&twice.report(), &["text.attributes"], Verdict::Invalid);
    // P08: an unknown object in front, and another order, with right offsets.
    let mut other = Texts::new();
    let mut fields = other.fields();
    fields.insert(0, (0xDF2F, b"unknown".to_vec()));
    fields.swap(1, 4);
    other.attributes = with_table(&fields, 4);
    assert_valid(&other.report());
}

#[test]
fn what_is_given_together_is_of_one_person() {
    // F10, S27.
    let all = |texts: &Texts, faces: &Faces, certificate: Option<&[u8]>| {
        let mut claims = Claims::default();
        if let Some(der) = certificate {
            let _ = crate::verifier::certificate(der, "file", &settings(), &mut claims);
        }
        let files = named(&[
            &texts.attributes,
            &texts.integrity,
            &texts.certificate,
            &faces.face,
            &faces.certificate,
        ]);
        let reports = card_files(&files, &settings(), &mut claims);
        assert_eq!(reports.len(), 2);
        reports.iter().for_each(assert_valid);
        compare(&claims).unwrap()
    };
    let sign = leaf(SIGN, |_| {});
    assert_valid(&all(&Texts::new(), &Faces::new(), Some(&sign)));
    let mut other = Texts::new();
    let mut fields = other.fields();
    set(&mut fields, 0xDF24, b"19700101");
    other.attributes = with_table(&fields, 4);
    let other = other.signed(TEXT);
    assert_only(
        &all(&other, &Faces::new(), None),
        &["compare.text-face"],
        Verdict::Invalid,
    );
    let report = all(&other, &Faces::new(), Some(&sign));
    assert_only(
        &report,
        &["compare.text-face", "compare.certificate-text"],
        Verdict::Invalid,
    );
    let mut renamed = Texts::new();
    let mut fields = renamed.fields();
    set(&mut fields, 0xDF22, "他人".as_bytes());
    renamed.attributes = with_table(&fields, 4);
    let report = all(&renamed.signed(TEXT), &Faces::new(), Some(&sign));
    assert_only(&report, &["compare.certificate-text"], Verdict::Invalid);
}

#[test]
fn cut_and_damaged_files_are_refused() {
    // P06, P07.
    let texts = Texts::new();
    for file in [
        &texts.attributes,
        &texts.integrity,
        &texts.certificate,
        &Faces::new().age,
    ] {
        for length in 0..file.len() {
            let cut = named(&[&file[..length].to_vec()]);
            let reports = card_files(&cut, &settings(), &mut Claims::default());
            assert!(
                reports.iter().any(|report| report.verdict() > Verdict::Note),
                "{length}"
            );
        }
    }
    // A second file of its kind.
    let mut files = texts.files();
    files.push(files[1].clone());
    assert_only(&report(&files), &["file.form"], Verdict::Invalid);
}
