//! The failures of the counter, the kiosk and of interrupted operations, with the advice for them.

use vmyna::CardSource;
use vmyna::counter::register::{REGISTER_VARIABLE, RegisterAccessError};
use vmyna::counter::{
    InterruptedError, LockError, OpenError, OperateError, SideError, SignerError, StillPending, TerminalError,
};
use vmyna::phone::{AddError, PhoneError, RefreshError};
use vmyna_apdu::ShowPath as _;
use vmyna_authority::counter::CounterError;
use vmyna_authority::counter::steps::StepError;
use vmyna_authority::register::RegisterError;

use crate::advice;
use crate::failure::{Failure, ca_failure, image_failure};
use crate::output::say;

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

/// A register that can't be used.
pub(crate) fn register_failure(error: &RegisterError) -> Failure {
    Failure::Failed(advice::of_register(error))
}

/// A register that can't be found or opened.
pub(crate) fn access_failure(error: &RegisterAccessError) -> Failure {
    match error {
        RegisterAccessError::RelativeFolder(folder) => Failure::Usage(format!(
            "{REGISTER_VARIABLE} is {}: give the folder's path from / on",
            folder.shown()
        )),
        RegisterAccessError::NoFolder => failed(format!("{error}: set {REGISTER_VARIABLE}=/DIR")),
        RegisterAccessError::Folder(..) => failed(format!("{error}; {REGISTER_VARIABLE}=/DIR names another")),
        RegisterAccessError::Register(error) => register_failure(error),
        _ => failed(error),
    }
}

/// A card's side of an operation that can't be changed.
fn side_failure(error: SideError) -> Failure {
    match error {
        SideError::Card(error) => error.into(),
        SideError::Image(error) => image_failure(error),
        other => failed(other),
    }
}

/// A step of an operation that failed, with what it leaves.
fn step_failure(error: StepError<SideError>) -> Failure {
    const LATER: &str = "the next command that opens the register or uses the card does the rest";
    match error {
        StepError::Mark(error) => side_failure(error),
        StepError::Begin(error) => failed(format!(
            "{}; look with `vmyna ca list` whether it was done",
            advice::of_register(&error)
        )),
        StepError::Change(error) => failed(format!(
            "{}. What is revoked stays revoked, and the card is not changed yet: {LATER}",
            side_failure(error)
        )),
        StepError::Finish(error) => failed(format!(
            "{}. The card is changed, and its new certificates are not in the register yet: {LATER}",
            advice::of_register(&error)
        )),
        other => failed(other),
    }
}

/// An interrupted operation that can't be finished.
fn interrupted_failure(error: InterruptedError) -> Failure {
    // Without the register nothing can be finished, and only the user knows that it is lost.
    let lost = |why: &str, mark: &std::path::Path| {
        failed(format!(
            "{why}. If the register of that operation is lost, remove {}: the card stays as it is",
            mark.shown()
        ))
    };
    match &error {
        InterruptedError::Moved(_) => failed(format!(
            "{error}; if the card was moved, use it where it is now (`vmyna show CARD`)"
        )),
        InterruptedError::ImageLost(_) => failed(format!("{error}; hold the card to the phone again")),
        InterruptedError::MarkUnreadable { mark, error } => lost(&advice::of_card(error), mark),
        InterruptedError::MarkDamaged { mark } => lost(&error.to_string(), mark),
        InterruptedError::NoRegister { mark, error } => lost(&advice::of_register(error), mark),
        InterruptedError::Register(error) => register_failure(error),
        _ => match error {
            InterruptedError::Card(error) => error.into(),
            InterruptedError::Side(error) => side_failure(error),
            InterruptedError::Step(error) => step_failure(*error),
            other => failed(other),
        },
    }
}

/// Reports an interrupted operation that can't be finished now.
pub(crate) fn report(pending: StillPending) {
    say(&format!(
        "vmyna: an operation on the card {} was interrupted and {}: {}",
        pending.card,
        pending.error.state(),
        interrupted_failure(*pending.error)
    ));
}

/// A card that can't be locked for an operation.
pub(crate) fn lock_failure(card: &CardSource, error: LockError) -> Failure {
    match error {
        LockError::Busy => failed(format!("{card}: {error}: try again when it is done")),
        LockError::Interrupted(error) => interrupted_failure(*error),
        LockError::Card(error) => error.into(),
        other => failed(other),
    }
}

/// A card that can't be served at the counter.
pub(crate) fn open_failure(card: &CardSource, error: OpenError) -> Failure {
    match error {
        OpenError::Card(error) => error.into(),
        OpenError::BuiltIn(_) => Failure::Usage(format!(
            "{error}: `vmyna issue --random -o FILE` issues a card for the counter"
        )),
        OpenError::OutputExists(_) => Failure::Usage(format!("{error}: remove it or choose another name")),
        OpenError::WorkingDirectory(error) => error.into(),
        OpenError::Image(error) => image_failure(error),
        OpenError::Authorities(error) => ca_failure(error),
        OpenError::Register(error) => access_failure(&error),
        OpenError::Lock(error) => lock_failure(card, error),
        other => failed(other),
    }
}

