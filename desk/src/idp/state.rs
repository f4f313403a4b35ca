//! What the provider remembers: log-ins that have begun, codes, tokens, signatures. Each has a limit in number and time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::Response;

use super::expiring::{Expiring, Full, Id};
use super::request::AuthRequest;
use super::scope::Scope;
use crate::client::FourItems;

/// How long a code holds, in seconds.
pub const CODE_LIFE: u64 = 60;
/// How long an access token holds, in seconds; an ID token too.
pub const ACCESS_LIFE: u64 = 300;
/// How long a refresh token holds, in seconds: all of one log-in together.
pub const REFRESH_LIFE: u64 = 1800;
/// How long a sign transaction lasts, in seconds.
pub const SIGN_LIFE: u64 = 600;
/// Log-ins that have begun, at once.
pub const MOST_TRANSACTIONS: usize = 1000;
/// Codes, used ones too, at once.
pub const MOST_CODES: usize = 10_000;
/// Log-ins with tokens at once; and assertions of which a second use is refused.
pub const MOST_GRANTS: usize = 10_000;
/// Sign transactions at once.
pub const MOST_SIGNATURES: usize = 1000;

/// A log-in that has begun, between two pages.
pub(super) struct Transaction {
    pub(super) request: AuthRequest,
    pub(super) language: vmyna_apdu::Language,
    /// When the person must have finished.
    pub(super) deadline: u64,
    /// The chosen card.
    pub(super) card: Option<usize>,
    /// Why the chosen card can't be used, for the relying party.
    pub(super) reason: Option<&'static str>,
}

/// What a person has consented to, by the card.
pub(super) struct Grant {
    pub(super) client: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) auth_time: u64,
    pub(super) items: Option<FourItems>,
    pub(super) sign_transaction: Option<Id>,
}

/// A code: what it was made for.
pub(super) struct Code {
    pub(super) grant: Id,
    pub(super) client: String,
    pub(super) issuer: String,
    pub(super) redirect_uri: String,
    pub(super) nonce: String,
    pub(super) challenge: Vec<u8>,
    /// Until when it can be used; afterwards it is kept to notice a second use.
    pub(super) until: u64,
    pub(super) is_used: bool,
}

/// An access token.
pub(super) enum Access {
    /// A person's.
    Person { grant: Id, scopes: Vec<Scope> },
    /// A relying party's own, to announce signatures.
    Client(String),
}

/// A refresh token.
pub(super) struct Refresh {
    pub(super) grant: Id,
    /// A second use means that another program has it.
    pub(super) is_used: bool,
}

/// A document to be signed, as its digest.
pub(super) struct SignTransaction {
    pub(super) client: String,
    /// 32 bytes, or a DigestInfo: what the card pads.
    pub(super) input: Vec<u8>,
    pub(super) done: Option<Signed>,
}

/// A signature with the certificate of its key.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) signature: Vec<u8>,
    pub(super) certificate: Vec<u8>,
}

/// Everything that is remembered.
pub(super) struct State {
    pub(super) transactions: Expiring<Transaction>,
    /// Pages that a browser is on its way to.
    pub(super) pages: Expiring<Response<Body>>,
    pub(super) codes: Expiring<Code>,
    pub(super) grants: Expiring<Grant>,
    pub(super) access: Expiring<Access>,
    pub(super) refresh: Expiring<Refresh>,
    pub(super) assertions: Expiring<()>,
    pub(super) signatures: Expiring<SignTransaction>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            transactions: Expiring::new(MOST_TRANSACTIONS),
            pages: Expiring::new(MOST_TRANSACTIONS),
            codes: Expiring::new(MOST_CODES),
            grants: Expiring::new(MOST_GRANTS),
            access: Expiring::new(MOST_GRANTS),
            refresh: Expiring::new(MOST_GRANTS),
            assertions: Expiring::new(MOST_GRANTS),
            signatures: Expiring::new(MOST_SIGNATURES),
        }
    }
}

/// Why a consent is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotKept {
    /// The transaction of its signature is over, or was signed meanwhile.
    Signature,
    /// A limit is reached.
    Full,
}

impl State {
    /// Keeps a consent with its code, and the signature that was made for it: all of them, or none.
    pub(super) fn keep(
        &mut self,
        grant: Grant,
        (id_of_code, code): (Id, Code),
        signed: Option<Signed>,
        now: u64,
    ) -> Result<(), NotKept> {
        let signed = grant.sign_transaction.zip(signed);
        let is_open = |name: &Id| self.signatures.get(name, now).is_some_and(|found| found.done.is_none());
        if signed.as_ref().is_some_and(|(name, _)| !is_open(name)) {
            return Err(NotKept::Signature);
        }
        let id_of_grant = code.grant;
        let end = now + REFRESH_LIFE;
        let kept = self.grants.insert(id_of_grant, grant, end + ACCESS_LIFE, now);
        kept.map_err(|Full| NotKept::Full)?;
        if let Err(Full) = self.codes.insert(id_of_code, code, end, now) {
            self.grants.take(&id_of_grant, now);
            return Err(NotKept::Full);
        }
        if let Some((name, signed)) = signed
            && let Some(found) = self.signatures.get_mut(&name, now)
        {
            found.done = Some(signed);
        }
        Ok(())
    }
}

/// Locks a value that no thread leaves half changed, even if it panics.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::expiring::id;
    use super::*;

    fn keep(state: &mut State, code: &str) -> Result<(), NotKept> {
        let own = |text: &str| text.to_owned();
        let grant = Grant {
            client: own("shop"),
            issuer: own("issuer"),
            subject: own("person"),
            scopes: vec![Scope::Openid, Scope::Sign],
            auth_time: 0,
            items: None,
            sign_transaction: Some(id("transaction")),
        };
        let made = Code {
            grant: id(&format!("grant of {code}")),
            client: own("shop"),
            issuer: own("issuer"),
            redirect_uri: own("uri"),
            nonce: own("nonce"),
            challenge: Vec::new(),
            until: CODE_LIFE,
            is_used: false,
        };
        let signed = Signed {
            signature: vec![1],
            certificate: vec![2],
        };
        state.keep(grant, (id(code), made), Some(signed), 0)
    }

    #[test]
    fn a_consent_that_finds_no_room_leaves_its_signature_to_be_made_again() {
        let mut state = State::new();
        let transaction = SignTransaction {
            client: "shop".to_owned(),
            input: vec![0; 32],
            done: None,
        };
        state
            .signatures
            .insert(id("transaction"), transaction, SIGN_LIFE, 0)
            .unwrap();
        let is_done = |state: &State| state.signatures.get(&id("transaction"), 0).unwrap().done.is_some();
        for full in [
            State {
                grants: Expiring::new(0),
                ..State::new()
            },
            State {
                codes: Expiring::new(0),
                ..State::new()
            },
        ] {
            let mut full = State {
                signatures: std::mem::replace(&mut state.signatures, Expiring::new(1)),
                ..full
            };
            assert_eq!(keep(&mut full, "a code"), Err(NotKept::Full));
            assert!(!is_done(&full) && full.grants.get(&id("grant of a code"), 0).is_none());
            state.signatures = full.signatures;
        }
        assert_eq!(keep(&mut state, "a code"), Ok(()));
        assert!(is_done(&state));
        assert_eq!(keep(&mut state, "another"), Err(NotKept::Signature));
    }
}
