//! The certificates of a card, as the page shows them.

use serde_json::{Value, json};
use vmyna_apdu::Text;
use vmyna_applets::calendar::day_in_japan;
use vmyna_authority::register::{Certificate, Hierarchy};

use crate::desk::authority::{Known, Papers, State, kind, of_certificate};
use crate::desk::words::both;

/// The certificates with their status. Without the register only their dates are known.
pub(super) fn all(papers: &Papers, known: &Result<Known, Text>) -> Vec<Value> {
    match known {
        Ok(known) => {
            let all = known.certificates();
            all.map(|(one, revocation)| shown(one, &of_certificate(one, revocation)))
                .collect()
        }
        Err(why) => {
            let all = papers.certificates().iter();
            all.map(|one| {
                let dated = of_certificate(one, None);
                let state = match dated.state {
                    "good" => State {
                        state: "unknown",
                        text: why.clone(),
                        since: None,
                    },
                    _ => dated,
                };
                shown(one, &state)
            })
            .collect()
        }
    }
}

fn shown(certificate: &Certificate, state: &State) -> Value {
    let day = |time| day_in_japan(time).map_or(String::new(), |day| day.to_string());
    let (begin, end) = certificate.validity;
    json!({
        "kind": match certificate.hierarchy {
            Hierarchy::Signature => "sign",
            Hierarchy::Authentication => "auth",
        },
        "title": both(&kind(certificate.hierarchy)),
        "serial": format!("{:06X}", certificate.serial),
        "from": day(begin),
        "to": day(end),
        "status": {
            "state": state.state,
            "text": both(&state.text),
            "since": state.since.map(|since| since.to_string()),
        },
    })
}
