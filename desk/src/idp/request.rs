//! The authorization request (OpenID Connect Core 1.0, 3.1.2.1): what is accepted, and where an error goes.

use vmyna_apdu::{Language, Text, text};

use super::clients::{Client, Clients};
use super::scope::Scope;
use super::uri;
use crate::http::{is_each_once, language};
use crate::jose::base64url;

/// What a relying party asks for. There is no `Debug`: state and nonce are secrets of the relying party.
#[derive(Clone)]
pub(super) struct AuthRequest {
    pub(super) client: Client,
    pub(super) redirect_uri: String,
    /// The issuer as this server was asked.
    pub(super) issuer: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) state: String,
    pub(super) nonce: String,
    /// SHA-256 of the code verifier.
    pub(super) challenge: Vec<u8>,
    pub(super) sign_transaction: Option<String>,
    pub(super) language: Option<Language>,
}

/// Why a request is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    /// Relying party or redirect URI are not known: nothing may be sent to that URI.
    Page(Text),
    /// The answer for the relying party.
    Redirect(String),
}

/// An error code with a description (RFC 6749, 4.1.2.1).
pub(super) type Refusal = (&'static str, &'static str);

/// Parameters that would make the request come from elsewhere.
const REFUSED: [(&str, Refusal); 3] = [
    (
        "request",
        ("request_not_supported", "request objects are not supported"),
    ),
    (
        "request_uri",
        ("request_uri_not_supported", "request objects are not supported"),
    ),
    (
        "registration",
        ("registration_not_supported", "clients are registered in a file"),
    ),
];

/// The parameters of a request.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The value of a parameter that is there once.
    fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value.as_str())?;
        values.next().is_none().then_some(value)
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }
}

/// Reads a request. Of a form that is malformed (`None`) nothing is known.
pub(super) fn read(
    form: Option<Vec<(String, String)>>,
    clients: &Clients,
    issuer: &str,
) -> Result<AuthRequest, Rejection> {
    let form = form.filter(|form| form.len() <= 64);
    let parameters =
        Parameters(form.ok_or_else(|| Rejection::Page(text!("the request is malformed", "要求の形式が不正です。")))?);
    let client = parameters.one("client_id").and_then(|id| clients.find(id));
    let client = client.ok_or_else(|| {
        Rejection::Page(text!(
            "client_id names no registered client, or is there twice",
            "client_idが登録されていないか、二つあります。"
        ))
    })?;
    let redirect_uri = parameters.one("redirect_uri");
    let redirect_uri = redirect_uri.ok_or_else(|| {
        Rejection::Page(text!(
            "redirect_uri is missing, or is there twice",
            "redirect_uriがないか、二つあります。"
        ))
    })?;
    if !client.redirect_uris.iter().any(|registered| registered == redirect_uri) {
        return Err(Rejection::Page(text!(
            "redirect_uri is not one that is registered, byte for byte",
            "redirect_uriが、登録されたものと完全には一致しません。"
        )));
    }
    let state = parameters.one("state").filter(|state| is_printable(state));
    // From here on the relying party learns what is wrong.
    let details = details(&parameters, client);
    match (details, state) {
        (Ok(details), Some(state)) => Ok(AuthRequest {
            client: client.clone(),
            redirect_uri: redirect_uri.to_owned(),
            issuer: issuer.to_owned(),
            state: state.to_owned(),
            ..details
        }),
        (Ok(_), None) => {
            let refusal = (
                "invalid_request",
                "state is missing, or not 1 to 255 printable characters",
            );
            Err(Rejection::Redirect(error(redirect_uri, issuer, None, refusal)))
        }
        (Err(refusal), state) => Err(Rejection::Redirect(error(redirect_uri, issuer, state, refusal))),
    }
}

/// The answer to the relying party that something is refused.
pub(super) fn error(redirect_uri: &str, issuer: &str, state: Option<&str>, (code, description): Refusal) -> String {
    let mut parameters = vec![("error", code), ("error_description", description), ("iss", issuer)];
    parameters.extend(state.map(|state| ("state", state)));
    uri::with_query(redirect_uri, &parameters)
}

/// 1 to 255 printable characters (`documented`).
fn is_printable(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7E).contains(&byte))
}

