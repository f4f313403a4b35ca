use super::*;
use crate::declaration::PublicKey;
use crate::key::{EcdsaForm, SignatureScheme, has_signed, public_key};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rsa::pkcs8::EncodePrivateKey;
use std::sync::LazyLock;

static KEY: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::new(&mut ChaCha20Rng::seed_from_u64(1), 2048).unwrap());

fn all() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(RustEngine),
        #[cfg(feature = "openssl")]
        Box::new(OpensslEngine),
    ]
}

fn engines() -> Vec<Box<dyn PrivateOperation + Send + Sync>> {
    let key = PrivateKey::from_pkcs8_der(KEY.to_pkcs8_der().unwrap().as_bytes());
    let engines = all();
    let loaded = engines.iter().map(|engine| engine.load(&key).unwrap());
    let rsa = loaded.filter_map(|key| match key {
        LoadedKey::Rsa(key) => Some(key),
        LoadedKey::Ecdsa(_) => None,
    });
    rsa.collect()
}

#[test]
fn the_public_operation_undoes_the_private_one() {
    let block = [&[0x00, 0x01][..], &[0x5A; 254]].concat();
    for engine in engines() {
        let result = engine.apply(&block).unwrap();
        let undone = rsa::hazmat::rsa_encrypt(&KEY.to_public_key(), &BigUint::from_bytes_be(&result)).unwrap();
        assert_eq!(undone, BigUint::from_bytes_be(&block));
    }
}

#[test]
fn a_block_of_another_length_or_beyond_the_modulus_is_refused() {
    for engine in engines() {
        assert_eq!(engine.modulus_bits(), 2048);
        for block in [vec![], vec![0; 255], vec![0; 257], vec![0xFF; 256]] {
            assert_eq!(engine.apply(&block), Err(EngineError), "{} bytes", block.len());
        }
    }
}

