//! `-b`: nobody changes anything.

use kwire::Message;

use super::Layer;
use crate::context::Context;
use crate::peer::Peer;

/// Marks every call as one that may not change anything, which its handler reads from
/// [`Context::is_read_only`] and answers with `noupdate`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOnly;

impl Layer for ReadOnly {
    fn admit(&mut self, cx: &mut Context<'_>, _peer: &Peer, _message: &Message) -> Result<(), String> {
        cx.set_read_only(true);
        Ok(())
    }
}
