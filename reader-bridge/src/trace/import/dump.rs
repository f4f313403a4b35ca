//! Dumps of 16 bytes a line.

use super::line::Lines;
use super::{ImportError, Problem};

const PER_LINE: usize = 16;

/// The most bytes that a dump states: more than any message has.
const MOST: usize = 1 << 20;

/// The bytes of a dump of `stated` bytes in the next lines. `begin` gives the part of a line that begins with the bytes at
/// this offset. What stands behind the bytes of a line is not looked at: it is the same as text.
pub(super) fn read(
    lines: &mut Lines<'_>,
    header: usize,
    stated: usize,
    begin: impl Fn(&str, usize) -> Option<&str>,
) -> Result<Vec<u8>, ImportError> {
    let cut_off = |number, there| super::line::error(number, Problem::CutOff { stated, there });
    if stated > MOST {
        return Err(super::line::error(header, Problem::Length(stated)));
    }
    let mut bytes = Vec::new();
    while bytes.len() < stated {
        let Some(line) = lines.next()? else {
            return Err(cut_off(header, bytes.len()));
        };
        let there = bytes.len();
        let mut part = begin(&line.text, there).ok_or_else(|| cut_off(line.number, there))?;
        for _ in 0..PER_LINE.min(stated - there) {
            let (byte, rest) = part
                .split_at_checked(2)
                .ok_or_else(|| cut_off(line.number, bytes.len()))?;
            let byte = u8::from_str_radix(byte, 16)
                .ok()
                .filter(|_| byte.bytes().all(|digit| digit.is_ascii_hexdigit()))
                .ok_or_else(|| line.error(Problem::NotHex))?;
            bytes.push(byte);
            part = match rest.strip_prefix(' ') {
                Some(rest) => rest,
                None if rest.is_empty() => rest,
                None => return Err(line.error(Problem::NotHex)),
            };
        }
    }
    Ok(bytes)
}

/// The number in `(12 bytes)` or `[   12 bytes]` behind `title`; `None` if the line has none.
pub(super) fn stated(text: &str, title: &str) -> Option<usize> {
    let rest = text.strip_prefix(title)?.trim_start().strip_prefix(['(', '['])?;
    let (number, _) = rest.split_once(" byte")?;
    super::line::count(number.trim())
}
