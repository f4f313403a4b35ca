//! Linkage codes (符号): how bodies speak about a person without a common number.
//!
//! Each body has a code of its own for a person. Only the network between the bodies can turn the code of one body into that
//! of another. It does so for one question at a time. Bodies that compare their records find nothing in common.
//!
//! The published descriptions state this property. How the real codes are derived is not public, so the derivation here is
//! `assumed`: HMAC-SHA-256 (RFC 2104), with a key of its own for each body, over a value that stands for the person. No My
//! Number goes into it, because this portal never learns one.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;
/// The bytes of a code: two persons of one body share one with a probability of 2^-80.
const CODE: usize = 10;

/// The code of a body for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code([u8; CODE]);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.0.chunks(2).enumerate() {
            let dash = if index == 0 { "" } else { "-" };
            write!(f, "{dash}{}", vmyna_apdu::hex::encode(pair))?;
        }
        Ok(())
    }
}

/// What stands for a person in the network. There is no `Debug`: it is the network's secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Person([u8; 32]);

/// The network that converts codes.
pub struct Network {
    secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

impl Network {
    /// A network with this secret, from which every code follows.
    #[must_use]
    pub const fn new(secret: Zeroizing<[u8; 32]>) -> Self {
        Self { secret }
    }

    /// The person whom an identity provider names so.
    #[must_use]
    pub fn person(&self, issuer: &str, subject: &str) -> Person {
        // The length keeps (ab, c) and (a, bc) apart.
        let length = u32::try_from(issuer.len()).unwrap_or(u32::MAX).to_be_bytes();
        Person(mac(
            &self.secret,
            &[b"person", &length, issuer.as_bytes(), subject.as_bytes()],
        ))
    }

    /// The code of a body for a person.
    #[must_use]
    pub fn code(&self, body: &str, person: &Person) -> Code {
        let key = Zeroizing::new(mac(&self.secret, &[b"body", body.as_bytes()]));
        let value = mac(&key, &[&person.0]);
        let mut code = [0; CODE];
        code.copy_from_slice(&value[..CODE]);
        Code(code)
    }

    /// Turns the code that one body has for this person into that of another; `None` if the code is not this person's.
    #[must_use]
    pub fn convert(&self, person: &Person, code: Code, from: &str, to: &str) -> Option<Code> {
        let known = self.code(from, person);
        bool::from(known.0.ct_eq(&code.0)).then(|| self.code(to, person))
    }

    /// A number that follows from the person, for invented data; `topic` keeps uses apart.
    #[must_use]
    pub fn invented(&self, person: &Person, topic: &str) -> u64 {
        let value = mac(&self.secret, &[b"invented", &person.0, topic.as_bytes()]);
        let mut number = [0; 8];
        number.copy_from_slice(&value[..8]);
        u64::from_be_bytes(number)
    }
}

/// HMAC-SHA-256 over the parts, one behind the other.
fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = Zeroizing::new([with; BLOCK]);
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        Sha256::new_with_prefix(block.as_slice())
    };
    let inner = parts.iter().fold(padded(0x36), Digest::chain_update).finalize();
    padded(0x5C).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn network(secret: [u8; 32]) -> Network {
        Network::new(Zeroizing::new(secret))
    }

    #[test]
    fn the_keyed_hash_is_hmac_sha_256() {
        // RFC 4231, test case 2, with its key "Jefe" filled to 32 bytes by zeros, which HMAC does anyway.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let value = mac(&key, &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(
            vmyna_apdu::hex::encode(&value),
            "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"
        );
    }

    #[test]
    fn a_code_is_written_in_groups() {
        assert_eq!(
            Code([0xAB, 1, 2, 3, 4, 5, 6, 7, 8, 9]).to_string(),
            "AB01-0203-0405-0607-0809"
        );
    }

    #[test]
    fn issuer_and_subject_are_kept_apart() {
        let network = network([7; 32]);
        assert!(network.person("ab", "c") != network.person("a", "bc"));
    }

    proptest! {
        #[test]
        fn a_person_has_another_code_at_each_body(
            secret: [u8; 32],
            subject in "[!-~]{1,40}",
            bodies in proptest::collection::btree_set("[a-z]{1,12}", 2..12),
        ) {
            let network = network(secret);
            let person = network.person("issuer", &subject);
            let codes: BTreeSet<Code> = bodies.iter().map(|body| network.code(body, &person)).collect();
            prop_assert_eq!(codes.len(), bodies.len());
        }

        #[test]
        fn persons_have_different_codes_at_one_body(
            secret: [u8; 32],
            subjects in proptest::collection::btree_set("[!-~]{1,40}", 2..12),
        ) {
            let network = network(secret);
            let codes: BTreeSet<Code> =
                subjects.iter().map(|subject| network.code("town", &network.person("issuer", subject))).collect();
            prop_assert_eq!(codes.len(), subjects.len());
        }

        #[test]
        fn a_code_follows_from_secret_body_and_person(secret: [u8; 32], subject in "[!-~]{1,40}", body in "[a-z]{1,12}") {
            let code = |network: Network| network.code(&body, &network.person("issuer", &subject));
            prop_assert_eq!(code(network(secret)), code(network(secret)));
            let mut other = secret;
            other[0] ^= 1;
            prop_assert_ne!(code(network(secret)), code(network(other)));
        }

        #[test]
        fn only_the_network_converts_and_only_a_code_of_this_person(
            secret: [u8; 32],
            one in "[!-~]{1,40}",
            two in "[!-~]{1,40}",
            bit in 0..80_usize,
        ) {
            let network = network(secret);
            let (first, second) = (network.person("issuer", &one), network.person("issuer", &two));
            let code = network.code("town", &first);
            prop_assert_eq!(network.convert(&first, code, "town", "office"), Some(network.code("office", &first)));
            // The way back gives the first code again.
            let there = network.code("office", &first);
            prop_assert_eq!(network.convert(&first, there, "office", "town"), Some(code));
            prop_assert_eq!(network.convert(&first, there, "town", "office"), None);
            let mut wrong = code;
            wrong.0[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(network.convert(&first, wrong, "town", "office"), None);
            if one != two {
                prop_assert_eq!(network.convert(&second, code, "town", "office"), None);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn codes_of_two_bodies_for_the_same_people_do_not_keep_their_order(secret: [u8; 32]) {
            // Bodies that sort their records must not find the same people in the same places.
            let network = network(secret);
            let people: Vec<Person> = (0..64).map(|number| network.person("issuer", &number.to_string())).collect();
            let order = |body: &str| {
                let mut places: Vec<usize> = (0..people.len()).collect();
                places.sort_by_key(|place| network.code(body, &people[*place]));
                places
            };
            let same = order("town").iter().zip(order("office")).filter(|(one, other)| **one == *other).count();
            prop_assert!(same < 12, "{} of 64 keep their place", same);
        }
    }
}
