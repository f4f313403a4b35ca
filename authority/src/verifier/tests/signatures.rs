//! Signature values.

use der::asn1::{Null, OctetString};
use der::{Any, Encode, Tag};
use rsa::pss::BlindedSigningKey;
use rsa::rand_core::OsRng;
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, hazmat};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;

use super::rig::*;
use crate::verifier::block::{Form, Hash, Message, padded, recognise};
use crate::verifier::compare::Claims;
use crate::verifier::report::{Report, Verdict};
use crate::verifier::{AgreedForm, signature};

pub(super) const MESSAGE: &[u8] = b"a challenge";

/// The private operation on a block, whatever is in it.
pub(super) fn raw(block: &[u8]) -> Vec<u8> {
    let value = BigUint::from_bytes_be(block);
    let signature = hazmat::rsa_decrypt_and_check(&key(HOLDER), None::<&mut OsRng>, &value).unwrap();
    let bytes = signature.to_bytes_be();
    [vec![0; 256 - bytes.len()], bytes].concat()
}

/// A block of PKCS#1 v1.5 around a content.
pub(super) fn block(content: &[u8]) -> Vec<u8> {
    padded(content, 256).unwrap()
}

pub(super) fn digest_info(hash: Hash, message: &[u8]) -> Vec<u8> {
    let id = match hash {
        Hash::Sha1 => "1.3.14.3.2.26",
        Hash::Sha256 => "2.16.840.1.101.3.4.2.1",
        Hash::Sha384 => "2.16.840.1.101.3.4.2.2",
        Hash::Sha512 => "2.16.840.1.101.3.4.2.3",
    };
    let algorithm = AlgorithmIdentifierOwned {
        oid: oid(id),
        parameters: Some(Null.into()),
    };
    let digest = OctetString::new(hash.digest(message)).unwrap().to_der().unwrap();
    let content = [algorithm.to_der().unwrap(), digest].concat();
    Any::new(Tag::Sequence, content).unwrap().to_der().unwrap()
}

fn pss(message: &[u8]) -> Vec<u8> {
    BlindedSigningKey::<Sha256>::new(key(HOLDER))
        .sign_with_rng(&mut OsRng, message)
        .to_vec()
}

fn checked(value: &[u8], form: Option<AgreedForm>) -> Report {
    let mut settings = settings();
    settings.form = form;
    let message = Message::Data(MESSAGE.to_vec());
    signature(
        value,
        &message,
        &leaf(AUTH, |_| {}),
        vec!["file".to_owned()],
        &settings,
        &mut Claims::default(),
    )
}

#[test]
fn each_form_is_named_and_accepted_where_it_was_agreed() {
    // A06, A07, A11.
    let forms = [
        (
            raw(&block(&digest_info(Hash::Sha256, MESSAGE))),
            Form::DigestInfo(Hash::Sha256),
            AgreedForm::DigestInfo,
        ),
        (
            raw(&block(&digest_info(Hash::Sha384, MESSAGE))),
            Form::DigestInfo(Hash::Sha384),
            AgreedForm::DigestInfo,
        ),
        (
            raw(&block(&digest_info(Hash::Sha512, MESSAGE))),
            Form::DigestInfo(Hash::Sha512),
            AgreedForm::DigestInfo,
        ),
        (raw(&block(&Sha256::digest(MESSAGE))), Form::Bare, AgreedForm::Bare),
        (pss(MESSAGE), Form::Pss, AgreedForm::Pss),
    ];
    let public = key(HOLDER).to_public_key();
    for (value, form, own) in forms {
        let message = Message::Data(MESSAGE.to_vec());
        assert_eq!(recognise(&public, &value, &message), Ok(form));
        for agreed in [AgreedForm::DigestInfo, AgreedForm::Bare, AgreedForm::Pss] {
            let report = checked(&value, Some(agreed));
            match agreed == own {
                true => assert_valid(&report),
                false => assert_only(&report, &["signature.form"], Verdict::Invalid),
            }
        }
        assert_valid(&checked(&value, None));
        if let Form::DigestInfo(hash) = form {
            let digest = Message::Digest(hash.digest(MESSAGE));
            assert_eq!(recognise(&public, &value, &digest), Ok(form));
        }
    }
    let report = checked(&raw(&block(&digest_info(Hash::Sha1, MESSAGE))), None);
    assert_only(&report, &["signature.form"], Verdict::Invalid);
}

#[test]
fn a_block_is_compared_whole() {
    // A04, A08, A09, A10: the holder's own key signs blocks that a loose check accepts.
    let info = digest_info(Hash::Sha256, MESSAGE);
    let good = block(&info);
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut block = good.clone();
        change(&mut block);
        block
    };
    let short = [&[0, 1][..], &[0xFF; 8], &[0], &info].concat();
    let behind = [&short[..], &vec![0xAA; 256 - short.len()]].concat();
    let mut inside = info.clone();
    // Two more bytes in the parameters of the algorithm.
    inside.splice(17..17, [0x05, 0x00]);
    inside[1] += 2;
    inside[3] += 2;
    let without_null: Vec<u8> = [&[0x30, 0x2F, 0x30, 0x0B], &info[4..15], &info[17..]].concat();
    let blocks = [
        behind,
        block(&inside),
        block(&without_null),
        block(&[&info[..], &[0]].concat()),
        change(&|block| block[1] = 2),
        change(&|block| block[20] = 0xFE),
        change(&|block| block[2] = 0),
        block(&digest_info(Hash::Sha256, b"another challenge")),
        block(&Sha256::digest(b"another challenge")),
        block(&[0; 20]),
        block(&[]),
    ];
    for block in blocks {
        let report = checked(&raw(&block), None);
        assert_only(&report, &["signature.value"], Verdict::Invalid);
    }
    assert_only(
        &checked(&pss(b"another challenge"), None),
        &["signature.value"],
        Verdict::Invalid,
    );
    // The same operation with the right block is accepted.
    assert_valid(&checked(&raw(&good), None));
}

#[test]
fn a_value_has_the_length_of_the_modulus_and_is_below_it() {
    // A12, A05.
    let good = raw(&block(&digest_info(Hash::Sha256, MESSAGE)));
    let more = (BigUint::from_bytes_be(&good) + key(HOLDER).n()).to_bytes_be();
    for value in [
        more,
        [&[0], &good[..]].concat(),
        good[1..].to_vec(),
        Vec::new(),
        vec![0xFF; 256],
        vec![0; 256],
    ] {
        assert_only(&checked(&value, None), &["signature.value"], Verdict::Invalid);
    }
    let other = issuer_key(FORGER).sign_message(MESSAGE).unwrap();
    assert_only(&checked(&other, None), &["signature.value"], Verdict::Invalid);
    assert_valid(&checked(&good, None));
}
