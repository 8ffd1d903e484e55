//! `kcorpus mask`: anonymizes a recording.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use kcorpus::mask::{Mask, Names, copy};
use kcorpus::recording::Recorder;
use kcorpus::unhex;

use crate::complain;
use crate::filter;

/// Options of masking.
#[derive(Debug, Args)]
pub(crate) struct Masking {
    /// Keep the names of functions, tables and columns, also in q code. Only values are replaced.
    #[arg(long)]
    keep_names: bool,
    /// Key of 32 hex digits. The same key gives the same replacements, and can be used to revert them. Default: a
    /// random key, which is discarded.
    #[arg(long, value_name = "KEY", value_parser = key)]
    mask_key: Option<Key>,
}

/// A key. Its `Debug` output omits the value.
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

/// Arguments of `kcorpus mask`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A recording.
    file: PathBuf,
    /// The masked recording; must not exist.
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
        complain(format_args!("{} messages do not decode and are recorded as missing", masked.refused));
    }
    complain(format_args!("{} messages masked", masked.messages));
    Ok(good && whole)
}
