//! Two applications that together have every kind of file, condition and answer: what tests write, read and compare. They
//! are inventions.

use vmyna_apdu::{Aid, FileId, StatusWord, hex};
use vmyna_card_os::declaration::{
    Access, Application, Body, CertificateKey, Characters, Condition, Content, Extent, File, Format, KeyAlgorithm,
    ObjectId, Operation, Pin, PrivateKey, PublicKey, RecordRoom, ReferenceData, SecureSession, SelectAnswer,
};
use vmyna_card_os::rule::{self, Basis, Certainty};

use super::FreeApplication;
use crate::pins;

/// A key on P-256 that protects nothing.
const KEY: &str = "308187020100301306072A8648CE3D020106082A8648CE3D030107046D306B0201010420FDD2307DB3DCE6F2A101603B989F7433BB\
                   5F7E3673BF34A74D5BA77FF01FF9C7A144034200042649D462BCBA50BB7E2042D3BFA27BF9703B1CADF306F688781EA0671D21C967\
                   C3B6CDFF4F36EED70992DC79F789604A6CD967366852FDA4C29EB6B472CDDA3D";
const PUBLIC_KEY: &str = "3059301306072A8648CE3D020106082A8648CE3D030107034200042649D462BCBA50BB7E2042D3BFA27BF9703B1CADF306F6\
                          88781EA0671D21C967C3B6CDFF4F36EED70992DC79F789604A6CD967366852FDA4C29EB6B472CDDA3D";

pub(crate) const PIN: FileId = FileId::new(0x0011);
pub(crate) const PASSWORD: FileId = FileId::new(0x0012);
pub(crate) const HOST: FileId = FileId::new(0x0013);

pub(crate) fn private_key() -> PrivateKey {
    PrivateKey::from_pkcs8_der(&hex::decode(KEY).unwrap())
}

pub(crate) fn public_key() -> PublicKey {
    PublicKey::from_spki_der(&hex::decode(PUBLIC_KEY).unwrap())
}

fn invention() -> Basis {
    Basis::new(Certainty::Assumed, "an invention of this project's tests")
}

pub(crate) fn aid(last: u8) -> Aid {
    Aid::new(&[0xF0, 0x54, 0x45, 0x53, 0x54, last]).unwrap()
}

/// An application with one file that all can read.
pub(crate) fn small(name: &str, last: u8) -> Application {
    let content = Body::Transparent(Content::from(vec![0x54, last]));
    let file = File::new(
        FileId::new(1),
        "data",
        "データ",
        content,
        Access::read(Condition::Always),
        invention(),
    );
    Application::new(aid(last), name.to_owned(), "試験AP", invention()).with_files(vec![file])
}

/// The two applications: the second is below the first.
pub(crate) fn everything() -> Vec<FreeApplication> {
    [top(), below()]
        .map(|application| FreeApplication::new(application).unwrap())
        .to_vec()
}

