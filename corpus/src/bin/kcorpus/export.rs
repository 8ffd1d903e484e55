//! `kcorpus export`: writes messages for other programs.

use std::error::Error;
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use kcorpus::hex;
use kcorpus::recording::{Direction, What};

use crate::filter::{self, Filter};

/// Arguments of `kcorpus export`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A recording.
    file: PathBuf,
    /// Write concatenated messages in binary instead of one message per line in hex.
    #[arg(long)]
    binary: bool,
    /// Write one binary file per message into FOLDER, which is created if missing: seeds for a fuzzer.
    #[arg(long, value_name = "FOLDER", conflicts_with = "binary")]
    files: Option<PathBuf>,
    #[command(flatten)]
    filter: Filter,
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    if options.binary && io::stdout().is_terminal() {
        return Err("--binary writes binary data: redirect standard output to a file or pipe".into());
    }
    let (recording, whole) = filter::open(&options.file)?;
    if let Some(folder) = &options.files {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let good = options.filter.run(&recording, |number, entry| -> Result<(), Box<dyn Error>> {
        if entry.what != What::Message {
            return Ok(());
        }
        match &options.files {
            Some(folder) => {
                let end = match entry.direction {
                    Direction::ToServer => "server",
                    Direction::ToClient => "client",
                };
                let path = folder.join(format!("{number:08}-{}-{end}", entry.connection));
                fs::write(&path, &entry.bytes).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            None if options.binary => out.write_all(&entry.bytes)?,
            None => writeln!(out, "{}", hex(&entry.bytes))?,
        }
        Ok(())
    })?;
    out.flush()?;
    Ok(good && whole)
}
