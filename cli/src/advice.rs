//! What a user can do about an error of a library. A library states facts; only the command line recommends something.

use std::io::{self, ErrorKind};
use std::path::Path;

use vmyna::{ControlErrorKind, Error, FolderError, FolderProblem, STATE_VARIABLE};
use vmyna_apdu::ReaderError;
use vmyna_apdu::ShowPath as _;
use vmyna_apdu::{Text, text};
use vmyna_applets::image::{ImageError, ImageErrorKind};
use vmyna_applets::specimen;
use vmyna_authority::http_client::HttpError;
#[cfg(feature = "authority")]
use vmyna_authority::register::{RegisterError, RegisterErrorKind};
use vmyna_card_os::state::{LockOwner, StoreError, StoreErrorKind};
use vmyna_issuance::IssuanceError;
use vmyna_issuance::ca_folder::CaFolderError;
use vmyna_pcsc_service::{ControlError, NotMoved, ServiceError};
use vmyna_reader_bridge::vpcd::Reason;
use x509_cert::der::DateTime;

/// An error of a reader with the advice for it.
pub(crate) fn of_reader(error: &ReaderError) -> String {
    match for_reader(error) {
        Some(advice) => format!("{error}: {advice}"),
        None => error.to_string(),
    }
}

fn for_reader(error: &ReaderError) -> Option<&'static str> {
    Some(match error {
        ReaderError::NoCard { .. } => "put one in",
        ReaderError::Gone { .. } => "put it back and begin anew",
        ReaderError::Mute { .. } => "power it off and on, or take it out",
        ReaderError::ResetByOther { .. } => "select the application and verify the PIN again",
        ReaderError::InUse { .. } => "close it, or wait until it is done",
        ReaderError::Ambiguous { .. } => "give more of the name",
        ReaderError::NoReaders => {
            "connect one, or for a virtual reader install Debian's package vsmartcard-vpcd and restart pcscd"
        }
        ReaderError::NoService { socket: Some(_) } => "start it, or unset the variable",
        ReaderError::NoService { socket: None } if cfg!(target_os = "linux") => {
            "install Debian's package pcscd and start it with `systemctl start pcscd.socket`, or run `pcscd --foreground` \
             as root"
        }
        ReaderError::NoService { socket: None } => "start the system's smart card service",
        ReaderError::Unplugged { .. } => "connect it again",
        _ => return None,
    })
}

/// An OCSP responder that could not be asked, with the advice for it.
pub(crate) fn of_ocsp(error: &HttpError) -> Text {
    match error {
        HttpError::NotLoopback => text!("{error}; --online allows it", "{error}（--onlineで許可できます）"),
        _ => Text::same(error.to_string()),
    }
}

/// An error of the PC/SC service with the advice for it.
pub(crate) fn of_service(error: &ServiceError) -> String {
    match error {
        ServiceError::Occupied(_) => format!("{error}: take another path, or end the program that uses it"),
        _ => error.to_string(),
    }
}

/// An error of a request to the control socket of another vmyna, with the advice for it.
pub(crate) fn of_control(error: &ControlError) -> String {
    match error {
        ControlError::NoService { path, error } => format!("no vmyna answers at {}: {error}", path.shown()),
        ControlError::Silent { .. } => format!("{error}: was its process stopped (Ctrl-Z)? Let it go on, or end it"),
        ControlError::Malformed { .. } | ControlError::NotUnderstood => {
            format!("{error}; is the other vmyna of the same version?")
        }
        ControlError::NotMoved {
            why: NotMoved::Occupied,
            ..
        } => format!("{error}: name another card to swap it"),
        ControlError::NotMoved {
            why: NotMoved::NothingToPutBack,
            ..
        } => format!("{error}: name one"),
        ControlError::NotMoved {
            why: NotMoved::Unplugged,
            ..
        } => format!("{error}; `vmyna reader plug` plugs it in"),
        _ => error.to_string(),
    }
}

