//! The provider's keys.

use vmyna_desk::jose::parse_jwks;

use crate::rig::{Options, Request, Rig};
use crate::tokens::id_token;

#[test]
fn the_key_set_is_public_and_has_no_private_part() {
    let rig = Rig::new();
    let reply = rig.get(&Rig::endpoint("certs"));
    assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
    assert_eq!(reply.header("cross-origin-resource-policy"), Some("cross-origin"));
    let set = reply.json();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        for name in ["kid", "alg", "use", "kty"] {
            assert!(key[name].is_string(), "{name}");
        }
        for name in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(key.get(name).is_none(), "{name}");
        }
    }
    assert_eq!(parse_jwks(&set).unwrap().len(), 2);
}

#[test]
fn a_new_key_signs_and_the_old_one_stays_in_the_set() {
    let rig = Rig::with(Options {
        rotate_after: Some(100),
        ..Options::default()
    });
    let request = Request::new("openid");
    let before = rig.tokens(&request);
    let set = |rig: &Rig| parse_jwks(&rig.get(&Rig::endpoint("certs")).json()).unwrap().len();
    assert_eq!(set(&rig), 2);
    rig.wait(100);
    let after = rig.tokens(&request);
    assert_eq!(set(&rig), 3);
    let kid = |tokens: &serde_json::Value| {
        tokens["id_token"]
            .as_str()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_ne!(kid(&before), kid(&after));
    // Both are verified with the set as it is now.
    assert_eq!(id_token(&rig, &before).text("sub"), id_token(&rig, &after).text("sub"));
}
