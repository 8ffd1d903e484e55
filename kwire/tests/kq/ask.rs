//! `kq ADDRESS EXPR`: requests to a server.

use std::time::{Duration, Instant};

use kcodec::Value;
use kwire::MessageType;

use super::server::{answering, listen, serve};
use super::{command, errors, kq, run, text};

#[test]
fn a_result_is_displayed_as_in_q() {
    let table = "([]sym:`a`b;price:1.5 2)";
    for (arguments, answer, shown) in [
        (&["trade"][..], table, "sym price\n---------\na   1.5  \nb   2    \n"),
        (&["trade", "-c", "10", "12"], table, "sym price\n---------\na   1.5  \nb   2    \n"),
        (&["-c", "10", "10", "x"], "0 1 2 3 4 5 6 7", "0 1 2 3..\n"),
        (&["-P", "0", "0.1"], "0.1", "0.10000000000000001\n"),
        (&["-3!x"], "\"x\"", "\"x\"\n"),
        (&["-1", "--json"], "-1", "{\"t\":-7,\"v\":-1}\n"),
        (&["a:1"], "::", ""),
        (&["--json", "til 2"], "0 1", "{\"t\":7,\"v\":[0,1]}\n"),
        (&["til 2", "--json"], "0 1", "{\"t\":7,\"v\":[0,1]}\n"),
        (&["a:1", "--json"], "::", "{\"t\":101,\"v\":0}\n"),
        (&["--csv", "trade"], table, "sym,price\r\na,1.5\r\nb,2\r\n"),
    ] {
        let answer = answer.to_owned();
        let (address, server) = answering(move |_| answer.clone());
        let output = kq(&[&[address.as_str()], arguments].concat(), b"");
        assert_eq!((text(&output), errors(&output), output.status.code()), (shown, "", Some(0)), "{arguments:?}");
        let asked = server.join().unwrap();
        assert!(arguments.contains(&asked[0].as_str()), "{asked:?}");
    }
}

#[test]
fn options_may_precede_the_address() {
    let (address, server) = answering(|_| "1".to_owned());
    assert_eq!(text(&kq(&["--json", &address, "x"], b"")), "{\"t\":-7,\"v\":1}\n");
    assert_eq!(server.join().unwrap(), ["x"]);
}

#[test]
fn ipc_writes_the_response_message() {
    let (address, _server) = answering(|_| "1 2i".to_owned());
    let output = kq(&[&address, "--ipc", "x"], b"");
    assert_eq!(kcorpus::hex(&output.stdout), "01020000160000000600020000000100000002000000");
}

#[test]
fn errors_are_displayed_as_in_q() {
    let (address, _server) = answering(|_| "'type".to_owned());
    let output = kq(&[&address, "1+`a"], b"");
    assert_eq!((text(&output), errors(&output), output.status.code()), ("", "'type\n", Some(1)));
    // `--csv` of a value without rows.
    let (address, _server) = answering(|_| "1".to_owned());
    let output = kq(&[&address, "x", "--csv"], b"");
    assert_eq!((text(&output), output.status.code()), ("", Some(1)));
    assert!(errors(&output).contains("--csv"));
}

#[test]
fn standard_input_is_one_query_per_line() {
    let (address, server) = answering(|query| match query {
        "bad" => "'bad".to_owned(),
        "none" => "::".to_owned(),
        _ => "0 1 2 3 4 5".to_owned(),
    });
    let input = b"til 6\r\n\n  bad  \nnone\n\\c 10 10\n\\c\n\xff\xfe\nlast\n\\\\\nnot asked\n";
    let output = kq(&[&address], input);
    assert_eq!(text(&output), "0 1 2 3 4 5\n10 10i\n0 1 2 3..\n0 1 2 3..\n");
    assert_eq!((errors(&output), output.status.code()), ("'bad\n", Some(1)));
    assert_eq!(server.join().unwrap(), ["til 6", "bad", "none", "\u{fffd}\u{fffd}", "last"]);
    let (address, server) = answering(|_| "1".to_owned());
    let output = kq(&[&address, "--json"], b"a\nb");
    assert_eq!((text(&output), output.status.code()), ("{\"t\":-7,\"v\":1}\n{\"t\":-7,\"v\":1}\n", Some(0)));
    assert_eq!(server.join().unwrap(), ["a", "b"]);
}

