//! Named checks of an answer that no pattern can express: signatures, certificates, digests, pictures.
//!
//! A check is written `name` or `name(argument, …)`. Names of earlier answers are arguments, see [`crate::vector`]. Must
//! never show what the card answered.

use std::collections::BTreeMap;

use der::Decode;
use der::asn1::BitStringRef;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pss, RsaPublicKey};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;

use crate::pattern::{find_tlv, read_tlv};
use crate::pins::Pin;
use crate::template::{Context, Template};
use crate::text;
use crate::text::Text;

/// Every check: name, what it means.
pub const CHECKS: &[(&str, &str)] = &[
    (
        "der-certificate",
        "the data begin with an X.509 certificate with an RSA-2048 key, exponent 65537, signed with sha256WithRSAEncryption; only FF follows",
    ),
    (
        "issued-by(CA)",
        "the certificate is signed by the key of the certificate saved as CA",
    ),
    (
        "signed(SCHEME, KEY, MESSAGE)",
        "the data are a signature over MESSAGE by the key in the certificate or file saved as KEY; SCHEME is raw (type 1 padding only), hash (of SHA-256, without DigestInfo), sha256 or pss",
    ),
    (
        "signed-inside(TAG, KEY)",
        "object TAG is a signature (sha256) over the bytes before it in its container, by the key saved as KEY",
    ),
    (
        "cv-signed(ISSUER)",
        "object 5F37 is a signature (sha256) over the value of object 5F4E by the key in what was saved as ISSUER",
    ),
    ("contains(BYTES)", "the bytes occur in the data"),
    (
        "face-signature(KEY)",
        "DF28 is a signature over the 96 bytes of three digests: DF22 to DF24, DF25 and DF26, DF27",
    ),
    (
        "digest-of(TAG, NAME)",
        "object TAG is the SHA-256 of all that was saved as NAME",
    ),
    (
        "digest-behind(TAG, NAME, FIRST)",
        "object TAG is the SHA-256 of what follows object FIRST in the container saved as NAME",
    ),
    (
        "offsets(TAG)",
        "object TAG lists, two bytes each, where the objects that follow it begin in the file",
    ),
    ("digits(FROM, COUNT)", "COUNT bytes from FROM on are ASCII digits"),
    ("utf8(TAG)", "object TAG is UTF-8 text"),
    ("date(TAG)", "object TAG is YYYYMMDD"),
    (
        "my-number(FROM)",
        "the twelve digits from FROM on have the check digit of a My Number",
    ),
    (
        "era-birth(PIN, TAG)",
        "the first six digits of the value given for PIN are the date in object TAG with the year of its era",
    ),
    (
        "code-b-expiry(TAG)",
        "the value given as 照合番号B has the year of object TAG behind the birth date, and four digits behind that",
    ),
    ("png(TAG, WIDTHxHEIGHT)", "object TAG is a PNG of that size, 1 bit grey"),
    ("jp2(TAG)", "object TAG is a JPEG 2000 file"),
    ("same(NAME)", "the data are those saved as NAME"),
    ("differs(NAME)", "the data are not those saved as NAME"),
    (
        "part-of(NAME, FROM)",
        "the data are those saved as NAME, from FROM on, as many as there are",
    ),
    (
        "same-key(TAG, NAME)",
        "the public key in object TAG is the one in what was saved as NAME",
    ),
    ("known-atr", "the ATR is one that is published of a My Number Card"),
    (
        "contactless-atr",
        "the ATR is made by PC/SC part 3: 3B 88 80 01, eight bytes of the ATQB, the exclusive-or of all",
    ),
    (
        "atr-without-ts",
        "the data are a contact ATR without its first byte; the one that the reader shows, if that is the card's own",
    ),
];

