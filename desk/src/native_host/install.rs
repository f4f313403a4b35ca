//! Installing the host for a browser: the manifest where the browser looks for it, and a folder with what it names.
//!
//! A manifest names a program and no arguments, so the folder has a script of one command that names the settings. Nothing
//! that another program has written is replaced or removed.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::browser;
use super::extension::{self, FILES, MANIFEST};
use super::{Browser, HOST_NAME, InstallError, Settings, Source, Uuid};

/// By this text in a manifest it is known as one of this program.
const DESCRIPTION: &str = "vmyna: virtual My Number Card (SPECIMEN, for tests)";
/// The longest manifest that is read, in bytes.
const LONGEST_MANIFEST: u64 = 64 * 1024;

/// The places of one installation.
#[derive(Clone, Debug)]
pub struct Installation {
    browser: Browser,
    /// The file that the browser reads.
    manifest: PathBuf,
    /// The folder of all installations of this user or user data.
    base: PathBuf,
}

/// What an installation has written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Written {
    /// The manifest that the browser reads.
    pub manifest: PathBuf,
    /// The script that the manifest names.
    pub script: PathBuf,
    /// The settings that the script names.
    pub settings: PathBuf,
    /// The folder of the unpacked extension.
    pub extension: PathBuf,
}

impl Installation {
    /// The installation for a browser of this user; with `user_data` for one that is started with that `--user-data-dir`.
    ///
    /// # Errors
    /// [`InstallError::NoHome`]; [`InstallError::NoUserData`]; the working folder has no path.
    pub fn of(browser: Browser, user_data: Option<&Path>) -> Result<Self, InstallError> {
        let file = format!("{HOST_NAME}.json");
        let Some(directory) = user_data else {
            let manifest = browser.manifests()?.join(file);
            let base = browser::data()?.join("vmyna/native-host");
            return Ok(Self {
                browser,
                manifest,
                base,
            });
        };
        if !browser.has_user_data() {
            return Err(InstallError::NoUserData);
        }
        let directory = std::path::absolute(directory).map_err(InstallError::io(directory, "found"))?;
        Ok(Self {
            browser,
            manifest: Browser::in_user_data(&directory).join(file),
            base: directory.join("vmyna-native-host"),
        })
    }

    fn folder(&self) -> PathBuf {
        self.base.join(self.browser.name())
    }

    fn written(&self) -> Written {
        let folder = self.folder();
        Written {
            manifest: self.manifest.clone(),
            script: folder.join("vmyna-native-host"),
            settings: folder.join("settings.json"),
            extension: folder.join("extension"),
        }
    }

    /// Writes everything, or writes it again: the number of an earlier installation is kept. `program` is the path of
    /// `vmyna`, `source` the card that is to answer, and `variables` are set for the host.
    ///
    /// # Errors
    /// [`InstallError`]. The manifest is written last, so without it the browser finds nothing.
    pub fn install(
        &self,
        program: &Path,
        source: &Source,
        variables: &[(&str, OsString)],
    ) -> Result<Written, InstallError> {
        self.check_manifest()?;
        let written = self.written();
        let settings = Settings {
            source: source.clone(),
            uuid: self.uuid()?,
            browser: self.browser,
        };
        let card = || match source {
            Source::Card(card) => card.to_string().into(),
            Source::Reader(reader) => reader.into(),
        };
        let settings = settings.to_json().ok_or_else(|| InstallError::Path(card()))?;
        let script = script(program, &written.settings, variables)?;
        let manifest = self.to_manifest(&written.script)?;
        for (name, content) in self.extension_files() {
            put(&written.extension.join(name), content.as_bytes())?;
        }
        put(&written.settings, settings.as_bytes())?;
        put(&written.script, script.as_bytes())?;
        fs::set_permissions(&written.script, Permissions::from_mode(0o700))
            .map_err(InstallError::io(&written.script, "made executable"))?;
        put(&written.manifest, manifest.as_bytes())?;
        Ok(written)
    }