#[test]
fn a_lost_connection_ends_the_input() {
    let (address, server) = serve(|mut peer| {
        peer.query();
        peer.respond("1");
        peer.query();
    });
    let output = kq(&[&address], b"a\nb\nc\n");
    assert_eq!((text(&output), output.status.code()), ("1\n", Some(1)));
    assert_eq!(errors(&output), format!("kq: {address}: closed before the response\n"));
    server.join().unwrap();
}

#[test]
fn the_timeout_covers_login_and_answer() {
    let wait = |address: &str| {
        let start = Instant::now();
        let output = kq(&["--timeout", "200", address, "x"], b"");
        assert_eq!((text(&output), output.status.code()), ("", Some(1)));
        assert_eq!(errors(&output), format!("kq: {address}: timeout\n"));
        assert!((Duration::from_millis(200)..Duration::from_secs(10)).contains(&start.elapsed()));
    };
    let (address, server) = listen(|listener| listener.accept().unwrap());
    wait(&address);
    server.join().unwrap();
    let (address, server) = serve(|mut peer| {
        peer.query();
        peer.message()
    });
    wait(&address);
    assert_eq!(server.join().unwrap(), None);
    // After a timeout the next line is still sent, and gets its own answer.
    let (address, server) = serve(|mut peer| {
        peer.query();
        peer.query();
        peer.respond("1");
        peer.respond("2");
        peer.message()
    });
    let output = kq(&["--timeout", "1000", &address], b"slow\nquick\n");
    assert_eq!((text(&output), output.status.code()), ("2\n", Some(1)));
    server.join().unwrap();
    assert_eq!(kq(&["--timeout", "0", &address, "x"], b"").status.code(), Some(2));
}

#[test]
fn messages_before_the_response_are_shown_or_refused() {
    let (address, server) = serve(|mut peer| {
        peer.query();
        peer.push("(`upd;1)");
        peer.send(MessageType::Sync, Value::from("2+2"));
        let refused = peer.message().unwrap();
        peer.respond("4");
        refused
    });
    let output = kq(&[&address, "x"], b"");
    assert_eq!((text(&output), output.status.code()), ("4\n", Some(0)));
    assert_eq!(errors(&output), "kq: async message:\n`upd\n1\n");
    let refused = server.join().unwrap();
    assert_eq!(
        (refused.kind(), refused.value().to_string()),
        (MessageType::Response, "'nyi: kq evaluates nothing".into())
    );
}

#[test]
fn max_message_limits_responses() {
    let (address, _server) = answering(|_| format!("\"{}\"", "x".repeat(2000)));
    let output = kq(&["--max-message", "1K", &address, "x"], b"");
    assert_eq!((text(&output), output.status.code()), ("", Some(1)));
    assert!(errors(&output).contains("over the limit of 1024"), "{}", errors(&output));
}

/// The order of precedence of the sources of passwords.
#[test]
fn passwords_come_from_a_file_the_environment_or_the_address() {
    let file = format!("{}/users", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, "zoe:first:with:colons\nbob:hunter2\n").unwrap();
    let login = |suffix: &str, arguments: &[&str], variable: Option<&str>| {
        let (address, server) = serve(|mut peer| {
            peer.query();
            peer.respond("1");
            peer.login
        });
        let mut kq = command(&[&[&*format!("{address}{suffix}"), "x"], arguments].concat());
        kq.envs(variable.map(|variable| ("KQ_PASSWORD", variable)));
        let output = run(kq, b"");
        assert_eq!((text(&output), errors(&output)), ("1\n", ""));
        let login = server.join().unwrap();
        [login.user, login.password].map(|text| String::from_utf8(text.to_vec()).unwrap())
    };
    assert_eq!(login("", &[], None), ["ann", ""]);
    assert_eq!(login(":bob", &[], None), ["bob", ""]);
    assert_eq!(login("", &["-U", &file], None), ["zoe", "first:with:colons"]);
    assert_eq!(login(":bob", &["-U", &file], Some("other")), ["bob", "hunter2"]);
    assert_eq!(login("", &[], Some("hunter2")), ["ann", "hunter2"]);
    assert_eq!(login(":bob:", &[], Some("hunter2")), ["bob", "hunter2"]);
    assert_eq!(login(":bob:mine", &["-U", &file], Some("hunter2")), ["bob", "mine"]);
    for (arguments, error) in [
        (&["localhost:1:eve", "-U", &file][..], format!("kq: {file}: no line for user eve\n")),
        (&["localhost:1", "-U", "/dev/null"], "kq: /dev/null: no line user:password\n".to_owned()),
    ] {
        let output = kq(arguments, b"");
        assert_eq!((errors(&output), output.status.code()), (error.as_str(), Some(1)));
    }
}

