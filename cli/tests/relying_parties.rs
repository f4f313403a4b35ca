//! Stock relying parties, unmodified, log in at `vmyna idp` with a card: openid-client of npm, Authlib, and Apache with Debian's
//! mod_auth_openidc.
//!
//! What they do is in `tests/clients/oidc`. Nothing is installed into the source tree. Must never skip a program that is
//! missing: the test fails and names what to install.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use common::{Printed, python, starting, vmyna};
use tempfile::TempDir;
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::{LocalServer, client, install_packages, require_program};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/oidc");
/// Where answers go whose receiver does not listen.
const NOWHERE: &str = "http://127.0.0.1:3000/callback";

/// `vmyna idp` with Hanako's card and two relying parties: `shop` with ES256, `bank` with RS256.
struct Provider {
    child: Child,
    issuer: String,
    folder: TempDir,
}

impl Provider {
    fn start(redirect_uri: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        keys(folder.path());
        let entry = |id: &str, algorithm: &str| {
            format!(
                "[[client]]\nid = \"{id}\"\nname = \"The {id}\"\nredirect_uris = [\"{redirect_uri}\"]\nsigning_alg = \
                 \"{algorithm}\"\nkey_file = \"{id}-public.jwk\"\n"
            )
        };
        let clients = folder.path().join("clients.toml");
        fs::write(&clients, entry("shop", "ES256") + &entry("bank", "RS256")).unwrap();
        let mut command = vmyna(["idp", "--quiet", "--listen", "127.0.0.1:0", "--clients"]);
        command.arg(clients).arg("specimen:hanako").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let issuer = line
            .trim()
            .strip_prefix("Serving the identity provider ")
            .unwrap()
            .to_owned();
        Self { child, issuer, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a key for each relying party, by Node.js.
fn keys(folder: &Path) {
    let script = "
        const { generateKeyPairSync } = require('node:crypto');
        const { writeFileSync } = require('node:fs');
        for (const [id, type, options] of [['shop', 'ec', { namedCurve: 'P-256' }], ['bank', 'rsa', { modulusLength: 2048 }]]) {
          const { privateKey, publicKey } = generateKeyPairSync(type, options);
          const jwk = (key) => JSON.stringify({ ...key.export({ format: 'jwk' }), kid: `${id}-1` });
          writeFileSync(`${id}.jwk`, jwk(privateKey));
          writeFileSync(`${id}-public.jwk`, jwk(publicKey));
          writeFileSync(`${id}.pem`, privateKey.export({ format: 'pem', type: 'pkcs8' }));
        }";
    let mut node = starting(require_program("node", "nodejs"));
    node.args(["-e", script])
        .current_dir(folder)
        .output()
        .unwrap()
        .exits_with(0);
}

/// The scripts of `tests/clients/oidc` beside the packages that they import.
static SCRIPTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc");
    install_packages(Path::new(CLIENTS), &directory, &[]).unwrap();
    for file in fs::read_dir(CLIENTS).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), directory.join(file.file_name())).unwrap();
    }
    directory
});

fn node(script: &str) -> Command {
    let mut node = starting(require_program("node", "nodejs"));
    node.arg(SCRIPTS.join(script));
    node
}

#[test]
fn openid_client_logs_in_refreshes_and_lets_the_card_sign() {
    let _proof = proves("openid-client.logs-in", Way::Provider);
    let provider = Provider::start(NOWHERE);
    for relying_party in ["shop", "bank"] {
        let mut command = node("openid_client.mjs");
        command.args([&*provider.issuer, relying_party]);
        command.arg(provider.file(&format!("{relying_party}.jwk")));
        let printed = command.output().unwrap().exits_with(0).out();
        let expected = "iss true, aud true, acr aal3\n\
                        見本　花子, 1989-10-25, female, 東京都千代田\n\
                        refreshed true\n\
                        signed true\n";
        assert_eq!(printed, expected, "{relying_party}");
    }
}

