//! The console, on a pseudo-terminal.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use kwire::MessageType;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::server::{Peer, answering, listen, serve};

/// The bytes that the keys Ctrl-C, Ctrl-D, Tab and Enter send.
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const TAB: &str = "\t";
const ENTER: &str = "\r";

/// Time limit of a wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// A `kq` on a pseudo-terminal.
struct Terminal {
    keys: File,
    child: Child,
    shown: Receiver<Vec<u8>>,
    /// Output not yet matched.
    text: String,
    home: PathBuf,
}

impl Terminal {
    fn start(name: &str, arguments: &[&str]) -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&home);
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 25, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let side = || Stdio::from(File::options().read(true).write(true).open(&slave).unwrap());
        // Only a session leader can have a controlling terminal, and `setsid` makes kq one.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait", env!("CARGO_BIN_EXE_kq")]).args(arguments);
        command.env("TERM", "xterm").env("HOME", &home).env_remove("XDG_STATE_HOME").env_remove("KQ_PASSWORD");
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        drop(command);
        let keys = File::from(master);
        let mut screen = keys.try_clone().unwrap();
        let (shows, shown) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut bytes) {
                if shows.send(bytes[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keys, child, shown, text: String::new(), home }
    }

    fn press(&mut self, keys: impl AsRef<[u8]>) {
        self.keys.write_all(keys.as_ref()).unwrap();
    }

    fn enter(&mut self, line: &str) {
        self.press(format!("{line}{ENTER}"));
    }

    /// Enters a line at the prompt, and waits until the editor has read it. Keys sent before the prompt would be
    /// handled by the terminal instead of the editor.
    #[track_caller]
    fn ask(&mut self, line: &str) {
        self.see("> ");
        self.enter(line);
        self.see("\n");
    }

    /// Waits until the text is shown. Returns and removes the output up to its end.
    #[track_caller]
    fn see(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text.find(text) {
                let rest = self.text.split_off(at + text.len());
                return std::mem::replace(&mut self.text, rest);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("{error}: no {text:?} in {:?}", self.text),
            }
        }
    }

    fn history(&self) -> PathBuf {
        self.home.join(".local/state/kq/history")
    }

    /// Exits at the prompt.
    #[track_caller]
    fn leave(mut self) -> String {
        self.see("> ");
        self.press(CTRL_D);
        self.end()
    }

    /// Waits for the process's end, and returns the history.
    #[track_caller]
    fn end(mut self) -> String {
        while let Ok(_) | Err(RecvTimeoutError::Timeout) = self.shown.recv_timeout(PATIENCE).inspect_err(|error| {
            assert_eq!(*error, RecvTimeoutError::Disconnected, "the process does not exit");
        }) {}
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        fs::read_to_string(self.history()).unwrap_or_default()
    }
}

