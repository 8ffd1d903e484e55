//! Hostile peers against the built server: crashes, hangs, and exhausted memory or descriptors.
//!
//! Every test starts `kserve`, attacks it through raw sockets, and checks afterwards that it still answers. Where
//! delay matters, an innocent peer sends `2+2` every 10 ms meanwhile. Tests run one at a time, so that they do not
//! disturb each other's measurements. The environment variable `KSERVE` names another build of the server.

#[path = "../certs/mod.rs"]
mod certs;
mod innocent;
mod process;
mod raw;

// Guarantees of the event loop, for any handler.
mod fairness;
mod faults;
mod idle;
mod log;
mod login;
mod shutdown;
mod start;
mod tls;

// Guarantees of the evaluator, and of both together.
mod cancel;
mod depth;
mod space;
mod time;
