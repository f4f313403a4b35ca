//! Issues the specimen card `specimen:hanako` anew: `cargo run --example make-specimens -- [--issued TIME] [--out FOLDER]`.
//!
//! Keys that are already in the folder are kept; missing ones are made from a fixed seed. Certificates are always made. The
//! result depends on the arguments only: TIME is UTC, like `2026-11-01T01:00:00Z`; FOLDER is `test-vectors/specimens` of
//! this repository unless given. All keys are public test keys; the person is fictional.

use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use der::DateTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::RsaPrivateKey;
use vmyna_applets::issuance::calendar::Date;
use vmyna_applets::issuance::card_data::CardData;
use vmyna_applets::issuance::cv::{self, CvAuthority, CvCertificate, KeyId};
use vmyna_applets::issuance::face_data::{self, FaceAuthority};
use vmyna_applets::issuance::person::{Person, Sex};
use vmyna_applets::issuance::pictures::{DEFAULT_PHOTO, Pictures};
use vmyna_applets::issuance::specimen::{self, PINS};
use vmyna_applets::issuance::text_data::{self, TextAuthority};
use vmyna_applets::issuance::x509::names::Hierarchy;
use vmyna_applets::issuance::x509::{self, Authority, Holder, Request};
use vmyna_applets::issuance::{keys, validity};

/// A week after Hanako's birthday, so that her certificates last almost five years.
const DEFAULT_ISSUED: &str = "2026-11-01T01:00:00Z";
const DEFAULT_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/specimens");
const README: &str = include_str!("../../test-vectors/specimens/README.md");

/// Not secret: who knows it can make the same keys, which are committed anyway.
const SEED: [u8; 32] = *b"vmyna specimens public test keys";

/// On the test card the signature certificate begins this much after the authentication certificate.
const BETWEEN_CERTIFICATES: Duration = Duration::from_secs(15);

const AUTHENTICATION_ID: &str = "VMYNA000000001";
const IMAGE_NUMBER: &str = "VMYNA-9999000000000001";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let (mut folder, mut issued) = (PathBuf::from(DEFAULT_FOLDER), DEFAULT_ISSUED.to_owned());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--issued" => issued = value,
            "--out" => folder = PathBuf::from(value),
            _ => return Err(format!("{argument} is not known; there are --issued TIME and --out FOLDER").into()),
        }
    }
    let issued = issued
        .parse()
        .map_err(|_| "TIME is UTC and looks like 2026-11-01T01:00:00Z")?;
    let desk = Desk { folder, issued };
    desk.write("README.md", README)?;
    desk.issue_terminal()?;
    desk.issue_hanako()
}

/// Where the specimens are issued, and when.
struct Desk {
    folder: PathBuf,
    issued: DateTime,
}

impl Desk {
    /// The chain of a terminal for the PIN-less path: authority (on the card), intermediate, terminal.
    fn issue_terminal(&self) -> Outcome<()> {
        let authority = CvAuthority::new(KeyId::terminal(0, 1)?, self.key("terminal-ca/key.pem")?)?;
        let authority_key = self.key("terminal-ca/key.pem")?.to_public_key();
        self.write("terminal-ca/key-id.bin", authority.id().as_bytes())?;
        self.write("terminal-ca/public-key.bin", cv::encode_public_key(&authority_key)?)?;

        let intermediate_key = self.key("terminal-intermediate/key.pem")?;
        let intermediate = authority.certify(KeyId::terminal(1, 1)?, &intermediate_key.to_public_key())?;
        self.write("terminal-intermediate/certificate.bin", intermediate.to_file())?;

        let intermediate_authority = CvAuthority::new(intermediate.subject(), intermediate_key)?;
        let terminal_key = self.key("terminal/key.pem")?.to_public_key();
        let terminal = intermediate_authority.certify(KeyId::terminal(2, 1)?, &terminal_key)?;
        self.write("terminal/certificate.bin", terminal.to_file())
    }

    fn issue_hanako(&self) -> Outcome<()> {
        let person = specimen::hanako_person();
        let expiry = validity::card_expiry(self.issued, person.birth)?;
        self.issue_jpki(&person, expiry)?;

        let (intermediate, card) = self.issue_card_key(&person)?;
        let data = CardData {
            issuer: intermediate.issuer(),
            image_number: IMAGE_NUMBER,
            municipality: person.municipality.code,
            expiry,
            intermediate: &intermediate,
            card: Some(&card),
        };
        for (object, contents) in data.objects()? {
            self.write(&format!("hanako/get-data/{object:04X}.bin"), contents)?;
        }
        self.issue_text(&person)?;
        self.issue_face(&person, expiry)?;
        self.key("hanako/common-key.pem")?;
        self.write("hanako/hanako.toml", self.describe(&person, expiry)?)
    }

