//! What can be typed after `vmyna issue`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use vmyna::ParseCardError;
use vmyna_applets::Profile;
use vmyna_applets::atr::Atr;
use vmyna_applets::file_size::FileSizes;

use crate::seed::Time;

/// Issuing cards.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["person", "random", "people"]))]
pub(crate) struct Issue {
    /// Person files (TOML), a card each; `vmyna issue --help` describes them
    #[arg(value_name = "PERSON.toml")]
    pub(crate) person: Vec<PathBuf>,

    /// A card for an invented person
    #[arg(long)]
    pub(crate) random: bool,

    /// Cards for a town of N invented people, into one collection
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=8_000_000))]
    pub(crate) people: Option<u64>,

    /// The image to write; FILE#NAME names a card in it afterwards
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Issue under the authorities in this folder (`vmyna ca init` makes one); otherwise under the built-in ones,
    /// which have public keys
    #[arg(long, value_name = "DIR")]
    pub(crate) ca: Option<PathBuf>,

    /// Make everything reproducible, keys included: the same number, people and authorities give the same cards. The time
    /// of issue is 2026-11-01 unless --issued is given
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,

    /// Let all cards share K sets of keys: for load tests, where keys would take most of the time
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) key_pool: Option<u32>,

    /// Put the applications of these files (*.ap.toml) into the free area (空き領域) of every card; keys and serial numbers
    /// are each card's own
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) ap: Vec<PathBuf>,

    /// When the cards are issued (UTC), unless a person file contains it; now, if not given
    #[arg(long, value_name = "TIME")]
    pub(crate) issued: Option<Time>,

    /// The generation of the card, unless a person file contains it
    #[arg(long, value_name = "NAME", value_parser = profiles())]
    pub(crate) profile: Option<Profile>,

    /// An ATR of the card's own in hexadecimal digits, unless a person file contains one; it must offer T=1
    #[arg(long, value_name = "HEX")]
    pub(crate) atr: Option<Atr>,

    /// The sizes of the card's files, unless a person file contains them: those of real cards, or each as long as what it
    /// holds
    #[arg(long, value_name = "SIZES", value_parser = file_sizes())]
    pub(crate) file_sizes: Option<FileSizes>,
}

/// The sizes of files by name.
fn file_sizes() -> impl TypedValueParser<Value = FileSizes> {
    let values = FileSizes::NAMES.map(PossibleValue::new);
    PossibleValuesParser::new(values).map(|name| FileSizes::find(&name).unwrap_or_default())
}

/// The profiles by name, each with what it is in the help.
fn profiles() -> impl TypedValueParser<Value = Profile> {
    let values = Profile::all().map(|profile| PossibleValue::new(profile.name).help(profile.description));
    PossibleValuesParser::new(values).try_map(|name| Profile::find(&name).ok_or(ParseCardError::NoSuchProfile))
}

pub(crate) const HELP: &str = "\
A person file:

    name = \"見本　太郎\"                  # 氏名
    kana = \"ミホン　タロウ\"              # its reading
    address = \"東京都千代田区見本町１\"   # 住所, from the prefecture on
    substitutes = { \"𩸽\" = \"タ\" }        # 代替文字: what the certificate has for a character it lacks
    former-name = \"旧姓\"                # 旧氏, in the remarks field of the face as
    roman-name = \"MIHON TARO\"          # the name in Roman letters
    birth = \"1990-04-01\"               # \"1945-00-00\" if month and day are unknown
    sex = \"male\"                       # male, female, other, unknown
    my-number = \"123456789018\"         # this, the residence-code (住民票コード) and the
    security-code = \"2026\"             # security-code are invented where they are not given
    photo = \"face.png\"                 # PNG, JPEG or JPEG 2000; a drawn figure otherwise

    [municipality]
    code = \"13101\"                     # a municipality that is not known here needs its
                                       # prefecture and name in Roman letters, and title = \"千代田区\"
    [card]
    issued = \"2026-11-01\"              # otherwise now
    expiry = \"2037-04-01\"              # otherwise the tenth birthday, the fifth under 18
    pins = \"none\"                      # a card without PINs (顔認証マイナンバーカード): nothing signs
    photo = \"none\"                     # a card without a photo, for a child under one year
    atr = \"3BE000FF8131FE4514\"         # otherwise that of the profile
    file_sizes = \"exact\"               # files end with what they hold; otherwise as on real cards

    [certificates]
    sign = true                        # otherwise from 15 years of age on
    auth = true
    issued = \"2029-11-05\"              # when they were renewed; otherwise when the card is issued
    until = \"2031-03-31\"               # otherwise the fifth birthday, or the end of the card

    [pins]                             # otherwise 1234, and ABC123 to sign
    sign = \"PASS123\"                   # 署名用パスワード
    auth = \"4649\"                      # 利用者証明用
    input-assist = \"4649\"              # 券面事項入力補助用
    residence = \"4649\"                 # 住民基本台帳用

    [pins.tries-left]                  # for a card that is issued blocked or nearly so
    auth = 0

All people should be fictional. An image is readable by its owner only, holds private keys and
PINs, and is never overwritten.

Examples:
  vmyna issue person.toml -o card.vmyna
  vmyna issue --random -o random.vmyna
  vmyna issue person.toml --ap driving-licence.ap.toml -o card.vmyna
  vmyna issue --people 100000 --key-pool 16 --seed 1 -o town.vmyna";
