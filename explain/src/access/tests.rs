use std::collections::BTreeSet;

use rand_core::OsRng;
use vmyna_apdu::{CommandApdu, Language, hex};
use vmyna_applets::Profile;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::{Body, File, SecureSession, decide};
use vmyna_card_os::state::MemoryStore;

use super::*;
use crate::files::List;
use crate::reasons::Reasons;
use crate::specimen::hanako;

const LANGUAGES: [Language; 2] = [Language::En, Language::Ja];

/// A command for this operation on the current EF. It changes nothing: it reads, or the card refuses it.
fn command(operation: Operation, body: &Body) -> Vec<u8> {
    let head = |text: &str| hex::decode(text).unwrap();
    match (operation, body) {
        (Operation::Read, Body::Records(_)) => head("00B2010400"),
        (Operation::Read, _) => head("00B0000000"),
        (Operation::Verify, _) => head("00200080"),
        (Operation::ChangeReferenceData, _) => head("002401800431323334"),
        (Operation::ChangeKey, _) => head("803200800431323334"),
        (Operation::ComputeSignature, _) => head("802A0080013000"),
        (Operation::InternalAuthenticate, _) => head("00880080013000"),
        (Operation::ExternalAuthenticate, _) => head("00820080013000"),
        (Operation::VerifyCertificate, _) => [&head("80A206C1000133")[..], &[0; 307]].concat(),
        (Operation::SetSessionKey, _) => [&head("80AE0000000100")[..], &[0; 256]].concat(),
        (Operation::UpdateBinary, _) => head("00D60000013000"),
        (Operation::UpdateRecord, _) => head("00DC0104013000"),
        (Operation::AppendRecord, _) => head("00E20000013000"),
        (Operation::GenerateKeyPair, _) => head("0046808000"),
    }
}

/// The list of the files of an application.
fn listed(application: &Application, language: Language) -> String {
    List::new(language)
        .with_sources(true)
        .application(application)
        .join("\n")
}

fn of_profile(name: &str) -> IssuedCard {
    let profile = Profile::find(name).unwrap();
    hanako().with_profile(profile)
}

/// The reasons that a card of this profile gives for its answer to the last command.
fn reasons(profile: &str, commands: &[Vec<u8>]) -> Vec<Text> {
    let reasons = Reasons::default();
    let mut card = of_profile(profile)
        .card(Box::<MemoryStore>::default(), Box::new(OsRng))
        .unwrap();
    card.observe(reasons.observer());
    card.power_on();
    for command in commands {
        assert!(CommandApdu::parse(command).is_ok(), "{command:02X?}");
        reasons.clear();
        card.transmit(command, &mut Vec::new()).unwrap();
    }
    reasons.take()
}

fn select_application(application: &Application) -> Vec<u8> {
    let aid = application.aid.as_bytes();
    [&[0x00, 0xA4, 0x04, 0x0C, aid.len() as u8], aid].concat()
}

fn select_file(file: &File) -> Vec<u8> {
    [&[0x00, 0xA4, 0x02, 0x0C, 0x02][..], &file.id.value().to_be_bytes()].concat()
}

/// The list and the card's reasons describe `what` with the same words, certainty and source.
#[track_caller]
fn described_alike(list: [&str; 2], need: &Text, basis: &Text, reasons: &[Text], what: &str) {
    for (language, list) in LANGUAGES.into_iter().zip(list) {
        let (need, basis) = (need.say(language), basis.say(language));
        assert!(
            list.lines().any(|line| line.contains(need) && line.contains(basis)),
            "{what}: {need} {basis}\nis not in the list\n{list}"
        );
        assert!(
            reasons.iter().any(|reason| {
                let reason = reason.say(language);
                reason.contains(&format!(": {need}")) && reason.ends_with(basis)
            }),
            "{what}: {need} {basis}\nis not among the card's reasons\n{reasons:?}"
        );
    }
}

#[test]
fn lists_and_reasons_use_the_same_words_for_every_file() {
    let mut seen = BTreeSet::new();
    for profile in Profile::NAMES {
        for application in of_profile(profile).applications() {
            let [en, ja] = LANGUAGES.map(|language| listed(&application, language));
            let list = [en.as_str(), ja.as_str()];
            let selected = select_application(&application);
            for file in &application.files {
                for (operation, when) in file.access.iter() {
                    let commands = [selected.clone(), select_file(file), command(operation, &file.body)];
                    let given = reasons(profile, &commands);
                    let need = need(&application, operation, Some(when));
                    let what = format!("{profile} {} {} {operation}", application.name, file.id);
                    described_alike(list, &need, &basis(&file.basis), &given, &what);
                    seen.insert(operation);
                }
            }
            for object in &application.data_objects {
                let [high, low] = object.tag.to_be_bytes();
                let get_data = vec![0x00, 0xCA, high, low, 0x00, 0x00, 0x00];
                let given = reasons(profile, &[selected.clone(), get_data]);
                let when = object.access.condition(Operation::Read);
                let need = need(&application, Operation::Read, when);
                let what = format!("{profile} {} {:04X}", application.name, object.tag);
                described_alike(list, &need, &basis(&object.basis), &given, &what);
            }
            if let SecureSession::Offered {
                condition,
                basis: declared,
                ..
            } = &application.secure_session
            {
                let key = command(Operation::SetSessionKey, &Body::Reserved);
                let given = reasons(profile, &[selected, key]);
                let need = need(&application, Operation::SetSessionKey, Some(condition));
                described_alike(list, &need, &basis(declared), &given, &format!("{profile} session"));
                seen.insert(Operation::SetSessionKey);
            }
        }
    }
    // External authentication, and what changes files or makes keys, are declared nowhere.
    assert_eq!(seen.len(), Operation::ALL.len() - 5, "{seen:?}");
}

