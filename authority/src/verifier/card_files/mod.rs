//! The card's own files with signatures: the text data of the input-assist application and the face data of the face-info
//! application, each under a CV certificate (EF 0004) of a named key.
//!
//! A file is recognised by its objects. Objects are found by their tags, never through the offset table, which is not signed.
//! Not signed are also filler, the expiry (DF29), the picture of the security code (DF2A) and basic information. That the card
//! itself was there can't be seen from files: they can be copied.

mod face;
mod text_files;

use rsa::RsaPublicKey;
use vmyna_apdu::{Text, text};
use vmyna_applets::cv::{CvCertificate, MODULUS_BYTES};
use vmyna_card_os::tlv::Tlv;

use super::Settings;
use super::block::{self, Hash};
use super::compare::Claims;
use super::parts;
use super::report::{Kind, Report, fixed};

/// A file of the card, as it was read from the card: one object, and filler behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFile {
    /// Its name for the report.
    pub name: String,
    /// All its bytes.
    pub bytes: Vec<u8>,
}

/// Which file of the card it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Input-assist EF 0001.
    MyNumber,
    /// Input-assist EF 0002.
    TextAttributes,
    /// Input-assist EF 0003.
    TextIntegrity,
    /// Input-assist EF 0007.
    SignedKey,
    /// Face-info EF 0001.
    AgeRecord,
    /// Face-info EF 0002.
    CardFace,
    /// Face-info EF 0005.
    MyNumberPicture,
    /// EF 0004 of either application.
    Certificate,
    /// A file without signature: basic information of either application.
    Unsigned,
}

impl Which {
    const fn is_text(self) -> bool {
        matches!(
            self,
            Self::MyNumber | Self::TextAttributes | Self::TextIntegrity | Self::SignedKey
        )
    }

    const fn is_face(self) -> bool {
        matches!(self, Self::AgeRecord | Self::CardFace | Self::MyNumberPicture)
    }
}

/// A file with its objects.
struct Parsed<'a> {
    which: Which,
    file: &'a CardFile,
    /// The outer object's value.
    value: &'a [u8],
    objects: Vec<Placed<'a>>,
}

/// An object with where it begins in its file.
#[derive(Clone, Copy)]
struct Placed<'a> {
    tag: u16,
    value: &'a [u8],
    /// The object with its tag and length.
    whole: &'a [u8],
    /// From the file's beginning.
    at: usize,
}

impl<'a> Parsed<'a> {
    fn read(file: &'a CardFile) -> Result<Self, Text> {
        let name = &file.name;
        let damaged = || {
            text!(
                "{name} is no file of the card, or is cut off",
                "{name}はカードのファイルでないか、途中で切れています"
            )
        };
        let (outer, rest) = Tlv::read(&file.bytes).map_err(|_| damaged())?;
        if !parts::is_filler(rest) {
            return Err(text!(
                "{name} has bytes that are no filler behind its object",
                "{name}のデータオブジェクトの後に詰め物でないバイトがあります"
            ));
        }
        let length = file.bytes.len() - rest.len();
        let start = length - outer.value.len();
        let objects = match (outer.tag, outer.value) {
            // The My Number's digits stand under a constructed tag without an object of their own.
            (0xFF10, value) if !value.starts_with(&[0xDF]) => Vec::new(),
            (0x7F21, _) => Vec::new(),
            (_, value) => placed(value, start).ok_or_else(damaged)?,
        };
        let has = |tag| objects.iter().any(|object: &Placed<'_>| object.tag == tag);
        let which = match outer.tag {
            0x7F21 => Which::Certificate,
            0xFF10 if objects.is_empty() => Which::MyNumber,
            0xFF10 => Which::AgeRecord,
            0xFF20 if has(0xDF28) || has(0xDF27) || has(0xDF26) => Which::CardFace,
            0xFF20 => Which::TextAttributes,
            0xFF30 if has(0xDF34) || has(0xDF35) => Which::Unsigned,
            0xFF30 => Which::TextIntegrity,
            0xFF40
                if objects
                    .iter()
                    .any(|object| object.tag == 0xDF41 && object.value.len() == 4) =>
            {
                Which::Unsigned
            }
            0xFF40 => Which::MyNumberPicture,
            0xFF50 => Which::SignedKey,
            _ => return Err(damaged()),
        };
        Ok(Self {
            which,
            file,
            value: outer.value,
            objects,
        })
    }

    /// The object of a tag, which occurs once.
    fn object(&self, tag: u16) -> Result<Placed<'a>, Text> {
        let name = &self.file.name;
        let mut all = self.objects.iter().filter(|object| object.tag == tag);
        match (all.next(), all.next()) {
            (Some(object), None) => Ok(*object),
            (None, _) => Err(text!(
                "{name} has no object {tag:04X}",
                "{name}にオブジェクト{tag:04X}がありません"
            )),
            _ => Err(text!(
                "{name} has the object {tag:04X} twice",
                "{name}のオブジェクト{tag:04X}が重複しています"
            )),
        }
    }