#[test]
fn authlib_logs_in_and_refreshes() {
    let _proof = proves("authlib.logs-in", Way::Provider);
    let provider = Provider::start(NOWHERE);
    for (relying_party, birthdate) in [("shop", "1989-10-25"), ("bank", "None")] {
        let mut command = starting("python");
        command
            .env("PATH", python::path())
            .arg(format!("{CLIENTS}/authlib_client.py"));
        command.args([&*provider.issuer, relying_party]);
        command.arg(provider.file(&format!("{relying_party}.jwk")));
        let printed = command.output().unwrap().exits_with(0).out();
        let expected = format!("verified ES256\n見本　花子 {birthdate}\nrefreshed True\n");
        assert_eq!(printed, expected, "{relying_party}");
    }
}

#[test]
fn apache_lets_in_who_has_logged_in() {
    let _proof = proves("apache.logs-in", Way::Provider);
    let apache = require_program("apache2", "apache2");
    let module = "/usr/lib/apache2/modules/mod_auth_openidc.so";
    assert!(
        Path::new(module).exists(),
        "this test needs {module}, which is missing: apt-get install libapache2-mod-auth-openidc"
    );
    let mut provider = None;
    let server = LocalServer::start("resuming normal operations", |directory, port| {
        let page = format!("http://127.0.0.1:{port}/protected/");
        let started = Provider::start(&format!("{page}callback"));
        configure(directory, port, &page, &started);
        provider = Some(started);
        let mut command = Command::new(&apache);
        command.arg("-f").arg(directory.join("apache.conf")).arg("-DFOREGROUND");
        command
    });
    let server = server.unwrap();
    let page = format!("http://127.0.0.1:{}/protected/", server.port());
    let printed = node("apache.mjs").arg(&page).output().unwrap();
    assert!(
        printed.status.success(),
        "{}{}\n{}",
        printed.out(),
        printed.err(),
        server.log()
    );
    let expected = "leads 302, returns 302 true\n200 let in, 見本　花子, 43 characters\nwithout cookies 302\n";
    assert_eq!(printed.out(), expected, "{}", server.log());
}

/// The files of Apache: one page that only people who have logged in see.
fn configure(directory: &Path, port: u16, page: &str, provider: &Provider) {
    let protected = directory.join("www/protected");
    fs::create_dir_all(&protected).unwrap();
    fs::write(protected.join("index.html"), "let in\n").unwrap();
    // It crashes without a certificate of its key, whose thumbprint it puts into its assertions.
    let key = directory.join("bank.pem");
    fs::copy(provider.file("bank.pem"), &key).unwrap();
    let mut openssl = client("openssl", "openssl");
    openssl
        .args(["req", "-x509", "-subj", "/CN=bank", "-days", "30", "-key"])
        .arg(&key);
    openssl
        .arg("-out")
        .arg(directory.join("bank.crt"))
        .output()
        .unwrap()
        .exits_with(0);
    // Started by root it serves as another user, who must find the pages.
    fs::set_permissions(directory, fs::Permissions::from_mode(0o711)).unwrap();
    let modules = [
        "mpm_event",
        "authn_core",
        "authz_core",
        "authz_user",
        "dir",
        "headers",
        "auth_openidc",
    ];
    let modules: String = modules
        .iter()
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .collect();
    let user = match rustix::process::geteuid().is_root() {
        true => "User www-data\nGroup www-data\n",
        false => "",
    };
    let (here, issuer) = (directory.display(), &provider.issuer);
    // The private key is named before the way of authentication that needs it.
    let configuration = format!(
        "ServerRoot {here}\nServerName 127.0.0.1\nPidFile {here}/pid\nErrorLog /dev/stderr\nListen 127.0.0.1:{port}\n\
         {modules}{user}DocumentRoot {here}/www\nDirectoryIndex index.html\n\
         OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration\n\
         OIDCClientID bank\nOIDCRedirectURI {page}callback\nOIDCCryptoPassphrase a-test\n\
         OIDCScope \"openid name\"\nOIDCPKCEMethod S256\nOIDCPrivateKeyFiles bank-1#{here}/bank.pem\n\
         OIDCPublicKeyFiles bank-1#{here}/bank.crt\n\
         OIDCProviderTokenEndpointAuth private_key_jwt\nOIDCRemoteUserClaim sub\n\
         <Location /protected/>\nAuthType openid-connect\nRequire valid-user\n\
         Header set X-User expr=%{{REMOTE_USER}}\nHeader set X-Name %{{OIDC_CLAIM_name}}e\n</Location>\n"
    );
    fs::write(directory.join("apache.conf"), configuration).unwrap();
}
