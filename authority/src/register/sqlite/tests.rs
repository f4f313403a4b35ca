//! The register against a model, by several processes' worth of connections, and damaged.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

pub(super) const KEYS: [IssuerId; 2] = [IssuerId([1; 20]), IssuerId([2; 20])];

pub(super) fn fresh() -> (TempDir, SqliteRegister) {
    let folder = tempfile::tempdir().unwrap();
    let register = SqliteRegister::open_or_make(&folder.path().join("register.sqlite")).unwrap();
    (folder, register)
}

pub(super) fn date(text: &str) -> DateTime {
    text.parse().unwrap()
}

pub(super) fn certificate(issuer: IssuerId, serial: u32, digest: u8) -> Certificate {
    Certificate {
        issuer,
        hierarchy: if issuer == KEYS[0] {
            Hierarchy::Signature
        } else {
            Hierarchy::Authentication
        },
        serial,
        digest: [digest; 32],
        municipality: format!("{:05}", 13101 + serial % 3),
        distribution_point: format!("point {}", serial % 3).into_bytes(),
        validity: (date("2026-11-01T01:00:00Z"), date("2031-04-01T14:59:59Z")),
        card: (CardId([digest; 32]), format!("card-{digest}")),
        replaces: None,
    }
}

pub(super) fn revocation(second: u64, reason: Reason) -> Revocation {
    let at = DateTime::from_unix_duration(Duration::from_secs(1_800_000_000 + second)).unwrap();
    Revocation { at, reason }
}

#[test]
fn only_its_owner_can_read_it() {
    let (folder, _register) = fresh();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let mode = entry.as_ref().unwrap().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}: {mode:o}", entry.unwrap().file_name());
    }
}

#[test]
fn the_same_certificate_again_adds_the_card_and_keeps_the_status() {
    let (_folder, mut register) = fresh();
    let (sign, auth) = (certificate(KEYS[0], 7, 1), certificate(KEYS[1], 8, 1));
    assert_eq!(
        register.record(&[sign.clone(), auth]).unwrap(),
        [Recorded::New, Recorded::New]
    );
    let begin = date("2026-11-01T01:00:00Z");
    assert_eq!(register.issuers().unwrap(), KEYS.map(|key| (key, begin)));
    let first = revocation(0, Reason::KeyCompromise);
    assert_eq!(register.revoke(KEYS[0], 7, first).unwrap(), Revoked::Now);
    let mut again = sign;
    again.card = (CardId([9; 32]), "copy".to_owned());
    assert_eq!(register.record(&[again]).unwrap(), [Recorded::Known]);
    assert_eq!(
        register.revoke(KEYS[0], 7, revocation(5, Reason::Superseded)).unwrap(),
        Revoked::Before(first)
    );
    let entry = register.entry(KEYS[0], 7).unwrap().unwrap();
    assert_eq!(entry.cards, ["card-1", "copy"]);
    assert_eq!(entry.revocation, Some(first));
    assert_eq!(entry.partner, Some((KEYS[1], 8)));
    let mut of_card = Vec::new();
    let mut take = |entry: Entry| {
        of_card.push(entry.serial);
        true
    };
    register.entries(Some(CardId([1; 32])), &mut take).unwrap();
    assert_eq!(of_card, [7, 8]);
}

#[test]
fn a_serial_number_that_is_in_use_keeps_the_first_certificate() {
    let (_folder, mut register) = fresh();
    register.record(&[certificate(KEYS[0], 7, 1)]).unwrap();
    let batch = [certificate(KEYS[0], 7, 2), certificate(KEYS[1], 7, 2)];
    // The other hierarchy counts by itself.
    assert_eq!(register.record(&batch).unwrap(), [Recorded::SerialTaken, Recorded::New]);
    assert_eq!(register.entry(KEYS[0], 7).unwrap().unwrap().cards, ["card-1"]);
}

