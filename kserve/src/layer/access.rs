//! An access list: which user may call which functions.

use std::collections::{HashMap, HashSet};

use kcodec::{Atom, Value, Vector};
use kwire::Message;

use super::Layer;
use crate::context::Context;
use crate::peer::Peer;

/// Lets each user call functions by name, in messages such as `` (`vwap;`IBM) ``, ``("vwap";`IBM)`` or `` `vwap ``.
/// All other messages are refused with the error `access`, in particular q text, which could contain any call.
/// Connections that this server opened are exempt.
#[derive(Debug, Clone, Default)]
pub struct AccessList {
    users: HashMap<Vec<u8>, Allowed>,
}

#[derive(Debug, Clone)]
enum Allowed {
    Names(HashSet<Vec<u8>>),
    Everything,
}

impl AccessList {
    /// Creates a list that allows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows a user to call these functions, in addition to those allowed before.
    #[must_use]
    pub fn allow<N: AsRef<[u8]>>(mut self, user: impl AsRef<[u8]>, names: impl IntoIterator<Item = N>) -> Self {
        let allowed = self.users.entry(user.as_ref().to_vec()).or_insert_with(|| Allowed::Names(HashSet::new()));
        if let Allowed::Names(known) = allowed {
            known.extend(names.into_iter().map(|name| name.as_ref().to_vec()));
        }
        self
    }

    /// Allows a user everything, including q text.
    #[must_use]
    pub fn allow_everything(mut self, user: impl AsRef<[u8]>) -> Self {
        self.users.insert(user.as_ref().to_vec(), Allowed::Everything);
        self
    }

    fn allows(&self, user: &[u8], message: Value<'_>) -> bool {
        match self.users.get(user) {
            None => false,
            Some(Allowed::Everything) => true,
            Some(Allowed::Names(names)) => name(message).is_some_and(|name| names.contains(name)),
        }
    }
}

impl Layer for AccessList {
    fn admit(&mut self, _cx: &mut Context<'_>, peer: &Peer, message: &Message) -> Result<(), String> {
        if peer.is_outgoing() || self.allows(peer.user(), message.value()) { Ok(()) } else { Err("access".to_owned()) }
    }
}

/// The name of the function that a message calls: a lone symbol, or the first item of a list.
fn name<'a>(message: Value<'a>) -> Option<&'a [u8]> {
    match message {
        Value::Atom(Atom::Symbol(symbol)) => Some(symbol.as_bytes()),
        Value::Vector(Vector::Symbol(symbols)) => symbols.iter().next().map(kcodec::Symbol::as_bytes),
        Value::List(list) => match list.iter().next()? {
            Value::Atom(Atom::Symbol(symbol)) => Some(symbol.as_bytes()),
            Value::Vector(Vector::Char(text)) => Some(text.as_bytes()),
            _ => None,
        },
        _ => None,
    }
}
