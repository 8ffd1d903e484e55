//! The console: lines of standard input, for the loop to evaluate between requests.

use std::io::{self, BufRead};
use std::thread;
use std::time::Duration;

use kserve::{Interrupt, Sender};

/// How long to wait where too many lines wait for the loop.
const BUSY: Duration = Duration::from_millis(10);

/// Reads lines on a thread of their own. At the end of the input the process stops, once it has evaluated them.
pub(crate) fn read(sender: Sender, interrupt: Interrupt) -> io::Result<()> {
    let run = move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            while sender.line(line.clone().into_bytes()).is_err() {
                thread::sleep(BUSY);
            }
        }
        // The last line of all, so that those before it are evaluated first.
        if sender.line(b"\\\\".to_vec()).is_err() {
            interrupt.stop();
        }
    };
    thread::Builder::new().name("kserve-console".to_owned()).spawn(run).map(drop)
}
