//! TLS for clients that insist on it, by OpenSSL.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslAcceptor, SslMethod};
use openssl::x509::X509;
use tokio_openssl::SslStream;
use vmyna_authority::http_server::{Handshake, Stream};

/// A server's certificate with its key.
#[derive(Clone)]
pub struct Tls(SslAcceptor);

/// Why a certificate and a key can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificates can't be read.
    #[error("there is no certificate, PEM")]
    Certificate,
    /// The key can't be read.
    #[error("there is no private key, PEM without a password")]
    Key,
    /// They do not belong together, or OpenSSL refuses them.
    #[error("key and certificate do not fit: {0}")]
    Refused(#[from] ErrorStack),
}

impl Tls {
    /// From PEM: the server's certificate with those above it behind it, and its private key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain = X509::stack_from_pem(certificates).map_err(|_| TlsError::Certificate)?;
        let mut chain = chain.into_iter();
        let certificate = chain.next().ok_or(TlsError::Certificate)?;
        // Without a callback OpenSSL would ask for a password on the terminal.
        let key = PKey::private_key_from_pem_callback(key, |_| Err(ErrorStack::get()));
        let key = key.map_err(|_| TlsError::Key)?;
        // TLS 1.2 and 1.3, as Mozilla recommends them.
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        acceptor.set_certificate(&certificate)?;
        for above in chain {
            acceptor.add_extra_chain_cert(above)?;
        }
        acceptor.set_private_key(&key)?;
        acceptor.check_private_key()?;
        Ok(Self(acceptor.build()))
    }

    pub(super) fn handshake(&self) -> Handshake {
        let tls = self.clone();
        Arc::new(move |connection| {
            let session = Ssl::new(tls.0.context());
            Box::pin(async move {
                let mut stream =
                    SslStream::new(session.map_err(io::Error::other)?, connection).map_err(io::Error::other)?;
                Pin::new(&mut stream).accept().await.map_err(io::Error::other)?;
                let secured: Box<dyn Stream> = Box::new(stream);
                Ok(secured)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The files that `openssl` makes: a certificate and its key.
    fn pair() -> (Vec<u8>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("certificate"), folder.path().join("key"));
        let made = Command::new(vmyna_testkit::require_program("openssl", "openssl"))
            .args([
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-out",
            ])
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key)
            .output();
        assert!(made.unwrap().status.success());
        (std::fs::read(certificate).unwrap(), std::fs::read(key).unwrap())
    }

    #[test]
    fn a_certificate_and_its_key_are_taken_and_others_refused() {
        let ((certificate, key), (other, _)) = (pair(), pair());
        assert!(Tls::new(&certificate, &key).is_ok());
        assert!(Tls::new(&[certificate.clone(), other.clone()].concat(), &key).is_ok());
        assert!(matches!(Tls::new(&other, &key), Err(TlsError::Refused(_))));
        assert!(matches!(Tls::new(b"", &key), Err(TlsError::Certificate)));
        assert!(matches!(Tls::new(&certificate, b""), Err(TlsError::Key)));
        assert!(matches!(Tls::new(&certificate, &certificate), Err(TlsError::Key)));
    }
}
