//! Why a host can't be installed or removed.

use std::io;
use std::path::PathBuf;

use vmyna_apdu::ShowPath as _;

/// Why a host can't be installed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The environment names no home folder.
    #[error("the environment variable HOME names no absolute path")]
    NoHome,
    /// Firefox looks for manifests in the home folder only.
    #[error("Firefox has no --user-data-dir")]
    NoUserData,
    /// The manifest at this path was written by another program.
    #[error("{} is a manifest of another program and stays as it is", .0.shown())]
    NotOurs(PathBuf),
    /// The path of this file can't be written into a manifest or script, because it is not UTF-8 or has a line end.
    #[error("{} can't be named in a manifest", .0.shown())]
    Path(PathBuf),
    /// The settings at this path are damaged.
    #[error("{} holds no settings of a native host", .0.shown())]
    Settings(PathBuf),
    /// The operating system refused an operation.
    #[error("{} can't be {doing}: {error}", path.shown())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it: a participle.
        doing: &'static str,
        /// The reason.
        #[source]
        error: io::Error,
    },
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[source] vmyna_applets::rand_core::Error),
}

impl InstallError {
    /// An error of the operating system at this path.
    pub(super) fn io(path: impl Into<PathBuf>, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, doing, error }
    }
}