    /// Removes what [`install`](Self::install) has written; returns the paths. None if there is nothing.
    ///
    /// # Errors
    /// [`InstallError`]
    pub fn uninstall(&self) -> Result<Vec<PathBuf>, InstallError> {
        self.check_manifest()?;
        let Written {
            manifest,
            script,
            settings,
            extension,
        } = self.written();
        let files = self.extension_files().into_iter().map(|(name, _)| extension.join(name));
        let mut removed = Vec::new();
        for file in [manifest, script, settings].into_iter().chain(files) {
            match fs::remove_file(&file) {
                Ok(()) => removed.push(file),
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(InstallError::io(file, "removed")(error)),
            }
        }
        // Folders that are empty then; files of others stay, with their folders.
        let locales = extension.join("_locales");
        for folder in [
            locales.join("en"),
            locales.join("ja"),
            locales,
            extension,
            self.folder(),
            self.base.clone(),
        ] {
            let _ = fs::remove_dir(folder);
        }
        Ok(removed)
    }

    /// Refuses a manifest that another program has written.
    fn check_manifest(&self) -> Result<(), InstallError> {
        let text = match vmyna_files::read_text(&self.manifest, LONGEST_MANIFEST) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(InstallError::io(&self.manifest, "read")(error));
            }
            Err(_) => return Err(InstallError::NotOurs(self.manifest.clone())),
        };
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        match value["name"] == HOST_NAME && value["description"] == DESCRIPTION {
            true => Ok(()),
            false => Err(InstallError::NotOurs(self.manifest.clone())),
        }
    }

    /// The number of this installation, or of one for another browser, or a new one.
    fn uuid(&self) -> Result<Uuid, InstallError> {
        let others = Browser::ALL.into_iter().filter(|browser| *browser != self.browser);
        for browser in [self.browser].into_iter().chain(others) {
            let path = self.base.join(browser.name()).join("settings.json");
            if let Some(settings) = Settings::find(&path)? {
                return Ok(settings.uuid);
            }
        }
        Uuid::random().map_err(InstallError::Random)
    }

    fn to_manifest(&self, script: &Path) -> Result<String, InstallError> {
        let path = text(script)?;
        let mut manifest = json!({ "name": HOST_NAME, "description": DESCRIPTION, "path": path, "type": "stdio" });
        match self.browser {
            Browser::Firefox => manifest["allowed_extensions"] = json!([extension::FIREFOX_ID]),
            Browser::Chromium | Browser::Chrome => manifest["allowed_origins"] = json!([extension::ORIGIN]),
        }
        Ok(format!("{manifest:#}\n"))
    }

    /// The extension's files for this browser.
    fn extension_files(&self) -> Vec<(&'static str, String)> {
        let files = FILES.into_iter().map(|(name, content)| match (name, self.browser) {
            (MANIFEST, Browser::Firefox) => (name, extension::firefox_manifest()),
            _ => (name, content.to_owned()),
        });
        files.collect()
    }
}

/// The script that the manifest names.
fn script(program: &Path, settings: &Path, variables: &[(&str, OsString)]) -> Result<String, InstallError> {
    let mut script =
        "#!/bin/sh\n# Written by vmyna: a browser starts it and gives the extension's origin.\n".to_owned();
    for (name, value) in variables {
        script += &format!("export {name}={}\n", quoted(Path::new(value))?);
    }
    let (program, settings) = (quoted(program)?, quoted(settings)?);
    script += &format!("exec {program} native-host --settings {settings} \"$@\"\n");
    Ok(script)
}

/// A path as one word of the shell.
fn quoted(path: &Path) -> Result<String, InstallError> {
    Ok(format!("'{}'", text(path)?.replace('\'', r"'\''")))
}

fn text(path: &Path) -> Result<&str, InstallError> {
    let text = path.to_str().filter(|text| !text.contains(['\n', '\0']));
    text.ok_or_else(|| InstallError::Path(path.to_owned()))
}

/// Writes a file whole, for its owner only, in a folder that is made if there is none.
fn put(path: &Path, bytes: &[u8]) -> Result<(), InstallError> {
    if let Some(folder) = path.parent() {
        let mut maker = DirBuilder::new();
        maker.recursive(true).mode(0o700);
        maker.create(folder).map_err(InstallError::io(folder, "made"))?;
    }
    vmyna_files::replace(path, bytes).map_err(InstallError::io(path, "written"))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests;
