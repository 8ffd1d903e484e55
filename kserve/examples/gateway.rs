//! A gateway: sends every query to the backend with the fewest requests in flight, and defers its answer until the
//! backend responds. No call blocks the loop.
//!
//! ```text
//! cargo run -p kserve --example gateway -- 127.0.0.1:5000 localhost:5001 localhost:5002
//! ```

use std::collections::HashMap;
use std::time::Duration;

use kserve::{Context, Deferred, Handler, Peer, PeerId, Reply, Server, Ticket};
use kwire::{Error, Message};

struct Gateway {
    backends: Vec<Backend>,
    /// The caller behind each request to a backend.
    waiting: HashMap<Ticket, Deferred>,
}

struct Backend {
    address: String,
    /// `None` while it is not connected.
    peer: Option<PeerId>,
    /// Requests in flight.
    busy: usize,
}

const CONNECT: Duration = Duration::from_secs(1);

impl Handler for Gateway {
    fn on_sync(&mut self, cx: &mut Context<'_>, _peer: &Peer, query: &Message, reply: Reply<'_>) {
        self.backends.iter_mut().filter(|backend| backend.peer.is_none()).for_each(|backend| {
            backend.peer = cx.connect(&backend.address, CONNECT).ok();
        });
        let free = self.backends.iter_mut().filter(|backend| backend.peer.is_some()).min_by_key(|backend| backend.busy);
        let Some((backend, to)) = free.and_then(|backend| backend.peer.map(|to| (backend, to))) else {
            return reply.error("no backend");
        };
        match cx.request(to, query.value()) {
            Ok(ticket) => {
                backend.busy += 1;
                self.waiting.insert(ticket, reply.defer());
            }
            Err(error) => reply.error(&error.to_string()),
        }
    }

    fn on_response(&mut self, cx: &mut Context<'_>, peer: &Peer, ticket: Ticket, response: Result<&Message, &Error>) {
        if let Some(backend) = self.backends.iter_mut().find(|backend| backend.peer == Some(peer.id())) {
            backend.busy -= 1;
        }
        if let Some(caller) = self.waiting.remove(&ticket) {
            match response {
                // An error that the backend answers is passed to the caller.
                Ok(message) => cx.answer(caller, Ok(message.body())),
                Err(_) => cx.answer(caller, Err("backend lost")),
            };
        }
    }

    fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
        for backend in self.backends.iter_mut().filter(|backend| backend.peer == Some(peer.id())) {
            (backend.peer, backend.busy) = (None, 0);
        }
    }
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:5000".to_owned());
    let backends = arguments.map(|address| Backend { address, peer: None, busy: 0 }).collect();
    let server = Server::bind(address)?;
    if let Some(address) = server.local_addr() {
        println!("listening on {address}");
    }
    server.run(&mut Gateway { backends, waiting: HashMap::new() })
}
