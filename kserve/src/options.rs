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
    /// Where to listen: [rp,][HOST:]PORT. PORT is a number, a service, 0 or 0W (any free port), or a range
    /// LOW/HIGH (the first free port in it). Without HOST: all interfaces. rp, shares the port with other
    /// processes that set it too (SO_REUSEPORT). Without -p: 127.0.0.1:5001; with a console or a script no
    /// port, until it sets one with \p.
    #[arg(short, long, value_name = "[HOST:]PORT", allow_hyphen_values = true)]
    pub(crate) port: Option<Port>,

    /// Read q from standard input. Default if that is a terminal. End of input ends the process.
    #[arg(short = 'i', long)]
    pub(crate) console: bool,

    /// Password file: one user:password per line, plain, MD5 or SHA-1 in hex. SIGHUP reloads it.
    #[arg(short, long, visible_short_alias = 'U', value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,

    /// TLS: 0 none, 1 plain and TLS on the same port, 2 TLS only. KX_SSL_CERT_FILE, KX_SSL_KEY_FILE and kdb+'s
    /// other variables name certificate and key. SIGHUP reloads the files.
    #[arg(short = 'E', long = "tls", value_name = "MODE", default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(..=2))]
    pub(crate) tls: u8,

    /// Time limit of one request in seconds, after which it fails with 'stop; 0: no limit. A running request blocks
    /// all other clients.
    #[arg(short = 'T', long = "request-time", value_name = "SECONDS", default_value_t = 10)]
    pub(crate) request_time: u64,

    /// Limit on the memory of the process in megabytes, for variables, results and queues together. A request over
    /// it fails with 'wsfull. 0: no limit. Default: three quarters of the machine's memory.
    #[arg(short = 'w', long = "memory", value_name = "MB")]
    pub(crate) memory: Option<u64>,

    /// Refuse changes by clients with 'noupdate.
    #[arg(short = 'b', long = "read-only")]
    pub(crate) read_only: bool,

    /// Call .z.ts at this interval in milliseconds.
    #[arg(short = 't', long = "timer", value_name = "MS", default_value_t = 0)]
    pub(crate) timer: u64,

    /// Seconds for writing pending answers after SIGTERM. Also the seconds without progress after which a
    /// closing connection is cut off.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) drain: u64,

    /// Largest message accepted, as sent and inflated. Bounds the memory that one message can take.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().wire.message,
        value_parser = clap::value_parser!(u64).range(16..1 << 40))]
    pub(crate) max_message: u64,

    /// Output queue of one peer over which it is closed. Bounds the memory that a slow reader can take.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().queued as u64,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_queue: u64,

    /// Number of simultaneous connections. Further ones are closed and logged as 'conn.
    #[arg(long, value_name = "N", default_value_t = Limits::default().peers as u64,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_peers: u64,

    /// Seconds within which a client must log in. Idle connections would otherwise use up --max-peers.
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().wire.login_time.as_secs(),
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) login_time: u64,

    /// Script to run before clients are served. The arguments after it become .z.x.
    #[arg(value_name = "FILE.q")]
    pub(crate) script: Option<PathBuf>,

    /// Arguments of the script.
    #[arg(value_name = "ARG", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) script_args: Vec<String>,

    /// Grant clients access beyond the variables of the process, which scripts always have: net (hopen), files
    /// (\l, read0, and to write and delete them: set, 0:, hdel), exit.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) allow: Vec<Grant>,

    /// Define the table trade with 10,000 rows of sample data.
    #[arg(long)]
    pub(crate) demo: bool,

    /// Record the messages of all clients to a new file, in the format of kcorpus. Passwords are never written.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Log connections; -vv also messages. RUST_LOG overrides.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What --allow can grant to clients.
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

    /// Whether TLS is offered or required.
    pub(crate) const fn tls(&self) -> Option<Tls> {
        match self.tls {
            0 => None,
            1 => Some(Tls::Optional),
            _ => Some(Tls::Required),
        }
    }

    /// The limits that the options set.
    pub(crate) fn limits(&self) -> Limits {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let mut limits = Limits::default()
            .with_queued(size(self.max_queue))
            .with_peers(size(self.max_peers))
            .with_request(Duration::from_secs(self.request_time));
        limits.wire.message = self.max_message;
        limits.wire.inflated = self.max_message;
        limits.wire.login_time = Duration::from_secs(self.login_time);
        limits
    }
}
