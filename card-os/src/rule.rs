//! The card's behaviour that no declaration of an application describes: rules, each with its status word, certainty and
//! source. The code that applies a rule names it, also a rule that permits, so that an observer sees it.
//!
//! Sources: *myna-card* is the published documentation of the Rust crate `myna-card` 3.3, whose authors measured real
//! cards; *JICSAP* is the JICSAP IC card specification 1.1, the card's command set; *ISO* is ISO/IEC 7816-4.

use core::fmt;
use std::borrow::Cow;

use vmyna_apdu::StatusWord;

/// How certain a behaviour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Not published; the most defensible choice.
    Assumed,
    /// Clients that work with the real card rely on it.
    Client,
    /// Several sources agree, or one client documents it.
    Documented,
    /// A cited trace, dump or stated observation of a card.
    Measured,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assumed => "assumed",
            Self::Client => "client",
            Self::Documented => "documented",
            Self::Measured => "measured",
        })
    }
}

/// How certain a declaration is and where it is known from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// How certain it is.
    pub certainty: Certainty,
    /// Where it is known from, or for an assumption why it was chosen.
    pub source: Cow<'static, str>,
}

impl Basis {
    /// A basis with a source written in the code.
    pub const fn new(certainty: Certainty, source: &'static str) -> Self {
        Self {
            certainty,
            source: Cow::Borrowed(source),
        }
    }
}

/// One behaviour of the card.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, `subject.case`: stable, for vectors and documentation.
    pub id: &'static str,
    /// What the card does, in a sentence.
    pub text: &'static str,
    /// The status word of a refusal; `None` where the rule refuses nothing, or one that carries a number.
    pub status_word: Option<StatusWord>,
    /// How certain it is.
    pub certainty: Certainty,
    /// Where it is known from, or for an assumption why it was chosen.
    pub source: &'static str,
}

/// A command refused: the status word and the rule behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the card answers.
    pub status_word: StatusWord,
    /// Why.
    pub rule: &'static Rule,
}

impl Rule {
    /// Refuse by this rule. A rule without a status word of its own refuses with `6F00`, which no rule here does.
    pub const fn refuse<T>(&'static self) -> Result<T, Refusal> {
        Err(self.refusal())
    }

    /// The refusal by this rule.
    pub const fn refusal(&'static self) -> Refusal {
        match self.status_word {
            Some(status_word) => Refusal {
                status_word,
                rule: self,
            },
            None => Refusal {
                status_word: StatusWord::UNKNOWN_FAILURE,
                rule: self,
            },
        }
    }

    /// The refusal by this rule with a status word that carries a number.
    pub const fn refuse_with<T>(&'static self, status_word: StatusWord) -> Result<T, Refusal> {
        Err(Refusal {
            status_word,
            rule: self,
        })
    }
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id).copied()
}

macro_rules! rules {
    ($($name:ident = $id:literal, $sw:expr, $certainty:ident, $text:literal, $source:literal;)*) => {
        $(#[doc = $text]
        pub static $name: Rule = Rule {
            id: $id, text: $text, status_word: $sw, certainty: Certainty::$certainty, source: $source,
        };)*

        /// All rules, in the order of a command's way through the card.
        pub static ALL: &[&Rule] = &[$(&$name),*];
    };
}

use StatusWord as Sw;

