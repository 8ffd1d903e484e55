//! The console: passes lines of standard input to the loop.

use std::io::{self, BufRead};
use std::thread;
use std::time::Duration;

use kserve::{Interrupt, Sender};

/// Time between retries while the loop's mailbox is full.
const BUSY: Duration = Duration::from_millis(10);

/// Reads lines on a separate thread. End of input stops the process after all lines are evaluated.
pub(crate) fn read(sender: Sender, interrupt: Interrupt) -> io::Result<()> {
    let run = move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            while sender.line(line.clone().into_bytes()).is_err() {
                thread::sleep(BUSY);
            }
        }
        // Sent as a line, so that it is evaluated after all lines before it.
        if sender.line(b"\\\\".to_vec()).is_err() {
            interrupt.stop();
        }
    };
    thread::Builder::new().name("kserve-console".to_owned()).spawn(run).map(drop)
}