#[test]
fn a_result_with_leading_zeros_keeps_its_length() {
    for engine in engines() {
        // 0 and 1 are their own signatures.
        let mut block = vec![0; 256];
        assert_eq!(engine.apply(&block).unwrap(), block);
        block[255] = 1;
        assert_eq!(engine.apply(&block).unwrap(), block);
    }
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    let key = PrivateKey::from_pkcs8_der(b"no key");
    assert!(RustEngine.load(&key).is_err());
    #[cfg(feature = "openssl")]
    assert!(OpensslEngine.load(&key).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn all_engines_give_the_same_bytes_in_every_scheme(
        scheme in prop::sample::select(SignatureScheme::ALL.to_vec()), data in proptest::collection::vec(any::<u8>(), 1..=245), seed: u64,
    ) {
        let data = if scheme.input_lengths(2048) == (32..=32) { vec![data[0]; 32] } else { data };
        let mut results = engines().into_iter().map(|engine| {
            let block = scheme.encode(&data, 2048, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
            engine.apply(&block).unwrap()
        });
        let first = results.next().unwrap();
        prop_assert!(results.all(|other| other == first));
    }
}

/// The example keys of RFC 6979, A.2.5 and A.2.6, with r and s of "sample" with the hash that is as long as the key.
const EXAMPLES: [(KeyAlgorithm, &str, &str); 2] = [
    (
        KeyAlgorithm::P256,
        "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
         F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    (
        KeyAlgorithm::P384,
        "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8\
         96D5724E4C70A825F872C9EA60D2EDF5",
        "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46\
         99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
    ),
];

/// The private key with this number.
fn ec_key(algorithm: KeyAlgorithm, number: &str) -> PrivateKey {
    let number = vmyna_apdu::hex::decode(number).unwrap();
    let der = match algorithm {
        KeyAlgorithm::P256 => p256::SecretKey::from_slice(&number).unwrap().to_pkcs8_der(),
        _ => p384::SecretKey::from_slice(&number).unwrap().to_pkcs8_der(),
    };
    PrivateKey::from_pkcs8_der(der.unwrap().as_bytes())
}

fn ecdsa(engine: &dyn Engine, key: &PrivateKey) -> Box<dyn EcdsaOperation + Send + Sync> {
    match engine.load(key).unwrap() {
        LoadedKey::Ecdsa(key) => key,
        LoadedKey::Rsa(_) => panic!("an RSA key"),
    }
}

/// Whether OpenSSL accepts r and s of a digest.
#[cfg(feature = "openssl")]
fn openssl_accepts(public: &PublicKey, digest: &[u8], signature: &[u8]) -> bool {
    use openssl::{bn::BigNum, ecdsa::EcdsaSig, pkey::PKey};
    let key = PKey::public_key_from_der(public.as_spki_der())
        .unwrap()
        .ec_key()
        .unwrap();
    let (r, s) = signature.split_at(signature.len() / 2);
    let [r, s] = [r, s].map(|number| BigNum::from_slice(number).unwrap());
    let signature = EcdsaSig::from_private_components(r, s).unwrap();
    signature.verify(digest, &key).unwrap()
}

#[test]
fn the_rust_engine_gives_the_published_ecdsa_signatures() {
    for (algorithm, number, expected) in EXAMPLES {
        let key = ecdsa(&RustEngine, &ec_key(algorithm, number));
        let signature = key.sign(&key.curve().digest(b"sample")).unwrap();
        assert_eq!(vmyna_apdu::hex::encode(&signature), expected, "{algorithm}");
    }
}

/// The other engine, and this crate's own check, accept what each engine signs, and nothing else.
#[test]
fn a_signature_of_each_engine_is_accepted_by_the_other() {
    for (algorithm, number, _) in EXAMPLES {
        let private = ec_key(algorithm, number);
        let public = public_key(&private).unwrap();
        for engine in all() {
            let key = ecdsa(&*engine, &private);
            let curve = key.curve();
            let digest = curve.digest(b"message");
            let raw = key.sign(&digest).unwrap();
            assert_eq!(raw.len(), 2 * curve.length());
            let der = curve.encode(raw.clone(), EcdsaForm::Der).unwrap();
            assert!(has_signed(&public, b"message", &der) && !has_signed(&public, b"another", &der));
            assert!(!has_signed(&public, b"message", &raw) && !has_signed(&public, b"message", &[]));
            #[cfg(feature = "openssl")]
            {
                assert!(openssl_accepts(&public, &digest, &raw), "{algorithm}");
                assert!(
                    !openssl_accepts(&public, &curve.digest(b"another"), &raw),
                    "{algorithm}"
                );
            }
            assert_eq!(curve.encode(raw.clone(), EcdsaForm::Raw).unwrap(), raw);
            for length in [0, curve.length() - 1, curve.length() + 1] {
                assert!(key.sign(&vec![1; length]).is_err(), "{algorithm} {length}");
            }
        }
    }
}

/// ECDSA signs a number: the left bits of a long digest, and a short one with zeros in front.
#[cfg(feature = "openssl")]
#[test]
fn a_digest_of_any_hash_is_fitted_as_another_implementation_does() {
    for (algorithm, number, _) in EXAMPLES {
        let private = ec_key(algorithm, number);
        let public = public_key(&private).unwrap();
        let key = ecdsa(&RustEngine, &private);
        for length in 0..=70 {
            let digest: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(37) ^ 0x5A).collect();
            let fitted = key.curve().fit(&digest);
            assert_eq!(fitted.is_some(), (20..=64).contains(&length), "{length}");
            if let Some(fitted) = fitted {
                let signature = key.sign(&fitted).unwrap();
                assert!(openssl_accepts(&public, &digest, &signature), "{algorithm} {length}");
            }
        }
    }
}

#[test]
fn each_engine_makes_keys_of_each_algorithm_and_an_ec_key_of_the_given_numbers() {
    for algorithm in KeyAlgorithm::ALL {
        let mut made = vec![];
        for engine in all() {
            // RSA-3072 takes the Rust engine many seconds.
            if algorithm == KeyAlgorithm::Rsa3072 && made.is_empty() && all().len() > 1 {
                made.push(PrivateKey::from_pkcs8_der(&[]));
                continue;
            }
            let key = engine.generate(algorithm, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
            assert_eq!(key.algorithm(), Some(algorithm));
            let public = public_key(&key).unwrap();
            assert_eq!(public.algorithm(), Some(algorithm));
            let signature = match engine.load(&key).unwrap() {
                LoadedKey::Ecdsa(key) => {
                    let signature = key.sign(&key.curve().digest(b"message")).unwrap();
                    key.curve().encode(signature, EcdsaForm::Der).unwrap()
                }
                LoadedKey::Rsa(key) => {
                    let scheme = SignatureScheme::Sha256DigestInfo;
                    let block = scheme.encode(b"message", key.modulus_bits(), &mut rand_core::OsRng);
                    key.apply(&block.unwrap()).unwrap()
                }
            };
            assert!(has_signed(&public, b"message", &signature), "{algorithm}");
            made.push(key);
        }
        let same = made
            .windows(2)
            .all(|keys| keys[0].as_pkcs8_der() == keys[1].as_pkcs8_der());
        let ecdsa = matches!(algorithm, KeyAlgorithm::P256 | KeyAlgorithm::P384);
        assert!(same == ecdsa || made.len() == 1, "{algorithm}");
    }
}

#[test]
fn a_key_of_another_algorithm_has_no_name_and_no_public_half() {
    let small = RsaPrivateKey::new(&mut ChaCha20Rng::seed_from_u64(2), 1024).unwrap();
    let small = PrivateKey::from_pkcs8_der(small.to_pkcs8_der().unwrap().as_bytes());
    for key in [small, PrivateKey::from_pkcs8_der(b"no key")] {
        assert!(key.algorithm().is_none() && public_key(&key).is_err());
    }
    assert!(PublicKey::from_spki_der(b"no key").algorithm().is_none());
    assert!(!has_signed(
        &PublicKey::from_spki_der(b"no key"),
        b"message",
        b"signature"
    ));
}