#[test]
fn no_error_shows_a_password() {
    let (refusing, server) = listen(|listener| [(); 2].map(|()| drop(listener.accept().unwrap())));
    let with = |address: &str| format!("{address}:bob:hunter2");
    for arguments in [
        &[with("h:5oo1").as_str(), "x"][..],
        &[&with("127.0.0.1:1"), "x"],
        &[&with(&refusing), "x"],
        &[&with(&refusing)],
        &[&with("tcp://no such host:1"), "x"],
        &[&with("ftp://h:1"), "x"],
        &["bob:hunter2", "x"],
        &["bob:hunter2@localhost:5001", "x"],
        &["tcp://bob:hunter2@localhost:5001", "x"],
        &["localhost:5001:bob:hunter2://x", "--csv", "--json"],
        &[&with("h:1"), "x", "y"],
        &[&with("h:1"), "--no-such-option"],
        &["--timeout", &with("h:1")],
        &["decode", &with("h:1")],
        &["listen", &with("h:x"), "x"],
    ] {
        let output = kq(arguments, b"");
        assert!(!output.status.success(), "{arguments:?}");
        let shown = format!("{}{}", text(&output), errors(&output));
        assert!(!shown.contains("hunter2") && !errors(&output).is_empty(), "{arguments:?}: {shown}");
    }
    server.join().unwrap();
    for text in ["h:5oo1:bob:hunter2", "bob:hunter2", "bob:hunter2@h:5001", "ftp://h:1:bob:hunter2", "hunter2"] {
        let error = kwire::Address::parse(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    let address = kwire::Address::parse("h:5001:bob:hunter2").unwrap();
    assert!(!format!("{address:?}").contains("hunter2"));
}

#[test]
fn an_argument_behind_the_expression_is_unexpected() {
    for (arguments, extra) in [
        (&["localhost:1", "x", "y"][..], "y"),
        (&["localhost:1", "x", "y", "z"], "y"),
        (&["--json", "localhost:1", "x", "-4!x"], "-4!x"),
        (&["localhost:1", "x", "decode"], "decode"),
        (&["localhost:1", "--no-such-option", "x"], "--no-such-option"),
        (&["listen", "localhost:1", "x", "y"], "y"),
    ] {
        let output = kq(arguments, b"");
        let message = format!("error: unexpected argument '{extra}' found\n\n");
        assert!(errors(&output).starts_with(&message), "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains("try '--help'"));
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_refused_connection_names_the_address() {
    // Port 1 of the loopback: nothing listens there.
    let output = kq(&["127.0.0.1:1:ann:secret", "2+2"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).starts_with("kq: 127.0.0.1:1:ann: "), "{}", errors(&output));
    assert_eq!(kq(&["tcps://localhost:1", "2+2"], b"").status.code(), Some(1));
    assert_eq!(kq(&[], b"").status.code(), Some(2));
}

#[test]
fn a_refused_login_is_access() {
    let (address, server) = listen(|listener| drop(listener.accept().unwrap()));
    let output = kq(&[&address, "2+2"], b"");
    assert_eq!((errors(&output), output.status.code()), (format!("kq: {address}: access\n").as_str(), Some(1)));
    server.join().unwrap();
}

#[test]
fn version_names_the_tool() {
    assert!(text(&kq(&["--version"], b"")).starts_with("kq "));
}
