//! The card's authentication certificate at a real nginx, which lets in whom the authority has certified: TLS clients of
//! openssl and of GnuTLS.
//!
//! Both speak TLS 1.2 here, with signatures by PKCS#1 v1.5. TLS 1.3 and the first choice of TLS 1.2 are RSASSA-PSS, which
//! OpenSC does not offer for this card.

use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::{LocalServer, isolated, require_program};

use crate::common::{Printed, openssl, starting, vmyna};
use crate::desk::{Desk, require_openssl_engine};

/// nginx with a certificate of its own, `server.pem` on the desk, and these directives; it answers with what it knows of the
/// client.
pub(crate) fn nginx(desk: &Desk, more: &str) -> LocalServer {
    let nginx = require_program("nginx", "nginx");
    let name = [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-days",
        "2",
    ];
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        "server.key",
    ];
    let arguments = [&["req", "-x509", "-out", "server.pem"][..], &key, &name].concat();
    openssl(desk.path(), &arguments);
    let here = desk.path().display();
    // nginx opens its sockets before it logs the limits of the system.
    let server = LocalServer::start("getrlimit(RLIMIT_NOFILE)", |directory, port| {
        let own = directory.display();
        let configuration = format!(
            "daemon off; master_process off; pid {own}/pid; error_log stderr info;
            events {{ }}
            http {{
                access_log off;
                client_body_temp_path {own}/body; proxy_temp_path {own}/proxy; fastcgi_temp_path {own}/fastcgi;
                uwsgi_temp_path {own}/uwsgi; scgi_temp_path {own}/scgi;
                server {{
                    listen 127.0.0.1:{port} ssl;
                    ssl_protocols TLSv1.2 TLSv1.3;
                    ssl_certificate {here}/server.pem;
                    ssl_certificate_key {here}/server.key;
                    ssl_client_certificate {here}/auth-ca.pem;
                    ssl_verify_client on; {more}
                    location / {{ return 200 \"$ssl_protocol $ssl_client_verify $ssl_client_s_dn\\n\"; }}
                }}
            }}"
        );
        let file = directory.join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let mut command = isolated(&nginx);
        command.args(["-e", "stderr", "-p"]).arg(directory).arg("-c").arg(file);
        command
    });
    server.unwrap()
}

const ASK: &str = r"printf 'GET / HTTP/1.0\r\n\r\n'";

/// Without PSS among the algorithms that it may use, openssl signs by PKCS#1 v1.5.
pub(crate) const TLS_1_2: &str = "-tls1_2 -sigalgs ECDSA+SHA256:RSA+SHA256";

pub(crate) fn openssl_asks(options: &str) -> String {
    format!(
        "{ASK} | openssl s_client -quiet -ign_eof -connect 127.0.0.1:$PORT -CAfile server.pem -verify_return_error \
        {options} -cert $CERTIFICATE \
        -engine pkcs11 -keyform engine -key \"$AUTH;type=private;pin-value=1234\""
    )
}

/// GnuTLS reads the certificate from the card too, and finds out by itself which signatures the module makes.
fn gnutls_asks(version: &str) -> String {
    format!(
        "{ASK} | GNUTLS_PIN=1234 gnutls-cli --provider \"$MODULE\" -p $PORT --x509cafile server.pem --priority NORMAL:-VERS-ALL:+VERS-{version} \
        --x509certfile \"$AUTH;type=cert;object=User%20Authentication%20Certificate\" \
        --x509keyfile \"$AUTH;type=private;object=User%20Authentication%20Key\" 127.0.0.1"
    )
}

/// What the client prints, and nginx's log.
fn visit(desk: &Desk, script: &str, certificate: &str) -> (String, String) {
    require_openssl_engine();
    require_program("gnutls-cli", "gnutls-bin");
    visit_at(desk, &nginx(desk, ""), script, certificate)
}

/// The same at this server.
pub(crate) fn visit_at(desk: &Desk, server: &LocalServer, script: &str, certificate: &str) -> (String, String) {
    let variables = [("PORT", &*server.port().to_string()), ("CERTIFICATE", certificate)];
    let output = desk.run(script, &variables);
    (output.out() + &output.err(), server.log())
}

fn is_let_in(way: Way, script: &str) {
    let desk = Desk::new(way);
    let subject = ["x509", "-in", "auth.pem", "-noout", "-subject", "-nameopt", "RFC2253"];
    let subject = openssl(desk.path(), &subject);
    let (told, log) = visit(&desk, script, "auth.pem");
    let expected = format!("TLSv1.2 SUCCESS {}", subject.trim().trim_start_matches("subject="));
    assert!(
        expected.contains("CN=VMYNA") && told.contains(&expected),
        "{expected}\n{told}\n{log}"
    );
}

#[test]
fn nginx_knows_the_holder_behind_openssl() {
    let _client = proves("tls.openssl", Way::Service);
    let _server = proves("nginx.lets-in", Way::Service);
    is_let_in(Way::Service, &openssl_asks(TLS_1_2));
}

#[test]
fn nginx_knows_the_holder_behind_openssl_also_by_pcscd() {
    let _client = proves("tls.openssl", Way::Vpcd);
    let _server = proves("nginx.lets-in", Way::Vpcd);
    is_let_in(Way::Vpcd, &openssl_asks(TLS_1_2));
}

#[test]
fn nginx_knows_the_holder_behind_gnutls() {
    let _client = proves("tls.gnutls", Way::Service);
    let _server = proves("nginx.lets-in", Way::Service);
    is_let_in(Way::Service, &gnutls_asks("TLS1.2"));
}

#[test]
fn nginx_knows_the_holder_behind_gnutls_also_by_pcscd() {
    let _client = proves("tls.gnutls", Way::Vpcd);
    let _server = proves("nginx.lets-in", Way::Vpcd);
    is_let_in(Way::Vpcd, &gnutls_asks("TLS1.2"));
}

#[test]
fn a_wrong_pin_costs_gnutls_one_try() {
    let _proof = proves("gnutls.wrong-pin", Way::Service);
    let desk = Desk::new(Way::Service);
    let (told, log) = visit(&desk, &gnutls_asks("TLS1.2").replace("=1234", "=4321"), "auth.pem");
    assert!(
        !told.contains("HTTP/1.1") && told.contains("Wrong PIN"),
        "{told}\n{log}"
    );
    assert_eq!(desk.tries_left(), [2, 5]);
}

#[test]
fn a_card_of_another_authority_is_refused() {
    let _proof = proves("nginx.refuses", Way::Service);
    let desk = Desk::with_another_card(Way::Service);
    let read = r#"pkcs11-tool --module "$MODULE" --read-object --type cert --id 01 --output-file other.der
        openssl x509 -inform DER -in other.der -out other.pem
        "#;
    for script in [read.to_owned() + &openssl_asks(TLS_1_2), gnutls_asks("TLS1.2")] {
        let (told, log) = visit(&desk, &script, "other.pem");
        assert!(told.contains("400 The SSL certificate error"), "{told}\n{log}");
        assert!(log.contains("client SSL certificate verify error"), "{told}\n{log}");
    }
}

#[test]
fn tls_1_3_wants_pss_which_opensc_does_not_offer_for_this_card() {
    let _openssl = proves("tls.openssl.1.3", Way::Service);
    let _gnutls = proves("tls.gnutls.1.3", Way::Service);
    let desk = Desk::new(Way::Service);
    let mechanisms = desk
        .run(r#"pkcs11-tool --module "$MODULE" --list-mechanisms"#, &[])
        .exits_with(0)
        .out();
    assert!(mechanisms.contains("SHA256-RSA-PKCS"), "{mechanisms}");
    assert!(
        !mechanisms.contains("PSS"),
        "OpenSC has learnt it, so TLS 1.3 may work:\n{mechanisms}"
    );
    // TLS 1.2 has other signatures besides, but openssl prefers PSS there too.
    for version in ["-tls1_3", "-tls1_2"] {
        let (told, log) = visit(&desk, &openssl_asks(version), "auth.pem");
        assert!(
            told.contains("Mechanism invalid") && !told.contains("HTTP/1.1"),
            "{version}: {told}\n{log}"
        );
    }
    let (told, log) = visit(&desk, &gnutls_asks("TLS1.3"), "auth.pem");
    assert!(
        told.contains("400 No required SSL certificate was sent"),
        "{told}\n{log}"
    );
}

/// A server for the desk's authorities that looks at their register at every request.
fn authorities(desk: &Desk) -> LocalServer {
    let server = LocalServer::start("Serving the authorities", |_, port| {
        let mut command = starting(require_program("sh", "dash"));
        command.args(["-c", "exec \"$0\" ca serve ca --fresh --listen 127.0.0.1:$1 >&2"]);
        command.args([env!("CARGO_BIN_EXE_vmyna"), &port.to_string()]);
        command.current_dir(desk.path());
        command
    });
    server.unwrap()
}

#[test]
fn nginx_asks_the_authority_and_lets_in_no_revoked_or_unknown_certificate() {
    let _proof = proves("nginx.ocsp", Way::Service);
    require_openssl_engine();
    let desk = Desk::new(Way::Service);
    let responder = authorities(&desk);
    let asks = format!(
        "ssl_ocsp leaf; ssl_ocsp_responder http://127.0.0.1:{}/ocsp/auth-ca;",
        responder.port()
    );
    let server = nginx(&desk, &asks);
    let script = openssl_asks(TLS_1_2);
    let (told, log) = visit_at(&desk, &server, &script, "auth.pem");
    assert!(told.contains("TLSv1.2 SUCCESS"), "{told}\n{log}");
    let revoke = |kind: &str| {
        let arguments = [
            "ca",
            "revoke",
            "ca",
            "--card",
            "card.vmyna",
            "--reason",
            "keyCompromise",
            "--kind",
            kind,
        ];
        vmyna(arguments)
            .current_dir(desk.path())
            .output()
            .unwrap()
            .exits_with(0);
    };
    // The other certificate of the card is no concern of a log-in.
    revoke("sign");
    let (told, log) = visit_at(&desk, &server, &script, "auth.pem");
    assert!(told.contains("TLSv1.2 SUCCESS"), "{told}\n{log}");
    revoke("auth");
    let (told, log) = visit_at(&desk, &server, &script, "auth.pem");
    assert!(
        told.contains(" 400 ") && log.contains("certificate revoked"),
        "{told}\n{log}"
    );
    // The authority has lost its register.
    drop(responder);
    for file in ["register.sqlite", "register.sqlite-wal", "register.sqlite-shm"] {
        let _ = std::fs::remove_file(desk.path().join("ca").join(file));
    }
    let responder = authorities(&desk);
    let asks = format!(
        "ssl_ocsp leaf; ssl_ocsp_responder http://127.0.0.1:{}/ocsp/auth-ca;",
        responder.port()
    );
    let (told, log) = visit_at(&desk, &nginx(&desk, &asks), &script, "auth.pem");
    assert!(told.contains(" 400 ") && !told.contains("SUCCESS"), "{told}\n{log}");
}
