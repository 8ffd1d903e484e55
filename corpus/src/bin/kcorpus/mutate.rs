//! `kcorpus mutate`: prints mutated messages.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Write};

use clap::Args;
use kcorpus::hex;
use serde_json::json;

use crate::cases::{Cases, Messages, merged, verdict};

/// Arguments of `kcorpus mutate`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    messages: Messages,
    #[command(flatten)]
    cases: Cases,
    /// Number of cases.
    #[arg(long, default_value_t = 10, value_name = "M")]
    count: u64,
    /// Write concatenated messages in binary.
    #[arg(long, group = "form")]
    binary: bool,
    /// Print one JSON object per line: seed, case, name, verdict (valid, limit, refused), at, reason, hex, and `cuts`,
    /// the offsets at which a sender should start a new write.
    #[arg(long, group = "form")]
    json: bool,
    /// Generate logins instead of messages.
    #[arg(long)]
    logins: bool,
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    if options.binary && io::stdout().is_terminal() {
        return Err("--binary writes binary data: redirect standard output to a file or pipe".into());
    }
    let messages = options.messages.load()?;
    let mut out = BufWriter::new(io::stdout().lock());
    for case in options.cases.numbers(options.count) {
        let made = match options.logins {
            true => options.cases.make_login(case),
            false => options.cases.make(case, &messages),
        };
        let Some(mutation) = made else { continue };
        if options.json {
            let known = json!({"seed": options.cases.seed, "case": case, "name": mutation.name});
            let bytes = json!({"hex": hex(&mutation.bytes), "cuts": mutation.cuts});
            writeln!(out, "{}", merged(merged(known, verdict(&mutation.verdict)), bytes))?;
        } else if options.binary {
            out.write_all(&mutation.bytes)?;
        } else {
            writeln!(out, "{}", hex(&mutation.bytes))?;
        }
    }
    out.flush()?;
    Ok(true)
}
