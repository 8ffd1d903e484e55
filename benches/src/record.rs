//! The table that a run prints and optionally records in a file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use crate::{Claim, Named, Outcome};

/// Writes tables to standard output and optionally to a file.
#[derive(Debug)]
pub struct Record {
    file: Option<File>,
}

impl Record {
    /// Starts the table of duels. Also writes to the file in the environment variable `KBENCH_RECORD`, if set.
    ///
    /// # Errors
    ///
    /// The OS error of the file.
    pub fn start() -> io::Result<Self> {
        let mut record = Self::titled("kcodec")?;
        record.head(&["case", "time", "yardstick", "its time", "ratio", "claim", ""])?;
        Ok(record)
    }

    /// Starts a record of `subject`, with the date, the commit and the machine.
    ///
    /// # Errors
    ///
    /// The OS error of the file.
    pub fn titled(subject: &str) -> io::Result<Self> {
        let path = std::env::var_os("KBENCH_RECORD");
        // Determined before the file is created, which may itself be a tracked file.
        let title = format!("# {subject}, {}, commit {}", command_output("date", &["-u", "+%F"]), commit());
        let file = path.map(|path| File::create(Path::new(&path))).transpose()?;
        let mut record = Self { file };
        record.line(&title)?;
        record.line("")?;
        record.line(&format!("{}; {}", processor(), command_output("rustc", &["--version"])))?;
        Ok(record)
    }

    /// Starts a table with the given columns.
    ///
    /// # Errors
    ///
    /// The OS error of the file.
    pub fn head(&mut self, columns: &[&str]) -> io::Result<()> {
        self.line("")?;
        self.line(&row(columns))?;
        self.line(&format!("|{}", "---|".repeat(columns.len())))
    }

    /// Adds a row of cells.
    ///
    /// # Errors
    ///
    /// The OS error of the file.
    pub fn cells(&mut self, cells: &[String]) -> io::Result<()> {
        self.line(&row(cells))
    }

    /// Adds a row of the table of duels.
    ///
    /// # Errors
    ///
    /// The OS error of the file.
    pub fn row(&mut self, named: &Named, outcome: Outcome) -> io::Result<()> {
        let Outcome { ours, yard, ratio } = outcome;
        let verdict = if outcome.meets(named.claim) { "" } else { "missed" };
        self.line(&format!(
            "| `{}` | {} | {} | {} | {ratio:.2} | {} | {verdict} |",
            named.name,
            time(ours),
            named.yardstick,
            time(yard),
            claimed(named.claim),
        ))
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        writeln!(io::stdout(), "{line}")?;
        self.file.as_mut().map_or(Ok(()), |file| writeln!(file, "{line}"))
    }
}

fn row(cells: &[impl AsRef<str>]) -> String {
    let cell = |cell: &str| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") };
    format!("|{}", cells.iter().map(|text| cell(text.as_ref())).collect::<String>())
}

fn claimed(claim: Claim) -> String {
    match claim {
        Claim::Nanoseconds(bound) => format!("≤ {}", time(bound)),
        Claim::NanosecondsEach(bound, items) => format!("≤ {bound} ns for each of {items}"),
        Claim::Faster(bound) => format!("≥ {bound:.2}"),
        Claim::None => String::new(),
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..1e3 => format!("{nanoseconds:.1} ns"),
        ..1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

fn commit() -> String {
    let commit = command_output("git", &["rev-parse", "--short", "HEAD"]);
    let changed = !command_output("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty();
    if changed { commit + " with changes" } else { commit }
}

/// The first line of a command's output; empty if the command fails, because the record's title is informational.
fn command_output(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let features = ["avx2", "avx512bw", "avx512_vbmi2"];
    let flags = field("flags").unwrap_or_default();
    let has: Vec<_> = features.into_iter().filter(|&name| flags.split(' ').any(|flag| flag == name)).collect();
    let model = field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let speed = field("cpu MHz").map(|speed| format!(", {speed} MHz")).unwrap_or_default();
    format!("{cores} cores of {model}{speed}, {}", has.join(" "))
}
