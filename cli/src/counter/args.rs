//! The arguments of `vmyna counter`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use vmyna_authority::counter::PhonePolicy;
use vmyna_authority::register::Reason;

use crate::options::at_counter::AtCounter;
use crate::options::given_pin::GivenPin;
use crate::options::kind::Kind;
use crate::options::municipality::MunicipalityOptions;

/// The counter of a municipality.
#[derive(Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Counter {
    #[command(flatten)]
    pub(super) at: AtCounter,

    /// Make keys and numbers reproducible: the same for the same number, card and time
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,

    /// A substitute (代替文字) for a character that certificates lack, e.g. 𩸽=タ; repeat it for several
    #[arg(long, value_name = "CHARACTER=SUBSTITUTE")]
    pub(super) substitute: Vec<String>,

    /// What becomes of the certificates on the person's phone when those of the card are revoked: assumed, as it is not public
    ///
    /// With either, death revokes both, and a change of name or address the sign certificate.
    #[arg(long, value_enum, value_name = "POLICY", default_value = "with-card")]
    pub(super) phones: Phones,

    #[command(subcommand)]
    pub(super) action: Action,
}

/// What becomes of the certificates on a phone.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Phones {
    /// The one of the same kind is revoked too, for the same reason
    WithCard,
    /// They stay as they are
    Stay,
}

impl From<Phones> for PhonePolicy {
    fn from(phones: Phones) -> Self {
        match phones {
            Phones::WithCard => Self::WithCard,
            Phones::Stay => Self::Stay,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum Action {
    /// Give PINs new values and all their tries, blocked or not
    ResetPin {
        /// NAME or NAME=VALUE; a value that is not typed is asked for on the terminal. 照合番号 and birth PIN (code-a, code-b,
        /// birth, …) take no value: they get their tries
        #[arg(value_name = "PIN", required = true)]
        pins: Vec<GivenPin>,
    },
    /// Renew certificates (更新), from three months before their end on; one that is revoked or has ended at any time
    Renew {
        /// Only the certificate of this kind
        #[arg(long)]
        kind: Option<Kind>,
    },
    /// Put certificates on hold (一時保留), from which they are never released
    Hold {
        /// Only the certificate of this kind
        #[arg(long)]
        kind: Option<Kind>,
    },
    /// Revoke certificates (失効)
    Revoke {
        /// Only the certificate of this kind
        #[arg(long)]
        kind: Option<Kind>,

        /// Why: unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation or
        /// certificateHold
        #[arg(long, value_name = "NAME")]
        reason: Reason,
    },
    /// Issue the sign certificate (署名用電子証明書) to a holder of 15 years and more without one
    SignCertificate {
        /// A new sign password: sign or sign=VALUE; otherwise the card's stays
        #[arg(long, value_name = "PIN")]
        pin: Option<GivenPin>,
    },
    /// The holder gives notice of moving out (転出届): revoke the sign certificate
    MoveOut,
    /// The holder moves in (転入届, 転居届): new address, files signed again, new sign certificate
    MoveIn {
        /// The new address, from the prefecture on
        #[arg(long)]
        address: String,

        #[command(flatten)]
        municipality: MunicipalityOptions,
    },
    /// The holder has a new name: files signed again, new sign certificate
    Rename {
        /// The new name, family and given name separated by a blank
        #[arg(long)]
        name: String,

        /// Its reading in katakana
        #[arg(long)]
        kana: String,
    },
    /// The holder died: revoke all certificates, and withdraw the card
    Death,
    /// The card is lost: put all certificates on hold (一時保留)
    Lost,
    /// The phone is lost: put its certificates on hold (一時保留). CARD is the person's card, or the phone itself
    PhoneLost,
    /// Write a new card for the holder, with new keys, certificates and security code; withdraw this one
    Reissue {
        /// The image to write
        #[arg(long, short, value_name = "NEW")]
        output: PathBuf,

        /// A PIN of the new card, NAME or NAME=VALUE; otherwise 1234, and ABC123 to sign
        #[arg(long, value_name = "PIN")]
        pin: Vec<GivenPin>,
    },
    /// Make it a card without PINs (顔認証マイナンバーカード): PINs unset, sign certificate revoked
    NoPin,
    /// Make a card without PINs one with PINs again, with a new sign certificate from 15 years of age on
    WithPin {
        /// NAME or NAME=VALUE, for auth, sign, input-assist and residence
        #[arg(long, value_name = "PIN", required = true)]
        pin: Vec<GivenPin>,
    },
    /// Print the reading of the name (振り仮名) in the remarks field
    Furigana {
        /// The reading in katakana, if the card's record has none or another one
        kana: Option<String>,
    },
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The counter writes the register of the authorities and the state of the card; a card in use is
changed by the process that uses it, and loses its power for a moment. An operation that is killed
is finished by the next command that opens the register or uses the card. What was revoked stays
revoked, also after `vmyna card reset-state`.

A PIN on the command line can be seen by other users of the machine and stays in the history of
the shell: a name alone asks for the value on the terminal.

A phone that has certificates (`vmyna phone add`) is linked to its card in the register. A new
card takes over the link. What the counter does with a phone itself is `phone-lost` only.

Examples:
  vmyna counter card.vmyna reset-pin sign
  vmyna counter card.vmyna move-out
  vmyna counter card.vmyna move-in --municipality 27127 --address 大阪府大阪市北区見本町１
  vmyna counter card.vmyna --now 2031-08-01 renew
  vmyna counter card.vmyna --ca DIR reissue -o new.vmyna";