#[test]
fn a_renewed_certificate_points_to_the_old_one() {
    let (_folder, mut register) = fresh();
    register.record(&[certificate(KEYS[0], 7, 1)]).unwrap();
    let mut new = certificate(KEYS[0], 8, 1);
    new.digest = [8; 32];
    new.replaces = Some((KEYS[0], 7));
    register.record(&[new]).unwrap();
    assert_eq!(
        register.entry(KEYS[0], 8).unwrap().unwrap().replaces,
        Some((KEYS[0], 7))
    );
}

#[test]
fn what_is_no_register_or_a_later_one_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r");
    fs::write(
        &path,
        "a letter, and a long one; a database it is not, whatever one does with it",
    )
    .unwrap();
    let refused = SqliteRegister::open_or_make(&path).err().unwrap();
    assert!(matches!(refused.kind(), RegisterErrorKind::NoRegister), "{refused}");
    assert!(fs::read_to_string(&path).unwrap().starts_with("a letter"));
    // A database of another program.
    fs::remove_file(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE friend (name TEXT)").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let refused = SqliteRegister::open_or_make(&path).err().unwrap();
    assert!(matches!(refused.kind(), RegisterErrorKind::NoRegister), "{refused}");
    assert!(fs::read(&path).unwrap() == before, "the database was changed");
    // One of a later version.
    fs::remove_file(&path).unwrap();
    let register = SqliteRegister::open_or_make(&path).unwrap();
    register.connection.pragma_update(None, "user_version", 7).unwrap();
    drop(register);
    let refused = SqliteRegister::open(&path).err().unwrap();
    assert!(
        matches!(refused.kind(), RegisterErrorKind::Newer(7, VERSION)),
        "{refused}"
    );
    // A folder, and nothing at all.
    let refused = SqliteRegister::open(folder.path()).err().unwrap();
    assert!(matches!(refused.kind(), RegisterErrorKind::NoRegister), "{refused}");
    let refused = SqliteRegister::open_or_make(folder.path()).err().unwrap();
    assert!(matches!(refused.kind(), RegisterErrorKind::NoRegister), "{refused}");
    // A pipe would keep the process waiting, and a device take what is written.
    let refused = SqliteRegister::open_or_make(Path::new("/dev/null")).err().unwrap();
    assert!(matches!(refused.kind(), RegisterErrorKind::NoRegister), "{refused}");
    let pipe = folder.path().join("pipe");
    let mut mkfifo = vmyna_testkit::client("mkfifo", "coreutils");
    assert!(mkfifo.arg(&pipe).status().unwrap().success());
    let (sent, received) = std::sync::mpsc::channel();
    std::thread::spawn(move || sent.send(SqliteRegister::open_or_make(&pipe).map(drop)));
    let refused = received.recv_timeout(std::time::Duration::from_secs(60));
    let refused = refused.expect("it waits for the pipe").err().unwrap();
    assert!(matches!(refused.kind(), RegisterErrorKind::NoRegister), "{refused}");
    let refused = SqliteRegister::open(&folder.path().join("absent")).err().unwrap();
    assert!(matches!(refused.kind(), RegisterErrorKind::Io(_)), "{refused}");
}

