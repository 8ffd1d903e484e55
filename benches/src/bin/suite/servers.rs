//! The servers under load, as child processes.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The folder of the programs.
#[derive(Debug)]
pub(crate) struct Programs(PathBuf);

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Programs {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        let own = || Some(std::env::current_exe().ok()?.parent()?.to_owned());
        Self(folder.or_else(own).unwrap_or_default())
    }

    /// A bare server: `echo`, `fanout` or `stream`.
    pub(crate) fn yardstick(&self, job: &str) -> io::Result<Server> {
        self.start("yardstick", &[job])
    }

    /// The example `constant`: kserve's loop with a handler that answers a constant.
    pub(crate) fn constant(&self) -> io::Result<Server> {
        self.start("examples/constant", &[])
    }

    pub(crate) fn kserve(&self, options: &[&str]) -> io::Result<Server> {
        self.start("kserve", &[&["-p", "127.0.0.1:0"], options].concat())
    }

    fn start(&self, program: &str, arguments: &[&str]) -> io::Result<Server> {
        let path = self.0.join(program);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let mut child = Command::new(&path).args(arguments).stdout(Stdio::piped()).spawn().map_err(named)?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Server { address, child }),
            None => {
                child.kill()?;
                child.wait()?;
                Err(named(io::Error::other(format!("did not print its address: {line:?}"))))
            }
        }
    }
}

impl Server {
    /// Asserts the answer to a query, before anything is timed.
    pub(crate) fn assert_answers(&self, text: &str, answer: i64) {
        let message = kwire::ask(&self.address.to_string(), text);
        assert!(message.as_ref().is_ok_and(|message| message.value() == answer.into()), "{text}: {message:?}");
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.map(|kib| kib << 10).ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// Number of open descriptors.
    pub(crate) fn descriptors(&self) -> io::Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
