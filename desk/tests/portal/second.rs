//! A log-in at a provider of another project, npm's oidc-provider, which has its own idea of the standard.
//!
//! Its packages go to cargo's directory for tests' files, at the versions of the lock file. Must never skip it: the test
//! fails and says what to install.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};

use vmyna_testkit::{client, install_packages};

use crate::server::{Rig, is_logged_in};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/portal/second");

/// The directory with the program beside its packages.
fn installed() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("second-provider");
    install_packages(Path::new(SOURCE), &directory, &[]).unwrap();
    fs::copy(Path::new(SOURCE).join("provider.mjs"), directory.join("provider.mjs")).unwrap();
    directory
}

/// The provider's process.
pub struct Second {
    child: Child,
    pub issuer: String,
    /// It prints now and then, and ends if nobody reads.
    _printed: Lines<BufReader<ChildStdout>>,
}

impl Second {
    pub fn start(redirect_uri: &str, keys: &Path) -> Self {
        let mut child = client("node", "nodejs")
            .arg("provider.mjs")
            .current_dir(installed())
            .env("REDIRECT_URI", redirect_uri)
            .env("KEYS", keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.starts_with("http://"));
        Self {
            issuer: issuer.unwrap_or_else(|| panic!("the provider ended before it printed its issuer")),
            child,
            _printed: lines,
        }
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_logs_in_at_a_provider_of_another_project() {
    let rig = Rig::at_second();
    let mut browser = rig.browser();
    let page = rig.log_in(&mut browser);
    assert!(is_logged_in(&page), "{} {}", page.status, page.body);
    page.has("You are logged in as 見本　二郎.");
    browser
        .get("/en/data")
        .has("見本町一丁目")
        .has("1991-02-03")
        .has("second-person")
        .has("aal3");
    browser.submit("/en/data", "/en/data", "").has("Read again.");
    // It has no sign transactions.
    browser.submit("/en/application", "/en/application", "address=a&day=2026-12-01");
    let page = browser.submit("/en/application/review", "/en/application/sign", "");
    page.has("The identity provider refused");
    assert!(is_logged_in(&page));
}