/// ATRs published of the card: OpenSC's list, pcsc-tools.
const ATRS: [&[u8]; 9] = [
    &[0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14],
    &[
        0x3B, 0xC5, 0xFF, 0x81, 0x31, 0xFB, 0x45, 0x80, 0x73, 0xC6, 0x01, 0x00, 0x00,
    ],
    &[
        0x3B, 0xDA, 0x13, 0xFF, 0x81, 0x31, 0xFB, 0x46, 0x80, 0x12, 0x39, 0x2F, 0x31, 0xC1, 0x73, 0xC6, 0x01, 0xC0,
        0x3B,
    ],
    &[
        0x3B, 0xF5, 0x91, 0x00, 0xFF, 0x91, 0x81, 0x71, 0xFE, 0x40, 0x00, 0x42, 0x00, 0x01, 0x00, 0xD1, 0xD6,
    ],
    &[
        0x3B, 0xF5, 0x91, 0x00, 0xFF, 0x91, 0x81, 0x71, 0xFE, 0x40, 0x00, 0x42, 0x00, 0x01, 0xB3, 0xA1, 0x15,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x05, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x7F,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x41, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x3B,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x4B, 0x51, 0xFF, 0xB3, 0x81, 0xD1, 0x00, 0x0F,
    ],
    &[
        0x3B, 0x88, 0x80, 0x01, 0x00, 0x4B, 0x51, 0xFF, 0x00, 0x81, 0xD1, 0x00, 0xBC,
    ],
];

/// A check, taken apart.
pub(crate) struct Check<'a> {
    name: &'a str,
    arguments: Vec<&'a str>,
}

