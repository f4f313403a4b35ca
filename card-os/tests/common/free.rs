//! Synthetic applications that declare what no application of the card does: updates, keys made on the card, keys of hosts,
//! a shared PIN, their own answers to SELECT, and applications below another one.

use std::sync::LazyLock;

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use vmyna_apdu::{Aid, FileId, StatusWord};
use vmyna_card_os::declaration::{
    Access, Application, Body, Condition, File, Format, KeyAlgorithm, ObjectId, Operation, PrivateKey, PublicKey,
    RecordRoom, SelectAnswer,
};
use vmyna_card_os::rule;
use vmyna_card_os::state::Store;
use vmyna_card_os::{Card, Parts};

use super::{
    ALPHA, APPLICATIONS, ATR, PlainEngine, Rig, application, bytes, file, pattern, pin, transparent, verified,
};

/// Names of the applications. LOCKED is locked; BELOW and BESIDE are below FREE.
pub(crate) const FREE: &str = "F00000000001";
pub(crate) const LOCKED: &str = "F00000000002";
pub(crate) const BELOW: &str = "F10000000001";
pub(crate) const BESIDE: &str = "F10000000002";

/// FREE's own FCI.
pub(crate) const FCI: &str = "6F04 8502 CAFE";
/// What FREE answers where access is denied.
pub(crate) const OWN_DENIAL: u16 = 0x6985;
/// The room of FREE's EF 000C: records, and bytes of each.
pub(crate) const ROOM: (usize, usize) = (5, 16);
/// The length of FREE's EF 0007, more than a page of the store.
pub(crate) const LONG: usize = 5_000;
/// FREE's records of EF 000C.
pub(crate) const RECORDS: usize = 3;

/// Record `number` of FREE's EF 000C as issued.
pub(crate) fn record(number: usize) -> Vec<u8> {
    vec![number as u8; 2 * number]
}

/// The key of the host that FREE's EF 0012 is the public half of.
pub(crate) fn host() -> p256::SecretKey {
    p256::SecretKey::from_slice(&[0x21; 32]).unwrap()
}

/// The host's signature over a challenge, DER.
pub(crate) fn signed_by_host(challenge: &[u8]) -> Vec<u8> {
    let key = p256::ecdsa::SigningKey::from(host());
    let signature: p256::ecdsa::Signature = key.sign_prehash(&Sha256::digest(challenge)).unwrap();
    signature.to_der().as_bytes().to_vec()
}

fn aid(name: &str) -> Aid {
    Aid::new(&bytes(name)).unwrap()
}

fn records(id: u16, count: usize, access: Access) -> File {
    let records = (1..=count).map(|number| record(number).into()).collect();
    file(id, Body::Records(records), access)
}

/// The synthetic card with FREE, LOCKED, BELOW and BESIDE.
///
/// FREE: 0001 20 bytes, free; 0007 5,000 bytes, free; 0002 20 bytes, updated after 0018; 0003 the same, updated never; 0004 20 bytes without update;
/// 0005 updated by the host; 0006 32,768 bytes; 000C [`record`]s with [`ROOM`], free; 000D one record without more room,
/// updated and appended to after 0018; 000E records without update; 0010 P-256 key, made after 0018, used freely, the
/// default; 0011 P-384 key, free, read never; 0012 key of [`host`]; 0013 an RSA key; 0015 P-384 key, made, read and used
/// freely; 0018 "1234", 3 tries; 0019 shares alpha's 0018.
pub(crate) fn applications() -> Vec<Application> {
    DECLARED.clone()
}

static DECLARED: LazyLock<Vec<Application>> = LazyLock::new(declared);