    /// Both authorities and both certificates of the cardholder.
    fn issue_jpki(&self, person: &Person, expiry: Date) -> Outcome<()> {
        let code = person.municipality.code;
        let sign_begins = DateTime::from_unix_duration(self.issued.unix_duration() + BETWEEN_CERTIFICATES)?;
        let local = validity::japanese_clock(self.issued)?;
        let (auth_name, sign_name) = (
            x509::authentication_common_name(AUTHENTICATION_ID, code)?,
            x509::signature_common_name(local, 1, code)?,
        );

        let holder = Holder::Authentication {
            common_name: &auth_name,
            municipality: &person.municipality,
        };
        self.issue_certificate("auth", 1, self.issued, holder, person, expiry)?;
        let holder = Holder::Signature {
            common_name: &sign_name,
            person,
        };
        self.issue_certificate("sign", 3, sign_begins, holder, person, expiry)
    }

    fn issue_certificate(
        &self,
        kind: &str,
        serial: u32,
        begins: DateTime,
        holder: Holder<'_>,
        person: &Person,
        expiry: Date,
    ) -> Outcome<()> {
        let hierarchy = match holder {
            Holder::Authentication { .. } => Hierarchy::Authentication,
            Holder::Signature { .. } => Hierarchy::Signature,
        };
        let authority_key = self.key(&format!("{kind}-ca/key.pem"))?;
        let authority = Authority::establish(hierarchy, authority_key, self.serial(serial)?, self.issued)?;
        self.write(&format!("{kind}-ca/certificate.der"), authority.certificate()?)?;
        let request = Request {
            serial: self.serial(serial + 1)?,
            not_before: begins,
            not_after: validity::certificate_end(begins, person.birth, expiry)?,
            public_key: &self.key(&format!("hanako/{kind}-key.pem"))?.to_public_key(),
            holder,
        };
        self.write(&format!("hanako/{kind}-certificate.der"), authority.issue(&request)?)
    }

    /// The chain of the card's own key: root, the municipality's intermediate, card.
    fn issue_card_key(&self, person: &Person) -> Outcome<(CvCertificate, CvCertificate)> {
        let root = CvAuthority::new(KeyId::root(1)?, self.key("cv-root/key.pem")?)?;
        let intermediate_key = self.key("cv-intermediate/key.pem")?;
        let intermediate_id = KeyId::intermediate(person.municipality.code, 2)?;
        let intermediate = root.certify(intermediate_id, &intermediate_key.to_public_key())?;
        self.write("cv-intermediate/certificate.bin", intermediate.to_file())?;
        let card_key = self.key("hanako/card-key.pem")?.to_public_key();
        let card = CvAuthority::new(intermediate_id, intermediate_key)?.certify(KeyId::card(1, 1)?, &card_key)?;
        Ok((intermediate, card))
    }

    /// The files of the input-assist application, and the chain behind their signatures: root, the municipality.
    fn issue_text(&self, person: &Person) -> Outcome<()> {
        let root = CvAuthority::new(text_data::root_id(1)?, self.key("text-root/key.pem")?)?;
        let authority = TextAuthority::establish(&root, person.municipality.code, self.key("text-issuer/key.pem")?)?;
        self.write("text-issuer/certificate.bin", authority.certificate().to_file())?;
        let own = self.key("hanako/text-key.pem")?.to_public_key();
        let session = self.key("hanako/session-key.pem")?.to_public_key();
        let data = authority.issue(person, &own, &session)?;
        for (id, file) in data.files() {
            self.write(&format!("hanako/input-assist/{id:04X}.bin"), file.as_bytes())?;
        }
        Ok(())
    }

    /// The files of the face-info application, and the chain behind their signatures: root, the municipality.
    fn issue_face(&self, person: &Person, expiry: Date) -> Outcome<()> {
        let root = CvAuthority::new(face_data::root_id(1)?, self.key("face-root/key.pem")?)?;
        let authority = FaceAuthority::establish(&root, person.municipality.code, self.key("face-issuer/key.pem")?)?;
        self.write("face-issuer/certificate.bin", authority.certificate().to_file())?;
        let own = self.key("hanako/face-key.pem")?.to_public_key();
        let pictures = Pictures::draw(person, specimen::HANAKO_SECURITY_CODE, DEFAULT_PHOTO)?;
        for (id, file) in authority.issue(person, expiry, &pictures, &own)?.files() {
            self.write(&format!("hanako/face-info/{id:04X}.bin"), file.as_bytes())?;
        }
        Ok(())
    }