#[test]
fn every_file_and_object_has_a_japanese_name() {
    for application in hanako().applications() {
        let files = application.files.iter().map(|file| (&file.name, &file.title));
        let objects = application
            .data_objects
            .iter()
            .map(|object| (&object.name, &object.title));
        for (name, title) in files.chain(objects) {
            assert!(!title.is_empty(), "{}: {name}", application.name);
        }
    }
}

#[test]
fn a_condition_names_its_pins() {
    let applications = hanako().applications();
    let application = &applications[2];
    let verified = |id| Condition::Verified(FileId::new(id));
    let nested = Condition::AllOf(vec![
        verified(0x0011),
        Condition::AnyOf(vec![verified(0x0014), verified(0x0015)]),
    ]);
    let text = need(application, Operation::Read, Some(&nested));
    assert_eq!(
        text.en,
        "read needs input-assist PIN (0011) and (verification code A (0014) or verification code B (0015))"
    );
    assert_eq!(
        text.ja,
        "読み出しには券面事項入力補助用暗証番号（0011）および（照合番号A（0014）または照合番号B（0015））の照合が必要"
    );
    assert_eq!(
        need(application, Operation::Read, None).en,
        "read is not declared for it"
    );
    assert_eq!(needs(application, &Access::NONE).en, "no operation is declared for it");
}

#[test]
fn a_verdict_gives_the_condition_and_the_verified_pins() {
    let applications = hanako().applications();
    let jpki = &applications[1];
    let [auth, sign] = [FileId::new(0x0018), FileId::new(0x001B)];
    let access = Access::read(Condition::Always)
        .with(Operation::Verify, Condition::Never)
        .with(Operation::InternalAuthenticate, Condition::Unsuited)
        .with(Operation::ChangeKey, Condition::Verified(sign));
    let table: [(_, &[FileId], _, _); 6] = [
        (
            Operation::Read,
            &[auth],
            "allowed: read is free",
            "許可: 読み出しに条件はない",
        ),
        (
            Operation::Verify,
            &[auth],
            "denied: no credential of the cardholder allows verify",
            "拒否: 名義人のどの暗証番号・照合番号でも照合はできない",
        ),
        (
            Operation::InternalAuthenticate,
            &[],
            "denied: the key is not for internal authenticate",
            "拒否: この鍵は内部認証に使えない",
        ),
        (
            Operation::ChangeKey,
            &[],
            "denied: change key needs sign password (001B); verified: none",
            "拒否: 鍵データの変更には署名用パスワード（001B）の照合が必要。照合済み: なし",
        ),
        (
            Operation::ChangeKey,
            &[auth, sign],
            "allowed: change key needs sign password (001B); verified: auth PIN (0018), sign password (001B)",
            "許可: 鍵データの変更には署名用パスワード（001B）の照合が必要。照合済み: 利用者証明用暗証番号（0018）、署名用パスワード（001B）",
        ),
        (
            Operation::ComputeSignature,
            &[],
            "denied: compute signature is not declared for it",
            "拒否: 署名の生成は宣言されていない",
        ),
    ];
    for (operation, verified, en, ja) in table {
        let text = verdict(jpki, &decide(&access, operation, verified));
        assert_eq!((text.en.as_str(), text.ja.as_str()), (en, ja));
    }
}

#[test]
fn a_host_is_authenticated_and_a_pin_is_verified() {
    use vmyna_apdu::Aid;
    use vmyna_card_os::Event;
    use vmyna_card_os::declaration::{Access, PublicKey};
    let basis = || Basis::new(Certainty::Assumed, "synthetic");
    let host = FileId::new(0x12);
    let body = Body::HostKey(PublicKey::from_spki_der(&[]));
    let file = File::new(host, "terminal", "端末", body, Access::NONE, basis());
    let application = Application::new(Aid::new(b"example").unwrap(), "example", "例", basis()).with_files(vec![file]);
    let needed = Condition::Verified(host);
    let Text { en, ja } = need(&application, Operation::UpdateBinary, Some(&needed));
    assert_eq!(en, "update binary needs terminal (0012)");
    assert_eq!(ja, "バイナリの更新には端末（0012）の照合・認証が必要");
    for (verified, english, japanese) in [
        (
            true,
            "terminal (0012) is authenticated now",
            "端末（0012）は認証済みになった",
        ),
        (
            false,
            "terminal (0012) is no longer authenticated",
            "端末（0012）は認証済みでなくなった",
        ),
    ] {
        let event = Event::SecurityStatus {
            application: &application,
            pin: host,
            verified,
        };
        let Text { en, ja } = crate::reasons::reason(&event).unwrap();
        assert_eq!((en.as_str(), ja.as_str()), (english, japanese));
    }
}
