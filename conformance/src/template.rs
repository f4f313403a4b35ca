//! Commands with placeholders, so that one vector fits every person's card.
//!
//! Parsed once when the vectors are read, so that a misspelt placeholder is found before anything is sent. Must never put
//! a value of a PIN into its text: reports show the text.

use std::collections::BTreeMap;
use std::fmt;

use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::hosts::Host;
use crate::keys::digest_info;
use crate::pins::{Application, Pin, Values};
use crate::secure::{Delivery, Session};

/// A command as it is written in a vector.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// How an object 86 is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seal {
    /// As it should be.
    Right,
    /// With a length in two bytes where one would do.
    LongLength,
    /// Under the number of a later command.
    Ahead,
    /// A block without padding, whatever else it is.
    Unpadded,
}

#[derive(Clone, Debug)]
enum Part {
    Bytes(Vec<u8>),
    /// `[…]`: a length of one byte and the bytes.
    Short(Vec<Part>),
    /// `[[…]]`: an extended length, 00 and two bytes, and the bytes.
    Extended(Vec<Part>),
    Select(Application),
    /// A placeholder with a name that the card's own applications and PINs don't have, until [`Template::resolve`].
    Named(String, String),
    /// A PIN of an application that was declared: `{pin:PIN@AP}` and so on.
    Declared(Value, Secret),
    /// `{pin:…}`, `{wrong:…}`, `{longer:…}`, `{lower:…}`.
    Pin(Pin, Value),
    Saved(String),
    /// `{host:…}`: a host's signature over what was saved as `challenge`.
    Host(Host),
    Random(usize),
    SessionKey(Delivery),
    /// `{sealed:…}`: object 86 with padding indicator and cryptogram.
    Sealed(Vec<Part>, Seal),
}

/// Which value of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Right,
    Wrong,
    /// The right value and one more character.
    Longer,
    /// The right value in small letters.
    Lower,
}

impl Value {
    /// The value that a placeholder's word means.
    fn of(word: &str) -> Option<Self> {
        match word {
            "pin" => Some(Self::Right),
            "wrong" => Some(Self::Wrong),
            "longer" => Some(Self::Longer),
            "lower" => Some(Self::Lower),
            _ => None,
        }
    }
}

/// A value that `Debug` does not show.
#[derive(Clone)]
struct Secret(Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

/// The names of applications that are not the card's own, and of their PINs as `PIN@AP`, for placeholders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    applications: BTreeMap<String, Vec<u8>>,
    pins: BTreeMap<String, Secret>,
}

impl Names {
    /// Adds an application by its name.
    pub(crate) fn application(&mut self, name: &str, aid: &[u8]) {
        self.applications.insert(name.to_owned(), aid.to_vec());
    }

    /// Adds a PIN of an application.
    pub(crate) fn pin(&mut self, pin: &str, application: &str, value: &[u8]) {
        let value = Secret(Zeroizing::new(value.to_vec()));
        self.pins.insert(format!("{pin}@{application}"), value);
    }

    fn part(&self, word: &str, name: &str) -> Result<Part, String> {
        if let "select" | "aid" = word {
            let aid = self.applications.get(name);
            let aid = aid.ok_or_else(|| format!("no application is called \"{name}\""))?;
            let length = u8::try_from(aid.len()).map_err(|_| format!("the AID of {name} is too long"))?;
            let head = [0x00, 0xA4, 0x04, 0x0C, length];
            return Ok(Part::Bytes(match word {
                "aid" => aid.clone(),
                _ => [&head, &aid[..]].concat(),
            }));
        }
        let value = self.pins.get(name).ok_or_else(|| match name.parse::<Pin>() {
            Err(unknown) => unknown,
            Ok(_) => format!("the PIN {name} is the card's own"),
        })?;
        Ok(Part::Declared(Value::of(word).unwrap_or(Value::Right), value.clone()))
    }
}