impl<'a> Check<'a> {
    /// # Errors
    /// A sentence, when there is no such check or it takes other arguments.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => {
                let inside = rest
                    .strip_suffix(')')
                    .ok_or_else(|| format!("{text}: a closing ) is missing"))?;
                (name, inside.split(',').map(str::trim).collect())
            }
            None => (text, Vec::new()),
        };
        let count = |form: &str| form.split_once('(').map_or(0, |(_, rest)| rest.split(',').count());
        match CHECKS.iter().find(|(form, _)| form.split('(').next() == Some(name)) {
            Some((form, _)) if count(form) == arguments.len() => Ok(Self { name, arguments }),
            Some((form, _)) => Err(format!("{text}: the check is {form}")),
            None => Err(format!("there is no check \"{name}\"")),
        }
    }

    fn argument(&self, at: usize) -> &'a str {
        self.arguments.get(at).copied().unwrap_or_default()
    }

    fn number(&self, at: usize) -> Result<usize, String> {
        self.argument(at)
            .parse()
            .map_err(|_| format!("\"{}\" is no number", self.argument(at)))
    }

    fn tag(&self, at: usize) -> Result<u32, String> {
        u32::from_str_radix(self.argument(at), 16).map_err(|_| format!("\"{}\" is no tag", self.argument(at)))
    }

    fn saved<'s>(&self, at: usize, saved: &'s BTreeMap<String, Vec<u8>>) -> Result<&'s [u8], String> {
        let name = self.argument(at);
        saved
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| format!("nothing was saved as \"{name}\""))
    }

    /// Whether `data` pass.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub(crate) fn pass(&self, data: &[u8], atr: &[u8], context: &mut Context<'_>) -> Result<(), Text> {
        let object = |tag: u32| find_tlv(data, tag).ok_or_else(|| no_object(tag));
        let require = |holds: bool, otherwise: Text| if holds { Ok(()) } else { Err(otherwise) };
        let saved = context.saved;
        match self.name {
            "der-certificate" => certificate(data).map(drop),
            "issued-by" => {
                let key = public_key(self.saved(0, saved)?)?;
                let issued = certificate(data)?;
                let (_, signed, _) = read_der(data).ok_or_else(|| text!("it is no DER", "DERではない"))?;
                let (body, ..) = read_der(signed).ok_or_else(|| text!("it is no DER", "DERではない"))?;
                let signature = issued.signature.as_bytes().unwrap_or_default();
                require(
                    opens_to(&key, signature, &digest_info(&Sha256::digest(body))),
                    text!("it is not signed by that key", "その鍵による署名ではない"),
                )
            }
            "signed" => {
                let key = public_key(self.saved(1, saved)?)?;
                let message = Template::parse(self.argument(2))?.fill(context)?;
                let hash = Sha256::digest(&message[..]);
                let good = match self.argument(0) {
                    "raw" => opens_to(&key, data, &message),
                    "hash" => opens_to(&key, data, &hash),
                    "sha256" => opens_to(&key, data, &digest_info(&hash)),
                    "pss" => key.verify(Pss::new::<Sha256>(), &hash, data).is_ok(),
                    other => return Err(format!("there is no scheme \"{other}\"").into()),
                };
                require(good, text!("the signature does not verify", "署名を検証できない"))
            }
            "signed-inside" => {
                let key = public_key(self.saved(1, saved)?)?;
                let tag = self.tag(0)?;
                let (_, container, _) =
                    read_tlv(data).ok_or_else(|| text!("there is no container", "コンテナがない"))?;
                let signature = object(tag)?;
                // The object's own head: two bytes of tag, three of length.
                let before = container
                    .len()
                    .checked_sub(signature.len() + 5)
                    .and_then(|end| container.get(..end));
                let before = before.ok_or_else(|| {
                    text!(
                        "the signature is not the last object",
                        "署名が最後のオブジェクトではない"
                    )
                })?;
                require(
                    opens_to(&key, signature, &digest_info(&Sha256::digest(before))),
                    text!("the signature does not verify", "署名を検証できない"),
                )
            }
            "cv-signed" => {
                let key = public_key(self.saved(0, saved)?)?;
                let hash = Sha256::digest(object(0x5F4E)?);
                require(
                    opens_to(&key, object(0x5F37)?, &digest_info(&hash)),
                    text!("the signature does not verify", "署名を検証できない"),
                )
            }
            "contains" => {
                let wanted = Template::parse(self.argument(0))?.fill(context)?;
                let found = data.windows(wanted.len().max(1)).any(|window| window == &wanted[..]);
                require(found, text!("the bytes do not occur", "そのバイト列が含まれていない"))
            }
            "face-signature" => {
                let key = public_key(self.saved(0, saved)?)?;
                let whole = |tags: &[u32]| -> Result<Vec<u8>, Text> {
                    let mut hash = Sha256::new();
                    for tag in tags {
                        hash.update(whole_object(data, *tag).ok_or_else(|| no_object(*tag))?);
                    }
                    Ok(hash.finalize().to_vec())
                };
                let digests = [
                    whole(&[0xDF22, 0xDF23, 0xDF24])?,
                    whole(&[0xDF25, 0xDF26])?,
                    whole(&[0xDF27])?,
                ]
                .concat();
                require(
                    opens_to(&key, object(0xDF28)?, &digest_info(&digests)),
                    text!("the signature does not verify", "署名を検証できない"),
                )
            }
            "digest-of" => {
                let digest = Sha256::digest(self.saved(1, saved)?);
                require(
                    object(self.tag(0)?)? == digest.as_slice(),
                    text!("the digest is another one", "ハッシュ値が異なる"),
                )
            }
            "digest-behind" => {
                let (_, container, _) =
                    read_tlv(self.saved(1, saved)?).ok_or_else(|| text!("there is no container", "コンテナがない"))?;
                let (tag, _, behind) =
                    read_tlv(container).ok_or_else(|| text!("the container is empty", "コンテナが空である"))?;
                require(
                    tag == self.tag(2)?,
                    text!(
                        "the container begins with another object",
                        "コンテナの先頭が別のオブジェクトである"
                    ),
                )?;
                require(
                    object(self.tag(0)?)? == Sha256::digest(behind).as_slice(),
                    text!("the digest is another one", "ハッシュ値が異なる"),
                )
            }
            "offsets" => offsets(data, self.tag(0)?),
            "digits" => {
                let from = self.number(0)?;
                let digits = data
                    .get(from..from + self.number(1)?)
                    .ok_or_else(|| text!("the data end before", "データがそこまでない"))?;
                require(
                    digits.iter().all(u8::is_ascii_digit),
                    text!("there is something else than digits", "数字以外が含まれている"),
                )
            }
            "utf8" => require(
                std::str::from_utf8(object(self.tag(0)?)?).is_ok(),
                text!("it is no UTF-8 text", "UTF-8のテキストではない"),
            ),
            "date" => {
                let date = object(self.tag(0)?)?;
                require(
                    date.len() == 8 && date.iter().all(u8::is_ascii_digit),
                    text!("it is no date YYYYMMDD", "YYYYMMDDの日付ではない"),
                )
            }
            "my-number" => {
                let from = self.number(0)?;
                let digits = data
                    .get(from..from + 12)
                    .ok_or_else(|| text!("the data end before", "データがそこまでない"))?;
                require(
                    is_my_number(digits),
                    text!("the check digit is wrong", "検査用数字が正しくない"),
                )
            }
            "era-birth" => {
                let pin: Pin = self.argument(0).parse()?;
                let value = context
                    .values
                    .get(pin)
                    .ok_or_else(|| format!("the PIN {pin} is not known"))?;
                let date = era_date(object(self.tag(1)?)?)
                    .ok_or_else(|| text!("it is no date YYYYMMDD", "YYYYMMDDの日付ではない"))?;
                require(
                    value.get(..6) == Some(&date),
                    text!("the PIN does not begin with the date", "PINの先頭がその日付ではない"),
                )
            }
            "code-b-expiry" => {
                let pin = Pin::CodeB;
                let value = context
                    .values
                    .get(pin)
                    .ok_or_else(|| format!("the PIN {pin} is not known"))?;
                let year = object(self.tag(0)?)?.get(..4);
                let (given, code) = value
                    .as_bytes()
                    .get(6..)
                    .unwrap_or_default()
                    .split_at_checked(4)
                    .unwrap_or_default();
                require(
                    Some(given) == year && code.len() == 4 && code.iter().all(u8::is_ascii_digit),
                    text!(
                        "the PIN has another year there, or no four digits behind it",
                        "PINのその位置の年が異なるか、その後が4桁の数字ではない"
                    ),
                )
            }
            "png" => {
                let size: Vec<u32> = self
                    .argument(1)
                    .split('x')
                    .filter_map(|number| number.parse().ok())
                    .collect();
                let [width, height] = size[..] else {
                    return Err("the size is written WIDTHxHEIGHT".to_owned().into());
                };
                let expected = [
                    b"\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR".as_slice(),
                    &width.to_be_bytes(),
                    &height.to_be_bytes(),
                    &[1, 0],
                ];
                require(
                    object(self.tag(0)?)?.starts_with(&expected.concat()),
                    text!(
                        "it is no PNG of that size with 1 bit grey",
                        "その大きさの1ビットグレースケールPNGではない"
                    ),
                )
            }
            "jp2" => require(
                object(self.tag(0)?)?.starts_with(b"\0\0\0\x0CjP  \r\n\x87\n"),
                text!(
                    "it does not begin as a JPEG 2000 file",
                    "先頭がJPEG 2000ファイルの形ではない"
                ),
            ),
            "same" => require(
                data == self.saved(0, saved)?,
                text!("the data are others", "データが異なる"),
            ),
            "differs" => require(
                data != self.saved(0, saved)?,
                text!("the data are the same", "データが同じである"),
            ),
            "part-of" => {
                let whole = self
                    .saved(0, saved)?
                    .get(self.number(1)?..)
                    .ok_or_else(|| text!("what was saved ends before", "保存したデータがそこまでない"))?;
                require(
                    !data.is_empty() && whole.starts_with(data),
                    text!("the data are not that part", "データがその部分ではない"),
                )
            }
            "same-key" => {
                let [one, other] = [public_key(object(self.tag(0)?)?)?, public_key(self.saved(1, saved)?)?];
                require(one == other, text!("it is another key", "別の鍵である"))
            }
            "known-atr" => require(
                ATRS.contains(&data),
                text!(
                    "no My Number Card is known with this ATR",
                    "このATRのマイナンバーカードは知られていない"
                ),
            ),
            "contactless-atr" => {
                let sum = data.iter().skip(1).fold(0, |sum, byte| sum ^ byte);
                let head = data.starts_with(&[0x3B, 0x88, 0x80, 0x01]) && data.len() == 13;
                require(
                    head && sum == 0,
                    text!("it is not made that way", "その規則で作られていない"),
                )
            }
            "atr-without-ts" => {
                let own = atr.first() == Some(&0x3B) && !atr.starts_with(&[0x3B, 0x88, 0x80, 0x01]);
                let known = ATRS
                    .iter()
                    .any(|known| known.get(1..) == Some(data) && !known.starts_with(&[0x3B, 0x88]));
                require(
                    if own { atr.get(1..) == Some(data) } else { known },
                    text!(
                        "it is another one than the card's contact ATR",
                        "カードの接触ATRと異なる"
                    ),
                )
            }
            other => Err(format!("there is no check \"{other}\"").into()),
        }
    }
}

