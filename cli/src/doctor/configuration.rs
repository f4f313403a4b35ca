//! The files in which pcscd finds serial and virtual readers. pcscd reads every file of `/etc/reader.conf.d`, whatever its
//! name, so a backup beside the original declares the reader twice.

use std::fs;
use std::path::Path;

use super::{Finding, System, good, wrong};

const FOLDER: &str = "/etc/reader.conf.d";
/// The most bytes of a file in it.
const LONGEST: u64 = 1 << 20;

/// A virtual reader that is declared.
pub(super) struct VirtualReader {
    /// The file.
    pub(super) file: String,
    /// vpcd's port for the first slot.
    pub(super) port: u16,
}

/// A reader as a file declares it.
#[derive(Default)]
struct Reader {
    file: String,
    name: String,
    device: String,
    library: String,
    channel: String,
}

/// Checks the files; returns the findings and the virtual readers.
pub(super) fn examine(system: &System) -> (Vec<Finding>, Vec<VirtualReader>) {
    let (readers, mut findings) = read(system);
    for (at, reader) in readers.iter().enumerate() {
        let file = &reader.file;
        if !system.has(&reader.library) {
            findings.push(wrong(
                format!("{file} names a driver that is not there: {}", reader.library),
                format!("install the package that brings it, or: rm {file}"),
            ));
        }
        if let Some(other) = readers[..at].iter().find(|other| other.collides(reader)) {
            findings.push(wrong(
                format!("{} and {file} declare the same reader, \"{}\"", other.file, reader.name),
                format!(
                    "rm {file}   (or the other, if that is the stray one); {}",
                    system.restart()
                ),
            ));
        }
    }
    let mut ports = Vec::new();
    let mut virtual_readers = Vec::new();
    for reader in &readers {
        if let Some(port) = reader.port().filter(|port| !ports.contains(port)) {
            ports.push(port);
            virtual_readers.push(VirtualReader {
                file: reader.file.clone(),
                port,
            });
        }
    }
    if findings.is_empty() {
        findings.push(good(format!("{FOLDER} declares {} readers, none twice", readers.len())));
    }
    (findings, virtual_readers)
}

fn read(system: &System) -> (Vec<Reader>, Vec<Finding>) {
    let (mut readers, mut findings) = (Vec::new(), Vec::new());
    let entries = fs::read_dir(system.path(FOLDER)).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    // The backup behind the original.
    names.sort();
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        let file = format!("{FOLDER}/{name}");
        match vmyna_files::read(&system.path(&file), LONGEST) {
            Ok(text) => readers.extend(parse(&file, &String::from_utf8_lossy(&text))),
            Err(_) if Path::new(&system.path(&file)).is_dir() => {}
            Err(error) => findings.push(wrong(
                format!("{file} can't be read: {error}"),
                format!("chmod a+r {file}   (as root)"),
            )),
        }
    }
    (readers, findings)
}

/// The readers of a file: each begins with `FRIENDLYNAME`.
fn parse(file: &str, text: &str) -> Vec<Reader> {
    let mut readers: Vec<Reader> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.split_once(char::is_whitespace) else {
            continue;
        };
        let value = value.trim().trim_matches('"').to_owned();
        if key.eq_ignore_ascii_case("FRIENDLYNAME") {
            readers.push(Reader {
                file: file.to_owned(),
                name: value,
                ..Reader::default()
            });
        } else if let Some(reader) = readers.last_mut() {
            match key.to_ascii_uppercase().as_str() {
                "DEVICENAME" => reader.device = value,
                "LIBPATH" => reader.library = value,
                "CHANNELID" => reader.channel = value,
                _ => {}
            }
        }
    }
    readers.retain(|reader| !reader.library.is_empty());
    readers
}

impl Reader {
    /// Whether pcscd can have only one of the two.
    fn collides(&self, other: &Self) -> bool {
        let same_port = self.port().is_some() && self.port() == other.port();
        self.name == other.name || same_port
    }

    /// The port of a virtual reader: behind the device's colon, otherwise the channel.
    fn port(&self) -> Option<u16> {
        let driver = Path::new(&self.library).file_name()?.to_string_lossy();
        if !driver.starts_with("libifdvpcd") {
            return None;
        }
        let device = self.device.rsplit_once(':').and_then(|(_, port)| number(port));
        device.or_else(|| number(&self.channel))
    }
}

/// Decimal, or hexadecimal behind `0x`.
fn number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u16::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
