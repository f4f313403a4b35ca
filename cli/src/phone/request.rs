//! `vmyna phone request`: what a reader asks of a phone, for trying without one.

use std::path::PathBuf;

use clap::Args;
use rand_core::{OsRng, RngCore};
use vmyna_apdu::ShowPath as _;
use vmyna_mdoc::{DOC_TYPE, DeviceRequest, Transcript};

use super::source;
use crate::failure::Failure;
use crate::output::say;
use crate::save;

/// Making a request.
#[derive(Args)]
pub(crate) struct Request {
    /// An element to ask for, such as full_name_unicode or age_over_20; "all" for those that are public; repeat it for several
    #[arg(long, value_name = "NAME", required = true, value_delimiter = ',')]
    element: Vec<String>,

    /// State that the reader will keep the values
    #[arg(long)]
    retain: bool,

    /// The web origin of the reader in the transcript
    #[arg(long, value_name = "ORIGIN", default_value = "https://reader.example")]
    origin: String,

    /// The request to write, CBOR: DeviceRequest of ISO/IEC 18013-5, without the signature of a reader
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// The transcript of a session to write, CBOR: that of a browser, with a random number in it
    #[arg(long, value_name = "FILE")]
    transcript: PathBuf,
}

/// Runs the command.
pub(super) fn run(arguments: &Request) -> Result<(), Failure> {
    let mut elements = Vec::new();
    for name in &arguments.element {
        match name.as_str() {
            "all" => elements.extend(source::elements().filter_map(|one| Some((source::namespace(one)?, one)))),
            name => {
                let namespace = source::namespace(name).ok_or_else(|| {
                    let all: Vec<&str> = source::elements().collect();
                    Failure::Usage(format!("{name} is no element: the elements are {}", all.join(", ")))
                })?;
                elements.push((namespace, name));
            }
        }
    }
    elements.sort_unstable();
    elements.dedup();
    let request = DeviceRequest::create(DOC_TYPE, &elements, arguments.retain)
        .map_err(|error| Failure::Failed(error.to_string()))?;
    // What stands there in a real session is the reader's key and nonce; the transcript holds the digest of it only.
    let mut random = [0; 32];
    OsRng.fill_bytes(&mut random);
    let transcript = Transcript::browser(&vmyna_apdu::hex::encode(&random), &arguments.origin);
    if arguments.output == arguments.transcript {
        let path = arguments.output.shown();
        return Err(Failure::Usage(format!("{path} can't hold both: name two files")));
    }
    save::replace(&arguments.output, request.to_bytes())?;
    save::replace(&arguments.transcript, transcript.to_bytes())?;
    say(&format!(
        "written: {} and {}, for one try: in a real session each side makes the transcript by itself",
        arguments.output.shown(),
        arguments.transcript.shown()
    ));
    Ok(())
}
