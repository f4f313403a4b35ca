//! The content security policies of pages.

/// What pages may do, unless an answer has a policy of its own.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
                                 connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The policy of a page without scripts. `to` is an origin to which the answer of a form may lead, because browsers apply
/// `form-action` to that too.
#[must_use]
pub fn form_policy(to: Option<&str>) -> String {
    let to = to.map_or(String::new(), |origin| match origin.split_once("://[") {
        // A policy has no form for an IPv6 address, and browsers ignore a source that they can't read.
        Some((scheme, _)) => format!(" {scheme}:"),
        None => format!(" {origin}"),
    });
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{to}; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_to_one_origin_and_to_a_scheme_for_an_ipv6_address() {
        for (to, action) in [
            (None, "form-action 'self';"),
            (
                Some("https://rp.example:8443"),
                "form-action 'self' https://rp.example:8443;",
            ),
            (Some("http://[::1]:3000"), "form-action 'self' http:;"),
            (Some("https://[::1]"), "form-action 'self' https:;"),
        ] {
            let policy = form_policy(to);
            assert!(policy.contains(action) && !policy.contains('['), "{policy}");
        }
    }
}
