//! `kcorpus mask`: a recording that can be given away.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use kcorpus::mask::{Mask, Names, copy};
use kcorpus::recording::Recorder;
use kcorpus::unhex;

use crate::complain;
use crate::filter;

/// How values are replaced.
#[derive(Debug, Args)]
pub(crate) struct Masking {
    /// Keep the names of functions, tables and columns, in q code too; only values are replaced.
    #[arg(long)]
    keep_names: bool,
    /// A key of 32 hex digits: recordings masked with the same key have the same replacements. Who knows the key can undo
    /// them. Without it the key is random, and forgotten.
    #[arg(long, value_name = "KEY", value_parser = key)]
    mask_key: Option<Key>,
}

/// Kept out of messages about the command line.
#[derive(Clone, Copy)]
struct Key([u8; Mask::KEY]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

fn key(text: &str) -> Result<Key, &'static str> {
    let key = unhex(text).and_then(|bytes| bytes.try_into().ok());
    key.map(Key).ok_or("a key has 32 hex digits")
}

impl Masking {
    pub(crate) fn mask(&self) -> Result<Mask, Box<dyn Error>> {
        let names = if self.keep_names { Names::Keep } else { Names::Replace };
        Ok(match self.mask_key {
            Some(Key(key)) => Mask::with_key(key, names),
            None => Mask::random(names)?,
        })
    }
}

/// What `kcorpus mask` takes.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A recording.
    file: PathBuf,
    /// The masked one, a new file.
    output: PathBuf,
    #[command(flatten)]
    masking: Masking,
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let (recording, whole) = filter::open(&options.file)?;
    let mask = options.masking.mask()?;
    let named = |error| format!("{}: {error}", options.output.display());
    let mut recorder = Recorder::create(&options.output).map_err(named)?;
    let mut good = true;
    let failed = |error| {
        complain(format_args!("{}: {error}", options.file.display()));
        good = false;
    };
    let masked = copy(&recording, &mask, &mut recorder, failed).map_err(named)?;
    recorder.finish().map_err(named)?;
    if masked.refused > 0 {
        complain(format_args!("{} messages do not decode, and are left out as missing", masked.refused));
    }
    complain(format_args!("{} messages masked", masked.messages));
    Ok(good && whole)
}
