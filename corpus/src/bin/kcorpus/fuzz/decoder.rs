//! The decoder under test, fed in one of three ways.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::Options;
use super::outcome::Outcome;
use super::program::Program;

/// A decoder: a command and the way it is fed.
#[derive(Debug)]
pub(super) struct Decoder {
    command: Vec<String>,
    timeout: Duration,
    memory: u64,
    feed: Feed,
}

#[derive(Debug)]
enum Feed {
    /// One process per message, fed on standard input.
    Input,
    /// One process per message, fed by a file.
    File(NamedTempFile),
    /// One process for all messages, fed one line of hex per message. `None` before the first message and after a
    /// failure.
    Lines(Option<Program>),
}

impl Decoder {
    /// Prepares the command.
    pub(super) fn new(options: &Options) -> Result<Self, Box<dyn std::error::Error>> {
        let mut command = options.command.clone();
        let feed = if options.lines {
            Feed::Lines(None)
        } else if options.by_file {
            let file = NamedTempFile::new()?;
            let path = file.path().to_str().ok_or("the temporary folder's name is not UTF-8")?.to_owned();
            if !command.iter().any(|word| word.contains("{}")) {
                return Err("--file needs {} in the command, as the placeholder of the file name".into());
            }
            command = command.iter().map(|word| word.replace("{}", &path)).collect();
            Feed::File(file)
        } else {
            Feed::Input
        };
        let memory = options.memory.saturating_mul(1 << 20);
        Ok(Self { command, timeout: Duration::from_millis(options.timeout), memory, feed })
    }

    /// Runs the decoder on a message.
    ///
    /// # Errors
    ///
    /// The OS error if the command cannot be started.
    pub(super) fn run(&mut self, message: &[u8]) -> io::Result<Outcome> {
        match &mut self.feed {
            Feed::Input => Self::once(&self.command, self.memory, self.timeout, message),
            Feed::File(file) => {
                fs::write(file.path(), message)?;
                Self::once(&self.command, self.memory, self.timeout, &[])
            }
            Feed::Lines(running) => {
                let mut program = match running.take() {
                    Some(program) => program,
                    None => Program::start(&self.command, self.memory)?,
                };
                let line = kcorpus::hex(message) + "\n";
                let outcome = match program.ask(line.as_bytes(), Instant::now() + self.timeout)? {
                    None => Outcome::Hang,
                    Some(Ok(answer)) => Outcome::answer(answer),
                    Some(Err(status)) => Outcome::ended_silently(status, program.complaint()),
                };
                if !outcome.is_failure() {
                    *running = Some(program);
                }
                Ok(outcome)
            }
        }
    }

    fn once(command: &[String], memory: u64, timeout: Duration, input: &[u8]) -> io::Result<Outcome> {
        let mut program = Program::start(command, memory)?;
        let status = program.finish(input, Instant::now() + timeout)?;
        Ok(status.map_or(Outcome::Hang, |status| Outcome::ended(status, program.complaint())))
    }
}