#[test]
fn four_writers_at_once_lose_nothing() {
    let (folder, mut register) = fresh();
    let path = folder.path().join("register.sqlite");
    let all: Vec<Certificate> = (0..200).map(|serial| certificate(KEYS[0], serial, 1)).collect();
    register.record(&all).unwrap();
    let counted: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|at| {
                let path = &path;
                scope.spawn(move || {
                    let mut register = SqliteRegister::open(path).unwrap();
                    let mut own = 0;
                    for serial in 0..200 {
                        let wanted = revocation(at, Reason::Superseded);
                        own += usize::from(register.revoke(KEYS[0], serial, wanted).unwrap() == Revoked::Now);
                    }
                    own
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert_eq!(counted, 200, "each is revoked once");
    let mut revoked = 0;
    let by = register.now().unwrap();
    register.revoked(KEYS[0], None, by, &mut |_| revoked += 1).unwrap();
    assert_eq!(revoked, 200);
}

#[test]
fn revocation_lists_read_one_index_and_no_table() {
    let (_folder, register) = fresh();
    for (sql, index) in [(REVOKED, "revoked_by_serial"), (REVOKED_AT_POINT, "revoked_by_point")] {
        let mut plan = register
            .connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        for at in 1..=plan.parameter_count() {
            plan.raw_bind_parameter(at, 0).unwrap();
        }
        let mut rows = plan.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get::<_, String>(3).unwrap());
        }
        let covering = format!("SEARCH certificate USING COVERING INDEX {index}");
        assert!(steps.iter().any(|step| step.starts_with(&covering)), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }
}

/// What a test does to register and model.
#[derive(Clone, Debug)]
enum Step {
    Record(Vec<(usize, u32, u8)>),
    Revoke(usize, u32, u64, u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let one = (0..2_usize, 0..6_u32, 0..3_u8);
    prop_oneof![
        proptest::collection::vec(one, 1..4).prop_map(Step::Record),
        (0..2_usize, 0..8_u32, 0..100_u64, 0..7_u8)
            .prop_map(|(key, serial, at, reason)| Step::Revoke(key, serial, at, reason)),
        Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The model is a map that is copied at each write: asked with any earlier number, the register answers as it did then.
    #[test]
    fn the_register_is_a_map_that_remembers_what_it_was(steps in proptest::collection::vec(step(), 1..20)) {
        let (folder, mut register) = fresh();
        let path = folder.path().join("register.sqlite");
        type Model = BTreeMap<(usize, u32), (u8, Option<Revocation>)>;
        let mut model = Model::new();
        let mut history = vec![(register.now().unwrap(), model.clone())];
        for step in steps {
            match step {
                Step::Record(batch) => {
                    let certificates: Vec<_> =
                        batch.iter().map(|(key, serial, digest)| certificate(KEYS[*key], *serial, *digest)).collect();
                    let expected: Vec<_> = batch.iter().map(|(key, serial, digest)| match model.get(&(*key, *serial)) {
                        None => {
                            model.insert((*key, *serial), (*digest, None));
                            Recorded::New
                        }
                        Some((there, _)) if there == digest => Recorded::Known,
                        Some(_) => Recorded::SerialTaken,
                    }).collect();
                    prop_assert_eq!(register.record(&certificates).unwrap(), expected);
                }
                Step::Revoke(key, serial, at, reason) => {
                    let wanted = revocation(at, Reason::of_code(reason).unwrap());
                    let expected = match model.get_mut(&(key, serial)) {
                        None => Revoked::Unknown,
                        Some((_, Some(before))) => Revoked::Before(*before),
                        Some((_, revoked)) => {
                            *revoked = Some(wanted);
                            Revoked::Now
                        }
                    };
                    prop_assert_eq!(register.revoke(KEYS[key], serial, wanted).unwrap(), expected);
                }
                Step::Reopen => register = SqliteRegister::open(&path).unwrap(),
            }
            history.push((register.now().unwrap(), model.clone()));
        }
        for (by, model) in history {
            for (at, key) in KEYS.into_iter().enumerate() {
                for serial in 0..8 {
                    let expected = model.get(&(at, serial)).map(|(_, revoked)| *revoked);
                    prop_assert_eq!(register.status(key, serial, by).unwrap(), expected);
                }
                for point in [None, Some(1_u32)] {
                    let expected: Vec<u32> = model
                        .iter()
                        .filter(|((of, serial), (_, revoked))| {
                            *of == at && revoked.is_some() && point.is_none_or(|point| serial % 3 == point)
                        })
                        .map(|((_, serial), _)| *serial)
                        .collect();
                    let point = point.map(|point| DistributionPoint {
                        municipality: format!("{:05}", 13101 + point),
                        name: format!("point {point}").into_bytes(),
                    });
                    let mut listed = Vec::new();
                    register.revoked(key, point.as_ref(), by, &mut |one| listed.push(one.serial)).unwrap();
                    prop_assert_eq!(listed, expected);
                }
            }
        }
    }
}