fn no_object(tag: u32) -> Text {
    text!("there is no object {tag:X}", "オブジェクト{tag:X}がない")
}

/// The whole object of this tag, head included, among those of the first container.
fn whole_object(data: &[u8], wanted: u32) -> Option<&[u8]> {
    let (_, mut rest, _) = read_tlv(data)?;
    while let Some((tag, _, behind)) = read_tlv(rest) {
        if tag == wanted {
            return rest.get(..rest.len() - behind.len());
        }
        rest = behind;
    }
    None
}

fn offsets(data: &[u8], table: u32) -> Result<(), Text> {
    let (_, container, _) = read_tlv(data).ok_or_else(|| text!("there is no container", "コンテナがない"))?;
    let (tag, offsets, mut rest) =
        read_tlv(container).ok_or_else(|| text!("the container is empty", "コンテナが空である"))?;
    if tag != table {
        return Err(text!(
            "the container does not begin with {table:X}",
            "コンテナの先頭が{table:X}ではない"
        ));
    }
    // Positions count from the beginning of the file; the container is its first object.
    let head = data.len() - container.len() - trailing(data);
    let mut expected = Vec::new();
    while let Some((_, _, behind)) = read_tlv(rest) {
        let position = head + container.len() - rest.len();
        expected.extend(u16::try_from(position).unwrap_or(u16::MAX).to_be_bytes());
        rest = behind;
    }
    if offsets == expected {
        Ok(())
    } else {
        Err(text!(
            "the offsets are not those of the objects",
            "オフセットがオブジェクトの位置と合わない"
        ))
    }
}

