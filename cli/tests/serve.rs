//! `vmyna serve` beside a real pcscd: what it says when nobody listens, how it ends, and that the card stays in the
//! reader through everything that can happen to pcscd.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;

use common::{Printed, Serve, Stack, wait};
use vmyna_testkit::PrivatePcscd;

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const VERIFY_AUTH: &str = "002000980431323334";

fn unused_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn it_says_what_it_waits_for_and_gives_up_only_when_told_to() {
    let address = format!("127.0.0.1:{}", unused_port());
    let mut serve = Serve::start(&["--vpcd", &address, "--wait", "1"]);
    serve.wait_for(&format!("waiting for pcscd's virtual reader (vpcd) at {address}"));
    serve.wait_for("apt-get install pcscd vsmartcard-vpcd");
    let (status, said) = serve.end();
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("no reader took the card within 1 s"), "{said}");
}

#[test]
fn ctrl_c_ends_it_at_once_with_success_in_every_state() {
    let mut waiting = Serve::start(&["--vpcd", &format!("127.0.0.1:{}", unused_port())]);
    waiting.wait_for("waiting for");
    waiting.signal("INT");
    assert_eq!(waiting.end().0.code(), Some(0));
    for name in ["INT", "TERM"] {
        let mut stack = Stack::start();
        stack.serve.signal(name);
        let (status, said) = stack.serve.end();
        assert_eq!(status.code(), Some(0), "{name}");
        assert!(said.contains("card taken out"), "{said}");
    }
}

