//! The page: its shell and scripts, which hold nothing of a card and are served without the token.

use super::answer::Answer;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! asset {
    ($path:literal, $file:literal, $media_type:expr) => {
        ($path, $media_type, include_bytes!(concat!("../../assets/desk/", $file)))
    };
}

/// Path, media type and content of each.
const ASSETS: &[(&str, &str, &[u8])] = &[
    asset!("/", "index.html", HTML),
    asset!("/apdu_box.js", "apdu_box.js", SCRIPT),
    asset!("/api.js", "api.js", SCRIPT),
    asset!("/beside.js", "beside.js", SCRIPT),
    asset!("/card.js", "card.js", SCRIPT),
    asset!("/counter.js", "counter.js", SCRIPT),
    asset!("/desk.css", "desk.css", CSS),
    asset!("/dom.js", "dom.js", SCRIPT),
    asset!("/faces.js", "faces.js", SCRIPT),
    asset!("/favicon.svg", "favicon.svg", SVG),
    asset!("/files.js", "files.js", SCRIPT),
    asset!("/forms.js", "forms.js", SCRIPT),
    asset!("/main.js", "main.js", SCRIPT),
    asset!("/notice.js", "notice.js", SCRIPT),
    asset!("/person.js", "person.js", SCRIPT),
    asset!("/phone.svg", "phone.svg", SVG),
    asset!("/pins.js", "pins.js", SCRIPT),
    asset!("/readers.js", "readers.js", SCRIPT),
    asset!("/shelf.js", "shelf.js", SCRIPT),
    asset!("/store.js", "store.js", SCRIPT),
    asset!("/stream.js", "stream.js", SCRIPT),
    asset!("/text.js", "text.js", SCRIPT),
    asset!("/trace.js", "trace.js", SCRIPT),
    asset!("/trace_rows.js", "trace_rows.js", SCRIPT),
    asset!("/words.js", "words.js", SCRIPT),
];

/// The asset at this path.
pub(super) fn find(path: &str) -> Option<Answer> {
    let (_, media_type, body) = ASSETS.iter().find(|(known, ..)| *known == path)?;
    Some(Answer::asset(media_type, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_page_is_served_and_names_no_other_host() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/desk");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut served: Vec<_> = ASSETS
            .iter()
            .map(|(path, ..)| path.trim_start_matches('/').to_owned())
            .map(|path| if path.is_empty() { "index.html".to_owned() } else { path })
            .collect();
        files.sort();
        served.sort();
        assert_eq!(served, files);
        for (path, _, content) in ASSETS {
            let text = std::str::from_utf8(content).unwrap();
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http://") && !text.contains("https://"), "{path}");
        }
    }
}
