//! `-b`: refuses changes.

use kwire::Message;

use super::Layer;
use crate::context::Context;
use crate::peer::Peer;

/// Marks every call as read-only. The handler must read [`Context::is_read_only`] and refuse changes with
/// `noupdate`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOnly;

impl Layer for ReadOnly {
    fn admit(&mut self, cx: &mut Context<'_>, _peer: &Peer, _message: &Message) -> Result<(), String> {
        cx.set_read_only(true);
        Ok(())
    }
}
