//! How the token of a phone (スマホ用電子証明書) differs from the card's application, and what is known of it.
//!
//! No file of a phone's token is published. Clients use it as they use the card, so what is not known to differ is the card's.

use vmyna_apdu::FileId;
use vmyna_card_os::declaration::{Access, Application, Condition};
use vmyna_card_os::rule::Basis;

use super::ef;
use crate::profile::PhoneKind;
use crate::{assumed, documented};

/// The application as a phone of this kind has it: EF 000A behind the auth PIN, no contact ATR because there are no contacts,
/// and on an iPhone the last-command indicator.
pub(super) fn adapt(kind: PhoneKind, mut application: Application) -> Application {
    for file in &mut application.files {
        file.basis = basis(file.id);
        if file.id == ef::AUTH_CERTIFICATE {
            file.access = Access::read(Condition::Verified(ef::AUTH_PIN));
        }
    }
    let last_command = match kind {
        PhoneKind::Iphone => Some(assumed(
            "myna-card: the iPhone's token has it; that it answers 9000 and changes nothing is not published",
        )),
        PhoneKind::Android => None,
    };
    application.basis =
        documented("myna-card, jpki/myna and jsapdu know phones by the same AID; OpenSC finds it on an iPhone");
    application
        .with_data_objects(Vec::new())
        .with_last_command(last_command)
}

/// How certain a file of a phone's token is.
fn basis(file: FileId) -> Basis {
    match file {
        ef::SIGN_CERTIFICATE => documented("OpenSC lists it on an iPhone; PassKit asks for the password"),
        ef::SIGN_CA_CERTIFICATE => documented("OpenSC lists it on an iPhone"),
        ef::TOKEN_INFO => documented(
            "clients read it without a PIN and know a phone by its label; the other fields are those of a card",
        ),
        ef::AUTH_CERTIFICATE => {
            documented("jpki/myna issue 6: not without the PIN on Android; PassKit asks for it on an iPhone")
        }
        ef::AUTH_CA_CERTIFICATE => documented("read from an iPhone by OpenSC: the same certificate as the card's"),
        ef::AUTH_KEY | ef::SIGN_KEY => documented("jpki/myna signs on Android; OpenSC lists it on an iPhone"),
        ef::AUTH_PIN | ef::SIGN_PIN => assumed(
            "that it is there is documented (OpenSC lists it on an iPhone, PassKit reports tries left); its tries are the card's",
        ),
        _ => assumed("as the card's; nothing is published about it on a phone"),
    }
}
