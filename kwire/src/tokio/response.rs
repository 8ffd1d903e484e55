//! The future of a response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::sync::oneshot;

use crate::error::Error;
use crate::message::Message;

/// The response to a sync message. Dropping it does not cancel the request: the response is discarded on arrival, and
/// later responses still match their requests.
#[derive(Debug)]
#[must_use = "the response is lost without it"]
pub struct Response {
    pub(super) receiver: oneshot::Receiver<Result<Message, Error>>,
}

impl Future for Response {
    type Output = Result<Message, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.receiver).poll(cx));
        Poll::Ready(response.unwrap_or(Err(Error::Failed)).and_then(Message::ok))
    }
}