/// What placeholders are filled from.
pub(crate) struct Context<'a> {
    pub(crate) values: &'a Values,
    pub(crate) saved: &'a BTreeMap<String, Vec<u8>>,
    pub(crate) session: Option<&'a Session>,
    pub(crate) rng: &'a mut dyn CryptoRngCore,
    /// The session of the key that a `{session-key}` delivers.
    pub(crate) delivered: Option<Session>,
}

impl Template {
    /// # Errors
    /// A sentence that describes what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let mut rest = text;
        let parts = parts(&mut rest, None)?;
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Gives the names that are not the card's own their meaning.
    ///
    /// # Errors
    /// A sentence: there is no such name.
    pub(crate) fn resolve(&mut self, names: &Names) -> Result<(), String> {
        resolve(&mut self.parts, names)
    }

    /// Whether it presents a wrong value of a declared PIN, and whether it presents one at all.
    pub(crate) fn declared_pin(&self) -> Option<Value> {
        declared_pin(&self.parts)
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The application that it selects by `{select:…}`.
    pub(crate) fn selects(&self) -> Option<Application> {
        self.parts.iter().find_map(|part| match part {
            Part::Select(application) => Some(*application),
            _ => None,
        })
    }

    /// The PINs of which it presents a value, and whether a wrong one.
    pub(crate) fn pins(&self) -> Vec<(Pin, bool)> {
        let mut found = Vec::new();
        collect(&self.parts, &mut found);
        // The new value of a PIN is not presented.
        match self.head() {
            Some([0x00, 0x24, ..] | [0x80, 0x32, ..]) => Vec::new(),
            _ => found,
        }
    }

    /// The PINs of which it needs the values.
    pub(crate) fn needs(&self) -> Vec<Pin> {
        let mut found = Vec::new();
        collect(&self.parts, &mut found);
        found.into_iter().map(|(pin, _)| pin).collect()
    }

    /// The class, instruction and parameters, where they are plain bytes.
    fn head(&self) -> Option<&[u8]> {
        match self.parts.first() {
            Some(Part::Bytes(bytes)) if bytes.len() >= 2 => Some(bytes),
            _ => None,
        }
    }

    /// Whether it can change something that lasts, or is an attempt at a key: changes of PINs, what only the issuer should
    /// send, and VERIFY with a value that is no PIN's.
    pub(crate) fn writes(&self) -> bool {
        match self.head() {
            Some([_, 0x20, ..]) => {
                let of_no_pin = self.pins().is_empty() && self.declared_pin().is_none();
                self.parts.len() > 1 && of_no_pin || self.parts.iter().any(bare_data)
            }
            Some([_, ins, ..]) => matches!(
                ins,
                0x06 | 0x24
                    | 0x2C
                    | 0x32
                    | 0x46
                    | 0x50
                    | 0x52
                    | 0x54
                    | 0x82
                    | 0x8A
                    | 0xA2
                    | 0xD0
                    | 0xD2
                    | 0xD6
                    | 0xDC
                    | 0xE2
            ),
            _ => false,
        }
    }

    /// The bytes to send.
    ///
    /// # Errors
    /// A sentence: a value is not known, nothing was saved under a name.
    pub(crate) fn fill(&self, context: &mut Context<'_>) -> Result<Zeroizing<Vec<u8>>, String> {
        fill(&self.parts, context)
    }
}

/// Data of VERIFY that is written out: more than a header and an Le, short or extended, and not in brackets.
fn bare_data(part: &Part) -> bool {
    match part {
        Part::Bytes(bytes) if bytes.len() == 7 => bytes.get(4) != Some(&0),
        Part::Bytes(bytes) => bytes.len() > 5,
        _ => false,
    }
}

fn collect(parts: &[Part], found: &mut Vec<(Pin, bool)>) {
    for part in parts {
        match part {
            Part::Pin(pin, value) => found.push((*pin, *value != Value::Right)),
            Part::Short(parts) | Part::Extended(parts) | Part::Sealed(parts, _) => collect(parts, found),
            _ => {}
        }
    }
}

fn resolve(parts: &mut Vec<Part>, names: &Names) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Named(word, name) => *part = names.part(word, name)?,
            Part::Short(inner) | Part::Extended(inner) | Part::Sealed(inner, _) => resolve(inner, names)?,
            _ => {}
        }
    }
    Ok(())
}