#[test]
fn lines_are_answered_and_remembered() {
    let (address, server) = answering(|query| if query.contains("bad") { "'bad".to_owned() } else { "42".to_owned() });
    let mut terminal = Terminal::start("console-lines", &[&address]);
    terminal.ask("6*7");
    terminal.see("42\r\n");
    terminal.ask("bad");
    terminal.see("'bad\r\n");
    // Recalls the line before the last.
    terminal.see("> ");
    terminal.press("\x1b[A\x1b[A");
    terminal.enter("");
    terminal.see("42\r\n");
    for unkept in [" secret", "h:hopen`:localhost:5001:bob:hunter2"] {
        terminal.ask(unkept);
        terminal.see("42\r\n");
    }
    terminal.ask("f:{x+");
    terminal.enter("y}");
    terminal.see("42\r\n");
    terminal.ask("1+ \\");
    terminal.enter("2");
    terminal.see("42\r\n");
    terminal.ask(r"\t 1");
    terminal.see("42\r\n");
    terminal.ask(r"\\");
    let path = terminal.history();
    let history = terminal.end();
    assert_eq!(
        server.join().unwrap(),
        ["6*7", "bad", "6*7", "secret", "h:hopen`:localhost:5001:bob:hunter2", "f:{x+\ny}", "1+ 2", r"\t 1"]
    );
    for kept in ["6*7\n", "bad\n", "f:{x+\\ny}\n"] {
        assert!(history.contains(kept), "{history}");
    }
    assert!(!history.contains("secret") && !history.contains("hunter2"), "{history}");
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn results_are_truncated_to_the_terminals_size() {
    let (address, _server) =
        answering(|_| "10000 10001 10002 10003 10004 10005 10006 10007 10008 10009 10010 10011".to_owned());
    let mut terminal = Terminal::start("console-size", &[&address]);
    terminal.ask("x");
    terminal.see("10000 10001 10002 10003 10004 10005 10006 10007 10008 100..\r\n");
    tcsetwinsize(&terminal.keys, Winsize { ws_row: 25, ws_col: 30, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    terminal.ask("x");
    terminal.see("10000 10001 10002 10003 100..\r\n");
    terminal.ask(r"\c");
    terminal.see("25 30i\r\n");
    terminal.ask(r"\c 25 20");
    terminal.ask("x");
    terminal.see("10000 10001 10002..\r\n");
    terminal.ask(r"\c x");
    terminal.see("'\\c x\r\n");
    terminal.leave();
    let (address, _server) = answering(|_| "10000 10001 10002 10003".to_owned());
    let mut terminal = Terminal::start("console-size", &[&address, "-c", "25", "15"]);
    terminal.ask("x");
    terminal.see("10000 10001 ..\r\n");
    terminal.leave();
}

#[test]
fn ctrl_c_interrupts_a_wait_and_not_the_program() {
    let (asks, asked) = mpsc::channel();
    let (address, server) = listen(move |listener| {
        let mut peer = Peer::accept(&listener);
        asks.send(peer.query()).unwrap();
        // The client closes the connection.
        assert!(peer.message().is_none());
        let mut peer = Peer::accept(&listener);
        peer.query();
        peer.respond("2");
        peer.message();
    });
    let mut terminal = Terminal::start("console-interrupt", &[&address]);
    // At the prompt, Ctrl-C discards the line.
    terminal.see("> ");
    terminal.press(format!("never sent{CTRL_C}"));
    terminal.ask("slow");
    // The editor has released the terminal, so the key raises a signal.
    assert_eq!(asked.recv().unwrap().unwrap(), b"slow");
    terminal.press(CTRL_C);
    terminal.see("it is unknown whether the server processed the request");
    terminal.see(&format!("reconnected to {address}"));
    terminal.ask("1+1");
    terminal.see("2\r\n");
    terminal.leave();
    server.join().unwrap();
}

#[test]
fn a_lost_connection_is_reported_and_reopened() {
    let (address, server) = listen(|listener| {
        let mut peer = Peer::accept(&listener);
        peer.query();
        drop(peer);
        let mut peer = Peer::accept(&listener);
        peer.query();
        peer.respond("2");
    });
    let mut terminal = Terminal::start("console-lost", &[&address]);
    terminal.ask("x");
    terminal.see(&format!("kq: {address}: closed before the response"));
    terminal.see("reconnected");
    terminal.ask("1+1");
    terminal.see("2\r\n");
    server.join().unwrap();
    // Nothing listens now, and the console must continue. The error text varies, because a process spawned by another
    // test may still hold the listener.
    terminal.ask("y");
    terminal.see("it is unknown");
    terminal.see(&format!("kq: {address}: "));
    terminal.leave();
}

#[test]
fn tab_completes_the_servers_names() {
    let (address, server) = serve(|mut peer| {
        let mut asked = Vec::new();
        while let Some(query) = peer.query() {
            let query = String::from_utf8(query).unwrap();
            peer.respond(if query.contains("tables") { "`select`trade`trader`.tick.upd`price" } else { "7" });
            asked.push(query);
        }
        asked
    });
    let mut terminal = Terminal::start("console-names", &[&address]);
    terminal.see("> ");
    terminal.press(format!("sel{TAB}"));
    terminal.see("select");
    terminal.press(format!(" pri{TAB}"));
    terminal.see("price");
    terminal.press(format!(" from tr{TAB}{TAB}"));
    terminal.see("trade");
    terminal.see("trader");
    terminal.press(format!(" where .tick.{TAB}"));
    terminal.see(".tick.upd");
    terminal.press(format!(" nothing{TAB}"));
    terminal.enter("");
    terminal.see("7\r\n");
    terminal.leave();
    let asked = server.join().unwrap();
    assert_eq!(asked.last().unwrap(), "select price from trade where .tick.upd nothing");
    // Names are cached.
    assert!(asked.len() < 5, "{asked:?}");
}

#[test]
fn a_busy_server_does_not_block_the_editor() {
    let (address, server) = serve(|mut peer| {
        let names = peer.query().unwrap();
        let query = peer.query().unwrap();
        // Too late, so it is dropped.
        peer.respond("`select`trade");
        peer.respond("7");
        peer.message();
        (names, query)
    });
    let mut terminal = Terminal::start("console-busy", &[&address]);
    let start = Instant::now();
    terminal.see("> ");
    terminal.press(format!("se{TAB}x{TAB}"));
    terminal.enter("");
    terminal.see("7\r\n");
    assert!(start.elapsed() < Duration::from_secs(5));
    terminal.leave();
    assert_eq!(server.join().unwrap().1, b"sex");
}

#[test]
fn invalid_utf8_does_not_end_the_console() {
    let (address, server) = serve(|mut peer| {
        let mut asked = Vec::new();
        while let Some(query) = peer.query() {
            // A symbol that is not UTF-8 and contains escape sequences.
            let symbol = kcodec::Symbol::from_bytes(b"\xff\x1b[31mred\x9b");
            peer.send(MessageType::Response, symbol.into());
            asked.push(query);
        }
        asked
    });
    let mut terminal = Terminal::start("console-bytes", &[&address]);
    terminal.see("> ");
    terminal.press(b"abc\xff\xfedef");
    terminal.see("not UTF-8");
    terminal.ask("x");
    terminal.see("`\u{fffd}?[31mred\u{fffd}\r\n");
    terminal.leave();
    assert_eq!(server.join().unwrap().last().unwrap(), b"x");
}

#[test]
fn the_password_prompt_does_not_echo() {
    let (address, server) = serve(|mut peer| {
        peer.query();
        peer.respond("1");
        peer.login
    });
    let mut terminal = Terminal::start("console-password", &[&format!("{address}:bob"), "-W", "x"]);
    terminal.see("Password for bob: ");
    terminal.enter("hunter2");
    let shown = terminal.see("1\r\n");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(terminal.end(), "");
    let login = server.join().unwrap();
    assert_eq!((&login.user[..], &login.password[..]), (&b"bob"[..], &b"hunter2"[..]));
    // Ctrl-C aborts the prompt.
    let mut terminal = Terminal::start("console-no-password", &[&format!("{address}:bob"), "-W", "x"]);
    terminal.see("Password for bob: ");
    terminal.press(format!("hun{CTRL_C}"));
    let shown = terminal.see("kq: no password: interrupted");
    assert!(!shown.contains("hun"), "{shown}");
}
