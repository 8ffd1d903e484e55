//! `kq listen`: prints pushed messages.

use kcodec::{Body, Value};
use kwire::{Error, Interrupt, Message, MessageType};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::fault::Fault;
use crate::output::Output;
use crate::session::{Connection, REFUSED, Session};

/// Subscribes and writes each async message, until the server closes, a signal arrives or `count` messages are written.
/// Returns whether every message could be written.
pub(crate) fn listen(
    address: &str,
    connection: &Connection,
    subscription: &str,
    count: Option<u64>,
    output: &mut Output,
) -> Result<bool, Fault> {
    let interrupt = Interrupt::new()?;
    for signal in [SIGINT, SIGTERM] {
        pipe::register(signal, interrupt.writer()?)?;
    }
    let mut session = match Session::open(address, connection, Some(interrupt.clone())) {
        Ok(session) => session,
        Err(_) if interrupt.clear() => return Ok(true),
        Err(fault) => return Err(fault),
    };
    let mut printer = Printer { output, left: count.unwrap_or(u64::MAX), good: true };
    let mut written = Ok(());
    let answer = session.handle()?.sync_with(subscription, |message| {
        if message.kind() == MessageType::Sync {
            return Err(REFUSED.to_owned());
        }
        if written.is_ok() {
            written = printer.print(message);
        }
        Ok(Body::default())
    });
    written?;
    match answer {
        Ok(_) => {}
        Err(Error::Remote(text)) => {
            crate::say(format_args!("'{text}"));
            return Ok(false);
        }
        Err(Error::Interrupted) => return Ok(printer.good),
        Err(error) => return Err(session.fault(error)),
    }
    let handle = session.handle()?;
    // The timeout applies to the subscription's answer only: pushes may be far apart.
    handle.set_read_timeout(None);
    while printer.left > 0 && !interrupt.clear() {
        let done = match handle.receive() {
            Ok(message) if message.kind() == MessageType::Sync => handle.respond(Value::error(REFUSED)),
            Ok(message) => {
                printer.print(&message)?;
                continue;
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => {}
            Err(Error::Interrupted) => break,
            Err(error) => return Err(session.fault(error)),
        }
    }
    Ok(printer.good)
}

/// Writes messages and counts them.
struct Printer<'a> {
    output: &'a mut Output,
    left: u64,
    good: bool,
}

impl Printer<'_> {
    fn print(&mut self, message: &Message) -> Result<(), Fault> {
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        match self.output.write(message) {
            Err(Fault::Message(reason)) => {
                crate::complain(reason);
                self.good = false;
                Ok(())
            }
            done => done,
        }
    }
}
