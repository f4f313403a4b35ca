use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::super::{Algorithm, JoseError, LONGEST_KID, Signer, VerifyingKey, jwks, parse_jwks};
use super::{made, signer};

#[test]
fn a_public_key_comes_back_from_its_jwk() {
    for algorithm in Algorithm::ALL {
        let key = signer(algorithm).public();
        let jwk = key.to_jwk();
        assert_eq!(VerifyingKey::from_jwk(&jwk).as_ref(), Ok(key));
        assert_eq!(jwk["alg"], algorithm.name());
        assert_eq!(jwk["use"], "sig");
        assert_eq!(jwk["kid"], key.thumbprint());
        let mut bare = jwk.clone();
        for name in ["alg", "use", "kid"] {
            bare.as_object_mut().unwrap().remove(name);
        }
        assert_eq!(VerifyingKey::from_jwk(&bare).as_ref(), Ok(key));
    }
}

#[test]
fn a_thumbprint_is_that_of_the_standard() {
    // The example of RFC 7638, 3.1.
    let jwk = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj\
              hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvR\
              L5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    });
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key.kid(), "2011-04-29");
}

#[test]
fn a_jwk_of_another_purpose_or_form_is_refused() {
    let good = signer(Algorithm::Es256).public().to_jwk();
    let rsa = signer(Algorithm::Rs256).public().to_jwk();
    let with = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let short = good["x"].as_str().unwrap()[..42].to_owned();
    for jwk in [
        json!(null),
        json!({}),
        json!({"kty": "oct", "k": "AAAA"}),
        with(&good, "kty", json!("OKP")),
        with(&good, "kty", json!("RSA")),
        with(&good, "crv", json!("P-384")),
        with(&good, "crv", json!("secp256k1")),
        with(&good, "x", json!(short)),
        with(&good, "x", good["y"].clone()),
        with(&good, "x", json!(7)),
        with(&good, "x", json!(format!("{}=", good["x"].as_str().unwrap()))),
        with(&good, "d", json!("AAAA")),
        with(&good, "k", json!("AAAA")),
        with(&good, "alg", json!("ES384")),
        with(&good, "alg", json!("none")),
        with(&good, "use", json!("enc")),
        with(&good, "key_ops", json!(["sign"])),
        with(&good, "kid", json!("")),
        with(&good, "kid", json!(7)),
        with(&good, "kid", json!("a\nb")),
        with(&good, "kid", json!("a".repeat(LONGEST_KID + 1))),
        with(&rsa, "alg", json!("ES256")),
        with(&rsa, "p", json!("AAAA")),
        with(&rsa, "e", json!("AA")),
        with(&rsa, "e", json!("AQ")),
        with(&rsa, "e", json!("AAEAAQ")),
        with(&rsa, "n", json!("AQAB")),
        with(&rsa, "n", json!("")),
        with(&rsa, "n", json!(format!("AA{}", rsa["n"].as_str().unwrap()))),
        with(&rsa, "n", json!("_".repeat(4000))),
    ] {
        assert_eq!(VerifyingKey::from_jwk(&jwk), Err(JoseError::Key), "{jwk}");
    }
}

#[test]
fn a_set_leaves_out_what_it_can_not_use_and_refuses_one_name_twice() {
    let (ec, rsa) = (signer(Algorithm::Es256).public(), signer(Algorithm::Rs256).public());
    let mut set = jwks([ec, rsa]);
    assert_eq!(parse_jwks(&set).unwrap(), [ec.clone(), rsa.clone()]);
    let keys = set["keys"].as_array_mut().unwrap();
    keys.push(json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}));
    assert_eq!(parse_jwks(&set).unwrap().len(), 2);
    set["keys"].as_array_mut().unwrap().push(ec.to_jwk());
    assert_eq!(parse_jwks(&set), Err(JoseError::Key));
    for set in [
        json!({}),
        json!([]),
        json!({"keys": {}}),
        json!({"keys": vec![ec.to_jwk(); 65]}),
    ] {
        assert_eq!(parse_jwks(&set), Err(JoseError::Key));
    }
}