    /// A serial number of three bytes, unique for the day of issue: days since 1970, then `running` in the last byte.
    fn serial(&self, running: u32) -> Outcome<u32> {
        let days = u32::try_from(self.issued.unix_duration().as_secs() / (24 * 60 * 60))?;
        if days >= 0x8000 {
            return Err("specimens can be issued until 2059: later serial numbers take four bytes".into());
        }
        Ok(days << 8 | running)
    }

    fn describe(&self, person: &Person, expiry: Date) -> Outcome<String> {
        let sex = match person.sex {
            Sex::Male => "male",
            Sex::Female => "female",
            Sex::Other => "other",
            Sex::Unknown => "unknown",
        };
        let municipality = &person.municipality;
        let code = municipality.code;
        Ok(format!(
            "# specimen:hanako. A fictional person: no such person, address or number of hers exists.\n\
             # Written by the example make-specimens; the card is built from the files beside this one.\n\
             \n\
             name = \"{name}\"\n\
             address = \"{address}\"\n\
             birth = \"{birth}\"\n\
             sex = \"{sex}\"\n\
             my-number = \"{my_number}\"\n\
             residence-code = \"{residence_code}\"\n\
             \n\
             [municipality]\n\
             code = \"{code}\"\n\
             check-digit = \"{check}\"\n\
             prefecture = \"{prefecture}\"\n\
             name = \"{municipality}\"\n\
             \n\
             [card]\n\
             issued = \"{issued}\"\n\
             expiry = \"{expiry}\"\n\
             security-code = \"{security_code}\"\n\
             serial = \"{card_serial}\"\n\
             token-serial = \"{token_serial}\"\n\
             \n\
             [pins]\n\
             sign = \"{sign}\"\n\
             auth = \"{auth}\"\n\
             input-assist = \"{input_assist}\"\n\
             residence = \"{residence}\"\n\
             verification-code-a = \"{my_number}\"\n\
             verification-code-b = \"{code_b}\"\n\
             birth-date = \"{birth_pin}\"\n",
            name = person.name,
            address = person.address,
            birth = person.birth,
            my_number = std::str::from_utf8(person.my_number.digits())?,
            residence_code = std::str::from_utf8(specimen::HANAKO_RESIDENCE_CODE.digits())?,
            check = char::from(code.check_digit()),
            prefecture = municipality.prefecture,
            municipality = municipality.name,
            issued = self.issued,
            security_code = specimen::HANAKO_SECURITY_CODE,
            card_serial = specimen::HANAKO_CARD_SERIAL,
            token_serial = specimen::HANAKO_TOKEN_SERIAL,
            sign = PINS.sign,
            auth = PINS.auth,
            input_assist = PINS.input_assist,
            residence = PINS.residence,
            code_b = person.verification_code_b(expiry, specimen::HANAKO_SECURITY_CODE)?,
            birth_pin = person.birth_date_pin()?,
        ))
    }

    /// The key in a file, made first if the file is missing. The path inside the folder is the key's label.
    fn key(&self, path: &str) -> Outcome<RsaPrivateKey> {
        match fs::read_to_string(self.folder.join(path)) {
            Ok(pem) => Ok(keys::from_pem(&pem)?),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = keys::generate(&mut ChaCha20Rng::from_seed(*keys::seed_for(&SEED, path)))?;
                self.write(path, keys::to_pem(&key)?.as_bytes())?;
                Ok(key)
            }
            Err(error) => Err(format!("{path}: {error}").into()),
        }
    }

    /// Writes a file by way of a temporary name, so that an interrupted run leaves no half file; keys readable by their
    /// owner only.
    fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> Outcome<()> {
        let path = self.folder.join(path);
        let temporary = path.with_extension("new");
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let mut file = create(&temporary, path.extension().is_some_and(|extension| extension == "pem"))?;
        file.write_all(contents.as_ref())?;
        file.sync_all()?;
        Ok(fs::rename(temporary, path)?)
    }
}

#[cfg(unix)]
fn create(path: &Path, secret: bool) -> std::io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = if secret { 0o600 } else { 0o644 };
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _secret: bool) -> std::io::Result<fs::File> {
    fs::File::create(path)
}