/// An error of an image with the advice for it.
pub(crate) fn of_image(error: &ImageError) -> String {
    let advice = match error.kind() {
        ImageErrorKind::Exists => ": remove it or choose another name",
        ImageErrorKind::NoImage => "; `vmyna issue` makes one",
        ImageErrorKind::Newer(_) => ": use a newer vmyna",
        ImageErrorKind::Damaged(_) => ": restore it from a copy, or issue the card again",
        ImageErrorKind::Twice(_) => ": give one another name",
        _ => "",
    };
    format!("{error}{advice}")
}

/// An error of a folder of authorities with the advice for it.
pub(crate) fn of_authorities(error: &CaFolderError) -> String {
    let advice = match error {
        CaFolderError::Exists(_) => ": choose another folder",
        CaFolderError::NoCaFolder(_) => "; `vmyna ca init` makes one",
        CaFolderError::Newer(..) => ": use a newer vmyna",
        CaFolderError::File(..) | CaFolderError::Description(..) => ": restore it from a copy",
        CaFolderError::InUse(_) => ": try again when it is done",
        CaFolderError::Begin(..) => ": check the clock of this machine, or give a later --begin",
        _ => "",
    };
    format!("{error}{advice}")
}

/// Certificates by the rule that the authorities can't issue, because theirs are not valid all the time: what to do.
pub(crate) fn outside_authorities(
    person: &Path,
    (from, to): (DateTime, DateTime),
    (begin, end): (DateTime, DateTime),
) -> String {
    format!(
        "{}: its certificates would be valid from {from} to {to}, but those of the authorities are from {begin} to {end}: \
         issue it in that time, make authorities with `vmyna ca init --begin`, or a new generation of yours with \
         `vmyna ca rollover`, or give the certificates dates of their own \
         (issued and until in [certificates])",
        person.shown()
    )
}

/// An error of a register of certificates with the advice for it.
#[cfg(feature = "authority")]
pub(crate) fn of_register(error: &RegisterError) -> String {
    let advice = match error.kind() {
        RegisterErrorKind::NoRegister => ": look what it is, and move it away",
        RegisterErrorKind::Newer(..) => ": use a newer vmyna",
        RegisterErrorKind::Busy(_) => ": try again when they are done",
        RegisterErrorKind::Damaged(_) => ": restore it from a copy",
        RegisterErrorKind::Full => ": free some space on its disk",
        _ => "",
    };
    format!("{error}{advice}")
}

/// The advice for an error of issuing, as the end of a sentence; empty where there is none.
pub(crate) const fn for_issuance(error: &IssuanceError) -> &'static str {
    match error {
        IssuanceError::Outlived => ": `vmyna ca rollover DIR` makes a generation that is",
        _ => "",
    }
}

/// An error of a card's state with the advice for it.
pub(crate) fn of_store(error: &StoreError) -> String {
    match &error.kind {
        StoreErrorKind::InUse(owner) => {
            let tries = match owner {
                Some(LockOwner { control: Some(_), .. }) => "; `vmyna pin` prints the tries left meanwhile",
                _ => "",
            };
            format!("{error}. End that process to use the card here{tries}")
        }
        StoreErrorKind::OtherCard => {
            format!("{error}. Move it back to that card, or start this one as issued: {RESET}")
        }
        StoreErrorKind::Newer { .. } => {
            format!("{error}. Use that vmyna, or go back to the card as issued: {RESET}")
        }
        StoreErrorKind::Damaged(_) => format!(
            "{error}. Restore a copy of it, or go back to the card as issued, without the PIN changes and tries since \
             then: {RESET}"
        ),
        StoreErrorKind::NotAFile(_) => format!(
            "{error}. Only an ordinary file of yours may be there. Look who put it there, remove it, and repeat the command"
        ),
        StoreErrorKind::Moved(_) => format!("{error}. Put it back where it was, {AGAIN}"),
        StoreErrorKind::Io(io) => format!("{error}. {}", for_storage(io.error.kind())),
        StoreErrorKind::Stopped(_) => {
            format!("{error}. End and start `vmyna run` or `vmyna serve` again")
        }
        _ => error.to_string(),
    }
}

