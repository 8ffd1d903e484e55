//! Evaluates lines of q from standard input and prints each result as the console does. With any argument, for
//! programs: `\x01` in a line is a newline, and a line of `\x02` ends each result.

use std::io::BufRead;
use std::time::{Duration, Instant};

use kcodec::{Console, Value, console};
use kserve::q::{Host, Interpreter};

/// Prints q's output. A request may take five seconds from the stored time.
struct Terminal(Instant);

impl Host for Terminal {
    fn interrupted(&mut self) -> bool {
        self.0.elapsed() > Duration::from_secs(5)
    }

    fn print(&mut self, _: i32, text: &[u8]) {
        print!("{}", String::from_utf8_lossy(text));
    }
}

fn main() {
    let mut q = Interpreter::new();
    let marked = std::env::args().nth(1).is_some();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match q.evaluate_in(&mut Terminal(Instant::now()), Value::from(&line.replace('\x01', "\n"))) {
            Ok(body) if body.value() == Value::NULL => {}
            Ok(body) => print!("{}", console(body.value(), Console::default())),
            Err(fault) if marked => println!("'{fault}"),
            Err(fault) => println!("'{fault} {}", fault.construct().unwrap_or_default()),
        }
        if marked {
            println!("\x02");
        }
    }
}
