//! What is installed: libraries where Debian and others put them, versions as dpkg has them.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use super::System;

/// The first three numbers of an upstream version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) [u32; 3]);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// Finds a library or driver by its file's name, as the system sees its path.
pub(super) fn library(system: &System, name: &str) -> Option<PathBuf> {
    let below = ["", "pcsc", "pcsc/drivers", "pcsc/drivers/serial"];
    let mut folders: Vec<PathBuf> = ["usr/lib", "usr/lib64", "usr/local/lib", "lib"]
        .map(PathBuf::from)
        .to_vec();
    for lib in ["usr/lib", "lib"] {
        let inner = fs::read_dir(system.root.join(lib)).into_iter().flatten().flatten();
        folders.extend(inner.map(|entry| PathBuf::from(lib).join(entry.file_name())));
    }
    let mut places = folders
        .iter()
        .flat_map(|folder| below.map(|below| folder.join(below).join(name)));
    places
        .find(|place| system.root.join(place).symlink_metadata().is_ok())
        .map(|place| PathBuf::from("/").join(place))
}

/// The upstream version of an installed package of Debian; `None` where dpkg knows none.
pub(super) fn version(system: &System, package: &str) -> Option<Version> {
    /// The longest such list that is read, in bytes: some ten times that of a full desktop.
    const LONGEST: u64 = 128 << 20;
    let status = vmyna_files::read(&system.path("/var/lib/dpkg/status"), LONGEST).ok()?;
    let status = String::from_utf8_lossy(&status);
    let wanted = format!("Package: {package}");
    let paragraph = status.split("\n\n").find(|paragraph| {
        let mut lines = paragraph.lines();
        lines.next() == Some(&wanted) && paragraph.contains("\nStatus: install ok installed")
    })?;
    parse(paragraph.lines().find_map(|line| line.strip_prefix("Version: "))?)
}

/// `1:2.3.3-1~bpo` is 2.3.3.
fn parse(version: &str) -> Option<Version> {
    let upstream = version.split_once(':').map_or(version, |(_, upstream)| upstream);
    let mut numbers = upstream
        .split(|character: char| !character.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    let major = upstream
        .starts_with(|first: char| first.is_ascii_digit())
        .then(|| numbers.next())??;
    // What follows a hyphen is Debian's own.
    let dots = upstream.split('-').next().unwrap_or_default().matches('.').count();
    let mut next = |there: bool| if there { numbers.next().unwrap_or(0) } else { 0 };
    Some(Version([major, next(dots > 0), next(dots > 1)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_package_s_version_the_upstream_part_counts() {
        for (text, numbers) in [
            ("1.9.9-2", [1, 9, 9]),
            ("1:2.3.3-1~bpo12", [2, 3, 3]),
            ("2.0-3", [2, 0, 0]),
            ("3.3+dfsg-2", [3, 3, 0]),
        ] {
            assert_eq!(parse(text).unwrap().0, numbers, "{text}");
        }
        assert_eq!(parse("unknown"), None);
    }
}
