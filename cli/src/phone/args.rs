//! The arguments of `vmyna phone`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use vmyna::CardSource;
use vmyna_applets::PhoneKind;

use super::{present, request, show};
use crate::options::at_counter::AtCounter;
use crate::options::authority::Authority;
use crate::options::given_pin::GivenPin;
use crate::seed::Time;

/// Certificates and mdoc on a phone.
#[derive(Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Phone {
    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Subcommand)]
pub(super) enum Action {
    /// Hold a card to a phone once: write an image of the phone's token, with keys, certificates and PINs of its own
    ///
    /// The card is used by APDU, and its sign password is verified: a wrong one costs a try. A built-in card
    /// (specimen:NAME) can be held to a phone too. The person's other phone loses its certificates.
    Add(Add),
    /// Take keys, certificates and mdoc off a phone, and revoke the certificates (cessationOfOperation)
    Remove(AtPhone),
    /// Issue a new mdoc (カード代替電磁的記録) to an iPhone, with what the issuer has of the person's card now
    Refresh(Refresh),
    /// Show the certificates of a phone and what is in its mdoc (カード代替電磁的記録), the My Number included
    Show(show::Show),
    /// Answer a reader with elements of the mdoc, as far as the cardholder consents
    Present(present::Present),
    /// Make a request and a transcript, to try `present` and `vmyna verify` without a reader
    Request(request::Request),
}

#[derive(Args)]
pub(super) struct Add {
    #[command(flatten)]
    pub(super) at: AtCounter,

    /// The image to write for the phone
    #[arg(long, short, value_name = "PHONE")]
    pub(super) output: PathBuf,

    /// The kind of phone
    #[arg(long, value_enum, default_value = "iphone")]
    pub(super) kind: Kind,

    /// The sign password of the card: sign=VALUE; otherwise it is asked for on the terminal
    #[arg(long, value_name = "PIN")]
    pub(super) pin: Option<GivenPin>,

    /// A PIN of the phone, auth or sign, NAME or NAME=VALUE; otherwise 1234, and ABC123 to sign
    #[arg(long, value_name = "PIN")]
    pub(super) new_pin: Vec<GivenPin>,

    /// Make keys and numbers reproducible: the same for the same number, card and time
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
}

#[derive(Args)]
pub(super) struct Refresh {
    #[command(flatten)]
    pub(super) at: AtPhone,

    /// The card of the person: specimen:NAME, FILE or FILE#NAME. It is not used as a card: its image and state are read
    #[arg(long, value_name = "CARD")]
    pub(super) card: CardSource,
}

/// A phone in the place of a card.
#[derive(Args)]
pub(super) struct AtPhone {
    /// The phone: FILE or FILE#NAME
    #[arg(value_name = "PHONE")]
    phone: CardSource,

    /// The folder of the authorities that issued its certificates; the built-in ones ("specimen"), if it is not given
    #[arg(long, value_name = "DIR")]
    ca: Option<Authority>,

    /// Let it be this time (UTC) there
    #[arg(long, value_name = "TIME")]
    now: Option<Time>,

    /// As JSON
    #[arg(long)]
    json: bool,
}

impl AtPhone {
    /// The phone in the place of a card.
    pub(super) fn at(&self) -> AtCounter {
        AtCounter {
            card: self.phone.clone(),
            ca: self.ca.clone(),
            now: self.now,
            json: self.json,
        }
    }
}

/// The kinds of phones.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    /// The label of the token is JPKIAPIOSTOKEN
    Iphone,
    /// The label of the token is JPKIAPGPSETOKEN
    Android,
}

impl From<Kind> for PhoneKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Iphone => Self::Iphone,
            Kind::Android => Self::Android,
        }
    }
}

/// The help after the options.
pub(crate) const HELP: &str = "\
What a phone does is assumed where no public text states it: the form of the application
that the card signs, RSA-2048 for the phone's keys, the policies of its certificates and
their end, which is never after that of the card's. `vmyna counter CARD phone-lost` puts
them on hold.

A PIN on the command line can be seen by other users of the machine and stays in the history
of the shell: a name alone asks for the value on the terminal.

Examples:
  vmyna phone add specimen:hanako -o phone.vmyna --pin sign=ABC123
  vmyna phone add card.vmyna --ca DIR -o phone.vmyna --kind android --new-pin auth=4649
  vmyna phone remove phone.vmyna --ca DIR
  vmyna phone show phone.vmyna --lang ja
  vmyna phone request --element full_name_unicode,age_over_20 -o request --transcript transcript
  vmyna phone present phone.vmyna --request request --transcript transcript -o response
  vmyna verify response --transcript transcript --request request --ca specimen";