fn trailing(data: &[u8]) -> usize {
    read_tlv(data).map_or(0, |(_, _, rest)| rest.len())
}

/// `YYYYMMDD` as `YYMMDD` with the year of the era: the day on which an era begins is its first.
fn era_date(date: &[u8]) -> Option<String> {
    const ERAS: [(u32, u32); 5] = [
        (20190501, 2019),
        (19890108, 1989),
        (19261225, 1926),
        (19120730, 1912),
        (18680125, 1868),
    ];
    let digits = std::str::from_utf8(date).ok().filter(|digits| digits.len() == 8)?;
    let number: u32 = digits.parse().ok()?;
    let (_, first) = ERAS.into_iter().find(|(begin, _)| number >= *begin)?;
    Some(format!("{:02}{}", number / 10000 - first + 1, digits.get(4..)?))
}

fn is_my_number(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let value = |digit: &u8| digit.is_ascii_digit().then(|| u32::from(digit - b'0'));
    let Some(values) = digits.iter().map(value).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let [base @ .., check] = &values[..] else { return false };
    let rest = base
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum::<u32>()
        % 11;
    *check == if rest <= 1 { 0 } else { 11 - rest }
}

/// DigestInfo of PKCS#1 with SHA-256 around `value`, which the card's own data make longer than a digest.
pub(crate) fn digest_info(value: &[u8]) -> Vec<u8> {
    let length = value.len() as u8;
    let head = [
        0x30,
        length + 17,
        0x30,
        0x0D,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        0x01,
        0x05,
        0x00,
        0x04,
        length,
    ];
    [&head[..], value].concat()
}

/// Whether a signature opens to type 1 padding around exactly `content`.
fn opens_to(key: &RsaPublicKey, signature: &[u8], content: &[u8]) -> bool {
    let size = key.size();
    let Some(padding) = size.checked_sub(content.len() + 3).filter(|padding| *padding >= 8) else {
        return false;
    };
    let expected = [&[0, 1][..], &vec![0xFF; padding], &[0], content].concat();
    let opened = BigUint::from_bytes_be(signature).modpow(key.e(), key.n());
    signature.len() == size && opened == BigUint::from_bytes_be(&expected)
}

