//! Golden kdb+ IPC messages, conversations and deterministic workloads, shared by tests, benches and fuzzing; with
//! features, recordings of real traffic and operations on them.

mod conversation;
mod golden;
mod hex;
#[cfg(feature = "traffic")]
pub mod import;
#[cfg(feature = "traffic")]
pub mod mask;
#[cfg(feature = "traffic")]
pub mod measure;
#[cfg(feature = "traffic")]
pub mod mutate;
#[cfg(feature = "recording")]
pub mod recording;
mod shared;
#[cfg(feature = "traffic")]
pub mod traffic;
mod value;
pub mod workload;

pub use conversation::{Conversation, Side, Turn, conversations};
pub use golden::{Golden, golden};
pub use hex::{hex, unhex};
pub use shared::{field, shared, shared_lines};
pub use value::{Evaluation, evaluations};
