//! Pairs of free TCP ports, one pair a vpcd reader.
//!
//! Must never hand out a port of the range from which the kernel takes source ports (from 32768 on Linux): a program
//! that keeps trying to connect to such a port while no process listens can end up connected to itself and so block it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener};

const FIRST: u16 = 10_000;
const PAIRS: u16 = (32_766 - FIRST) / 2;

/// Ports `p` of which `p` and `p + 1` are free on all interfaces (vpcd listens on all of them), all different.
///
/// Free means free now: another process may take one before vpcd does, so the caller retries.
///
/// # Errors
/// One sentence, when there are fewer.
pub fn free_pairs(count: usize) -> Result<Vec<u16>, String> {
    // Where to begin is random, so that test programs that run at the same time rarely meet.
    let start = RandomState::new().hash_one(std::process::id());
    let ports: Vec<u16> = (0..u64::from(PAIRS))
        .map(|step| FIRST + 2 * (((start % u64::from(PAIRS) + step) % u64::from(PAIRS)) as u16))
        .filter(|port| is_free(*port) && is_free(port + 1))
        .take(count)
        .collect();
    if ports.len() < count {
        return Err(format!(
            "fewer than {count} pairs of free TCP ports between {FIRST} and 32767"
        ));
    }
    Ok(ports)
}

/// Whether no process listens on `port`.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_free_different_and_below_the_range_of_source_ports() {
        let ports = free_pairs(5).unwrap();
        for (index, port) in ports.iter().enumerate() {
            assert!((FIRST..32_767).contains(port) && port.is_multiple_of(2));
            assert!(!ports[..index].contains(port));
            let _both = [
                TcpListener::bind(("0.0.0.0", *port)).unwrap(),
                TcpListener::bind(("::1", port + 1)).unwrap(),
            ];
        }
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_free() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
