//! A server with a trivial handler, to measure the loop itself.

use kserve::{Context, Handler, Peer, PeerId, Reply, Server};
use kwire::Message;

/// Answers 4 to every sync message, and broadcasts async messages to all other peers.
#[derive(Default)]
struct Constant {
    subscribers: Vec<PeerId>,
}

impl Handler for Constant {
    fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, _message: &Message, reply: Reply<'_>) {
        reply.value(4_i64);
    }

    fn on_open(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        self.subscribers.push(peer.id());
    }

    fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
        let others: Vec<PeerId> = self.subscribers.iter().copied().filter(|id| *id != peer.id()).collect();
        let _ = cx.broadcast_body(&others, message.body());
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        self.subscribers.retain(|id| *id != peer.id());
    }
}

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let server = Server::bind(address)?;
    if let Some(address) = server.local_addr() {
        println!("listening on {address}");
    }
    server.run(&mut Constant::default())
}