/// How a user makes a card as issued again.
const RESET: &str = "`vmyna card reset-state CARD`";
/// What follows when the cause of a failed write is gone.
const AGAIN: &str = "then end and start `vmyna run` or `vmyna serve` again, or repeat the command";

/// An error of a thread that can't be started, with the advice for it.
pub(crate) fn of_thread(error: &io::Error) -> String {
    format!("no thread can be started: {error}. End other programs of this user, or raise the limit (ulimit -u)")
}

fn for_storage(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => format!("Free some space on its disk, {AGAIN}"),
        ErrorKind::FileTooLarge => format!("Raise the limit of files' sizes (ulimit -f), {AGAIN}"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "A card in use needs write permission for this file and its directory".to_owned()
        }
        ErrorKind::NotFound | ErrorKind::NotADirectory => "The directory must exist".to_owned(),
        _ => format!("Check the disk, {AGAIN}"),
    }
}

/// The advice for the end of a connection to vpcd, or nothing.
pub(crate) fn for_connection(reason: &Reason) -> &'static str {
    match reason {
        Reason::Closed => "; pcscd has ended, or another program than vpcd listens there",
        Reason::NotVpcd => ": check the port",
        Reason::HalfMessage { .. } => "; is it vpcd that listens there?",
        _ => "",
    }
}

/// An error of a card, its image or its state with the advice for it.
pub(crate) fn of_card(error: &Error) -> String {
    match error {
        Error::Image { file, error: image } if is_absent(image) => format!("{error}; {}", for_absent(file)),
        Error::RelativeStateFolder(folder) => {
            let whole = std::path::absolute(folder).unwrap_or_else(|_| Path::new("/").join(folder));
            let whole = whole.shown();
            format!("{error}: name its whole path, as in {STATE_VARIABLE}={whole}")
        }
        Error::State(state) => of_store(state),
        Error::Folder(folder) => format!("{error}. {}", for_folder(folder)),
        Error::Control(control) => format!("{error}{}", for_owner(control)),
        Error::Image { error, .. } => of_image(error),
        Error::Reader(reader) => of_reader(reader),
        Error::Thread(error) => of_thread(error),
        Error::NotInstalled(card) => {
            format!("{error}: `vmyna card install {card} FILE` installs it, or use it with --card specimen:hanako")
        }
        Error::Specimens(_) => format!("{error}; make the specimens anew with `make specimens` and rebuild"),
        _ => error.to_string(),
    }
}

fn is_absent(image: &ImageError) -> bool {
    matches!(image.kind(), ImageErrorKind::Io(cause) if cause.kind() == ErrorKind::NotFound)
}

/// The name of a file that does not exist may be that of a specimen.
fn for_absent(file: &Path) -> String {
    let names = specimen::names().unwrap_or_default();
    let name = file.to_string_lossy();
    match names.contains(&name.as_ref()) {
        true => format!("did you mean specimen:{name}?"),
        false => format!(
            "built-in cards are specimen:{}; `vmyna issue` makes others",
            names.join(", specimen:")
        ),
    }
}

fn for_folder(error: &FolderError) -> String {
    if error.named {
        return format!("{STATE_VARIABLE} names it: name a folder of yours that only you can enter");
    }
    match &error.problem {
        FolderProblem::Inspect(cause) if cause.kind() == ErrorKind::PermissionDenied => {
            "You need permission to enter the folder of the image".to_owned()
        }
        FolderProblem::SymbolicLink | FolderProblem::NoFolder => {
            "Find out which program put it there, and remove it".to_owned()
        }
        FolderProblem::OtherUser(_) | FolderProblem::UnknownUser => {
            "Copy the image into a folder of your own and use it there".to_owned()
        }
        FolderProblem::OpenToOthers(_) => {
            format!("If everything in it is yours, `chmod 700 {}`", error.folder.shown())
        }
        _ => format!(
            "{STATE_VARIABLE}=/DIR in the environment of all programs that use the card keeps it in another folder"
        ),
    }
}

