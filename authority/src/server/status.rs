//! What answers are made from: the authorities' keys, the register as it was when it was last looked at, and the answers
//! that were made since.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use der::DateTime;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::mdoc::Root;
use vmyna_issuance::x509::Authority;
use vmyna_issuance::x509::names::Hierarchy;

use super::{Clock, Event, Faults, Limits, Server, ServerError};
use crate::ocsp::{Responder, Times};
use crate::register::{Change, IssuerId, Register, RegisterError};
use crate::revocation_list::{issuer_id, root_id};

/// How long an answer can be used when the register is looked at at every request.
const SHORTEST_USE: Duration = Duration::from_secs(60);
/// How old a stale answer is.
const STALE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The keys of one hierarchy, the newest last.
pub(super) struct Served {
    pub(super) authorities: Vec<(IssuerId, Authority)>,
    pub(super) responders: Vec<Responder>,
}

/// Everything that requests share.
pub(super) struct Status {
    pub(super) sign: Served,
    pub(super) auth: Served,
    /// The roots of mdocs, the newest last.
    pub(super) roots: Vec<(IssuerId, Root)>,
    pub(super) listeners: Vec<TcpListener>,
    pub(super) hosts: Vec<String>,
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    pub(super) log: Box<dyn Fn(&Event) + Send + Sync>,
    clock: Clock,
    refresh: Duration,
    registers: Vec<Mutex<Box<dyn Register>>>,
    seen: Mutex<Seen>,
}

/// The register when it was last looked at, and what was answered since.
struct Seen {
    by: Change,
    times: (DateTime, DateTime),
    looked: Instant,
    answers: HashMap<Question, Arc<[u8]>>,
    bytes: usize,
}

/// What was asked: a path of the table with its variable part, and the request's bytes.
pub(super) type Question = (String, Vec<u8>);

/// The register as answers show it.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) by: Change,
    pub(super) times: Times,
}

impl Status {
    pub(super) fn new(server: Server) -> Result<Self, ServerError> {
        let now = server.clock.now();
        let (mut sign, mut auth) = (Vec::new(), Vec::new());
        for authority in server.authorities {
            match authority.hierarchy() {
                Hierarchy::Signature => sign.push(authority),
                Hierarchy::Authentication => auth.push(authority),
            }
        }
        let served = |authorities: Vec<Authority>| -> Result<Served, ServerError> {
            // A key that the authority has not certified, under its name: what an impostor would sign with.
            let responder = |authority: &Authority| match server.faults.wrong_signer {
                true => Responder::impostor(authority, now),
                false => Responder::new(authority, now),
            };
            let responders = authorities.iter().map(responder).collect::<Result<_, _>>()?;
            let authorities = authorities
                .into_iter()
                .map(|authority| Ok((issuer_id(&authority)?, authority)))
                .collect::<Result<_, ServerError>>()?;
            Ok(Served {
                authorities,
                responders,
            })
        };
        let (sign, auth) = (served(sign)?, served(auth)?);
        let threads = threads();
        let registers: Vec<_> = (0..threads)
            .map(|_| (server.register)().map(Mutex::new))
            .collect::<Result<_, _>>()?;
        let roots = match &server.mdoc {
            Some(mdoc) => [mdoc.valid_roots(now)?, mdoc.roots(now)?].concat(),
            None => Vec::new(),
        };
        let roots = roots.into_iter().map(|root| Ok((root_id(&root)?, root)));
        let roots = roots.collect::<Result<_, IssuanceError>>()?;
        let by = match registers.first() {
            Some(register) => lock(register).now()?,
            None => Change(0),
        };
        let mut status = Self {
            sign,
            auth,
            roots,
            listeners: server.listeners,
            hosts: server.hosts,
            limits: server.limits,
            faults: server.faults,
            log: server.log,
            clock: server.clock,
            refresh: server.refresh,
            registers,
            seen: Mutex::new(Seen {
                by,
                times: (now, now),
                looked: Instant::now(),
                answers: HashMap::new(),
                bytes: 0,
            }),
        };
        let times = status.use_from(now);
        status.seen.get_mut().unwrap_or_else(PoisonError::into_inner).times = times;
        Ok(status)
    }

    pub(super) fn now(&self) -> DateTime {
        self.clock.now()
    }

    /// Since when and until when an answer of this moment can be used.
    fn use_from(&self, now: DateTime) -> (DateTime, DateTime) {
        let later = |time: DateTime, by: Duration| {
            DateTime::from_unix_duration(time.unix_duration() + by).unwrap_or(DateTime::INFINITY)
        };
        let begin = match self.faults.stale {
            true => DateTime::from_unix_duration(now.unix_duration().saturating_sub(STALE)).unwrap_or(now),
            false => now,
        };
        (begin, later(begin, self.refresh.max(SHORTEST_USE)))
    }

    /// The register as answers of this moment show it. It is looked at again when the time has come, or when `anew` is set:
    /// a certificate that it did not hold when it was last looked at may have been issued since.
    pub(super) fn view(&self, anew: bool) -> Result<View, RegisterError> {
        let now = self.now();
        let mut seen = lock(&self.seen);
        let out_of_date = !self.faults.stale && now >= seen.times.1;
        let is_due = seen.looked.elapsed() >= self.refresh;
        if anew || out_of_date || is_due {
            let by = self.with_register(|register| register.now())?;
            // Who asks for what was never issued must not empty the answers that are kept.
            if by != seen.by || out_of_date || (is_due && !self.refresh.is_zero()) {
                seen.by = by;
                seen.looked = Instant::now();
                seen.times = self.use_from(now);
                seen.answers.clear();
                seen.bytes = 0;
            }
        }
        let (this_update, next_update) = seen.times;
        Ok(View {
            by: seen.by,
            times: Times {
                this_update,
                next_update,
                produced_at: now.max(this_update),
            },
        })
    }

    /// Lets a register that is free at the moment be read.
    pub(super) fn with_register<T>(
        &self,
        read: impl FnOnce(&dyn Register) -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let free = self.registers.iter().find_map(|register| register.try_lock().ok());
        match (free, self.registers.first()) {
            (Some(register), _) => read(&**register),
            (None, Some(register)) => read(&**lock(register)),
            // There is one a thread.
            (None, None) => Err(RegisterError::new("", crate::register::RegisterErrorKind::NoRegister)),
        }
    }

    /// An answer that was made since the register was last looked at.
    pub(super) fn kept(&self, question: &Question, view: View) -> Option<Arc<[u8]>> {
        let seen = lock(&self.seen);
        let current = seen.by == view.by && seen.times.0 == view.times.this_update;
        seen.answers.get(question).filter(|_| current).map(Arc::clone)
    }

    /// Keeps an answer for the next request that is the same.
    pub(super) fn keep(&self, question: Question, view: View, answer: &Arc<[u8]>) {
        let mut seen = lock(&self.seen);
        if seen.by != view.by || seen.times.0 != view.times.this_update {
            return;
        }
        let size = question.0.len() + question.1.len() + answer.len();
        if size > self.limits.kept_bytes {
            return;
        }
        if seen.bytes + size > self.limits.kept_bytes {
            seen.answers.clear();
            seen.bytes = 0;
        }
        if seen.answers.insert(question, Arc::clone(answer)).is_none() {
            seen.bytes += size;
        }
    }
}

/// How many threads answer.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
