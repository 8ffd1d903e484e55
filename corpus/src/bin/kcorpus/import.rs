//! `kcorpus import`: converts captures, logs and hex to recordings.

use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use kcorpus::import::{self, Importer, Summary};
use kcorpus::recording::Recorder;

use crate::complain;
use crate::mask::Masking;

/// Arguments of `kcorpus import`.
#[derive(Debug, Args)]
#[command(mut_arg("keep_names", |arg| arg.requires("mask")), mut_arg("mask_key", |arg| arg.requires("mask")))]
pub(crate) struct Options {
    /// Captures (pcap, pcapng; treated as one), tickerplant logs, or files of messages in hex, one per line.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The recording; must not exist. Passwords are never written.
    #[arg(short, long, value_name = "RECORDING")]
    output: PathBuf,
    /// The format of the files. Default: detected by their first bytes.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Server ports, for connections whose beginning is not in the capture.
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    port: Vec<u16>,
    /// Most out-of-order data in MiB buffered per direction of a connection.
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    early: u32,
    /// Anonymize: replace values by others of the same type and length. See kcorpus mask.
    #[arg(long)]
    mask: bool,
    #[command(flatten)]
    masking: Masking,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A pcap capture, as of tcpdump.
    Pcap,
    /// A pcapng capture, as of Wireshark.
    Pcapng,
    /// A tickerplant log. Logs have no times: all messages get 2000.01.01.
    Log,
    /// One message in hex per line. All messages get the time 2000.01.01.
    Hex,
}

impl From<Format> for import::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Pcap => Self::Pcap,
            Format::Pcapng => Self::PcapNg,
            Format::Log => Self::Log,
            Format::Hex => Self::Hex,
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    // Do not create the recording if an input file is missing.
    for file in &options.files {
        fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let mask = if options.mask { Some(options.masking.mask()?) } else { None };
    let named = |error: &dyn Error| format!("{}: {error}", options.output.display());
    let recorder = Recorder::create(&options.output).map_err(|error| named(&error))?;
    let early = usize::try_from(options.early).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    let format = options.format.map(Into::into);
    let mut importer = Importer::new(recorder, mask, import::Options { format, ports: options.port.clone(), early });
    let mut progress = Progress::new();
    let mut good = true;
    for file in &options.files {
        let done = importer.file(file, &mut |at, of| progress.show(file, at, of));
        progress.clear();
        match done {
            Ok(()) => {}
            Err(error @ import::Error::File { .. }) => {
                complain(error);
                good = false;
            }
            Err(error) => return Err(named(&error).into()),
        }
    }
    let summary = importer.finish().map_err(|error| named(&error))?;
    if !good && summary.connections == 0 {
        // No file could be read: an empty recording would look like a quiet day.
        fs::remove_file(&options.output).map_err(|error| named(&error))?;
        return Ok(false);
    }
    complain(report(&summary));
    Ok(good)
}

fn report(summary: &Summary) -> String {
    let Summary { packets, other_packets, connections, foreign, messages, missing, gaps, .. } = summary;
    let mut report =
        format!("{connections} connections, {messages} messages; {foreign} connections of other protocols");
    if *missing > 0 {
        report += &format!(", messages missing in {missing} places");
    }
    if *gaps > 0 {
        report += &format!(", {gaps} bytes not captured");
    }
    if *packets > 0 {
        report += &format!("; {packets} packets, {other_packets} of them not TCP");
    }
    report
}

/// A progress line on the terminal.
struct Progress {
    /// When it was last updated; `None` without a terminal.
    shown: Option<Instant>,
}

/// Interval of updates.
const PACE: Duration = Duration::from_millis(200);

impl Progress {
    fn new() -> Self {
        Self { shown: io::stderr().is_terminal().then(Instant::now) }
    }

    fn show(&mut self, file: &Path, at: usize, of: usize) {
        let Some(shown) = self.shown.as_mut().filter(|shown| shown.elapsed() >= PACE) else { return };
        *shown = Instant::now();
        let percent = (at * 100).checked_div(of).unwrap_or(100);
        // An error of standard error cannot be reported anywhere.
        let _ = write!(io::stderr(), "\r\x1b[K{}: {percent}%", file.display());
    }

    fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