/// All but the redirect URI, issuer and state.
fn details(parameters: &Parameters, client: &Client) -> Result<AuthRequest, Refusal> {
    let invalid = |what: &'static str| ("invalid_request", what);
    if !is_each_once(&parameters.0) {
        return Err(invalid("a parameter is there twice"));
    }
    if let Some((_, refusal)) = REFUSED.into_iter().find(|(name, _)| parameters.has(name)) {
        return Err(refusal);
    }
    match parameters.one("response_type") {
        None => return Err(invalid("response_type is missing")),
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "response_type is code")),
    }
    if parameters.one("response_mode").is_some_and(|mode| mode != "query") {
        return Err(invalid("response_mode is query"));
    }
    let scopes = parameters.one("scope").ok_or(invalid("scope is missing"))?;
    let scopes = Scope::list(scopes).filter(|scopes| scopes.contains(&Scope::Openid));
    let scopes = scopes.ok_or(("invalid_scope", "scope has openid, and only known names"))?;
    if !scopes.iter().all(|scope| client.scopes.contains(scope)) {
        return Err((
            "invalid_scope",
            "scope has a name that is not registered for the client",
        ));
    }
    let nonce = parameters.one("nonce").filter(|nonce| is_printable(nonce));
    let nonce = nonce.ok_or(invalid("nonce is missing, or not 1 to 255 printable characters"))?;
    if parameters.one("code_challenge_method") != Some("S256") {
        return Err(invalid("code_challenge_method is S256 (PKCE is needed)"));
    }
    let challenge = parameters.one("code_challenge").and_then(base64url::decode);
    let challenge = challenge.filter(|challenge| challenge.len() == 32);
    let challenge = challenge.ok_or(invalid("code_challenge is SHA-256 in base64url without padding"))?;
    check_prompt(parameters)?;
    Ok(AuthRequest {
        client: client.clone(),
        redirect_uri: String::new(),
        issuer: String::new(),
        state: String::new(),
        sign_transaction: sign_transaction(parameters, &scopes)?,
        scopes,
        nonce: nonce.to_owned(),
        challenge,
        language: parameters.one("ui_locales").and_then(language),
    })
}

/// The card is asked at each log-in, so `max_age` holds always and no person is logged in already.
fn check_prompt(parameters: &Parameters) -> Result<(), Refusal> {
    let max_age = parameters.one("max_age");
    if max_age.is_some_and(|age| age.len() > 10 || age.is_empty() || !age.bytes().all(|digit| digit.is_ascii_digit())) {
        return Err(("invalid_request", "max_age is a number of seconds"));
    }
    let prompts: Vec<&str> = parameters
        .one("prompt")
        .unwrap_or_default()
        .split_ascii_whitespace()
        .collect();
    if !prompts
        .iter()
        .all(|prompt| ["none", "login", "consent", "select_account"].contains(prompt))
    {
        return Err(("invalid_request", "prompt has an unknown value"));
    }
    match (prompts.contains(&"none"), prompts.len()) {
        (false, _) => Ok(()),
        (true, 1) => Err(("login_required", "each log-in needs the card")),
        (true, _) => Err(("invalid_request", "prompt has none beside another value")),
    }
}

fn sign_transaction(parameters: &Parameters, scopes: &[Scope]) -> Result<Option<String>, Refusal> {
    match (parameters.one("sign_transaction_id"), scopes.contains(&Scope::Sign)) {
        (None, false) => Ok(None),
        (Some(id), true) => Ok(Some(id.to_owned())),
        (None, true) => Err(("invalid_request", "scope sign needs sign_transaction_id")),
        (Some(_), false) => Err(("invalid_request", "sign_transaction_id needs scope sign")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::idp::Keys;
    use crate::jose::Algorithm;

    const URI: &str = "https://rp.example/cb";
    const ISSUER: &str = "http://localhost:1/api/realms/main";

    fn clients() -> Clients {
        Clients::new(vec![Client {
            id: "shop".to_owned(),
            name: "The shop".to_owned(),
            name_ja: "見本の店".to_owned(),
            redirect_uris: vec![URI.to_owned()],
            scopes: Scope::ALL.to_vec(),
            algorithm: Algorithm::Es256,
            keys: Keys::Set(Vec::new()),
        }])
    }

    /// Names of parameters, and values of which some are good.
    fn pair() -> impl Strategy<Value = (String, String)> {
        let good = [
            ("client_id", "shop"),
            ("redirect_uri", URI),
            ("response_type", "code"),
            ("scope", "openid name"),
            ("state", "a state"),
            ("nonce", "a nonce"),
            ("code_challenge", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("code_challenge_method", "S256"),
            ("prompt", "login"),
            ("max_age", "1"),
        ];
        let names: Vec<&str> = good.iter().map(|(name, _)| *name).collect();
        let any = (prop::sample::select(names), "\\PC{0,12}").prop_map(|(name, value)| (name.to_owned(), value));
        let good = prop::sample::select(good.to_vec()).prop_map(|(name, value)| (name.to_owned(), value.to_owned()));
        prop_oneof![4 => good, 1 => any, 1 => ("\\PC{0,8}", "\\PC{0,8}")]
    }

    proptest! {
        #[test]
        fn an_answer_goes_to_the_registered_address_whatever_is_asked(pairs in prop::collection::vec(pair(), 0..16)) {
            match read(Some(pairs), &clients(), ISSUER) {
                Ok(request) => {
                    prop_assert_eq!(request.redirect_uri, URI);
                    prop_assert!(is_printable(&request.state) && is_printable(&request.nonce));
                    prop_assert!(request.scopes.contains(&Scope::Openid) && request.challenge.len() == 32);
                }
                Err(Rejection::Redirect(location)) => {
                    prop_assert!(location.starts_with("https://rp.example/cb?error="), "{}", location);
                    prop_assert!(location.is_ascii() && !location.contains([' ', '"', '<', '\r', '\n']));
                }
                Err(Rejection::Page(_)) => {}
            }
        }
    }
}