fn declared() -> Vec<Application> {
    use Operation::{
        AppendRecord, ChangeReferenceData, ComputeSignature, ExternalAuthenticate, GenerateKeyPair,
        InternalAuthenticate, UpdateBinary, UpdateRecord, Verify,
    };
    let free = || Access::read(Condition::Always);
    let update = |condition| free().with(UpdateBinary, condition);
    let used = || {
        Access::NONE
            .with(ComputeSignature, Condition::Always)
            .with(InternalAuthenticate, Condition::Always)
    };
    let made = |condition| {
        used()
            .with(Operation::Read, Condition::Always)
            .with(GenerateKeyPair, condition)
    };
    let ec = p384::SecretKey::from_slice(&[0x42; 48])
        .unwrap()
        .to_pkcs8_der()
        .unwrap();
    let host = host().public_key().to_public_key_der().unwrap();
    let alphas = ObjectId {
        aid: aid(ALPHA),
        file: FileId::new(0x18),
    };
    let files = vec![
        transparent(0x01, 20, update(Condition::Always)),
        transparent(0x02, 20, update(verified(0x18))),
        transparent(0x03, 20, update(Condition::Never)),
        transparent(0x04, 20, free()),
        transparent(0x05, 20, update(verified(0x12))),
        transparent(0x06, 32_768, update(Condition::Always)),
        transparent(0x07, LONG, update(Condition::Always)),
        records(
            0x0C,
            RECORDS,
            free()
                .with(UpdateRecord, Condition::Always)
                .with(AppendRecord, Condition::Always),
        )
        .with_room(RecordRoom {
            records: ROOM.0 as u8,
            length: ROOM.1 as u16,
        }),
        records(
            0x0D,
            1,
            free()
                .with(UpdateRecord, verified(0x18))
                .with(AppendRecord, verified(0x18)),
        ),
        records(0x0E, 1, free()),
        file(0x10, Body::GeneratedKey(KeyAlgorithm::P256), made(verified(0x18))),
        file(
            0x11,
            Body::PrivateKey(PrivateKey::from_pkcs8_der(ec.as_bytes())),
            used(),
        ),
        file(
            0x12,
            Body::HostKey(PublicKey::from_spki_der(host.as_bytes())),
            Access::NONE.with(ExternalAuthenticate, Condition::Always),
        ),
        file(0x13, Body::PrivateKey(PrivateKey::from_pkcs8_der(&[0x13])), used()),
        file(0x15, Body::GeneratedKey(KeyAlgorithm::P384), made(Condition::Always)),
        pin(0x18, "1234", Format::digits(4), Some(3), 3),
        file(
            0x19,
            Body::SharedPin(alphas),
            Access::NONE
                .with(Verify, Condition::Always)
                .with(ChangeReferenceData, verified(0x19)),
        ),
        transparent(0x1A, 20, Access::read(verified(0x19))),
    ];
    let select = SelectAnswer {
        fci: Some(bytes(FCI).into()),
        locked: false,
    };
    let below = |name: &str| application(name, vec![], vec![], None).with_parent(aid(FREE));
    let mut applications = APPLICATIONS.clone();
    applications.extend([
        application(FREE, files, vec![], Some(0x10))
            .with_select(select)
            .with_status_words(vec![(&rule::ACCESS_DENIED, StatusWord::new(OWN_DENIAL))]),
        application(LOCKED, vec![transparent(0x01, 20, free())], vec![], None).with_select(SelectAnswer {
            fci: Some(pattern(8).into()),
            locked: true,
        }),
        below(BELOW),
        below(BESIDE),
    ]);
    applications
}

/// The card of these applications under power on this store, FREE selected.
pub(crate) fn on(store: Box<dyn Store + Send>) -> Rig {
    let rng = Box::new(ChaCha20Rng::seed_from_u64(1));
    let parts = Parts::new(applications(), ATR, rng).with_store(store);
    let mut card = Card::new(parts.with_engine(Box::new(PlainEngine))).unwrap();
    card.power_on();
    let mut rig = Rig { card };
    rig.select(FREE);
    rig
}

/// The same with a state in memory.
pub(crate) fn rig() -> Rig {
    on(Box::<vmyna_card_os::state::MemoryStore>::default())
}