fn top() -> Application {
    let verified = Condition::Verified;
    let read = |condition| Access::read(condition);
    let file = |id, name: &'static str, body, access| File::new(FileId::new(id), name, "", body, access, invention());
    let digits = Pin::new(ReferenceData::new(b"1234"), Format::digits(4), 10);
    let password = Format {
        characters: Characters::UpperCaseAndDigits,
        min: 6,
        max: 16,
    };
    let bytes = Format {
        characters: Characters::Bytes,
        min: 1,
        max: 8,
    };
    let free_to_try = Access::NONE.with(Operation::Verify, Condition::Always);
    let pin = free_to_try.clone().with(Operation::ChangeReferenceData, verified(PIN));
    let key = Access::NONE
        .with(Operation::ComputeSignature, verified(PIN))
        .with(Operation::InternalAuthenticate, Condition::Always);
    let made = Access::read(Condition::Always)
        .with(Operation::GenerateKeyPair, verified(PIN))
        .with(Operation::ComputeSignature, verified(PIN));
    let nested = Condition::AnyOf(vec![
        verified(PIN),
        Condition::AllOf(vec![verified(PASSWORD), verified(HOST)]),
    ]);
    let mut unlimited = Pin::new(ReferenceData::new(b"\x2A\x2A"), bytes, 1);
    unlimited.max_tries = None;
    let files = vec![
        file(
            0x0001,
            "data",
            Body::Transparent(vec![0x54; 3].into()),
            read(Condition::Always),
        ),
        file(
            0x0002,
            "photo",
            Body::Transparent(vec![0xA5; 300].into()),
            read(nested.clone()),
        )
        .secret()
        .with_extent(Extent {
            object: Some(128),
            basis: Basis::new(Certainty::Measured, "measured on nothing: a test"),
        }),
        file(
            0x0003,
            "note",
            Body::Transparent(vec![0; 16].into()),
            read(verified(PIN)).with(Operation::UpdateBinary, nested),
        ),
        file(
            0x0004,
            "journal",
            Body::Records(vec![vec![0xC1, 1, 7].into(), vec![0xC1, 0].into()]),
            read(Condition::Always)
                .with(Operation::UpdateRecord, verified(PASSWORD))
                .with(Operation::AppendRecord, Condition::Always),
        )
        .with_room(RecordRoom { records: 4, length: 16 }),
        file(
            0x0005,
            "closed",
            Body::Transparent(vec![1].into()),
            read(Condition::Never),
        ),
        file(0x0011, "pin", Body::Pin(digits), pin),
        file(
            0x0012,
            "password",
            Body::Pin(Pin::unset(password, 5)),
            free_to_try.clone(),
        ),
        file(0x0014, "code", Body::Pin(unlimited), free_to_try),
        file(
            0x0013,
            "host",
            Body::HostKey(public_key()),
            Access::NONE.with(Operation::ExternalAuthenticate, Condition::Always),
        ),
        file(0x0017, "sign", Body::PrivateKey(private_key()), key),
        file(
            0x0018,
            "idle",
            Body::PrivateKey(private_key()),
            Access::NONE.with(Operation::InternalAuthenticate, Condition::Unsuited),
        ),
        file(0x0019, "made", Body::GeneratedKey(KeyAlgorithm::P384), made),
        file(
            0x001A,
            "authority",
            Body::CertificateKey(CertificateKey {
                key_id: [7; 16],
                modulus: vec![0xC5; 256],
                exponent: vec![1, 0, 1],
            }),
            Access::NONE.with(Operation::VerifyCertificate, Condition::Always),
        ),
        file(0x001E, "unknown", Body::Reserved, Access::NONE),
    ];
    Application::new(
        aid(0x10),
        "everything",
        "全部入りAP",
        Basis::new(Certainty::Documented, "documented in this test"),
    )
    .with_files(files)
    .with_default_key(FileId::new(0x0017))
    .with_select(SelectAnswer {
        fci: Some(vec![0x6F, 0x02, 0x85, 0x00].into()),
        locked: false,
    })
    .with_status_words(vec![
        (&rule::NO_SUCH_FILE, StatusWord::REFERENCED_DATA_NOT_FOUND),
        (&rule::ACCESS_DENIED, StatusWord::CONDITIONS_NOT_SATISFIED),
    ])
}

fn below() -> Application {
    let shared = Body::SharedPin(ObjectId {
        aid: aid(0x10),
        file: PIN,
    });
    let jpki = Body::SharedPin(ObjectId {
        aid: pins::AUTH.aid,
        file: pins::AUTH.file,
    });
    let verify = Access::NONE.with(Operation::Verify, Condition::Always);
    let file =
        |id, name: &'static str, body| File::new(FileId::new(id), name, "共有", body, verify.clone(), invention());
    let files = vec![file(0x0011, "pin", shared), file(0x0018, "auth", jpki)];
    Application::new(aid(0x20), "below", "下のAP", invention())
        .with_files(files)
        .with_parent(aid(0x10))
        .with_select(SelectAnswer {
            fci: None,
            locked: true,
        })
        .with_secure_session(SecureSession::Refused(&rule::WRONG_P1_P2))
}
