//! Layers: which messages pass to the handler, and which are refused.

mod running;

use std::sync::mpsc;
use std::time::SystemTime;

use kcodec::{Body, Value};
use kserve::layer::{AccessList, Layer, MessageLog, ReadOnly};
use kserve::{Context, Handler, Peer, Reply};
use kwire::{Error, Message, MessageType};

use running::Running;

/// Answers whether the call is read-only.
struct Inner;

impl Handler for Inner {
    fn on_sync(&mut self, cx: &mut Context<'_>, _peer: &Peer, _message: &Message, reply: Reply<'_>) {
        reply.value(cx.is_read_only());
    }
}

fn refused(answer: Result<Message, Error>) -> bool {
    matches!(answer, Err(Error::Remote(text)) if text == "access")
}

#[test]
fn users_may_call_listed_functions_only() {
    let list = AccessList::new().allow("ann", ["vwap", "last"]);
    let server = Running::start(list.over(Inner));
    let mut h = server.open();
    let call = |name: &'static str| [Value::symbol(name), 1_i64.into()];
    assert_eq!(h.sync(&call("vwap")).unwrap().value(), false.into());
    assert!(h.sync(&[Value::from("last"), 1_i64.into()]).is_ok());
    assert!(h.sync(Value::symbol("last")).is_ok());
    assert!(h.sync(Value::symbols(&["vwap", "IBM"])).is_ok());
    assert!(refused(h.sync(&call("exit"))));
    assert!(refused(h.sync("vwap[1]")));
    assert!(refused(h.sync(Value::symbol("vwap "))));
    assert!(refused(h.sync(1_i64)));
}

#[test]
fn unlisted_users_may_call_nothing_and_some_everything() {
    let list = AccessList::new().allow("bob", ["vwap"]);
    let server = Running::start(list.over(Inner));
    assert!(refused(server.open().sync(Value::symbol("vwap"))));
    let server = Running::start(AccessList::new().allow_everything("ann").over(Inner));
    assert!(server.open().sync("anything").is_ok());
}

#[test]
fn every_message_is_logged_before_it_is_handled() {
    let (log, records) = mpsc::channel();
    let layer = MessageLog(move |record: kserve::layer::Record<'_>| {
        assert!(record.time <= SystemTime::now() && record.address.is_some_and(|address| address.is_loopback()));
        let text = String::from_utf8_lossy(record.user).into_owned();
        log.send((record.id.handle(), text, record.kind, record.message.clone())).unwrap();
    });
    let server = Running::start(layer.over(AccessList::new().over(Inner)));
    let mut h = server.open();
    h.send("news").unwrap();
    assert!(refused(h.sync("2+2")));
    let expected = |kind, text| (4, "ann".to_owned(), kind, Body::encode(text).unwrap());
    assert_eq!(records.recv().unwrap(), expected(MessageType::Async, "news"));
    assert_eq!(records.recv().unwrap(), expected(MessageType::Sync, "2+2"));
}

#[test]
fn calls_are_marked_read_only() {
    let server = Running::start(ReadOnly.over(Inner));
    assert_eq!(server.open().sync("x").unwrap().value(), true.into());
}
