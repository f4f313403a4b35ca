//! The arguments of `vmyna verify`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::options::authority::Authority;
use crate::options::language::{self, Language};
use crate::seed::Time;

/// Verifying.
#[derive(Args)]
pub(crate) struct Verify {
    /// Certificates, signature values, signed data (CMS), files of one card as `vmyna files --raw` writes them, or the answer
    /// of a phone with an mdoc
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,

    /// Trust these authorities: the folder of `vmyna ca init`, or "specimen" for the built-in ones; repeat it for several
    #[arg(long, value_name = "DIR|specimen")]
    pub(super) ca: Vec<Authority>,

    /// Trust the certificates in this file, PEM or DER; repeat it for several
    #[arg(long, value_name = "FILE")]
    pub(super) trust: Vec<PathBuf>,

    /// What was signed: the message of a signature value, the content of detached signed data
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,

    /// The digest of what was signed, for a signature value
    #[arg(long, value_name = "HEX", conflicts_with = "data", value_parser = digest)]
    pub(super) digest: Option<Digest>,

    /// The certificate of the key that made a signature value, or of a signer of signed data without certificates
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Vec<PathBuf>,

    /// The session transcript of a phone's answer, CBOR: an array, or that in a byte string with tag 24
    #[arg(long, value_name = "FILE")]
    pub(super) transcript: Option<PathBuf>,

    /// The request that a phone answers, CBOR: more than was asked is invalid
    #[arg(long, value_name = "FILE", requires = "transcript")]
    pub(super) request: Option<PathBuf>,

    /// What FILE is, where its content does not decide
    #[arg(long = "as", value_name = "KIND")]
    pub(super) kind: Option<Kind>,

    /// What the certificate must be for. Without it, what the certificate claims, and for signed data "sign"
    #[arg(long)]
    pub(super) purpose: Option<Purpose>,

    /// The form of signature values that was agreed
    #[arg(long, default_value = "digest-info")]
    pub(super) form: Form,

    /// Take revocations from this list instead of the register, DER or PEM; repeat it for several
    #[arg(long, value_name = "FILE")]
    pub(super) crl: Vec<PathBuf>,

    /// Ask this OCSP responder instead of the register
    #[arg(long, value_name = "URL")]
    pub(super) ocsp: Option<String>,

    /// Allow OCSP requests to other machines
    #[arg(long)]
    pub(super) online: bool,

    /// The time of the check (UTC); now, if not given
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<Time>,

    /// Write JSON
    #[arg(long)]
    pub(super) json: bool,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(super) lang: Language,
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// A certificate
    Certificate,
    /// A signature value alone
    Raw,
    /// Signed data
    Cms,
    /// A file of the card
    CardFile,
    /// The answer of a phone with an mdoc: DeviceResponse of ISO/IEC 18013-5
    Mdoc,
}

/// The purpose of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Purpose {
    /// 署名用
    Sign,
    /// 利用者証明用
    Auth,
}

/// The form of a signature value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// PKCS#1 v1.5 with a DigestInfo
    DigestInfo,
    /// PKCS#1 v1.5 padding around 32 bytes of a bare digest
    Bare,
    /// RSASSA-PSS
    Pss,
    /// Any of them: the report names which
    Any,
}

/// A digest, 20, 32, 48 or 64 bytes.
#[derive(Clone, Debug)]
pub(super) struct Digest(pub(super) Vec<u8>);

fn digest(text: &str) -> Result<Digest, &'static str> {
    const FORM: &str = "a digest is 32 bytes in hexadecimal digits; or 20, 48 or 64";
    let bytes = vmyna_apdu::hex::decode(text).map_err(|_| FORM)?;
    match bytes.len() {
        20 | 32 | 48 | 64 => Ok(Digest(bytes)),
        _ => Err(FORM),
    }
}

/// The help after the options.
pub(crate) const HELP: &str = "\
No authority is trusted unless --ca or --trust names it, not even the built-in ones. Revocation is
taken from the register of a named --ca, or from --crl or --ocsp, else from the address in the
certificate. Requests go to this machine only, unless --online is given. A certificate without
fresh revocation data is not verified. The root of mdocs is an authority too: --trust takes its
certificate, and the list of the address in the signer's certificate is fetched. PDF files: take
a program such as pyHanko (docs/guide.md).

Exit status: 0 if everything is valid, 1 if something is invalid or not verified, 2 for wrong
arguments. The names of the steps are stable, their texts are not.

Examples:
  vmyna files specimen:hanako 'jpki/auth certificate' --object > auth.cer
  vmyna verify auth.cer --ca specimen
  vmyna verify --purpose auth --certificate auth.cer --data challenge --ca specimen signature
  vmyna verify document.p7s --data document --ca CA --crl municipality.crl --json
  vmyna verify response.cbor --transcript transcript.cbor --request request.cbor --ca specimen
  vmyna verify text-0002 text-0003 text-0004 --ca CA --lang ja";
