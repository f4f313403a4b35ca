//! Named checks of an answer that no pattern can express: signatures, certificates, digests, pictures.
//!
//! A check is written `name` or `name(argument, …)`. Names of earlier answers are arguments, see [`crate::vector`]. Must
//! never show what the card answered.

mod digits;
mod list;

use std::collections::BTreeMap;

use rsa::Pss;
use sha2::{Digest, Sha256};

use crate::keys::{certificate, digest_info, opens_to, public_key, read_der};
use crate::pattern::{find_tlv, hex, read_tlv};
use crate::pins::Pin;
use crate::template::{Context, Template};
use digits::{era_date, is_my_number};
use list::ATRS;
pub use list::CHECKS;
use vmyna_apdu::{Text, text};

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
    /// A sentence with the reason.
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
            // The card of a child under one year can be without a photo; that the object is empty then is assumed.
            "jp2" => require(
                match object(self.tag(0)?)? {
                    [] => true,
                    photo => photo.starts_with(b"\0\0\0\x0CjP  \r\n\x87\n"),
                },
                text!(
                    "it does not begin as a JPEG 2000 file",
                    "先頭がJPEG 2000ファイルの形ではない"
                ),
            ),
            "sha256" => require(
                hex(&Sha256::digest(data)).eq_ignore_ascii_case(self.argument(0)),
                text!("the data are others", "データが異なる"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_check_and_a_wrong_count_of_arguments_are_refused() {
        for text in ["no-such", "same", "same(a, b)", "same(a", "der-certificate(x)"] {
            assert!(Check::parse(text).is_err(), "{text}");
        }
        assert!(Check::parse("signed(pss, key, {text:a})").is_ok());
    }
}