fn declared_pin(parts: &[Part]) -> Option<Value> {
    parts.iter().find_map(|part| match part {
        Part::Declared(value, _) => Some(*value),
        Part::Short(inner) | Part::Extended(inner) | Part::Sealed(inner, _) => declared_pin(inner),
        _ => None,
    })
}

fn parts(rest: &mut &str, end: Option<&str>) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    loop {
        *rest = rest.trim_start();
        if let Some(end) = end
            && let Some(behind) = rest.strip_prefix(end)
        {
            *rest = behind;
            return Ok(parts);
        }
        let Some(next) = rest.chars().next() else {
            return end.map_or(Ok(parts), |end| Err(format!("a closing {end} is missing")));
        };
        if let Some(behind) = rest.strip_prefix("[[") {
            *rest = behind;
            parts.push(Part::Extended(self::parts(rest, Some("]]"))?));
        } else if let Some(behind) = rest.strip_prefix('[') {
            *rest = behind;
            parts.push(Part::Short(self::parts(rest, Some("]"))?));
        } else if let Some(behind) = rest.strip_prefix("{sealed:") {
            *rest = behind;
            parts.push(Part::Sealed(self::parts(rest, Some("}"))?, Seal::Right));
        } else if let Some(behind) = rest.strip_prefix("{sealed-long:") {
            *rest = behind;
            parts.push(Part::Sealed(self::parts(rest, Some("}"))?, Seal::LongLength));
        } else if let Some(behind) = rest.strip_prefix("{sealed-ahead:") {
            *rest = behind;
            parts.push(Part::Sealed(self::parts(rest, Some("}"))?, Seal::Ahead));
        } else if let Some(behind) = rest.strip_prefix('{') {
            let (word, behind) = behind.split_once('}').ok_or("a closing } is missing")?;
            *rest = behind;
            let part = placeholder(word)?;
            add(&mut parts, part);
        } else {
            let digits: String = rest.chars().take(2).collect();
            let byte = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
            let byte = byte.ok_or_else(|| format!("\"{next}\" is no byte in hexadecimal, bracket or placeholder"))?;
            *rest = rest.get(2..).unwrap_or_default();
            add(&mut parts, Part::Bytes(vec![byte]));
        }
    }
}

/// Bytes in a row are one part.
fn add(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (Some(Part::Bytes(before)), Part::Bytes(more)) => before.extend(more),
        (_, part) => parts.push(part),
    }
}

fn placeholder(word: &str) -> Result<Part, String> {
    let (name, argument) = word.split_once(':').unwrap_or((word, ""));
    let named = || Part::Named(name.to_owned(), argument.to_owned());
    if let Some(value) = Value::of(name) {
        return Ok(argument.parse().map_or_else(|_| named(), |pin| Part::Pin(pin, value)));
    }
    Ok(match name {
        "select" => Application::find(argument).map_or_else(named, Part::Select),
        "aid" => Application::find(argument).map_or_else(named, |known| Part::Bytes(known.aid().to_vec())),
        "saved" => Part::Saved(argument.to_owned()),
        "host" => Part::Host(argument.parse()?),
        "text" => Part::Bytes(argument.as_bytes().to_vec()),
        "sha256" => Part::Bytes(Sha256::digest(argument).to_vec()),
        "digest-info" => Part::Bytes(digest_info(&Sha256::digest(argument))),
        "random" => Part::Random(argument.parse().map_err(|_| format!("\"{argument}\" is no number"))?),
        "fill" => {
            let (count, byte) = argument.split_once(' ').ok_or("{fill:COUNT BYTE}")?;
            let count: usize = count.parse().map_err(|_| format!("\"{count}\" is no number"))?;
            let byte = u8::from_str_radix(byte, 16).map_err(|_| format!("\"{byte}\" is no byte"))?;
            Part::Bytes(vec![byte; count])
        }
        "session-key" => Part::SessionKey(argument.parse()?),
        "sealed-unpadded" => Part::Sealed(Vec::new(), Seal::Unpadded),
        _ => return Err(format!("there is no placeholder {{{word}}}")),
    })
}

