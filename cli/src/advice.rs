//! What a user can do about an error of a library. A library states facts; only the command line recommends something.

use vmyna_apdu::ReaderError;
use vmyna_applets::image::{ImageError, ImageErrorKind};
use vmyna_issuance::ca_folder::CaFolderError;
use vmyna_pcsc_service::{ControlError, NotMoved, ServiceError};
use vmyna_reader_bridge::vpcd::Reason;

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
        ControlError::NoService { path, error } => format!("no vmyna answers at {}: {error}", path.display()),
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
        CaFolderError::File(..) => ": restore it from a copy",
        _ => "",
    };
    format!("{error}{advice}")
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

#[cfg(test)]
mod tests {
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
}
