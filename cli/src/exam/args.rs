//! The arguments of `vmyna exam`.

use std::path::PathBuf;

use clap::Args;
use regex::Regex;
use vmyna_apdu::Language;

use crate::options::language;
use crate::options::reports::Reports;
use crate::seed::Time;

/// An examination.
#[derive(Args)]
pub(crate) struct Exam {
    /// The file that states what the program claims, is given and reports; exam.toml of this folder, if there is one
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,

    /// Issue everything under the authorities in this folder (`vmyna ca init` makes one); otherwise under the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) ca: Option<PathBuf>,

    /// Draw people, keys and changed bytes from this number, so that a run can be repeated; a random one, if not given
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,

    /// The time of the check (UTC); now, if not given
    #[arg(long, value_name = "TIME")]
    pub(super) now: Option<Time>,

    /// So many programs at the same time; as many as there are processors, if not given
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,

    /// A program that takes longer hangs; in place of the limit in exam.toml, or of 10
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) limit: Option<u64>,

    /// Only candidates with such names, beside the genuine ones and the twins that they need
    #[arg(long, value_name = "REGEX")]
    pub(super) only: Option<Regex>,

    #[command(flatten)]
    pub(super) reports: Reports,

    /// The language of the report on standard output
    #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = language::parser())]
    pub(super) lang: Language,

    /// Write all candidates into this new folder, with a manifest, and run no program
    #[arg(long, value_name = "DIR", conflicts_with_all = ["program", "json", "junit", "html"])]
    pub(super) out: Option<PathBuf>,

    /// Send the candidates to the service at this address in place of a program, as the tables [http.…] of exam.toml state:
    /// only to this machine and to private networks
    #[arg(long, value_name = "URL", conflicts_with_all = ["program", "out"])]
    pub(super) http: Option<String>,

    /// The service is yours: send to it wherever it is
    #[arg(long, requires = "http")]
    pub(super) my_own_service: bool,

    /// The program and its arguments, with placeholders
    #[arg(last = true, required_unless_present_any = ["out", "http"], value_name = "PROGRAM")]
    pub(super) program: Vec<String>,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
A candidate is a card, or files, that are right or wrong in exactly one respect. The program must
accept the right ones and refuse the wrong ones. It sees the card in a PC/SC reader of its own
(PCSCLITE_CSOCK_NAME), or is given files by placeholders in its arguments:
  {cms} {content} {pdf} {xml}            signed documents
  {certificate} {challenge} {signature}  a log-in
  {text-0001} to {text-0007} {text-challenge} {text-answer}     files and chip, input-assist
  {face-0001} to {face-0005} {face-challenge} {face-answer}     files and chip, face-info
  {mdoc} {transcript} {request}          a phone's answer
Further placeholders: {pin} {sign-password} {code-a} {code-b} {birth-date}, {trust} and {crls}
(the folders of $VMYNA_EXAM_TRUST and $VMYNA_EXAM_CRLS), {time} ($VMYNA_EXAM_TIME), {folder} (the
private folder of the run, also $TMPDIR; what is left there is searched for PINs).

exam.toml, all of it optional; a pattern is a regular expression of the crate regex:
  claims = [\"text\", \"face\", \"my-number\", \"log-in\", \"sign-certificate\", \"signatures\", \"pins\",
            \"phone\", \"mdoc\", \"revocation\"]
  signatures = 1                     # signatures that a run asks the card for
  [program]
  limit = 10                         # seconds
  time = true                        # the program obeys $VMYNA_EXAM_TIME
  private-folder = true              # runs in {folder}, which is $HOME too
  stack-trace-is-crash = true
  [give]
  environment = { CARD_PIN = \"{pin}\" }
  lines = [\"{pin}\"]                  # on standard input at once, or instead:
  prompts = [{ pattern = 'PIN: $', line = \"{pin}\" }]
  [exit-status]                      # how it reports its verdict: this (the default),
  accepted = [0]
  refused = [1]                      # all others, if left out
  [output]                           # or a pattern on what it prints,
  stream = \"stdout\"                  # stdout, stderr, both
  accepted = '^valid$'
  refused = '^invalid'               # all that is not accepted, if left out
  [file]                             # or a file that it writes
  path = \"{folder}/result.json\"
  accepted = '\"ok\": true'
  [patterns]
  tries = '(?<tries>\\d) tries left'
  notice = 'warning'

For --http URL, the request about each part that the service claims. Files are written into the
body in base64, lists as an array of JSON; no redirect is followed, there is no TLS, and each
request has the header \"X-Vmyna-Exam: test data\". The service must have the anchors that
`vmyna exam --out` writes:
  [http.log-in]
  path = \"/login\"                    # POST
  content-type = \"application/json\"  # this, if left out
  encoding = \"base64\"                # base64, base64url, hex
  body = '{\"id\": \"{session}\", \"cert\": \"{certificate}\", \"sig\": \"{signature}\"}'
  accepted = [200]                   # status codes
  refused = [401, 403]               # all others but 3xx and 5xx, if left out
  pattern = '\"ok\": true'            # what an acceptance has in its body besides
  [http.log-in.challenge]            # where the service gives its challenge
  path = \"/challenge\"
  method = \"GET\"                     # GET, POST
  pointer = \"/challenge\"             # in JSON; the whole body, if left out
  session = \"/id\"                    # for {session}; cookies are sent back in any case
  ends-after = 60                    # seconds
  [http.mdoc]
  path = \"/mdoc\"
  body = '{\"response\": \"{mdoc}\", \"transcript\": \"{transcript}\", \"lists\": {crls}}'
  [http.signatures]
  path = \"/verify\"
  content-type = \"application/pdf\"
  file = \"pdf\"                       # the body is this file

Exit status: 0 when the program does all that it must; 1 with findings; 2 when it can't be
examined (it refuses everything that is right) or was called wrongly.

Examples:
  vmyna exam -- ./verify-card --pin {pin}
  vmyna exam --only '^signatures' -- python3 verify.py --trust {trust} {cms} {content}
  vmyna exam --seed 7 --json report.json --html report.html -- ./verify-card --pin {pin}
  vmyna exam --http http://127.0.0.1:8080
  vmyna exam --out candidates";
