//! What the provider remembers: log-ins that have begun, codes, tokens, signatures. Each has a limit in number and time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::Response;

use super::expiring::{Expiring, Id};
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

/// Locks a value that no thread leaves half changed, even if it panics.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
