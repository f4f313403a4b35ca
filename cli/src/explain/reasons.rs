//! What the card tells of why it answers as it does, in words.

use vmyna_card_os::event::Event;
use vmyna_card_os::rule::Rule;
use vmyna_card_os::store::Change;

use super::language::{Text, text};
use super::{access, rules};

/// What an event says about why; `None` for one that says nothing of that.
pub(crate) fn reason(event: &Event<'_>) -> Option<Text> {
    Some(match event {
        Event::Selected { application, again } => {
            let (name, title) = (&application.name, &application.title);
            match again {
                true => text!(
                    "{name} was selected already: its verified PINs stay verified",
                    "{title}（{name}）は選択済み: 照合済みのPINはそのまま"
                ),
                false => text!(
                    "{name} ({title}) is selected; no PIN is verified",
                    "{title}（{name}）を選択した。照合済みのPINはない"
                ),
            }
        }
        Event::Access {
            application,
            object: (id, name),
            verdict,
            basis,
        } => {
            let ap = &application.name;
            let number = id.map_or_else(String::new, |id| format!(" {id:04X}"));
            let title = access::title_of(application, *id, name);
            let (decided, basis) = (access::verdict(application, verdict), access::basis(basis));
            Text {
                en: format!("{ap}{number} ({name}): {} {}", decided.en, basis.en),
                ja: format!("{ap}{number}（{title}）: {}{}", decided.ja, basis.ja),
            }
        }
        Event::SecurityStatus {
            application,
            pin,
            verified,
        } => {
            let Text { en, ja } = access::pin(application, *pin);
            match verified {
                true => text!("{en} is verified now", "{ja}は照合済みになった"),
                false => text!("{en} is no longer verified", "{ja}は照合済みでなくなった"),
            }
        }
        Event::SecureSession { open: true } => text!("a secure session is open", "セキュアセッションを開いた"),
        Event::SecureSession { open: false } => {
            text!("the secure session has ended", "セキュアセッションが終わった")
        }
        Event::Commit { outcome: Err(why), .. } => {
            text!("the change could not be stored: {why}", "変更を保存できなかった: {why}")
        }
        Event::Commit {
            change: Change::PinTries { object, tries_left },
            ..
        } => {
            let pin = object.file;
            text!(
                "stored: tries left of PIN {pin}: {tries_left}",
                "保存: PIN {pin}の残り試行回数は{tries_left}"
            )
        }
        Event::Commit {
            change: Change::PinValue { object, .. },
            ..
        } => {
            let pin = object.file;
            text!(
                "stored: PIN {pin} has a new value",
                "保存: PIN {pin}を新しい値に変更した"
            )
        }
        Event::Answer { rule: Some(rule), .. } => self::rule(rule),
        _ => return None,
    })
}

/// A rule with its certainty and source. Sources are cited as they are.
pub(crate) fn rule(rule: &Rule) -> Text {
    let Rule {
        id,
        says,
        certainty,
        source,
        ..
    } = rule;
    let certain = access::certainty(*certainty);
    let japanese = rules::japanese(id).unwrap_or(says);
    text!(
        "rule {id} [{certainty}]: {says} ({source})",
        "規則 {id}［{certain}］: {japanese}（{source}）"
    )
}