    /// The objects of these tags.
    fn all<const N: usize>(&self, tags: [u16; N]) -> Result<[Placed<'a>; N], Text> {
        let mut found = Vec::with_capacity(N);
        for tag in tags {
            found.push(self.object(tag)?);
        }
        found
            .try_into()
            .map_err(|_| fixed("an object is missing", "オブジェクトがありません"))
    }

    /// Checks the table of offsets in DF21: the object of the n-th entry begins at the offset in the entry.
    fn check_offsets(&self, report: &mut Report, id: &'static str, tags: &[u16]) {
        let name = &self.file.name;
        let right = self.object(0xDF21).is_ok_and(|table| {
            table.value.len() == tags.len() * 2
                && table.value.as_chunks::<2>().0.iter().zip(tags).all(|(entry, tag)| {
                    self.object(*tag)
                        .is_ok_and(|object| object.at == usize::from(u16::from_be_bytes(*entry)))
                })
        });
        report.check(
            id,
            right,
            text!(
                "the offsets of {name} point to its objects",
                "{name}のオフセット表は正しいです"
            ),
            text!(
                "the offsets of {name}, which are not signed, don't point to its objects",
                "{name}の署名されていないオフセット表が、オブジェクトの位置と異なります"
            ),
        );
    }

    /// Checks a signature over all bytes of the outer object before the signature's own object, which is the last one.
    fn check_signed(&self, report: &mut Report, id: &'static str, tag: u16, key: Option<&RsaPublicKey>) {
        let name = &self.file.name;
        let signature = match self.object(tag) {
            Ok(signature) => signature,
            Err(reason) => return report.invalid(id, reason),
        };
        let Some(signed) = self.value.strip_suffix(signature.whole) else {
            return report.invalid(
                id,
                text!(
                    "{name} has objects behind its signature, which it does not cover",
                    "{name}の署名の後に、署名の対象でないオブジェクトがあります"
                ),
            );
        };
        conclude(report, id, name, key, |key| {
            block::verify(key, signature.value, signed, Hash::Sha256)
        });
    }
}

/// Reports a signature by the data-signing key, if that is known.
fn conclude(
    report: &mut Report,
    id: &'static str,
    name: &str,
    key: Option<&RsaPublicKey>,
    verify: impl FnOnce(&RsaPublicKey) -> Result<(), Text>,
) {
    match key.map(verify) {
        Some(Ok(())) => report.ok(
            id,
            text!(
                "the data-signing key has signed {name}",
                "データ署名鍵による{name}の署名は正しいです"
            ),
        ),
        Some(Err(why)) => {
            let (en, ja) = (why.en, why.ja);
            report.invalid(id, text!("{name}: {en}", "{name}: {ja}"));
        }
        None => report.not_verified(
            id,
            text!(
                "{name} can't be checked without a certified data-signing key",
                "認証されたデータ署名鍵がないため、{name}を確認できません"
            ),
        ),
    }
}

/// The objects of a value that begins at `start` in its file; `None` if it is not made of objects.
fn placed(value: &[u8], start: usize) -> Option<Vec<Placed<'_>>> {
    let mut rest = value;
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (object, after) = Tlv::read(rest).ok()?;
        all.push(Placed {
            tag: object.tag,
            value: object.value,
            whole: &rest[..rest.len() - after.len()],
            at: start + value.len() - rest.len(),
        });
        rest = after;
    }
    Some(all)
}

/// Which application a CV certificate is for: by the last two digits of its issuer's number, 33 for texts and 23 for face
/// data in every hierarchy that was seen.
fn application(certificate: &CvCertificate) -> Option<Kind> {
    match &certificate.issuer().as_bytes()[5..7] {
        b"33" => Some(Kind::TextData),
        b"23" => Some(Kind::FaceData),
        _ => None,
    }
}

