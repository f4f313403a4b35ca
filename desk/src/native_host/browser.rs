//! The browsers, and where each looks for the manifests of a user's native hosts (`documented`).

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::InstallError;

/// A kind of browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Browser {
    /// Chromium.
    Chromium,
    /// Google Chrome.
    Chrome,
    /// Firefox.
    Firefox,
}

impl Browser {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Chrome, Self::Firefox];

    /// The name on the command line: `chromium`, `chrome` or `firefox`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
        }
    }

    /// The folder for manifests of this user.
    ///
    /// # Errors
    /// [`InstallError::NoHome`]
    pub(super) fn manifests(self) -> Result<PathBuf, InstallError> {
        let home = home()?;
        if cfg!(target_os = "macos") {
            return Ok(home.join("Library/Application Support").join(match self {
                Self::Chromium => "Chromium/NativeMessagingHosts",
                Self::Chrome => "Google/Chrome/NativeMessagingHosts",
                Self::Firefox => "Mozilla/NativeMessagingHosts",
            }));
        }
        let configuration = || absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        Ok(match self {
            Self::Chromium => Self::in_user_data(&configuration().join("chromium")),
            Self::Chrome => Self::in_user_data(&configuration().join("google-chrome")),
            Self::Firefox => home.join(".mozilla/native-messaging-hosts"),
        })
    }

    /// The folder for manifests of a Chromium or Chrome that is started with `--user-data-dir`.
    pub(super) fn in_user_data(directory: &Path) -> PathBuf {
        directory.join("NativeMessagingHosts")
    }

    /// Whether it looks for manifests in the folder of `--user-data-dir`.
    pub(super) const fn has_user_data(self) -> bool {
        !matches!(self, Self::Firefox)
    }
}

/// The folder for what programs keep for this user.
pub(super) fn data() -> Result<PathBuf, InstallError> {
    Ok(match absolute("XDG_DATA_HOME") {
        Some(data) => data,
        None => home()?.join(".local/share"),
    })
}

fn home() -> Result<PathBuf, InstallError> {
    absolute("HOME").ok_or(InstallError::NoHome)
}

/// The absolute path in a variable of the environment. Relative ones are ignored, as the XDG specification demands.
fn absolute(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os(variable)?);
    path.is_absolute().then_some(path)
}

impl fmt::Display for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name of no browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a browser is chromium, chrome or firefox")]
pub struct NoBrowser;

impl FromStr for Browser {
    type Err = NoBrowser;

    fn from_str(name: &str) -> Result<Self, NoBrowser> {
        Self::ALL.into_iter().find(|one| one.name() == name).ok_or(NoBrowser)
    }
}