#[test]
fn ctrl_c_while_it_waits_is_no_timeout() {
    let mut serve = Serve::start(&["--vpcd", &format!("127.0.0.1:{}", unused_port()), "--wait", "60"]);
    serve.wait_for("waiting for");
    serve.signal("INT");
    let (status, said) = serve.end();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn ctrl_c_ends_it_also_while_a_fault_takes_the_card_out_whenever_it_is_put_in() {
    let address = format!("127.0.0.1:{}", unused_port());
    let fault = "remove,on=power-on,back=0";
    let mut serve = Serve::start(&["--vpcd", &address, "--verbose", "--fault", fault]);
    serve.wait_for("!! fault 1");
    serve.signal("INT");
    let (status, said) = serve.end();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn a_host_name_that_does_not_exist_is_told_as_that() {
    let mut serve = Serve::start(&["--vpcd", "vmyna.invalid:35963", "--wait", "1"]);
    serve.wait_for("There is no host of this name");
    assert_eq!(serve.end().0.code(), Some(1));
}

#[test]
fn ctrl_c_in_the_middle_of_signatures_ends_both_sides_in_order() {
    let mut stack = Stack::start();
    let sign = format!("802A009720{}00", "A5".repeat(32));
    let mut client = stack
        .vmyna(["apdu", "--plain", "--reader", "vmyna 0 00 00", "--expect", "9000"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    let feeder = thread::spawn(move || {
        let _ = writeln!(input, "{SELECT_JPKI}\n{VERIFY_AUTH}");
        // Until the client ends.
        while writeln!(input, "{sign}").is_ok() {}
    });
    let mut answers = BufReader::new(client.stdout.take().unwrap()).lines();
    for _ in 0..20 {
        assert!(answers.next().unwrap().unwrap().ends_with("9000"));
    }
    stack.serve.signal("INT");
    // Every answer that came is whole.
    assert!(
        answers
            .map_while(Result::ok)
            .all(|answer| answer.len() == 516 && answer.ends_with("9000"))
    );
    let output = client.wait_with_output().unwrap().exits_with(1);
    assert!(output.err().contains("was not answered"), "{}", output.err());
    assert_eq!(stack.serve.end().0.code(), Some(0));
    feeder.join().unwrap();
}

#[test]
fn the_card_comes_back_after_pcscd_was_killed_and_restarted() {
    let mut stack = Stack::start();
    stack.serve.wait_for("is in the reader");
    stack.pcscd.kill();
    stack.serve.wait_for("is over");
    stack.pcscd.restart().unwrap();
    stack.serve.wait_for("is in the reader");
    stack.wait_for_card();
    let steps = [SELECT_JPKI, VERIFY_AUTH];
    stack
        .vmyna(["apdu", "--reader", "#0", "--expect", "9000"])
        .args(steps)
        .output()
        .unwrap()
        .exits_with(0);
}

#[test]
fn tries_left_outlive_a_restart_of_pcscd_and_verified_pins_do_not() {
    let mut stack = Stack::start();
    let read_sign = "00B0810000";
    let wrong = "002000980430303030";
    let verify_sign = "0020009B06414243313233";
    let run = |stack: &Stack, expected: &str, steps: &[&str]| {
        stack
            .vmyna(["apdu", "--reader", "#0", "--expect", expected])
            .args(steps)
            .output()
            .unwrap()
            .exits_with(0);
    };
    run(
        &stack,
        "9000,63C2,9000,9000",
        &[SELECT_JPKI, wrong, verify_sign, read_sign],
    );
    // A warm reset between two programs does not end the right, as on the card.
    run(&stack, "9000,9000", &[SELECT_JPKI, read_sign]);
    stack.pcscd.restart().unwrap();
    stack.wait_for_card();
    run(&stack, "9000,6982,63C2", &[SELECT_JPKI, read_sign, "00200098"]);
}

#[test]
fn a_second_card_for_a_slot_that_is_taken_says_so_waits_and_gets_it_later() {
    let stack = Stack::start();
    let vpcd = format!("127.0.0.1:{}", stack.pcscd.ports()[0]);
    let mut second = Serve::start(&["--vpcd", &vpcd]);
    second.wait_for("nothing asks for the card");
    let still = stack
        .vmyna(["apdu", "--plain", "--reader", "#0", SELECT_JPKI])
        .output()
        .unwrap()
        .exits_with(0);
    assert_eq!(still.out(), "9000\n");
    stack.serve.signal("INT");
    second.wait_for("is in the reader");
}

#[test]
fn a_host_that_is_not_this_machine_needs_an_explicit_word() {
    let (status, said) = Serve::start(&["--vpcd", "192.0.2.1:35963"]).end();
    assert_eq!(status.code(), Some(2));
    assert!(
        said.contains("not this machine") && said.contains("--insecure-remote"),
        "{said}"
    );
    for address in ["", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", "::1"] {
        assert_eq!(Serve::start(&["--vpcd", address]).end().0.code(), Some(2), "{address}");
    }
}

#[test]
fn another_program_on_the_port_is_told_from_vpcd() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let _ = connection
                .unwrap()
                .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    let mut serve = Serve::start(&["--vpcd", &address]);
    serve.wait_for("is over");
    serve.signal("INT");
    let (status, said) = serve.end();
    assert_eq!(status.code(), Some(0));
    assert!(
        said.contains("another program than vpcd") || said.contains("is it vpcd"),
        "{said}"
    );
}

#[test]
fn verbose_output_shows_every_apdu_and_no_pin() {
    let mut stack = Stack::start_with(&["--verbose"]);
    stack
        .vmyna(["apdu", "--reader", "#0", SELECT_JPKI, VERIFY_AUTH])
        .output()
        .unwrap()
        .exits_with(0);
    stack.serve.wait_for("VERIFY EF 0018");
    stack.serve.signal("INT");
    let said = stack.serve.end().1;
    assert!(
        said.contains("SELECT AP jpki") && said.contains("********") && !said.contains("31323334"),
        "{said}"
    );
}

#[test]
fn readers_are_listed_with_what_is_in_them_and_found_by_a_part_of_their_name() {
    let stack = Stack::start();
    let listed = stack.vmyna(["readers"]).output().unwrap().exits_with(0).out();
    assert!(
        listed.contains("#0 vmyna 0 00 00\n   card with ATR 3BE000FF8131FE4514 (that of a My Number Card"),
        "{listed}"
    );
    assert!(listed.contains("#1 vmyna 0 00 01\n   no card"), "{listed}");
    let open = |name: &str| {
        stack
            .vmyna(["apdu", "--plain", "--reader", name, SELECT_JPKI])
            .output()
            .unwrap()
    };
    assert_eq!(open("0 00 00").exits_with(0).out(), "9000\n");
    let unknown = open("Gemalto").exits_with(2).err();
    assert!(
        unknown.contains("Gemalto") && unknown.contains("vmyna 0 00 00"),
        "{unknown}"
    );
    assert!(open("vmyna").exits_with(2).err().contains("more than one reader"));
    assert!(open("#1").exits_with(1).err().contains("no card in the reader"));
    let removed = stack
        .vmyna(["apdu", "--reader", "#0", ".remove"])
        .output()
        .unwrap()
        .exits_with(1);
    assert!(removed.err().contains("cannot"), "{}", removed.err());
}

#[test]
fn a_pcscd_without_readers_is_told_as_that() {
    let pcscd = PrivatePcscd::start(0).unwrap();
    let output = common::vmyna(["readers"])
        .envs(pcscd.environment())
        .output()
        .unwrap()
        .exits_with(1);
    assert!(output.err().contains("knows no reader"), "{}", output.err());
}

#[test]
fn programs_that_use_the_card_at_the_same_time_are_all_answered() {
    let stack = Stack::start();
    let mut clients: Vec<_> = (0..4)
        .map(|_| {
            let steps = [SELECT_JPKI; 50];
            let mut command = stack.vmyna(["apdu", "--plain", "--reader", "#0", "--expect", "9000"]);
            command.args(steps).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for client in &mut clients {
        assert_eq!(wait(client).code(), Some(0));
    }
}
