//! The scripts with other projects' libraries, each one process for all changes of a response.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;

use serde_json::{Value, json};
use vmyna_apdu::hex;
use vmyna_testkit::{install_packages, install_python_packages, isolated, require_program};

use crate::Change;
use crate::rig::{Rig, certificate, pem};

/// The name of the keys in the mdocs of `@auth0/mdl`.
pub(crate) const KID: &str = "a-key-of-this-test";

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mdoc");

/// The packages of npm, with the script beside them.
static NODE: LazyLock<PathBuf> = LazyLock::new(|| {
    let source = Path::new(SOURCES).join("node");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mdoc-node");
    install_packages(&source, &directory, &[]).unwrap();
    std::fs::copy(source.join("auth0.mjs"), directory.join("auth0.mjs")).unwrap();
    directory
});

/// The packages of PyPI.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mdoc-python");
    install_python_packages(&Path::new(SOURCES).join("python/requirements.txt"), &directory).unwrap();
    directory
});

/// A verifier and issuer of another project.
pub(crate) enum Opinion {
    /// `@auth0/mdl`.
    Node,
    /// `isomdoc` and `pymdoccbor`.
    Python,
}

impl Opinion {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Node => "@auth0/mdl",
            Self::Python => "isomdoc and pymdoccbor",
        }
    }

    fn run(&self, job: &Value) -> Value {
        let mut command = match self {
            Self::Node => {
                let mut node = isolated(require_program("node", "nodejs"));
                node.arg(NODE.join("auth0.mjs"));
                node
            }
            Self::Python => {
                let mut python = isolated(PYTHON.join("bin/python"));
                python.arg(Path::new(SOURCES).join("python/pair.py"));
                python
            }
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(job.to_string().as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{} has failed", self.name());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The places of the changes with which the response is accepted.
    pub(crate) fn accepted(&self, rig: &Rig, response: &[u8], changes: &[Change]) -> Vec<usize> {
        let result = self.run(&json!({
            "work": "verify",
            "roots": [certificate(&rig.root)],
            "transcript": hex::encode(rig.transcript.to_bytes()),
            "taggedTranscript": hex::encode(&rig.transcript.to_tagged_bytes()),
            "response": hex::encode(response),
            "changes": changes,
        }));
        serde_json::from_value(result["accepted"].clone()).unwrap()
    }

    /// A response with an mdoc of the library's own, with a MAC if the reader's key is given.
    pub(crate) fn issue(&self, rig: &Rig, digest: &str, reader: Option<&p256::SecretKey>) -> Vec<u8> {
        self.issue_with(rig, digest, reader, Some(KID))
    }

    /// The same with keys of this name, or of none. isomdoc's keys have no name.
    pub(crate) fn issue_with(
        &self,
        rig: &Rig,
        digest: &str,
        reader: Option<&p256::SecretKey>,
        kid: Option<&str>,
    ) -> Vec<u8> {
        let mut job = rig.job();
        job["kid"] = kid.into();
        job["work"] = "issue".into();
        job["digest"] = digest.into();
        job["transcript"] = hex::encode(rig.transcript.to_bytes()).into();
        job["taggedTranscript"] = hex::encode(&rig.transcript.to_tagged_bytes()).into();
        if let Some(reader) = reader {
            job["readerKey"] = pem(reader).into();
        }
        hex::decode(self.run(&job)["response"].as_str().unwrap()).unwrap()
    }
}
