//! Can a peer kill the built server, freeze it or fill it?
//!
//! Every test starts `kserve`, attacks it through raw sockets and asks it afterwards whether it still
//! answers. Where others may be delayed an innocent peer asks `2+2` every 10 ms meanwhile. One test
//! runs at a time: what is measured is the attack, not its neighbours. `KSERVE` names another build
//! of the server to attack.

#[path = "../certs/mod.rs"]
mod certs;
mod innocent;
mod process;
mod raw;

// What the loop promises, whatever handles the messages.
mod fairness;
mod faults;
mod idle;
mod log;
mod login;
mod shutdown;
mod start;
mod tls;

// What the evaluator promises, and what needs both.
mod cancel;
mod depth;
mod space;
mod time;
