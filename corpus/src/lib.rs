//! Golden kdb+ IPC messages, conversations and deterministic workloads, shared by tests, benches and fuzzing; with
//! features, recordings of real traffic and operations on them.
//!
//! [`golden`] returns messages with their known values, [`conversations`] whole connections, and [`evaluations`] q
//! expressions with their values. The tool `kcorpus` (feature `cli`) records, replays, mutates and imports from the
//! command line.
//!
//! ## Workloads
//!
//! ```
//! use kcorpus::workload::{TRADE10, trade};
//!
//! let trades = trade(TRADE10); // the same rows on every machine
//! assert_eq!((trades.sym.len(), trades.sym[0].len()), (10, 4));
//! ```
//!
//! ## Record
//!
//! Feature `recording`. `recording::Tap` records connections without blocking them; `recording::Recorder` writes single
//! entries.
//!
//! ```
//! # #[cfg(feature = "recording")] {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("day.krec");
//! use kcorpus::recording::{Recorder, Tap};
//!
//! let tap = Tap::start(Recorder::create(&path)?, 64 << 20, |error| eprintln!("{error}"))?; // at most 64 MiB queued
//! let (mut to_server, mut to_client) = tap.connect();
//! to_server.tell(b"bob:secret\x06\0"); // the password is not recorded
//! to_client.tell(&[6]);
//! to_server.tell(&kcorpus::unhex("01010000110000000a0003000000322b32").expect("hex")); // "2+2"
//! assert_eq!(tap.finish()?.messages, 1);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Replay
//!
//! ```no_run
//! # #[cfg(feature = "recording")] {
//! use kcorpus::recording::Recording;
//! use kwire::{Limits, Message, MessageType, blocking::Handle};
//!
//! let mut h = Handle::open("localhost:5001")?;
//! for entry in Recording::open("day.krec")?.entries() {
//!     let (number, entry) = entry?;
//!     if entry.message_type() == Some(MessageType::Sync) {
//!         let query = Message::decode(&entry.bytes[..], &Limits::default())?;
//!         println!("{number}: {}", h.sync(query.value())?.value());
//!     }
//! }
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Mutate
//!
//! Feature `traffic`. The verdict says what a decoder must do with the bytes.
//!
//! ```
//! # #[cfg(feature = "traffic")] {
//! use kcorpus::mutate::{Mutator, Verdict};
//!
//! let messages = kcorpus::traffic::golden_messages(); // or `traffic::load`, from a file
//! let mut mutator = Mutator::new(1);
//! for _ in 0..100 {
//!     let mutation = mutator.mutate(&messages);
//!     let decoded = kwire::Message::decode(&mutation.bytes[..], &kwire::Limits::default()); // the decoder under test
//!     match mutation.verdict {
//!         Verdict::Valid => assert!(decoded.is_ok(), "{}", mutation.name),
//!         Verdict::Refused { .. } => assert!(decoded.is_err(), "{}", mutation.name),
//!         Verdict::Limit { .. } => {}
//!     }
//! }
//! # }
//! ```
//!
//! ## Import and mask
//!
//! Captures of tcpdump and Wireshark, tickerplant logs, lines of hex.
//!
//! ```no_run
//! # #[cfg(feature = "traffic")] {
//! use kcorpus::import::{Importer, Options};
//! use kcorpus::mask::{Mask, Names};
//! use kcorpus::recording::Recorder;
//!
//! let mask = Mask::random(Names::Keep)?; // the values are replaced, the names are not
//! let mut importer = Importer::new(Recorder::create("day.krec")?, Some(mask), Options::default());
//! importer.file("capture.pcapng".as_ref(), &mut |read, size| println!("{read} of {size} bytes"))?;
//! println!("{} messages", importer.finish()?.messages);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
