//! Sessions of visitors and people, on the server's side, named by a cookie.
//!
//! The cookie holds a random identifier and nothing else; the server keeps its hash. A log-in begins a new session with a
//! new identifier, so one that was planted before (session fixation) never becomes that of a person. The number of sessions,
//! their time, and the log-ins that each may have begun are limited.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::application::Filed;
use super::relying_party::{Begun, LoggedIn};
use crate::secret::{random, same};

/// What the portal keeps of its visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Sessions of visitors who are not logged in; the one that was used longest ago makes room.
    pub visitors: usize,
    /// Sessions of people who are logged in, in the same way.
    pub people: usize,
    /// Log-ins and signatures that one session may have begun; the oldest makes room.
    pub begun: usize,
    /// How long a session lasts that is not used.
    pub idle: Duration,
    /// How long a session lasts at most.
    pub life: Duration,
    /// How long a log-in or a signature may take at the provider.
    pub log_in: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            visitors: 256,
            people: 64,
            begun: 4,
            idle: Duration::from_secs(30 * 60),
            life: Duration::from_secs(8 * 60 * 60),
            log_in: Duration::from_secs(10 * 60),
        }
    }
}

/// A session. It has no `Debug`, because it holds tokens and a person's data.
pub(super) struct Session {
    /// What every form of this session carries.
    pub(super) csrf: String,
    /// The person who is logged in.
    pub(super) person: Option<LoggedIn>,
    /// Log-ins and signatures that wait for the provider.
    begun: Vec<(Instant, Begun)>,
    /// The application that is written or was signed.
    pub(super) filed: Option<Filed>,
    made: Instant,
    used: Instant,
}

/// All sessions.
pub(super) struct Sessions {
    limits: SessionLimits,
    kept: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    pub(super) fn new(limits: SessionLimits) -> Self {
        Self {
            limits,
            kept: Mutex::new(HashMap::new()),
        }
    }

    fn kept(&self, now: Instant) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        // A panic between two changes leaves each session whole.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let SessionLimits { idle, life, .. } = self.limits;
        kept.retain(|_, session| {
            now.saturating_duration_since(session.used) < idle && now.saturating_duration_since(session.made) < life
        });
        kept
    }

    /// Uses the session of a cookie; `None` if there is none such.
    pub(super) fn with<T>(&self, id: &str, now: Instant, work: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let mut kept = self.kept(now);
        let session = kept.get_mut(&name(id))?;
        session.used = now;
        Some(work(session))
    }

    /// Begins a session of this person, or of a visitor; its identifier for the cookie, and the token of its forms.
    pub(super) fn begin(&self, person: Option<LoggedIn>, now: Instant) -> (String, String) {
        let (id, csrf) = (random(), random());
        let most = match person {
            Some(_) => self.limits.people,
            None => self.limits.visitors,
        };
        let is_person = person.is_some();
        let mut kept = self.kept(now);
        while kept
            .values()
            .filter(|other| other.person.is_some() == is_person)
            .count()
            >= most.max(1)
        {
            let same_kind = kept.iter().filter(|(_, other)| other.person.is_some() == is_person);
            let Some(oldest) = same_kind.min_by_key(|(_, other)| other.used).map(|(name, _)| *name) else {
                break;
            };
            kept.remove(&oldest);
        }
        let session = Session {
            csrf: csrf.clone(),
            person,
            begun: Vec::new(),
            filed: None,
            made: now,
            used: now,
        };
        kept.insert(name(&id), session);
        (id, csrf)
    }

    /// Ends a session.
    pub(super) fn end(&self, id: &str, now: Instant) {
        self.kept(now).remove(&name(id));
    }

    /// Notes that this session has sent its visitor to the provider.
    pub(super) fn note(&self, id: &str, now: Instant, begun: Begun) -> Option<()> {
        let most = self.limits.begun.max(1);
        self.with(id, now, |session| {
            while session.begun.len() >= most {
                session.begun.remove(0);
            }
            session.begun.push((now, begun));
        })
    }

    /// Takes out what the session began with this `state`, so that it is used once; `None` if it did not, or too long ago.
    pub(super) fn take(&self, id: &str, now: Instant, state: &str) -> Option<Begun> {
        let longest = self.limits.log_in;
        self.with(id, now, |session| {
            session
                .begun
                .retain(|(since, _)| now.saturating_duration_since(*since) < longest);
            let place = session.begun.iter().position(|(_, begun)| same(begun.state(), state))?;
            Some(session.begun.remove(place).1)
        })?
    }

    #[cfg(test)]
    fn count(&self, now: Instant) -> usize {
        self.kept(now).len()
    }
}

