//! The command line.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use kserve::{Limits, Port, Tls};

/// A server of kdb+ IPC. Evaluates what clients send, as a q process does.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Options {
    /// Where to listen: [rp,][HOST:]PORT, where PORT is a number, a service, 0 or 0W (any free port)
    /// or a range LOW/HIGH (any free port in it). Without a host: all interfaces. rp, shares the port
    /// with other processes that say so (SO_REUSEPORT). Without -p: 127.0.0.1:5001, or nowhere where
    /// standard input is a terminal or a script says \\p.
    #[arg(short, long, value_name = "[HOST:]PORT", allow_hyphen_values = true)]
    pub(crate) port: Option<Port>,

    /// Read q from standard input, as is done where that is a terminal; its end ends the process.
    #[arg(short = 'i', long)]
    pub(crate) console: bool,

    /// Password file: one user:password a line, plain, MD5 or SHA-1 in hex. SIGHUP reads it again.
    #[arg(short, long, visible_short_alias = 'U', value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,

    /// TLS: 0 none, 1 plain and TLS on the same port, 2 TLS only. Certificate and key as KX_SSL_CERT_FILE
    /// and KX_SSL_KEY_FILE name them, and the other variables that kdb+ has. SIGHUP reads the files
    /// again.
    #[arg(short = 'E', long = "tls", value_name = "MODE", default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(..=2))]
    pub(crate) tls: u8,

    /// Seconds that one request may take, then it is 'stop; 0: no limit. One request holds up all
    /// other clients.
    #[arg(short = 'T', long = "request-time", value_name = "SECONDS", default_value_t = 10)]
    pub(crate) request_time: u64,

    /// Megabytes that the process may hold, variables, results and queues together, then whoever
    /// asks for more gets 'wsfull; 0: no limit. Three quarters of the machine's unless told.
    #[arg(short = 'w', long = "memory", value_name = "MB")]
    pub(crate) memory: Option<u64>,

    /// Clients may change nothing: 'noupdate.
    #[arg(short = 'b', long = "read-only")]
    pub(crate) read_only: bool,

    /// Call .z.ts every so many milliseconds.
    #[arg(short = 't', long = "timer", value_name = "MS", default_value_t = 0)]
    pub(crate) timer: u64,

    /// Seconds to go on writing what was answered after SIGTERM, or to a connection that is being
    /// closed, before readers that stand still are cut off.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) drain: u64,

    /// Refuse messages over so many bytes, as sent and as inflated: one that never ends would take
    /// all memory.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().wire.message,
        value_parser = clap::value_parser!(u64).range(16..1 << 40))]
    pub(crate) max_message: u64,

    /// Close a peer that is sent something more while so many bytes wait for it to read: it would
    /// take all memory.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().queued as u64,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_queue: u64,

    /// Connections at a time; one more is closed, and logged as 'conn.
    #[arg(long, value_name = "N", default_value_t = Limits::default().peers as u64,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_peers: u64,

    /// Seconds within which a client must have logged in: connections that are opened and left would
    /// use up --max-peers.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().wire.login_time.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) login_time: u64,

    /// A script to run before anybody is served, and the words that it finds in .z.x.
    #[arg(value_name = "FILE.q")]
    pub(crate) script: Option<PathBuf>,

    /// Words for the script.
    #[arg(value_name = "WORD", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<String>,

    /// What clients may reach beyond the variables of the process, which scripts always may: net
    /// (hopen), files (\\l, read0, and to write and delete them: set, 0:, hdel), exit.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) allow: Vec<Grant>,

    /// Define the table trade: 10,000 rows to try things on.
    #[arg(long)]
    pub(crate) demo: bool,

    /// Record the messages of all clients, as kcorpus reads them, to a new file. Passwords are never written.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Log connections too, and with -vv messages. RUST_LOG overrides.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What clients may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grant {
    Net,
    Files,
    Exit,
}

impl Options {
    /// Whether lines of standard input are evaluated.
    pub(crate) fn has_console(&self) -> bool {
        self.console || io::stdin().is_terminal()
    }

    /// Whether TLS is offered, or asked for.
    pub(crate) const fn tls(&self) -> Option<Tls> {
        match self.tls {
            0 => None,
            1 => Some(Tls::Optional),
            _ => Some(Tls::Required),
        }
    }

    /// The bounds that they set.
    pub(crate) fn limits(&self) -> Limits {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let mut limits = Limits {
            queued: size(self.max_queue),
            peers: size(self.max_peers),
            request: Duration::from_secs(self.request_time),
            ..Limits::default()
        };
        limits.wire.message = self.max_message;
        limits.wire.inflated = self.max_message;
        limits.wire.login_time = Duration::from_secs(self.login_time);
        limits
    }
}
