//! The program that has started the host. Browsers name the extension in the arguments (`documented`): Chromium and Chrome
//! give its origin, Firefox the path of the manifest and the extension's id.

use super::Browser;
use super::extension;

/// Whether these arguments are those of a browser of this kind for the one extension that is served.
#[must_use]
pub fn is_extension(browser: Browser, arguments: &[impl AsRef<str>]) -> bool {
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    match (browser, &arguments[..]) {
        (Browser::Chromium | Browser::Chrome, [origin]) => *origin == extension::ORIGIN,
        (Browser::Firefox, [_manifest, id]) => *id == extension::FIREFOX_ID,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_extension_is_served() {
        let origin = extension::ORIGIN;
        for browser in [Browser::Chromium, Browser::Chrome] {
            assert!(is_extension(browser, &[origin]));
            for wrong in [
                &[][..],
                &[""],
                &["chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"],
                &[origin.trim_end_matches('/')],
                &[&origin.to_uppercase()],
                &[origin, origin],
                &["manifest", extension::FIREFOX_ID],
            ] {
                assert!(!is_extension(browser, wrong), "{wrong:?}");
            }
        }
        assert!(is_extension(
            Browser::Firefox,
            &["/any/manifest.json", extension::FIREFOX_ID]
        ));
        assert!(!is_extension(
            Browser::Firefox,
            &["/any/manifest.json", "other@example"]
        ));
        assert!(!is_extension(Browser::Firefox, &[origin]));
    }
}
