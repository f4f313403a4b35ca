//! The arguments of `vmyna ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use vmyna_issuance::x509::ServiceUrl;

use crate::seed::Time;

#[cfg(feature = "authority")]
pub(super) use self::register::{Authority, Crl, Export, Fault, List, Revoke, Serve};

/// Certificate authorities.
#[derive(Args)]
pub(crate) struct Ca {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the authorities that issue cards, in a new folder that only you can read
    Init(Init),
    /// Make a new generation of the authorities in a folder: the same name, new keys. Cards are issued under it from its
    /// beginning on; those issued before stay valid
    Rollover(Rollover),
    /// List the certificates that were issued, and which of them are revoked (失効)
    #[cfg(feature = "authority")]
    List(List),
    /// Revoke a certificate, or those of a card (失効)
    #[cfg(feature = "authority")]
    Revoke(Revoke),
    /// Write a revocation list (失効リスト) to a file
    #[cfg(feature = "authority")]
    Crl(Crl),
    /// Write the certificates of the authorities, PEM and DER, for programs that are to trust them
    #[cfg(feature = "authority")]
    Export(Export),
    /// Answer OCSP requests and hand out revocation lists on this machine, until Ctrl-C
    #[cfg(feature = "authority")]
    #[command(after_long_help = register::SERVE_HELP)]
    Serve(Serve),
}

#[derive(Args)]
pub(super) struct Init {
    /// The folder to make
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,

    /// Make the same authorities for the same number; they begin on 2024-11-01 unless --begin is given
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,

    /// When their certificates begin (UTC): cards issued before are not valid under them. Now, if not given
    #[arg(long, value_name = "TIME")]
    pub(super) begin: Option<Time>,

    /// The address of OCSP responder and practice statement in the certificates that these authorities will issue:
    /// http://HOST:PORT. http://localhost:47910, if not given
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<ServiceUrl>,
}

#[derive(Args)]
pub(super) struct Rollover {
    /// The authorities' folder
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,

    /// Make the same keys for the same number; the generation begins four years after the one before unless --begin is given
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,

    /// When the generation begins (UTC): cards issued before get their certificates from the one before. Now, if not given
    #[arg(long, value_name = "TIME")]
    pub(super) begin: Option<Time>,
}

#[cfg(feature = "authority")]
mod register {
    use std::path::PathBuf;
    use std::str::FromStr;
    use std::time::Duration;

    use clap::Args;
    use vmyna::CardSource;
    use vmyna_authority::register::Reason;

    pub(in super::super) use crate::options::authority::Authority;
    use crate::options::kind::Kind;
    use crate::seed::Time;

    #[derive(Args)]
    pub(in super::super) struct List {
        /// The authorities' folder, or "specimen" for the built-in ones
        #[arg(value_name = "DIR|specimen")]
        pub(in super::super) authority: Authority,

        /// Only what is revoked
        #[arg(long)]
        pub(in super::super) revoked: bool,

        /// Only the certificates that were issued with this card
        #[arg(long)]
        pub(in super::super) card: Option<CardSource>,

        /// Write JSON, an object a line
        #[arg(long)]
        pub(in super::super) json: bool,
    }

    #[derive(Args)]
    #[command(group = clap::ArgGroup::new("which").required(true).args(["serial", "card", "mdoc_signer"]))]
    pub(in super::super) struct Revoke {
        /// The authorities' folder, or "specimen" for the built-in ones
        #[arg(value_name = "DIR|specimen")]
        pub(in super::super) authority: Authority,

        /// The serial number (発行番号) of the certificate, hexadecimal
        #[arg(long, value_name = "HEX", value_parser = serial)]
        pub(in super::super) serial: Option<u32>,

        /// The card of which the certificates are revoked
        #[arg(long)]
        pub(in super::super) card: Option<CardSource>,

        /// The document signer of mdocs (カード代替電磁的記録) that is in use at that time: another one signs from then on
        #[arg(long, conflicts_with_all = ["kind", "reason"])]
        pub(in super::super) mdoc_signer: bool,

        /// Only the certificate of this kind
        #[arg(long)]
        pub(in super::super) kind: Option<Kind>,

        /// Why: unspecified, keyCompromise, cACompromise, affiliationChanged (the four attributes changed), superseded,
        /// cessationOfOperation or certificateHold (一時保留; it is never released). The list of mdocs has no reasons
        #[arg(long, value_name = "NAME", required_unless_present = "mdoc_signer")]
        pub(in super::super) reason: Option<Reason>,

        /// Since when (UTC); now, if not given
        #[arg(long, value_name = "TIME")]
        pub(in super::super) at: Option<Time>,
    }

