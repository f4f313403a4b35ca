//! What the caller trusts: authorities, a time, revocation lists. Nothing else is trusted.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs};

use der::{DateTime, Decode};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::certificate::Certificate;
use crate::signature::Key;

/// All of it.
pub(crate) struct Trust {
    /// Certificates of authorities.
    pub(crate) authorities: Vec<Certificate>,
    /// Keys that certify municipalities, by the 16 bytes of their names.
    cv_keys: Vec<(Vec<u8>, Key)>,
    /// Revocation lists, DER.
    pub(crate) lists: Vec<Vec<u8>>,
    /// Since 1970, UTC.
    pub(crate) time: Duration,
}

impl Trust {
    /// From `$VMYNA_EXAM_TRUST`, `$VMYNA_EXAM_TIME` and `$VMYNA_EXAM_CRLS`.
    pub(crate) fn from_environment() -> Result<Self, String> {
        let folder = env::var_os("VMYNA_EXAM_TRUST").ok_or("$VMYNA_EXAM_TRUST names no folder")?;
        let time = match env::var("VMYNA_EXAM_TIME") {
            Ok(time) => {
                let time: Result<DateTime, _> = time.parse();
                time.map_err(|_| "$VMYNA_EXAM_TIME is no time")?.unix_duration()
            }
            Err(_) => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_err(|_| "a clock before 1970")?,
        };
        let mut trust = Self {
            authorities: Vec::new(),
            cv_keys: Vec::new(),
            lists: Vec::new(),
            time,
        };
        for (name, bytes) in files(Path::new(&folder))? {
            if let Ok(certificate) = Certificate::read(&bytes) {
                trust.authorities.push(certificate);
            } else if let Ok(info) = SubjectPublicKeyInfoRef::from_der(&bytes)
                && let Ok(key) = Key::of_der(info.subject_public_key.raw_bytes())
            {
                trust.cv_keys.push((key_id(&name)?, key));
            }
        }
        if let Some(folder) = env::var_os("VMYNA_EXAM_CRLS") {
            trust.lists = files(Path::new(&folder))?.into_iter().map(|(_, bytes)| bytes).collect();
        }
        Ok(trust)
    }

    /// The key that certifies municipalities under this name.
    pub(crate) fn cv_key(&self, id: &[u8]) -> Option<&Key> {
        self.cv_keys.iter().find(|(name, _)| name == id).map(|(_, key)| key)
    }
}

/// The name of a key as its certificates have it, from the name of its file.
fn key_id(stem: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("the name of a key, not of {stem:?}");
    let (number, generation) = stem.split_once('-').ok_or_else(wrong)?;
    Ok([number.as_bytes(), &[0x08, 0x05], generation.as_bytes(), &[0; 4]].concat())
}

/// The files of a folder that are DER, by their names without ending.
fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let fault = |error| format!("{folder:?}: {error}");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let bytes = fs::read(&path).map_err(fault)?;
        if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            && bytes.first() == Some(&0x30)
        {
            files.push((stem.to_owned(), bytes));
        }
    }
    Ok(files)
}