/// The advice for a process that has a card in use and did not do what it was asked for.
fn for_owner(error: &vmyna::ControlError) -> &'static str {
    match &error.kind {
        ControlErrorKind::Unreachable { error, sent } => match (error.kind(), sent) {
            (ErrorKind::TimedOut, false) => ": was it stopped (Ctrl-Z)? Continue it, or end it",
            (ErrorKind::TimedOut, true) => {
                ": was it stopped (Ctrl-Z)? Continue it, or end it. `vmyna pin` shows whether it was done"
            }
            (_, false) => "",
            (_, true) => ". `vmyna pin` shows whether it was done",
        },
        ControlErrorKind::NoAnswer => ": try again",
        ControlErrorKind::Unknown => ": is it another version of vmyna?",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use vmyna_card_os::state::FailedIo;

    use super::*;

    #[test]
    fn an_error_of_a_reader_is_followed_by_what_to_do() {
        let reader = "Desk".to_owned();
        let advised = of_reader(&ReaderError::NoCard { reader });
        assert_eq!(advised, "no card in the reader \"Desk\": put one in");
        let socket = Some("/run/s".into());
        let advised = of_reader(&ReaderError::NoService { socket });
        assert!(
            advised.ends_with("PCSCLITE_CSOCK_NAME names: start it, or unset the variable"),
            "{advised}"
        );
        let (length, limit) = (1, 2);
        let without = ReaderError::CommandTooShort { length, limit };
        assert_eq!(of_reader(&without), without.to_string());
    }

    #[test]
    fn an_error_of_the_control_socket_is_followed_by_what_to_do() {
        for (why, expected) in [
            (
                NotMoved::Occupied,
                "there is a card in \"Desk\" already: name another card to swap it",
            ),
            (
                NotMoved::NothingToPutBack,
                "no card was taken out of \"Desk\" that could be put back: name one",
            ),
            (NotMoved::Empty, "there is no card in \"Desk\""),
        ] {
            let reader = "Desk".to_owned();
            assert_eq!(of_control(&ControlError::NotMoved { reader, why }), expected);
        }
        let silent = of_control(&ControlError::Silent {
            path: "/run/s".into(),
            patience: std::time::Duration::from_secs(10),
        });
        assert!(
            silent.contains("not answered for 10 s: was its process stopped"),
            "{silent}"
        );
    }

    #[test]
    fn an_error_of_the_state_is_followed_by_what_to_do() {
        let storage = |kind: ErrorKind| StoreErrorKind::Io(FailedIo::new("write", kind.into()));
        let table = [
            (storage(ErrorKind::StorageFull), "Free some space"),
            (storage(ErrorKind::QuotaExceeded), "Free some space"),
            (storage(ErrorKind::FileTooLarge), "ulimit -f"),
            (storage(ErrorKind::PermissionDenied), "needs write permission"),
            (storage(ErrorKind::ReadOnlyFilesystem), "needs write permission"),
            (storage(ErrorKind::NotFound), "must exist"),
            (storage(ErrorKind::NotADirectory), "must exist"),
            (storage(ErrorKind::Other), "Check the disk"),
            (StoreErrorKind::OtherCard, "vmyna card reset-state"),
            (StoreErrorKind::Newer { format: 2, known: 1 }, "Use that vmyna"),
            (StoreErrorKind::Damaged("torn".to_owned()), "vmyna card reset-state"),
            (StoreErrorKind::InUse(None), "End that process"),
        ];
        for (kind, expected) in table {
            let advised = of_store(&kind.at("card.state"));
            assert!(
                advised.contains("card.state") && advised.contains(expected),
                "{advised}"
            );
            assert!(!advised.contains("start the card"), "{advised}");
        }
        let owner = LockOwner::new(7, Some("/run/s".to_owned()));
        let advised = of_store(&StoreErrorKind::InUse(Some(owner)).at("card.state"));
        assert!(advised.contains("`vmyna pin`"), "{advised}");
    }
}
