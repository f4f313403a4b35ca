//! Programs that use the card's keys through OpenSC's PKCS#11 module, without knowing what card it is: openssl, GnuTLS and
//! OpenSSH, as they are packaged, against real servers (nginx, sshd) of the test's own; and Java, NSS, pyHanko and
//! python-pkcs11 with the configurations of `docs/configurations.md`.
//!
//! Each client runs under `vmyna run`, and those of TLS and OpenSSH again with a pcscd and vpcd. The cards are issued when the tests run, so that
//! nothing here expires. Must never skip a program that is missing: the test fails and names what to install.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;
mod desk;
mod issued;
mod java;
mod life;
mod nss;
mod openssl;
mod pdf;
mod python;
mod ssh;
mod tls;