fn fill(parts: &[Part], context: &mut Context<'_>) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    for part in parts {
        match part {
            Part::Bytes(more) => bytes.extend(more),
            Part::Short(inner) => {
                let inner = fill(inner, context)?;
                bytes.push(u8::try_from(inner.len()).map_err(|_| "more than 255 bytes stand in [ ]")?);
                bytes.extend(inner.iter());
            }
            Part::Extended(inner) => {
                let inner = fill(inner, context)?;
                let length = u16::try_from(inner.len()).map_err(|_| "more than 65,535 bytes stand in [[ ]]")?;
                bytes.push(0);
                bytes.extend(length.to_be_bytes());
                bytes.extend(inner.iter());
            }
            Part::Select(application) => {
                let aid = application.aid();
                bytes.extend([0x00, 0xA4, 0x04, 0x0C, aid.len() as u8]);
                bytes.extend(aid);
            }
            Part::Named(word, name) => return Err(format!("{{{word}:{name}}} means nothing")),
            Part::Declared(value, Secret(pin)) => {
                let start = bytes.len();
                bytes.extend(pin.iter());
                match value {
                    Value::Right => {}
                    Value::Wrong => {
                        if let Some(last) = bytes.last_mut() {
                            *last = match *last {
                                b'9' => b'0',
                                b'Z' => b'A',
                                last => last.wrapping_add(1),
                            };
                        }
                    }
                    Value::Longer => bytes.push(b'0'),
                    Value::Lower => bytes.get_mut(start..).unwrap_or_default().make_ascii_lowercase(),
                }
            }
            Part::Pin(pin, value) => {
                let unknown = || format!("the PIN {pin} is not known");
                match value {
                    Value::Wrong => bytes.extend(context.values.wrong(*pin).ok_or_else(unknown)?.bytes()),
                    Value::Lower => {
                        let value = context.values.get(*pin).ok_or_else(unknown)?;
                        bytes.extend(value.bytes().map(|byte| byte.to_ascii_lowercase()));
                    }
                    _ => bytes.extend(context.values.get(*pin).ok_or_else(unknown)?.bytes()),
                }
                if *value == Value::Longer {
                    bytes.push(b'0');
                }
            }
            Part::Saved(name) => {
                let saved = context.saved.get(name);
                bytes.extend(saved.ok_or_else(|| format!("nothing was saved as \"{name}\""))?);
            }
            Part::Host(host) => {
                let challenge = context.saved.get("challenge");
                let challenge = challenge.ok_or("nothing was saved as \"challenge\"")?;
                bytes.extend(host.sign(challenge)?);
            }
            Part::Random(count) => {
                let start = bytes.len();
                bytes.resize(start + count, 0);
                context.rng.fill_bytes(bytes.get_mut(start..).unwrap_or_default());
            }
            Part::SessionKey(delivery) => {
                let key = context
                    .saved
                    .get("session-key")
                    .ok_or("no public key was saved as \"session-key\"")?;
                let (block, session) = delivery.make(key, context.rng)?;
                bytes.extend(block);
                context.delivered = session;
            }
            Part::Sealed(inner, seal) => {
                let inner = fill(inner, context)?;
                let session = context.session.ok_or("no secure session is open")?;
                bytes.extend(match seal {
                    Seal::Right => session.seal(&inner, false),
                    Seal::LongLength => session.seal(&inner, true),
                    Seal::Ahead => session.seal_ahead(&inner),
                    Seal::Unpadded => session.seal_unpadded(),
                });
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn filled(text: &str) -> Result<Vec<u8>, String> {
        let mut values = Values::default();
        values.insert(Pin::Auth, "1234".to_owned().into())?;
        let saved = BTreeMap::from([("name".to_owned(), vec![7, 8])]);
        let mut context = Context {
            values: &values,
            saved: &saved,
            session: None,
            rng: &mut ChaCha20Rng::seed_from_u64(1),
            delivered: None,
        };
        Template::parse(text)?.fill(&mut context).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn lengths_and_placeholders_are_filled_in() {
        assert_eq!(filled("00 20 00 98 [{pin:auth}]").unwrap(), b"\x00\x20\x00\x98\x041234");
        assert_eq!(filled("{wrong:auth}{longer:auth}").unwrap(), b"123512340");
        assert_eq!(
            filled("80AE0000 [[{saved:name}]]").unwrap(),
            [0x80, 0xAE, 0, 0, 0, 0, 2, 7, 8]
        );
        assert_eq!(filled("{select:card_manager}").unwrap()[..5], [0, 0xA4, 4, 0x0C, 7]);
        assert_eq!(filled("[{fill:3 AA}]").unwrap(), [3, 0xAA, 0xAA, 0xAA]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_anything_is_sent() {
        for text in [
            "0",
            "0G",
            "[00",
            "{pin:unknown}",
            "{no:thing}",
            "{select:card}",
            "00]",
            "{pin:auth",
            "é0",
        ] {
            let resolved = Template::parse(text).and_then(|mut template| template.resolve(&Names::default()));
            assert!(resolved.is_err(), "{text}");
        }
        assert!(filled("{pin:sign}").is_err() && filled("{saved:other}").is_err());
    }

    #[test]
    fn declared_names_have_a_meaning_and_show_no_value() {
        let mut names = Names::default();
        names.application("employee", &[0xF0, 1]);
        names.pin("pin", "employee", b"1239");
        let filled = |text: &str| {
            let mut template = Template::parse(text)?;
            template.resolve(&names)?;
            assert!(!format!("{template:?}").contains("49"), "a digit is shown");
            let (values, saved) = (Values::default(), BTreeMap::new());
            let rng = &mut ChaCha20Rng::seed_from_u64(1);
            let mut context = Context {
                values: &values,
                saved: &saved,
                session: None,
                rng,
                delivered: None,
            };
            Ok::<_, String>((template.writes(), template.fill(&mut context)?.to_vec()))
        };
        let select = filled("{select:employee}").unwrap();
        assert_eq!(select, (false, vec![0, 0xA4, 4, 0x0C, 2, 0xF0, 1]));
        assert_eq!(
            filled("00200081[{pin:pin@employee}]").unwrap(),
            (false, b"\x00\x20\x00\x81\x041239".to_vec())
        );
        assert_eq!(filled("{wrong:pin@employee}").unwrap().1, b"1230");
        assert_eq!(filled("{longer:pin@employee}").unwrap().1, b"12390");
        assert!(filled("{pin:pin@other}").is_err() && filled("{select:other}").is_err());
    }

    #[test]
    fn commands_that_write_or_try_a_key_are_recognised() {
        let writes = |text: &str| Template::parse(text).unwrap().writes();
        for text in [
            "00240198 [{pin:auth}]",
            "8032009C [31]",
            "80540098",
            "00820096 [00]",
            "80A206C1 [[00]]",
            "00200092 [31323334]",
            "00200092 04 31323334",
            "00200092 02 3132",
        ] {
            assert!(writes(text), "{text}");
        }
        for text in [
            "00200098",
            "00200098 00",
            "00200098 000000",
            "00200098 [{pin:auth}]",
            "00200098 [{wrong:auth}]",
            "00B0000000",
            "{select:jpki}",
        ] {
            assert!(!writes(text), "{text}");
        }
    }
}