/// An operation that was not done. `own_authorities`: the user has named a folder of authorities.
pub(crate) fn operate_failure(card: &CardSource, own_authorities: bool, error: OperateError) -> Failure {
    match error {
        OperateError::Refused(error) => refused(card, own_authorities, &error),
        OperateError::Card(error) => error.into(),
        OperateError::Register(error) => register_failure(&error),
        OperateError::Pending(_) => failed(format!("{card}: {error}; nothing was done")),
        OperateError::Overtaken => failed(format!("{card}: {error}; nothing was done: try again")),
        OperateError::SerialsTaken
        | OperateError::OtherCertificate(_)
        | OperateError::UnknownCertificate(_)
        | OperateError::NoCode => failed(format!("{error}; nothing was done")),
        OperateError::Side(error) => side_failure(error),
        OperateError::Step(error) => step_failure(*error),
        other => failed(other),
    }
}

/// What the kiosk does not do.
pub(crate) fn terminal_failure(card: &CardSource, own_authorities: bool, error: TerminalError) -> Failure {
    match error {
        TerminalError::Open(error) => open_failure(card, error),
        TerminalError::Refused(error) => failed(format!("{error}; the password is as it was")),
        TerminalError::NoSuchCode => failed(format!(
            "{card}: {error}: `vmyna kiosk CARD apply` gives one; nothing was done"
        )),
        TerminalError::Card(error) => error.into(),
        TerminalError::Register(error) => register_failure(&error),
        TerminalError::Operate(error) => operate_failure(card, own_authorities, error),
        other => failed(other),
    }
}

/// A phone that got no certificates.
pub(crate) fn phone_failure(card: &CardSource, own_authorities: bool, error: AddError) -> Failure {
    let none = |error: PhoneError, advice: &str| failed(format!("{card}: {error}{advice}; no phone was added"));
    match error {
        AddError::Refused(PhoneError::Counter(error)) => {
            let advice = match &error {
                CounterError::Phone => ": hold the person's card to the phone",
                CounterError::NoCertificate(_) => ": `vmyna counter CARD sign-certificate` issues one from 15 years on",
                CounterError::Revoked(..) | CounterError::CertificateEnded(..) => {
                    ": `vmyna counter CARD renew` issues another"
                }
                CounterError::BadValue(..) => ": choose another with --new-pin NAME=VALUE",
                _ => return refused(card, own_authorities, &error),
            };
            none(error.into(), advice)
        }
        AddError::Refused(error @ PhoneError::Blocked) => none(error, ": `vmyna counter CARD reset-pin sign`"),
        AddError::Refused(PhoneError::Issuance(error)) => {
            let advice = advice::for_issuance(&error);
            none(error.into(), advice)
        }
        AddError::Refused(error) => none(error, ""),
        AddError::Card(error) => error.into(),
        AddError::Signer(error) => signer_failure(error),
        AddError::Operate(error) => operate_failure(card, own_authorities, error),
        other => failed(format!("{card}: {other}; no phone was added")),
    }
}

/// A phone that got no new mdoc.
pub(crate) fn refresh_failure(phone: &CardSource, own_authorities: bool, error: RefreshError) -> Failure {
    match error {
        RefreshError::Card(error) => error.into(),
        RefreshError::Signer(error) => signer_failure(error),
        RefreshError::Operate(error) => operate_failure(phone, own_authorities, error),
        other => failed(other),
    }
}

fn signer_failure(error: SignerError) -> Failure {
    match error {
        SignerError::Authorities(error) => ca_failure(error),
        other => failed(other),
    }
}

/// A refusal with the advice for it.
fn refused(card: &CardSource, own_authorities: bool, error: &CounterError) -> Failure {
    let advice = match error {
        CounterError::OtherAuthority if own_authorities => "; --ca names their folder".to_owned(),
        CounterError::OtherAuthority => "; --ca DIR names their folder".to_owned(),
        CounterError::BeforeIssue(_) => ": set the clock, or give the time with --now".to_owned(),
        CounterError::Ended(_) => ": `reissue -o NEW` makes one".to_owned(),
        CounterError::Phone => ": `phone-lost` puts its certificates on hold".to_owned(),
        CounterError::NoPhone => ": PHONE is the image that `vmyna phone add` has written".to_owned(),
        CounterError::OtherCard => ": `vmyna ca list` lists the cards of phones".to_owned(),
        CounterError::NoPhoneOfPerson => ": `vmyna phone add CARD -o PHONE` adds one".to_owned(),
        CounterError::HasCertificate => " with `renew`".to_owned(),
        CounterError::WithoutPins => ": `with-pin` gives it some".to_owned(),
        CounterError::NoValue(_) => ": give it as --pin NAME=VALUE".to_owned(),
        CounterError::Issuance(error) => advice::for_issuance(error).to_owned(),
        CounterError::Lacking(lacking) => format!(
            ": choose one with --substitute CHARACTER=SUBSTITUTE for {}",
            lacking.characters.join(", ")
        ),
        _ => String::new(),
    };
    failed(format!("{card}: {error}{advice}; nothing was done"))
}