rules! {
    // Power.
    POWER_FIRST_APPLICATION = "power.first-application", None, Measured,
        "at power-up the issuer security domain is selected and nothing is verified",
        "myna-card: the ISD is the default; its card's 6F00 to the first command after a power cut is not general: sc-tools-myna runs without";
    RESET_KEEPS_DF = "reset.keeps-df", None, Assumed,
        "after a warm reset the application is still selected and no EF is", "fits the measured survival of the security status";

    // The APDU as a whole.
    APDU_MALFORMED = "apdu.malformed", Some(Sw::WRONG_LENGTH), Documented,
        "bytes whose length fields don't agree with their length are no C-APDU", "JICSAP table 25; ISO 5.1";
    WRONG_LENGTH = "apdu.wrong-length", Some(Sw::WRONG_LENGTH), Documented,
        "Lc or Le is not what the instruction takes", "JICSAP table 25";
    LE_NOT_TAKEN = "apdu.le-not-taken", Some(Sw::WRONG_LENGTH), Assumed,
        "an instruction that returns no data takes no Le: VERIFY with a value, CHANGE, UPDATE, APPEND RECORD, 80 A2, 80 AE; no try is lost",
        "as the query of the tries left, which is measured; a jsapdu test has 6700 of an 80 A2 with Le";
    CLASS_UNKNOWN = "class.unknown", Some(Sw::CLASS_NOT_SUPPORTED), Documented,
        "the class byte is none of 00, 80 and their secure messaging forms", "JICSAP table 25";
    CLASS_FURTHER_CHANNELS = "class.further-channels", Some(Sw::CLASS_NOT_SUPPORTED), Assumed,
        "CLA 40 to 7F, ISO's channels 4 to 19, are unknown classes", "JICSAP 1.1 is older than they are";
    CLASS_CHANNEL = "class.channel", Some(Sw::CHANNEL_NOT_SUPPORTED), Measured,
        "only logical channel 0 exists", "myna-card";
    CLASS_CHAINING = "class.chaining", Some(Sw::CHAINING_NOT_SUPPORTED), Assumed,
        "command chaining does not exist; long data uses extended lengths", "no trace shows one; of the ATRs only 3BDA… declares it; ISO 5.1.1.1";
    CLASS_PROPRIETARY_SM = "class.proprietary-secure-messaging", Some(Sw::SECURE_MESSAGING_NOT_SUPPORTED), Assumed,
        "proprietary secure messaging (CLA 04) does not exist", "ISO 5.1.1";
    SM_WITHOUT_SESSION = "secure-messaging.no-session", Some(Sw::NO_SECURE_SESSION), Measured,
        "a secure messaging command needs a secure session", "myna-card, on READ BINARY and VERIFY";
    SM_SELECT_WITHOUT_SESSION = "secure-messaging.select", Some(Sw::SECURE_MESSAGING_NOT_SUPPORTED), Measured,
        "SELECT under secure messaging needs a secure session", "myna-card";
    SM_COUNTER = "secure-messaging.counter", None, Measured,
        "every command with CLA 08 counts, also a refused one; a plain command does not", "myna-card";
    SM_CIPHER = "secure-messaging.cipher", None, Measured,
        "data are encrypted by AES-128-CBC; the initial vector of both directions is the encrypted number of the command", "myna-card";
    SM_OBJECTS_MISSING = "secure-messaging.authenticated", Some(Sw::SM_OBJECTS_MISSING), Measured,
        "secure messaging with an authenticated header (CLA 0C) lacks the key for it", "myna-card; that it does not count and the session lives on is assumed";
    SM_OBJECTS_WRONG = "secure-messaging.objects", Some(Sw::SM_OBJECTS_WRONG), Measured,
        "another data object than the one that the instruction takes, or wrong padding, ends the session", "myna-card";
    SM_INSTRUCTION = "secure-messaging.instruction", Some(Sw::SECURE_MESSAGING_NOT_SUPPORTED), Assumed,
        "in a secure session only VERIFY, SELECT and READ BINARY can be secured; another one counts", "no other is known to be";
    SM_LE = "secure-messaging.le", Some(Sw::WRONG_LENGTH), Assumed,
        "a secured answer longer than the outer Le is refused, not cut", "as GET DATA does";
    SM_LIFETIME = "secure-messaging.lifetime", None, Documented,
        "a secure session lives as long as the security status", "myna-card: its sm module";
    INSTRUCTION_UNKNOWN = "instruction.unknown", Some(Sw::INSTRUCTION_NOT_SUPPORTED), Documented,
        "the class has no such instruction", "JICSAP table 25";
    INSTRUCTION_DECLARED = "instruction.declared", None, Assumed,
        "UPDATE BINARY, UPDATE RECORD, APPEND RECORD and GENERATE ASYMMETRIC KEY PAIR exist only in an application that declares the operation; P1=10 and 11 of COMPUTE DIGITAL SIGNATURE only in one with an EC key",
        "no published application of the card has them; the codes are of ISO/IEC 7816-4 and 7816-8";
    APPLICATION_LOCKED = "application.locked", Some(Sw::CONDITIONS_NOT_SATISFIED), Assumed,
        "in a locked application nothing is allowed but to select an application", "the status words' table has 6283 for SELECT alone";
    OWN_STATUS_WORD = "application.status-word", None, Assumed,
        "an application may answer a status word of its own where a rule of the card refuses", "published applications differ from the card in some";
    WRONG_P1_P2 = "instruction.p1-p2", Some(Sw::WRONG_P1_P2), Documented,
        "the instruction has no such P1-P2", "JICSAP table 25";

    // Finding what a command acts on.
    NO_CURRENT_EF = "reference.no-current-ef", Some(Sw::NO_CURRENT_EF), Documented,
        "the command acts on the current EF and none is selected", "status word table of the JICSAP card family";
    NO_SUCH_FILE = "reference.no-such-file", Some(Sw::NOT_FOUND), Measured,
        "the current DF holds no EF or key of this identifier", "query of an absent key on the same platform";
    WRONG_FILE_KIND = "reference.wrong-kind", Some(Sw::INCOMPATIBLE_FILE), Documented,
        "the file is not of the kind that the command acts on", "JICSAP table 25";
    INTERNAL_FILE = "reference.internal-file", Some(Sw::INCOMPATIBLE_FILE), Documented,
        "an internal EF (PIN or key) can be selected and never read", "JICSAP table 25; myna-card measured it on an internal EF 001E";
    SFI_SELECTS = "reference.sfi-selects", None, Documented,
        "a short EF identifier does what SELECT of that EF and then the command do", "myna-card, on READ BINARY and VERIFY";
    ACCESS_DENIED = "access.denied", Some(Sw::SECURITY_STATUS_NOT_SATISFIED), Documented,
        "the access condition is not fulfilled, or none is declared", "JICSAP table 25; the condition has its own source";

    KEY_UNSUITED = "access.unsuited", Some(Sw::CONDITIONS_NOT_SATISFIED), Measured,
        "the key is not for this use, whatever is verified", "myna-card: INTERNAL AUTHENTICATE with the active-authentication keys";

    // SELECT.
    SELECT_UNKNOWN_AID = "select.unknown-aid", Some(Sw::NOT_FOUND), Documented,
        "no application has this name", "several clients; JICSAP 4.2";
    SELECT_FAILED = "select.failed", None, Assumed,
        "a SELECT that is refused changes nothing: application, current EF and verified PINs stay", "ISO 7.1.1";
    SELECT_PARTIAL = "select.partial-name", None, Documented,
        "the beginning of a name selects the first application that has it", "JICSAP 4.2 (1)";
    SELECT_EMPTY_NAME = "select.empty-name", None, Assumed,
        "SELECT by name without data selects the issuer security domain", "GlobalPlatform; an empty beginning fits every name";
    SELECT_NEXT = "select.next-occurrence", None, Client,
        "the next occurrence is looked for behind the current application, in the card's own order, without wrapping",
        "sc-tools-myna: search_df ends so; the order is assumed";
    SELECT_FCI = "select.fci", None, Client,
        "P2=00 returns 6F { 84 AID }, for an EF 6F { 83 identifier }; no more than Le allows, nothing without Le",
        "sc-tools-myna: search_df reads 6F { 84 name … }; S380-relay: starts 6F; further bytes and that of an EF are published nowhere";
    SELECT_OWN_FCI = "select.own-fci", None, Assumed,
        "an application may declare the whole of the file control information that P2=00 returns", "the form is that of the application's author";
    SELECT_LOCKED = "select.locked", Some(Sw::DF_LOCKED), Documented,
        "SELECT of a locked application selects it and answers 6283 without data", "specification of the driving licence application (NPA); status word table of the JICSAP card family";
    SELECT_PARENT = "select.parent", Some(Sw::NOT_FOUND), Documented,
        "an application below another one is found only while that one, or another one below it, is selected",
        "specification of the residence application (MOJ): its top is selected before a DF; the status word is assumed";
    SELECT_DROPS_EF = "select.drops-current-ef", None, Assumed,
        "SELECT of an application, also of the selected one again, leaves no EF selected", "JICSAP 4.2; ISO 7.1.1";
    SELECT_MF_AT_ISD = "select.mf-at-power-up", Some(Sw::WRONG_P1_P2), Measured,
        "SELECT MF is refused while the issuer security domain is selected", "myna-card, after a cold reset";
    SELECT_MF_IN_APPLICATION = "select.mf-in-application", None, Measured,
        "SELECT MF answers 9000 in an application and changes nothing", "myna-card";
    SELECT_NO_MF = "select.mf-by-identifier", Some(Sw::NOT_FOUND), Measured,
        "the MF can't be selected by identifier", "myna-card";

    // READ BINARY, READ RECORD.
    READ_SHORT = "read-binary.short", None, Measured,
        "a read over the end of the file returns what is there, with 9000",
        "myna-card; sc-tools-myna 2539e92, a second card: an extended Le gives the whole file; several clients rely on it";
    READ_OUTSIDE = "read-binary.outside", Some(Sw::OFFSET_OUTSIDE_EF), Measured,
        "a read from the end of the file or beyond is refused", "myna-card; sc-tools-myna 2539e92, a second card; pyjpki";
    RECORD_NOT_FOUND = "read-record.not-found", Some(Sw::RECORD_NOT_FOUND), Documented,
        "the file has no record of this number; number 0 is the current record, which nothing sets", "myna-card";
    RECORD_SHORT = "read-record.short", None, Assumed,
        "of records longer than Le the card returns the first Le bytes, with 9000", "as READ BINARY does";
    RECORD_ALL = "read-record.all", None, Documented,
        "P2 mode 5 returns the records from P1 to the last, one behind the other", "JICSAP 6.4.4 (5)";

    // UPDATE BINARY, UPDATE RECORD, APPEND RECORD.
    UPDATE_BINARY = "update-binary.whole", None, Assumed,
        "UPDATE BINARY writes all its bytes or none, and the file keeps its length", "ISO 7.2.5; a transparent EF of the card has a fixed size";
    UPDATE_OUTSIDE = "update-binary.outside", Some(Sw::OFFSET_OUTSIDE_EF), Assumed,
        "an update from the end of the file or beyond is refused", "as READ BINARY does";
    UPDATE_OVER_END = "update-binary.over-end", Some(Sw::WRONG_LENGTH), Assumed,
        "an update over the end of the file is refused, not cut", "ISO 5.6: 6700; nothing is written";
    UPDATE_RECORD = "update-record.whole", None, Assumed,
        "UPDATE RECORD replaces a whole record, also by one of another length", "JICSAP: records are linear and of variable length";
    RECORD_LENGTH = "update-record.length", Some(Sw::WRONG_LENGTH), Assumed,
        "a record longer than the file has room for is refused, not cut", "as UPDATE BINARY does";
    APPEND_RECORD = "append-record.last", None, Assumed,
        "APPEND RECORD makes a new last record", "ISO 7.3.7; JICSAP";
    APPEND_FULL = "append-record.full", Some(Sw::NOT_ENOUGH_MEMORY), Assumed,
        "a file that has as many records as it has room for takes no further one", "ISO 7.3.7; status word table of the JICSAP card family";
    NO_MEMORY = "update.no-memory", Some(Sw::NOT_ENOUGH_MEMORY), Assumed,
        "the card has 4 MiB of memory for what updates and made keys change; more is refused", "a limit of this card, so that its state can always be read";

    // VERIFY and the PINs.
    VERIFY_QUERY = "verify.query", None, Measured,
        "VERIFY without data answers 63Cx, the tries left, in every state, also after success; 6300 without limit",
        "OpenSC issue 959 (9000, then 63C3)";
    VERIFY_QUERY_WITH_LE = "verify.query-with-le", Some(Sw::WRONG_LENGTH), Measured,
        "the query takes no Le: 00 20 00 80 00 is refused",
        "lulitech-dev/jpki-signer-android 95f50797, ace10a48: a card over IsoDep; with a short identifier or an extended Le assumed";
    VERIFY_RIGHT = "verify.right", None, Measured,
        "the right value makes the PIN verified and restores all its tries", "myna-card; several clients";
    VERIFY_WRONG = "verify.wrong", None, Measured,
        "a wrong value costs one try and answers 63Cx; the one that takes the last try answers 63C0", "myna-card";
    VERIFY_BLOCKED = "verify.blocked", Some(Sw::REFERENCE_DATA_BLOCKED), Measured,
        "nothing is compared once no try is left",
        "myna-card; c-3lab expects it; jpki-signer-android and jpki-image-signer take 6983 and 63C0 as well";
    VERIFY_QUERY_UNSET = "verify.query-unset", None, Assumed,
        "the query of a PIN that the issuer left unset answers 63C0, as of a blocked one",
        "a card without PINs (顔認証マイナンバーカード): no answer of one is published";
    VERIFY_UNSET = "verify.unset", Some(Sw::REFERENCE_DATA_BLOCKED), Assumed,
        "nothing is compared with a PIN that the issuer left unset: it answers as a blocked one",
        "a card without PINs (顔認証マイナンバーカード): no answer of one is published";
    VERIFY_WRONG_LENGTH = "verify.wrong-length", None, Assumed,
        "1 to 16 bytes of a length the PIN can't have are a wrong value and cost a try", "the safest for clients";
    VERIFY_TOO_LONG = "verify.too-long", Some(Sw::WRONG_LENGTH), Assumed,
        "more than 16 bytes are no PIN: refused, no try is lost", "JICSAP 6.4.9 (3)";
    VERIFY_WRONG_ENDS = "verify.wrong-ends-right", None, Assumed,
        "a wrong value ends the right that an earlier right value of the same PIN gave", "ISO 7.5.6";
    VERIFY_SHARED = "verify.shared", None, Assumed,
        "a PIN may have the value and the tries of a PIN of another application; it is verified in each application by itself",
        "ISO 7816-4: the security status of an application ends with its selection";
    CHANGE_NEW_VALUE = "change.new-value", None, Documented,
        "the data of a change are the new value alone; an earlier VERIFY gives the right to it",
        "jpki/myna, TRETJapanNFCReader, myna-card";
    CHANGE_FORMAT = "change.format", Some(Sw::WRONG_DATA), Assumed,
        "a new PIN of a form that the PIN can't have is refused", "myna-card says that the card enforces it, not how";
    CHANGE_KEEPS_RIGHT = "change.keeps-right", None, Assumed,
        "after a change the PIN stays verified and its counter as it was", "nobody has published it";

    // Lifetime of the security status.
    STATUS_KEPT = "status.kept", None, Measured,
        "the security status survives SELECT of files, SELECT of the same application, signatures and warm reset",
        "myna-card; pyjpki, whose signing depends on it";
    STATUS_DROPPED = "status.dropped", None, Measured,
        "SELECT of another application or of the issuer security domain and loss of power end the security status", "myna-card";

    // Keys.
    SIGN_DEFAULT_KEY = "sign.default-key", None, Measured,
        "P2=00 signs with the application's default key, which becomes the current EF",
        "myna-card, in the face-info and the input-assist application; that it becomes the current EF is assumed";
    SIGN_VERBATIM = "sign.verbatim", None, Measured,
        "P1=00 pads 1 to 245 bytes as they are by PKCS#1 v1.5; the card parses nothing", "myna-card; nearly all clients send a DigestInfo";
    SIGN_SHA256_BARE = "sign.sha256-bare", None, Measured,
        "P1=01 pads the SHA-256 of the input by PKCS#1 v1.5, without a DigestInfo", "myna-card";
    SIGN_HASH = "sign.hash", None, Measured,
        "P1=02 takes a SHA-256 hash and pads it in a DigestInfo by PKCS#1 v1.5", "myna-card";
    SIGN_SHA256 = "sign.sha256", None, Measured,
        "P1=03 pads the SHA-256 of the input in a DigestInfo by PKCS#1 v1.5", "myna-card";
    SIGN_HASH_PSS = "sign.hash-pss", None, Measured,
        "P1=04 takes a SHA-256 hash and pads it by PSS with SHA-256 and a random salt of 32 bytes", "myna-card";
    SIGN_SHA256_PSS = "sign.sha256-pss", None, Measured,
        "P1=05 pads the SHA-256 of the input by PSS with SHA-256 and a random salt of 32 bytes", "myna-card";
    SIGN_ECDSA = "sign.ecdsa", None, Assumed,
        "P1=10 signs a digest of 20 to 64 bytes by ECDSA and answers the DER of the signature; of a longer digest than the key its left part counts",
        "no card of this kind is published; FIPS 186-5 6.4";
    SIGN_ECDSA_RAW = "sign.ecdsa-raw", None, Assumed,
        "P1=11 signs as P1=10 does and answers r and s, each as long as the key", "no card of this kind is published";
    SIGN_KEY_KIND = "sign.key-kind", Some(Sw::CONDITIONS_NOT_SATISFIED), Assumed,
        "an RSA key does not sign by ECDSA, nor an EC key by RSA", "as a key that is not for this use";
    INTERNAL_AUTHENTICATE_EC = "internal-authenticate.ecdsa", None, Assumed,
        "INTERNAL AUTHENTICATE with an EC key answers the DER of its ECDSA signature of the challenge, with SHA-256 on P-256 and SHA-384 on P-384",
        "no card of this kind is published";
    INTERNAL_AUTHENTICATE = "internal-authenticate.scheme", None, Measured,
        "INTERNAL AUTHENTICATE signs the challenge as P1=03 signs its input", "myna-card: PKCS#1 v1.5 with SHA-256, deterministic";
    SIGN_INPUT = "sign.input-length", Some(Sw::CONDITIONS_NOT_SATISFIED), Documented,
        "the signature scheme takes no input of this length", "myna-card: 6985 or 6700";
    SIGN_LE = "sign.le", Some(Sw::WRONG_LENGTH), Assumed,
        "a signature needs an Le of at least its own length", "as GET DATA does";
    SIGN_NO_DEFAULT_KEY = "sign.no-default-key", Some(Sw::REFERENCED_DATA_NOT_FOUND), Assumed,
        "P2=00 means the application's default key, and this one has none", "JICSAP table 25";
    KEY_FAILURE = "key.failure", Some(Sw::UNKNOWN_FAILURE), Assumed,
        "the private key could not be used", "should not happen; JICSAP table 25";
    KEY_ABSENT = "key.absent", Some(Sw::REFERENCED_DATA_NOT_FOUND), Assumed,
        "the key is to be made on the card, and none has been made", "status word table of the JICSAP card family: 6A88, the key is not set";
    GENERATE = "generate-key-pair.new", None, Assumed,
        "P1=80 makes a key pair in place of an earlier one and answers the public key, 7F49 { 86 point } or 7F49 { 81 modulus, 82 exponent }",
        "ISO/IEC 7816-8: GENERATE ASYMMETRIC KEY PAIR";
    GENERATE_PUBLIC = "generate-key-pair.public-key", None, Assumed,
        "P1=81 answers the public key of the present private key, and needs the right to read it", "ISO/IEC 7816-8: GENERATE ASYMMETRIC KEY PAIR";
    GENERATE_LE = "generate-key-pair.le", Some(Sw::WRONG_LENGTH), Assumed,
        "a public key longer than Le is refused, not cut, and no key is made then", "as GET DATA does";
    EXTERNAL_CHALLENGE = "external-authenticate.challenge", Some(Sw::CONDITIONS_NOT_SATISFIED), Assumed,
        "EXTERNAL AUTHENTICATE needs a challenge of at least 8 bytes from GET CHALLENGE; one serves once, and lives as long as the security status",
        "ISO 7.5.4";
    EXTERNAL_RIGHT = "external-authenticate.right", None, Assumed,
        "the signature of a host's key over the challenge, PKCS#1 v1.5 with SHA-256 or ECDSA with SHA-256 or SHA-384, authenticates the host",
        "ISO 7.5.4; the form is this card's own";
    EXTERNAL_WRONG = "external-authenticate.wrong", Some(Sw::WRONG_UNLIMITED), Assumed,
        "another signature ends the right that an earlier one of the same key gave", "ISO 7.5.4; 6300 is the card family's word for a mismatch";
    CHALLENGE_LENGTH = "get-challenge.length", None, Measured,
        "GET CHALLENGE answers as many random bytes as Le says, 1 to 256, in every application", "myna-card; sc-tools-myna";
    CHALLENGE_EXTENDED = "get-challenge.extended", Some(Sw::CONDITIONS_NOT_SATISFIED), Measured,
        "GET CHALLENGE takes no extended Le", "myna-card";
    DATA_OBJECT_ABSENT = "get-data.absent", Some(Sw::REFERENCED_DATA_NOT_FOUND), Measured,
        "the selected application has no such data object", "myna-card";
    DATA_OBJECT_LONGER = "get-data.le-too-short", Some(Sw::WRONG_LENGTH), Measured,
        "a data object longer than Le is refused, not cut", "myna-card";

    // Terminal certificates, session keys, the issuer's instructions.
    TERMINAL_ORDER = "terminal-certificate.order", Some(Sw::CONDITIONS_NOT_SATISFIED), Assumed,
        "the signature of a terminal certificate needs its body before it, which it uses up", "JICSAP table 25";
    TERMINAL_LIFETIME = "terminal-certificate.lifetime", None, Assumed,
        "what the card knows of a terminal lives as long as the security status", "no trace shows it";
    TERMINAL_LENGTH = "terminal-certificate.length", Some(Sw::WRONG_LENGTH), Client,
        "80 A2 takes 307 bytes with 06C1 and 261 with 00C1, and is refused with another length before any EF is looked at",
        "jsapdu 82f5be6: 256 bytes with an Le and no current EF answer 6700; that it is the length, and the two lengths, are assumed";
    TERMINAL_BODY = "terminal-certificate.body", None, Client,
        "the body of a certificate is taken whatever issuer it names; only its signature can fail",
        "sc-tools-myna ends at any other answer to the body; jsapdu";
    TERMINAL_FORM = "terminal-certificate.form", Some(Sw::WRONG_DATA), Assumed,
        "the data field is not the object that this P1-P2 takes", "JICSAP table 25";
    TERMINAL_ISSUER = "terminal-certificate.issuer", Some(Sw::REFERENCED_DATA_NOT_FOUND), Assumed,
        "the certificate names an issuer key that the card does not have", "JICSAP table 25";
    TERMINAL_SIGNATURE = "terminal-certificate.signature", Some(Sw::WRONG_UNLIMITED), Assumed,
        "the signature is not the issuer key's", "6300 is the card family's word for a mismatch";
    TERMINAL_KEY = "terminal-certificate.key", None, Documented,
        "the key of an accepted certificate is kept, and checks a certificate that names it as its issuer",
        "myna-card; sc-tools-myna; that it checks a later one is assumed";
    SESSION_KEY_NO_ENVIRONMENT = "session-key.no-environment", Some(Sw::NO_SECURITY_ENVIRONMENT), Measured,
        "this application has no security environment for a session key", "myna-card, in the common and the face-info application";
    SESSION_KEY_LENGTH = "session-key.length", Some(Sw::WRONG_LENGTH), Assumed,
        "SET SESSION KEY takes 256 bytes, and is refused with another length before access is looked at", "as 80 A2; JICSAP table 25";
    SESSION_KEY_ACCESS = "session-key.access", None, Measured,
        "access is looked at before the delivered key is decrypted", "myna-card: a right key without the PIN answers 6982, a wrong one with it 6A80";
    SESSION_KEY_DELIVERY = "session-key.delivery", None, Measured,
        "the first 16 bytes of the delivered seed are the session's key; the first secured command is number 1", "myna-card";
    SESSION_KEY_FORM = "session-key.form", Some(Sw::WRONG_DATA), Measured,
        "only a key to encrypt can be delivered, A0 22 { 80 20 seed }", "myna-card: any form with tag 81 answers 6A80";
    SESSION_KEY_PADDING = "session-key.padding", Some(Sw::WRONG_DATA), Measured,
        "what is not encrypted to the card's key with RSA-OAEP and SHA-256 is not understood", "myna-card, with a wrong key";
    SESSION_KEY_AGAIN = "session-key.again", None, Assumed,
        "a new key replaces an open session and begins counting anew; a refused one leaves it open", "nobody has published it";
    SESSION_KEY_RANGE = "session-key.range", Some(Sw::UNKNOWN_FAILURE), Measured,
        "the encrypted key is not less than the modulus", "myna-card";
    SESSION_KEY_REFUSED = "session-key.refused", Some(Sw::SECURITY_STATUS_NOT_SATISFIED), Documented,
        "this application sets up no secure session", "myna-card measured it in the JPKI and residence-code applications; assumed at the card manager";
    ISSUER_ONLY = "issuer.only", Some(Sw::SECURITY_STATUS_NOT_SATISFIED), Documented,
        "the instruction needs the issuer's authentication, which this card offers to nobody", "JICSAP table 4; myna-card: MANAGE ATTRIBUTES comes to an issuer's check; the status word is assumed";
    LAST_COMMAND_INDICATOR = "last-command-indicator", Some(Sw::WRONG_LENGTH), Measured,
        "80 FC belongs to the token on an iPhone; a card refuses it", "myna-card";
    LAST_COMMAND = "last-command-indicator.taken", None, Assumed,
        "in an application that declares it, 80 FC 00 00 answers 9000 and changes nothing",
        "myna-card: the iPhone's token has it, without data; its meaning is not published, and 9000 is what a host can go on with";

    // State.
    NOT_STORED = "state.not-stored", Some(Sw::MEMORY_FAILURE), Documented,
        "the state could not be stored: nothing changed, but a try already consumed stays so", "JICSAP table 25";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_id_a_text_and_a_source() {
        let mut ids: Vec<_> = ALL.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
        assert!(ALL.iter().all(|rule| !rule.text.is_empty() && !rule.source.is_empty()));
    }
}