    fn serial(text: &str) -> Result<u32, &'static str> {
        u32::from_str_radix(text.trim_start_matches("0x"), 16)
            .map_err(|_| "a serial number is hexadecimal, of at most 8 digits")
    }

    #[derive(Args)]
    pub(in super::super) struct Crl {
        /// The authorities' folder, or "specimen" for the built-in ones
        #[arg(value_name = "DIR|specimen")]
        pub(in super::super) authority: Authority,

        /// Whose list
        #[arg(long, required_unless_present = "mdoc")]
        pub(in super::super) kind: Option<Kind>,

        /// The list of the root of mdocs (カード代替電磁的記録): its revoked document signers
        #[arg(long, conflicts_with_all = ["kind", "municipality", "authorities"])]
        pub(in super::super) mdoc: bool,

        /// Of this generation of the authority, from 1 on, as `list --json` numbers them; of the newest, if not given
        #[arg(long, value_name = "NUMBER")]
        pub(in super::super) generation: Option<usize>,

        /// Only of a municipality: its code, five digits. NSS and gpgsm take the complete list only
        #[arg(long, value_name = "CODE", conflicts_with = "authorities")]
        pub(in super::super) municipality: Option<String>,

        /// The list of authorities (ARL), which is empty
        #[arg(long)]
        pub(in super::super) authorities: bool,

        /// Write PEM instead of DER
        #[arg(long)]
        pub(in super::super) pem: bool,

        /// The file to write; a file of this name is replaced
        #[arg(long, short, value_name = "FILE")]
        pub(in super::super) output: PathBuf,
    }

    #[derive(Args)]
    pub(in super::super) struct Export {
        /// The authorities' folder, or "specimen" for the built-in ones
        #[arg(value_name = "DIR|specimen")]
        pub(in super::super) authority: Authority,

        /// The folder to write to: sign-ca.pem, sign-ca.cer, auth-ca.pem, auth-ca.cer, those of earlier generations with the
        /// year of their beginning in the name, and all in ca.pem; likewise mdoc-root.pem, mdoc-root.cer, and all roots of
        /// mdocs in mdoc-roots.pem
        #[arg(long, short, value_name = "FOLDER")]
        pub(in super::super) output: PathBuf,
    }

    #[derive(Args)]
    pub(in super::super) struct Serve {
        /// The authorities' folder, or "specimen" for the built-in ones, which serve the built-in cards
        #[arg(value_name = "DIR|specimen", default_value = "specimen")]
        pub(in super::super) authority: Authority,

        /// Where to listen. localhost means 127.0.0.1 and ::1; port 0 takes a free one. Localhost and the port in the
        /// certificates, if not given: localhost:47910 unless `ca init --url` set another
        #[arg(long, value_name = "HOST:PORT")]
        pub(in super::super) listen: Option<String>,

        /// Allow an address that other machines can reach
        #[arg(long)]
        pub(in super::super) insecure_remote: bool,

        /// Answer also when a request names this host. The one in the certificates is allowed anyway
        #[arg(long, value_name = "NAME", value_parser = crate::listen::host_name)]
        pub(in super::super) host: Vec<String>,

        /// Look at the register so often, in seconds. The real service renews its data every 15 minutes
        #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=86_400))]
        pub(in super::super) refresh: u32,

        /// Look at the register at every request
        #[arg(long, conflicts_with = "refresh")]
        pub(in super::super) fresh: bool,

        /// Serve another day: let it be this time (UTC) now
        #[arg(long, value_name = "TIME")]
        pub(in super::super) now: Option<Time>,

        /// Fail on purpose: try-later, wrong-signer, stale (30 days ago), slow=MS; repeat it for several
        #[arg(long, value_name = "FAULT")]
        pub(in super::super) fault: Vec<Fault>,

        /// Write no line about each request
        #[arg(long, short)]
        pub(in super::super) quiet: bool,
    }

    /// A fault of the server.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) enum Fault {
        TryLater,
        WrongSigner,
        Stale,
        Slow(Duration),
    }

    impl FromStr for Fault {
        type Err = &'static str;

        fn from_str(text: &str) -> Result<Self, &'static str> {
            const FORMS: &str = "a fault is try-later, wrong-signer, stale or slow=MS, of at most 600000 milliseconds";
            Ok(match text {
                "try-later" => Self::TryLater,
                "wrong-signer" => Self::WrongSigner,
                "stale" => Self::Stale,
                _ => {
                    let time = text.strip_prefix("slow=").and_then(|time| time.parse().ok());
                    Self::Slow(Duration::from_millis(
                        time.filter(|time| *time <= 600_000).ok_or(FORMS)?,
                    ))
                }
            })
        }
    }

    pub(in super::super) const SERVE_HELP: &str = "\
Certificates for authentication name the address http://localhost:47910/ocsp/auth-ca; those for
signatures name none, as the real ones: give your program http://localhost:47910/ocsp/sign-ca.
http://localhost:47910/ lists all paths.

Each request is a line of JSON on standard error. Whoever can connect can ask: there is no TLS and
no access control, which a responder of test certificates doesn't need.";
}