#[test]
fn a_private_key_comes_back_from_its_pem() {
    for algorithm in Algorithm::ALL {
        let pem = signer(algorithm).to_pem().unwrap();
        let again = Signer::from_pem(&pem).unwrap();
        assert_eq!(again.public(), signer(algorithm).public());
        assert_eq!(again.algorithm(), algorithm);
        let named = again.with_kid("mine").unwrap();
        assert_eq!(named.kid(), "mine");
        assert_eq!(named.public().thumbprint(), signer(algorithm).kid());
    }
    for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert!(matches!(Signer::from_pem(pem), Err(JoseError::PrivateKey)));
    }
}

#[test]
fn a_new_key_differs_unless_its_generator_is_the_same() {
    let random = || Signer::generate(Algorithm::Es256, &mut rand_core::OsRng).unwrap();
    assert_ne!(random().kid(), random().kid());
    assert_eq!(made(Algorithm::Es256).kid(), signer(Algorithm::Es256).kid());
}

/// Runs `openssl`, and returns what it prints.
fn openssl(arguments: &[&str]) -> Vec<u8> {
    vmyna_testkit::require_program("openssl", "openssl");
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    output.stdout
}

#[test]
fn openssl_makes_keys_that_are_read_and_verifies_what_they_sign() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (private, public, message, signature) = (path("key"), path("public"), path("message"), path("signature"));
    fs::write(&message, "header.claims").unwrap();
    for (algorithm, option) in [
        (Algorithm::Rs256, ["RSA", "rsa_keygen_bits:3072"]),
        (Algorithm::Es256, ["EC", "ec_paramgen_curve:P-256"]),
    ] {
        let [kind, option] = option;
        openssl(&["genpkey", "-algorithm", kind, "-pkeyopt", option, "-out", &private]);
        openssl(&["pkey", "-in", &private, "-pubout", "-out", &public]);
        let signer = Signer::from_pem(&fs::read_to_string(&private).unwrap()).unwrap();
        let read = VerifyingKey::from_pem(&fs::read_to_string(&public).unwrap()).unwrap();
        assert_eq!((signer.public(), signer.algorithm()), (&read, algorithm));
        let mut bytes = signer.signature(b"header.claims").unwrap();
        if algorithm == Algorithm::Es256 {
            bytes = p256::ecdsa::Signature::from_slice(&bytes)
                .unwrap()
                .to_der()
                .as_bytes()
                .to_vec();
        }
        fs::write(&signature, bytes).unwrap();
        let verified = openssl(&[
            "dgst",
            "-sha256",
            "-verify",
            &public,
            "-signature",
            &signature,
            &message,
        ]);
        assert_eq!(verified, b"Verified OK\n");
        // The other way round: what openssl signs is the key's.
        let made = openssl(&["dgst", "-sha256", "-sign", &private, &message]);
        let made = match algorithm {
            Algorithm::Es256 => p256::ecdsa::Signature::from_der(&made).unwrap().to_bytes().to_vec(),
            Algorithm::Rs256 => made,
        };
        assert!(read.has_signed(b"header.claims", &made));
        assert!(!read.has_signed(b"header.claim", &made));
    }
}

#[test]
fn keys_of_another_curve_or_length_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (private, public) = (path("key"), path("public"));
    for [kind, option] in [
        ["RSA", "rsa_keygen_bits:1024"],
        ["EC", "ec_paramgen_curve:P-384"],
        ["EC", "ec_paramgen_curve:secp256k1"],
    ] {
        openssl(&["genpkey", "-algorithm", kind, "-pkeyopt", option, "-out", &private]);
        openssl(&["pkey", "-in", &private, "-pubout", "-out", &public]);
        assert!(
            Signer::from_pem(&fs::read_to_string(&private).unwrap()).is_err(),
            "{option}"
        );
        let read = VerifyingKey::from_pem(&fs::read_to_string(&public).unwrap());
        assert_eq!(read, Err(JoseError::Key), "{option}");
    }
}
