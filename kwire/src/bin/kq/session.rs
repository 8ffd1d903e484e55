//! A connection to one server and the requests over it.

use std::io::{self, BufRead, Read};
use std::time::Duration;

use clap::Args;
use kcodec::{Body, Value};
use kwire::blocking::{Handle, Options};
use kwire::{Error, Interrupt, Message, MessageType};

use crate::console::Local;
use crate::fault::Fault;
use crate::output::Output;
use crate::password::{self, Login};

/// Options of a connection.
#[derive(Args)]
pub(crate) struct Connection {
    #[command(flatten)]
    login: Login,
    /// Time limit in milliseconds for connecting and for each answer.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Connection")]
    timeout: Option<u64>,
    /// Reject messages larger than BYTES, as sent or inflated. Suffixes K, M, G are powers of 1024.
    #[arg(long, value_name = "BYTES", value_parser = crate::size, help_heading = "Connection")]
    max_message: Option<u64>,
}

/// A handle and what is needed to reopen it. Contains the password, so it must not implement `Debug`.
pub(crate) struct Session {
    address: String,
    /// The address without the password, for messages.
    pub(crate) name: String,
    options: Options,
    handle: Option<Handle>,
}

/// Time limit for reconnecting without `--timeout`, because Ctrl-C does not interrupt connecting.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Session {
    /// Connects and logs in.
    pub(crate) fn open(address: &str, connection: &Connection, interrupt: Option<Interrupt>) -> Result<Self, Fault> {
        let timeout = connection.timeout.map(Duration::from_millis);
        let limits = crate::limits(connection.max_message);
        let (read_timeout, write_timeout) = (timeout, timeout);
        let options = Options::default()
            .with_timeout(timeout)
            .with_read_timeout(read_timeout)
            .with_write_timeout(write_timeout)
            .with_limits(limits)
            .with_interrupt(interrupt);
        let name = password::without_password(address).to_owned();
        let address = connection.login.complete(address).map_err(Fault::End)?;
        let mut session = Self { address, name, options, handle: None };
        session.handle =
            Some(Handle::open_with(&session.address, &session.options).map_err(|error| session.end(error))?);
        Ok(session)
    }

    /// Reconnects after the handle became unusable.
    pub(crate) fn reopen(&mut self) -> Result<(), Fault> {
        self.handle = None;
        let options = self.options.clone().with_timeout(self.options.timeout.or(Some(RECONNECT_TIMEOUT)));
        self.handle = Some(Handle::open_with(&self.address, &options).map_err(|error| self.end(error))?);
        Ok(())
    }

    /// Whether the handle can be used.
    pub(crate) fn is_open(&self) -> bool {
        self.handle.as_ref().is_some_and(Handle::is_open)
    }

    /// The handle; an error if it is lost.
    pub(crate) fn handle(&mut self) -> Result<&mut Handle, Error> {
        self.handle.as_mut().ok_or(Error::Failed)
    }

    /// Sends an internal query (for completion). Returns `None` if the server does not answer within `patience`.
    pub(crate) fn names(&mut self, query: &str, patience: Duration) -> Option<Message> {
        let timeout = self.options.timeout;
        let handle = self.handle.as_mut().filter(|handle| handle.is_open())?;
        handle.set_read_timeout(Some(patience));
        handle.set_write_timeout(Some(patience));
        let answer = handle.sync(query);
        handle.set_read_timeout(timeout);
        handle.set_write_timeout(timeout);
        answer.ok()
    }

    /// Sends one request and writes the response. Returns `false` if the response is a q error or cannot be shown in
    /// the form asked for. After any other error the handle may be lost.
    pub(crate) fn answer(&mut self, query: &[u8], output: &mut Output) -> Result<bool, Fault> {
        let serve = |message: &Message| pushed(message, output);
        let answer = self.handle().and_then(|handle| handle.sync_with(Value::chars(query), serve));
        match answer {
            Ok(message) => match output.write(&message) {
                Err(Fault::Message(reason)) => crate::complain(reason),
                done => return done.map(|()| true),
            },
            Err(Error::Remote(text)) => crate::say(format_args!("'{text}")),
            Err(error) => return Err(self.fault(error)),
        }
        Ok(false)
    }

    /// Sends standard input line by line until its end or `\\`. Returns whether all lines succeeded.
    pub(crate) fn answer_lines(&mut self, output: &mut Output) -> Result<bool, Fault> {
        let (mut input, mut good, mut line) = (io::stdin().lock(), true, Vec::new());
        loop {
            line.clear();
            if input.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
                return Ok(good);
            }
            if line.len() as u64 == LINE {
                return Err(Fault::End(format!("line of {LINE} bytes or more")));
            }
            let done = match Local::of(line.trim_ascii()) {
                Local::Exit => return Ok(good),
                Local::Nothing => continue,
                Local::Setting(setting) => setting.apply(output),
                Local::Query(query) => self.answer(query, output),
            };
            good &= match done {
                Err(Fault::Message(reason)) => {
                    crate::complain(reason);
                    false
                }
                done => done?,
            };
        }
    }

    /// Converts an error and adds the server's address. If the handle is still usable, only the one message failed.
    pub(crate) fn fault(&self, error: Error) -> Fault {
        if self.is_open() { Fault::Message(self.named(error)) } else { self.end(error) }
    }

    fn end(&self, error: Error) -> Fault {
        Fault::End(self.named(error))
    }

    fn named(&self, error: Error) -> String {
        match error {
            // Describes the fault without quoting the address, which may hold a password.
            Error::Address(error) => error.to_string(),
            Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                format!("{}: the server closed the connection", self.name)
            }
            error => format!("{}: {error}", self.name),
        }
    }
}

/// Most bytes of a line of input.
const LINE: u64 = 256 << 20;

/// Handles a message that arrives before the response: prints an async message, refuses a sync one.
fn pushed(message: &Message, output: &Output) -> Result<Body, String> {
    if message.kind() == MessageType::Sync {
        return Err(REFUSED.to_owned());
    }
    crate::complain(format_args!("async message:\n{}", kcodec::console(message.value(), output.console()).trim_end()));
    Ok(Body::default())
}

/// The error that answers the server's own sync requests.
pub(crate) const REFUSED: &str = "nyi: kq evaluates nothing";
