//! The interactive console: a line editor and a session.

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use kwire::Interrupt;
use rustix::termios::{QueueSelector, tcflush};
use rustyline::config::Config;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Behavior, CompletionType, Editor};
use signal_hook::consts::SIGINT;
use signal_hook::low_level::pipe;

use crate::fault::Fault;
use crate::names::{Names, joined};
use crate::output::Output;
use crate::password;
use crate::session::{Connection, Session};

/// Reads lines, sends them and prints the answers, until the input ends or is `\\`.
pub(crate) fn run(address: &str, connection: &Connection, output: &mut Output) -> Result<bool, Fault> {
    let interrupt = Interrupt::new()?;
    let session = Session::open(address, connection, Some(interrupt.clone()))?;
    // From here on Ctrl-C interrupts a wait instead of killing the process.
    pipe::register(SIGINT, interrupt.writer()?)?;
    let prompt = format!("{}> ", session.name);
    let session = Rc::new(RefCell::new(session));
    let mut editor = Lines::new(Names::new(Rc::clone(&session)))?;
    while let Some(line) = editor.read(&prompt)? {
        let line = joined(&line);
        let result = match Local::of(line.trim().as_bytes()) {
            Local::Exit => break,
            Local::Nothing => continue,
            Local::Setting(setting) => setting.apply(output),
            Local::Query(query) => {
                // Discard a Ctrl-C that was raised while no request was waiting.
                interrupt.clear();
                ask(&mut session.borrow_mut(), query, output)
            }
        };
        match result {
            Err(Fault::Closed) => return Err(Fault::Closed),
            Err(fault) => crate::complain(fault),
            Ok(_) => {}
        }
    }
    Ok(true)
}

/// Sends a request, after reconnecting if the connection is lost. A request that was interrupted without an answer is
/// not repeated, because the server may have processed it.
fn ask(session: &mut Session, query: &[u8], output: &mut Output) -> Result<bool, Fault> {
    if !session.is_open() {
        reopen(session)?;
    }
    let answer = session.answer(query, output);
    if answer.is_err() && !session.is_open() {
        if let Err(fault) = &answer {
            crate::complain(fault);
        }
        crate::complain("it is unknown whether the server processed the request");
        return reopen(session).map(|()| false);
    }
    answer
}

fn reopen(session: &mut Session) -> Result<(), Fault> {
    session.reopen()?;
    crate::complain(format_args!(
        "reconnected to {}: the server has dropped its state of the old connection",
        session.name
    ));
    Ok(())
}

/// A line of input, classified into local commands and queries.
pub(crate) enum Local<'a> {
    /// `\\`
    Exit,
    /// A blank line.
    Nothing,
    /// `\c` or `\P`.
    Setting(Setting<'a>),
    /// Anything else.
    Query(&'a [u8]),
}

/// A setting of `kq` itself: results are formatted locally, not by the server.
pub(crate) struct Setting<'a> {
    name: u8,
    values: &'a str,
}

impl<'a> Local<'a> {
    /// Classifies a trimmed line.
    pub(crate) fn of(line: &'a [u8]) -> Self {
        match line {
            b"" => Self::Nothing,
            br"\\" => Self::Exit,
            [b'\\', name @ (b'c' | b'P'), values @ ..] if values.first().is_none_or(|&byte| byte == b' ') => {
                match str::from_utf8(values) {
                    Ok(values) => Self::Setting(Setting { name: *name, values }),
                    Err(_) => Self::Query(line),
                }
            }
            _ => Self::Query(line),
        }
    }
}

impl Setting<'_> {
    /// Shows or changes the setting, like q.
    pub(crate) fn apply(&self, output: &mut Output) -> Result<bool, Fault> {
        let values: Result<Vec<usize>, _> = self.values.split_whitespace().map(str::parse).collect();
        let console = output.console();
        match (self.name, values.as_deref()) {
            (b'c', Ok([])) => output.line(format_args!("{} {}i", console.rows, console.columns))?,
            (b'c', Ok(&[rows, columns])) => output.set_console(rows, columns),
            (_, Ok([])) => output.line(format_args!("{}i", console.digits))?,
            (b'P', Ok(&[digits @ 0..=17])) => output.set_precision(digits),
            _ => {
                crate::say(format_args!("'\\{}{}", char::from(self.name), self.values));
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The line editor with its history file.
struct Lines {
    editor: Editor<Names, FileHistory>,
    history: Option<PathBuf>,
}

/// Most lines of history.
const HISTORY: usize = 10_000;

impl Lines {
    fn new(names: Names) -> Result<Self, Fault> {
        let config = Config::builder()
            .max_history_size(HISTORY)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(fault)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            // The prompt is written to the terminal even if standard output is redirected.
            .behavior(Behavior::PreferTerm)
            .build();
        let mut editor = Editor::with_config(config).map_err(fault)?;
        editor.set_helper(Some(names));
        let history =
            history().filter(|path| path.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok()));
        if let Some(path) = &history {
            // A missing file is not an error: it is created with the first line.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history })
    }

    /// Reads one query of one or more lines; `None` at the end of input.
    fn read(&mut self, prompt: &str) -> Result<Option<String>, Fault> {
        loop {
            match self.editor.readline(prompt) {
                Ok(line) => {
                    self.remember(&line);
                    return Ok(Some(line));
                }
                Err(ReadlineError::Eof) => return Ok(None),
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    // Discard the rest of the line, which would be read as a line of its own.
                    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
                    crate::complain("input that is not UTF-8 was dropped");
                }
                Err(error) => return Err(fault(error)),
            }
        }
    }

    /// Adds a line to the history, unless it contains a password. The editor skips lines that start with a blank.
    fn remember(&mut self, line: &str) {
        if password::is_in(line) {
            return;
        }
        // If the file cannot be written, the history is kept in memory only.
        if let (Ok(true), Some(path)) = (self.editor.add_history_entry(line), &self.history) {
            let _ = self.editor.append_history(path);
        }
    }
}

fn fault(error: ReadlineError) -> Fault {
    Fault::End(error.to_string())
}

/// `kq/history` in the user's state directory.
fn history() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("kq/history"))
}
