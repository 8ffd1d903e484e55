//! `kq listen`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};
use std::sync::mpsc;

use kcodec::Value;
use kwire::MessageType;
use rustix::process::{Pid, Signal, kill_process};

use super::server::serve;
use super::{command, errors, kq, text};

/// A running `kq listen` and its output.
struct Listener {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Listener {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// The exit code and standard error.
    fn end(mut self) -> (Option<i32>, String) {
        assert_eq!(self.line(), "");
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), errors)
    }
}

#[test]
fn each_push_is_written_immediately() {
    let (next, pushes) = mpsc::channel::<&str>();
    let (address, server) = serve(move |mut peer| {
        let query = peer.query().unwrap();
        peer.push("(`upd;0)");
        peer.respond("`schema");
        pushes.iter().for_each(|push| assert!(peer.push(push)));
        query
    });
    let mut listener = Listener::start(command(&["listen", &address, ".u.sub[`;`]"]));
    assert_eq!(listener.line(), "(`upd;0)\n");
    for push in ["(`upd;`trade;+`a`b!(1 2;3 4))", "`end"] {
        next.send(push).unwrap();
        assert_eq!(listener.line(), format!("{push}\n"));
    }
    drop(next);
    assert_eq!(listener.end(), (Some(1), format!("kq: {address}: the server closed the connection\n")));
    assert_eq!(server.join().unwrap(), b".u.sub[`;`]");
}

#[test]
fn signals_end_it_with_exit_code_0() {
    for signal in [Signal::INT, Signal::TERM] {
        let (address, server) = serve(|mut peer| {
            peer.query();
            peer.respond("::");
            peer.push("1");
            peer.message()
        });
        let mut listener = Listener::start(command(&["listen", &address, "sub"]));
        assert_eq!(listener.line(), "1\n");
        kill_process(Pid::from_child(&listener.child), signal).unwrap();
        assert_eq!(listener.end(), (Some(0), String::new()));
        assert_eq!(server.join().unwrap(), None);
    }
}

#[test]
fn forms_and_counts() {
    let pushes = ["(`upd;`trade;([]a:1 2))", "(`upd;`trade;([]a:,3))", "(`upd;`quote;([]b:,4))", "5"];
    for (arguments, shown) in [
        (&["-n", "3", "--csv"][..], "a\r\n1\r\n2\r\n3\r\nb\r\n4\r\n"),
        (
            &["-n", "1", "--json"],
            "{\"t\":0,\"v\":[{\"t\":-11,\"v\":\"upd\"},{\"t\":-11,\"v\":\"trade\"},{\"t\":98,\"v\":{\"k\":{\"t\":11,\"v\":[\"a\"]},\"v\":{\"t\":0,\"v\":[{\"t\":7,\"v\":[1,2]}]}}}]}\n",
        ),
        (&["-n", "0"], ""),
    ] {
        let (address, server) = serve(move |mut peer| {
            peer.query();
            peer.respond("::");
            pushes.iter().for_each(|push| _ = peer.push(push));
        });
        let output = kq(&[&["listen", &address, "sub"], arguments].concat(), b"");
        assert_eq!((text(&output), errors(&output), output.status.code()), (shown, "", Some(0)), "{arguments:?}");
        server.join().unwrap();
    }
}

#[test]
fn the_server_s_requests_are_refused() {
    let (address, server) = serve(|mut peer| {
        peer.query();
        let mut ask = |before: bool| {
            peer.send(MessageType::Sync, Value::from("2+2"));
            let refused = peer.message().unwrap();
            if before {
                peer.respond("::");
            }
            (refused.kind(), refused.value().to_string())
        };
        [ask(true), ask(false)]
    });
    let output = kq(&["listen", &address, "sub"], b"");
    assert_eq!((text(&output), output.status.code()), ("", Some(1)));
    let refused = (MessageType::Response, "'nyi: kq evaluates nothing".to_owned());
    assert_eq!(server.join().unwrap(), [refused.clone(), refused]);
}

#[test]
fn a_failed_subscription_is_an_error() {
    let (address, _server) = serve(|mut peer| {
        peer.query();
        peer.send(MessageType::Response, Value::error("nosuch"));
        peer.message()
    });
    let output = kq(&["listen", &address, "sub"], b"");
    assert_eq!((errors(&output), output.status.code()), ("'nosuch\n", Some(1)));
    // The timeout applies to the answer, not to pushes.
    let (address, _server) = serve(|mut peer| {
        peer.query();
        peer.message()
    });
    let output = kq(&["listen", &address, "sub", "--timeout", "100"], b"");
    assert_eq!((errors(&output), output.status.code()), (format!("kq: {address}: timeout\n").as_str(), Some(1)));
    let (address, _server) = serve(|mut peer| {
        peer.query();
        peer.respond("::");
        std::thread::sleep(std::time::Duration::from_millis(300));
        peer.push("1");
    });
    let output = kq(&["listen", &address, "sub", "--timeout", "200", "-n", "1"], b"");
    assert_eq!((text(&output), errors(&output)), ("1\n", ""));
}
