//! A request's response, and the messages that arrive before it.

use kcodec::{Body, Value};

use super::readiness::deadline;
use super::{Duplex, Handle};
use crate::error::Error;
use crate::header::MessageType;
use crate::message::Message;

/// Handles messages that arrive before a response; its result answers sync messages.
type Serve<'a> = &'a mut dyn FnMut(&Message) -> Result<Body, String>;

impl<S: Duplex> Handle<S> {
    /// Sends a sync message without waiting for the response.
    pub(super) fn begin(&mut self, query: Value<'_>) -> Result<(), Error> {
        let before = self.connection.awaited();
        self.write_message(MessageType::Sync, query).inspect_err(|_| {
            // The message is queued completely, so its response will arrive: drop it then.
            self.abandoned += self.connection.awaited() - before;
        })
    }

    /// Waits for the response to the last sync message. Passes messages that arrive before it to `serve`.
    pub(super) fn response(&mut self, mut serve: Option<Serve<'_>>) -> Result<Message, Error> {
        let deadline = deadline(self.read_timeout);
        loop {
            if let Some(response) = self.responses.pop_front() {
                return response.ok();
            }
            let served = match (&mut serve, self.kept.is_empty()) {
                (Some(serve), false) => self.serve(serve),
                _ => self.progress(deadline),
            };
            if let Err(error) = served {
                self.abandoned += 1;
                return Err(error);
            }
        }
    }

    /// Passes one kept message to `serve` and queues the answer.
    fn serve(&mut self, serve: Serve<'_>) -> Result<(), Error> {
        let Some(message) = self.kept.pop() else { return Ok(()) };
        let result = serve(&message);
        if message.kind() != MessageType::Sync {
            return Ok(());
        }
        let answered = match &result {
            Ok(body) => self.queue(MessageType::Response, body.value()),
            Err(text) => self.queue(MessageType::Response, Value::error(text)),
        };
        match answered {
            Err(Error::Unsendable(error)) => self.queue(MessageType::Response, Value::error(&error.to_string())),
            answered => answered,
        }
    }
}