/// What a session is kept under: a look-up by a hash shows nothing of the identifiers by its time.
fn name(id: &str) -> [u8; 32] {
    Sha256::digest(id).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::relying_party::tests::{begun, logged_in};

    const LIMITS: SessionLimits = SessionLimits {
        visitors: 3,
        people: 2,
        begun: 2,
        idle: Duration::from_secs(10),
        life: Duration::from_secs(25),
        log_in: Duration::from_secs(5),
    };

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_after_its_life() {
        let (sessions, start) = (Sessions::new(LIMITS), Instant::now());
        let (id, _) = sessions.begin(None, start);
        assert!(sessions.with("another", start, |_| ()).is_none());
        assert!(sessions.with(&id, at(start, 9), |_| ()).is_some());
        assert!(sessions.with(&id, at(start, 18), |_| ()).is_some());
        assert!(sessions.with(&id, at(start, 24), |_| ()).is_some());
        assert!(sessions.with(&id, at(start, 25), |_| ()).is_none());
        let (id, _) = sessions.begin(None, start);
        assert!(sessions.with(&id, at(start, 10), |_| ()).is_none());
    }

    #[test]
    fn visitors_never_push_people_out() {
        let (sessions, start) = (Sessions::new(LIMITS), Instant::now());
        let (person, _) = sessions.begin(Some(logged_in("one")), start);
        let visitors: Vec<String> = (1..9).map(|second| sessions.begin(None, at(start, second)).0).collect();
        assert_eq!(sessions.count(at(start, 9)), 4);
        assert!(sessions.with(&person, at(start, 9), |_| ()).is_some());
        let alive = |id: &String| sessions.with(id, at(start, 9), |_| ()).is_some();
        assert_eq!(
            visitors.iter().map(alive).collect::<Vec<_>>(),
            [false, false, false, false, false, true, true, true]
        );
    }

    #[test]
    fn what_was_begun_is_taken_once_and_in_time() {
        let (sessions, start) = (Sessions::new(LIMITS), Instant::now());
        let (id, _) = sessions.begin(None, start);
        sessions.note(&id, start, begun("a")).unwrap();
        assert!(sessions.take(&id, start, "b").is_none());
        assert!(sessions.take(&id, start, "a").is_some());
        assert!(sessions.take(&id, start, "a").is_none());
        sessions.note(&id, start, begun("late")).unwrap();
        assert!(sessions.take(&id, at(start, 5), "late").is_none());
        for state in ["1", "2", "3"] {
            sessions.note(&id, at(start, 6), begun(state)).unwrap();
        }
        let taken = |state| sessions.take(&id, at(start, 6), state).is_some();
        assert_eq!([taken("1"), taken("2"), taken("3")], [false, true, true]);
    }

    #[test]
    fn what_one_session_began_is_not_another_ones() {
        let (sessions, start) = (Sessions::new(LIMITS), Instant::now());
        let (one, _) = sessions.begin(None, start);
        let (other, _) = sessions.begin(None, start);
        sessions.note(&one, start, begun("a")).unwrap();
        assert!(sessions.take(&other, start, "a").is_none());
        assert!(sessions.take(&one, start, "a").is_some());
    }

    #[test]
    fn identifiers_and_tokens_differ() {
        let (sessions, start) = (Sessions::new(LIMITS), Instant::now());
        let (one, two) = (sessions.begin(None, start), sessions.begin(None, start));
        let all = std::collections::BTreeSet::from([&one.0, &one.1, &two.0, &two.1]);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|text| text.len() == 43));
    }
}