/// The RSA-2048 key of a certificate, or the first one that a file of the card shows as `90 03 …`, `91 82 0100 …`.
pub(crate) fn public_key(data: &[u8]) -> Result<RsaPublicKey, Text> {
    if data.first() == Some(&0x30) {
        let certificate = certificate(data)?;
        let key = &certificate.tbs_certificate.subject_public_key_info.subject_public_key;
        return key_of_bits(key.raw_bytes());
    }
    let head = [0x90, 0x03, 0x01, 0x00, 0x01, 0x91, 0x82, 0x01, 0x00];
    let at = data.windows(head.len()).position(|window| window == head);
    let modulus = at.and_then(|at| data.get(at + head.len()..at + head.len() + 256));
    let modulus = modulus.ok_or_else(|| {
        text!(
            "there is no public key 90 03 010001, 91 82 0100",
            "公開鍵（90 03 010001、91 82 0100）がない"
        )
    })?;
    RsaPublicKey::new(BigUint::from_bytes_be(modulus), BigUint::from(65537u32))
        .map_err(|error| error.to_string().into())
}

fn key_of_bits(bits: &[u8]) -> Result<RsaPublicKey, Text> {
    RsaPublicKey::from_pkcs1_der(bits).map_err(|error| {
        text!(
            "the certificate holds no RSA key: {error}",
            "証明書にRSA鍵がない: {error}"
        )
    })
}

/// The certificate at the beginning of a file, with the properties that all of the card's have.
fn certificate(file: &[u8]) -> Result<Certificate, Text> {
    let (der, _, filler) = read_der(file).ok_or_else(|| text!("it is no DER", "DERではない"))?;
    if filler.iter().any(|byte| *byte != 0xFF) {
        return Err(text!(
            "something else than filler follows the certificate",
            "証明書の後に充填以外のものがある"
        ));
    }
    let certificate = Certificate::from_der(der)
        .map_err(|error| text!("it is no X.509 certificate: {error}", "X.509証明書ではない: {error}"))?;
    const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";
    let bits: &der::asn1::BitString = &certificate.tbs_certificate.subject_public_key_info.subject_public_key;
    let key = key_of_bits(BitStringRef::from(bits).raw_bytes())?;
    match certificate.signature_algorithm.oid.to_string() == SHA256_WITH_RSA
        && key.size() == 256
        && *key.e() == BigUint::from(65537u32)
    {
        true => Ok(certificate),
        false => Err(text!(
            "it is not signed with sha256WithRSAEncryption, or its key is not RSA-2048 with exponent 65537",
            "sha256WithRSAEncryptionによる署名でないか、鍵が公開指数65537のRSA-2048ではない"
        )),
    }
}

/// The first DER object: all of it, its contents, what follows.
fn read_der(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (_, contents, rest) = read_tlv(data)?;
    Some((data.get(..data.len() - rest.len())?, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_numbers_have_their_check_digits() {
        // The holder of the published test card; the worked example of the ministry's rule.
        assert!(is_my_number(b"537686677188") && is_my_number(b"983205673214"));
        assert!(!is_my_number(b"537686677187") && !is_my_number(b"53768667718x"));
    }

    #[test]
    fn a_date_has_the_year_of_its_era() {
        for (date, digits) in [
            ("19800217", "550217"),
            ("20190430", "310430"),
            ("20190501", "010501"),
            ("19890107", "640107"),
            ("19890108", "010108"),
            ("19261225", "011225"),
            ("19120729", "450729"),
        ] {
            assert_eq!(era_date(date.as_bytes()).as_deref(), Some(digits), "{date}");
        }
        assert_eq!(era_date(b"1980021"), None);
        assert_eq!(era_date(b"18000101"), None);
    }

    #[test]
    fn a_digest_info_is_as_long_as_published() {
        assert_eq!(digest_info(&[0; 32]).len(), 51);
        // The face's signature holds 96 bytes: 30 71 … 04 60.
        assert_eq!((digest_info(&[0; 96])[1], digest_info(&[0; 96])[18]), (0x71, 0x60));
    }

    #[test]
    fn an_unknown_check_and_a_wrong_count_of_arguments_are_refused() {
        for text in ["no-such", "same", "same(a, b)", "same(a", "der-certificate(x)"] {
            assert!(Check::parse(text).is_err(), "{text}");
        }
        assert!(Check::parse("signed(pss, key, {text:a})").is_ok());
    }
}
