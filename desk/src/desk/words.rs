//! Entries of the hub in words, in both languages, as the page gets them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use vmyna_apdu::{Language, ResponseApdu, Text, hex, text};
use vmyna_explain::{Narrator, ReaderKind, Reasons, is_for_current_ef, status};
use vmyna_reader_bridge::trace::Octets;

use super::hub::{Context, Entry, Exchange, Happened};

/// The most fields, reasons and bytes of one message that the page gets. What was sent is kept whole, and so exported.
const MOST: usize = 64;
const SHOWN: usize = 1024;

/// A text as the page gets it.
pub(super) fn both(text: &Text) -> Value {
    json!({ "en": text.en, "ja": text.ja })
}

/// An entry as the page gets it.
pub(super) fn entry(entry: &Entry) -> Value {
    let (kind, text) = match &entry.what {
        Happened::Apdu(exchange) => return apdu(entry, exchange),
        Happened::PowerOn(atr) => {
            let atr = hex::encode(atr);
            ("power-on", text!("power on: ATR {atr}", "電源投入: ATR {atr}"))
        }
        Happened::Reset(atr) => {
            let atr = hex::encode(atr);
            ("reset", text!("warm reset: ATR {atr}", "ウォームリセット: ATR {atr}"))
        }
        Happened::PowerOff => ("power-off", text!("power off", "電源切断")),
        Happened::Inserted(card) => ("inserted", text!("{card} was put in", "{card}を入れた")),
        Happened::Removed => ("removed", text!("the card was taken out", "カードを抜いた")),
        Happened::Unplugged => ("unplugged", text!("the reader was unplugged", "リーダーを外した")),
        Happened::PluggedIn => ("plugged", text!("the reader was plugged in", "リーダーをつないだ")),
        Happened::Fault(fault) => (
            "fault",
            Text {
                en: format!("fault: {}", fault.en),
                ja: format!("仕掛け: {}", fault.ja),
            },
        ),
    };
    let mut object = head(entry, kind, &text);
    object.insert("refused".to_owned(), Value::Bool(false));
    object.insert("reasons".to_owned(), Value::Array(Vec::new()));
    Value::Object(object)
}

fn head(entry: &Entry, kind: &str, text: &Text) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("seq".to_owned(), entry.seq.into());
    object.insert("time".to_owned(), moment(entry.time).into());
    object.insert("reader".to_owned(), (*entry.reader).into());
    object.insert("kind".to_owned(), kind.into());
    object.insert("text".to_owned(), both(text));
    object
}

/// A moment in UTC to the microsecond, as RFC 3339 has it.
pub(super) fn moment(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let whole = vmyna_applets::DateTime::from_unix_duration(Duration::from_secs(since.as_secs()));
    let whole = whole.map(|time| time.to_string()).unwrap_or_default();
    format!("{}.{:06}Z", whole.trim_end_matches('Z'), since.subsec_micros())
}

fn apdu(entry: &Entry, exchange: &Exchange) -> Value {
    let Exchange {
        command,
        response,
        elapsed,
        noted,
        context,
    } = exchange;
    let [english, japanese] = [Language::En, Language::Ja].map(|language| narrator(context, language));
    let bytes = command.as_bytes();
    let applications = context.applications.as_deref().unwrap_or_default();
    let mut meaning = Text {
        en: english.meaning(bytes),
        ja: japanese.meaning(bytes),
    };
    // The command does not say which file is the current one; the card's decision does.
    if is_for_current_ef(bytes)
        && let Some(Text { en, ja }) = noted.iter().find_map(|one| one.object(applications))
    {
        meaning.en += &format!(" ({en})");
        meaning.ja += &format!("（{ja}）");
    }
    let mut object = head(entry, "apdu", &meaning);
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("command", shown(command).into());
    put("commandLength", bytes.len().into());
    put("micros", u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).into());
    let fields = [
        english.fields_hiding(bytes, &command.masked()),
        japanese.fields_hiding(bytes, &command.masked()),
    ];
    let [fields_en, fields_ja] = fields.map(|fields| fields.into_iter().take(MOST));
    put(
        "fields",
        fields_en
            .zip(fields_ja)
            .map(|(en, ja)| both(&Text { en, ja }))
            .collect(),
    );
    let mut reasons: Vec<Value> = Vec::new();
    match response {
        None => {
            put("response", Value::Null);
            put("sw", Value::Null);
            put("swText", both(&text!("no answer", "応答なし")));
            put("refused", true.into());
        }
        Some(response) => {
            put("response", shown(response).into());
            put("responseLength", response.as_bytes().len().into());
            match ResponseApdu::parse(response.as_bytes()) {
                Some(parsed) => {
                    let sw = parsed.status_word;
                    put("sw", sw.to_string().into());
                    put("swText", both(&status::meaning(sw)));
                    put("refused", status::is_refusal(bytes, sw).into());
                }
                None => {
                    put("sw", Value::Null);
                    put("swText", both(&text!("no status word", "ステータスワードなし")));
                    put("refused", true.into());
                }
            }
            let none = Reasons::default();
            let [en, ja] = [&english, &japanese].map(|narrator| narrator.reasons(bytes, response.as_bytes(), &none));
            reasons.extend(
                en.into_iter()
                    .zip(ja)
                    .map(|(en, ja)| json!({ "text": both(&Text { en, ja }) })),
            );
        }
    }
    let said = noted.iter().filter_map(|noted| noted.say(applications));
    reasons.extend(said.take(MOST).map(|reason| {
        let mut object = Map::new();
        object.insert("text".to_owned(), both(&reason.text));
        object.insert("rule".to_owned(), reason.rule.into());
        object.insert(
            "certainty".to_owned(),
            reason.certainty.map(|one| one.to_string()).into(),
        );
        object.insert("source".to_owned(), reason.source.into());
        Value::Object(object)
    }));
    put("reasons", reasons.into());
    Value::Object(object)
}

fn narrator(context: &Context, language: Language) -> Narrator {
    let narrator = match &context.applications {
        Some(applications) => Narrator::new().of_applications(applications.clone()),
        None => Narrator::new(),
    };
    let kind = match context.contactless {
        true => ReaderKind::Contactless,
        false => ReaderKind::Contacts,
    };
    let mut narrator = narrator.in_language(language).at_reader(kind);
    if let Some(selected) = &context.selected {
        narrator.follow(&selected.0, &selected.1);
    }
    narrator
}

/// The bytes as digits, with `**` for each masked byte; the beginning of a long message.
fn shown(octets: &Octets) -> String {
    let bytes = octets.as_bytes();
    let end = bytes.len().min(SHOWN);
    let text = hex::encode_hiding(bytes, 0..end, &octets.masked());
    match end < bytes.len() {
        true => format!("{text}…"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_microseconds() {
        let time = UNIX_EPOCH + Duration::from_nanos(1_793_491_200_000_042_999);
        assert_eq!(moment(time), "2026-11-01T00:00:00.000042Z");
    }
}