/// Verifies files of one card: a report for each application.
#[must_use]
pub fn card_files(files: &[CardFile], settings: &Settings<'_>, claims: &mut Claims) -> Vec<Report> {
    let mut reports = Vec::new();
    let mut parsed = Vec::new();
    for file in files {
        match Parsed::read(file) {
            Ok(file) => parsed.push(file),
            Err(reason) => {
                let mut report = Report::new(Kind::Unknown, vec![file.name.clone()]);
                report.invalid("file.form", reason);
                reports.push(report);
            }
        }
    }
    let any_text = parsed.iter().any(|file| file.which.is_text());
    let any_face = parsed.iter().any(|file| file.which.is_face());
    let of = |kind: Kind| {
        let belongs = |file: &&Parsed<'_>| match (kind, file.which) {
            // With files of one application every certificate is meant for them, also a wrong one.
            (_, Which::Certificate) if any_text != any_face => (kind == Kind::TextData) == any_text,
            (_, Which::Certificate) => {
                let read = CvCertificate::from_file(object_of(file)).ok();
                read.as_ref().and_then(application).unwrap_or(Kind::TextData) == kind
            }
            (Kind::TextData, which) => which.is_text(),
            (_, which) => which.is_face(),
        };
        parsed.iter().filter(belongs).collect::<Vec<_>>()
    };
    for (kind, any) in [(Kind::TextData, any_text), (Kind::FaceData, any_face)] {
        let own = of(kind);
        if !any && own.is_empty() {
            continue;
        }
        let names = own.iter().map(|file| file.file.name.clone()).collect();
        let mut report = Report::new(kind, names);
        check_twice(&mut report, &own);
        let key = check_certificate(&mut report, &own, kind, settings);
        match kind {
            Kind::TextData => text_files::check(&mut report, &own, key.as_ref(), claims),
            _ => face::check(&mut report, &own, key.as_ref(), settings, claims),
        }
        if any {
            report.note(
                "card.presence",
                fixed(
                    "files can be copied: only a challenge to the card's key shows that the card is there",
                    "ファイルは複製できます。カードの存在はカードの鍵への乱数の問いかけでしか確認できません",
                ),
            );
        }
        reports.push(report);
    }
    for file in parsed.iter().filter(|file| file.which == Which::Unsigned) {
        let mut report = Report::new(Kind::Unknown, vec![file.file.name.clone()]);
        report.not_verified(
            "file.form",
            fixed(
                "this file of the card carries no signature",
                "このファイルには署名がありません",
            ),
        );
        reports.push(report);
    }
    reports
}

/// The file's object without filler.
fn object_of<'a>(file: &Parsed<'a>) -> &'a [u8] {
    match Tlv::read(&file.file.bytes) {
        Ok((_, rest)) => &file.file.bytes[..file.file.bytes.len() - rest.len()],
        Err(_) => &file.file.bytes,
    }
}

/// Each file is given once.
fn check_twice(report: &mut Report, files: &[&Parsed<'_>]) {
    for (index, file) in files.iter().enumerate() {
        if files[..index].iter().any(|other| other.which == file.which) {
            let name = &file.file.name;
            report.invalid(
                "file.form",
                text!(
                    "{name} is a second file of its kind",
                    "{name}と同じ種類のファイルが複数あります"
                ),
            );
        }
    }
}

/// The CV certificate (EF 0004): the key that it certifies, if a named key of this application has signed it.
fn check_certificate(
    report: &mut Report,
    files: &[&Parsed<'_>],
    kind: Kind,
    settings: &Settings<'_>,
) -> Option<RsaPublicKey> {
    let Some(file) = files.iter().find(|file| file.which == Which::Certificate) else {
        report.not_verified(
            "cv.certificate",
            fixed(
                "the CV certificate of the data-signing key (EF 0004) is missing",
                "データ署名鍵のCV証明書（EF 0004）がありません",
            ),
        );
        return None;
    };
    let certificate = match CvCertificate::from_file(object_of(file)) {
        Ok(certificate) => certificate,
        Err(error) => {
            report.invalid(
                "cv.certificate",
                text!(
                    "the CV certificate can't be read: {error}",
                    "CV証明書を読み取れません: {error}"
                ),
            );
            return None;
        }
    };
    let (issuer, subject) = (certificate.issuer(), certificate.subject());
    report.fact(
        "cv-issuer",
        fixed("issuer of the CV certificate", "CV証明書の発行者"),
        issuer.to_string(),
    );
    report.fact(
        "cv-subject",
        fixed("data-signing key", "データ署名鍵"),
        subject.to_string(),
    );
    if application(&certificate) != Some(kind) {
        report.invalid(
            "cv.application",
            text!(
                "the issuer {issuer} does not certify keys of this application",
                "発行者{issuer}は、このアプリケーションの鍵の発行者ではありません"
            ),
        );
        return None;
    }
    let Some(anchor) = settings.trust.cv_authority(issuer) else {
        report.not_verified(
            "cv.issuer",
            text!(
                "no named authority has the CV key {issuer}",
                "CV鍵{issuer}の認証局は、信頼するものとして指定されていません"
            ),
        );
        return None;
    };
    report.public_keys |= anchor.public_keys;
    if certificate.verify(&anchor.key).is_err() {
        report.invalid(
            "cv.signature",
            text!(
                "the key {issuer} has not signed the CV certificate",
                "CV証明書は鍵{issuer}による署名ではありません"
            ),
        );
        return None;
    }
    report.ok(
        "cv.signature",
        text!(
            "the named key {issuer} certifies the data-signing key {subject}",
            "指定された鍵{issuer}がデータ署名鍵{subject}を認証しています"
        ),
    );
    report.note(
        "cv.revocation",
        fixed(
            "CV certificates have neither an end nor revocation",
            "CV証明書には有効期限も失効もありません",
        ),
    );
    certificate.public_key().ok()
}

/// The card's key in an object: 265 bytes.
const KEY_BYTES: usize = MODULUS_BYTES + 9;
