//! The built server as a child process: its log, memory, descriptors and exit.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::raw::Raw;

/// Timeout for everything but the attack itself.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Serializes the tests. Poisoning is ignored: a failed test leaves nothing behind.
static SERIAL: Mutex<()> = Mutex::new(());

/// A running server; killed on drop.
pub(crate) struct Kserve {
    pub(crate) address: SocketAddr,
    child: Child,
    log: PathBuf,
    _serial: Option<MutexGuard<'static, ()>>,
}

impl Kserve {
    /// Starts the server on a free port with additional options.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_under("", options)
    }

    /// Starts it under limits set by a shell: `ulimit -n 32`.
    pub(crate) fn start_under(limits: &str, options: &[&str]) -> Self {
        let serial = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
        let server = Self::launch(limits, &[&["-p", "127.0.0.1:0"], options].concat());
        server.unwrap_or_else(|log| panic!("kserve {options:?} does not start: {log}")).with(serial)
    }

    /// Starts it with exactly these options, also while another one runs. Returns its log if it does not start.
    pub(crate) fn launch(limits: &str, options: &[&str]) -> Result<Self, String> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("attack-{}-{count}.log", std::process::id()));
        let mut child = Command::new("sh")
            .args(["-c", &format!("{limits}\nexec \"$0\" \"$@\"")])
            .arg(std::env::var_os("KSERVE").unwrap_or_else(|| env!("CARGO_BIN_EXE_kserve").into()))
            .args(options)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        match line.trim().strip_prefix("listening on ").and_then(|address| address.parse().ok()) {
            Some(address) => Ok(Self { address, child, log, _serial: None }),
            None => {
                let _ = child.kill();
                let status = child.wait().unwrap();
                let said = fs::read_to_string(&log).unwrap_or_default();
                let _ = fs::remove_file(&log);
                Err(format!("{status}: {said}"))
            }
        }
    }

    fn with(mut self, serial: MutexGuard<'static, ()>) -> Self {
        self._serial = Some(serial);
        self
    }

    /// A socket after the login.
    pub(crate) fn raw(&self) -> Raw {
        Raw::open(self.address)
    }

    /// Sends a query on a new connection. Returns the answer in one-line form.
    pub(crate) fn ask(&self, query: &str) -> String {
        let mut raw = self.raw();
        raw.sync(query);
        raw.answer().unwrap_or_else(|error| panic!("{query}: {error}; log: {}", self.log()))
    }

    /// Asserts that the server runs and answers a new connection.
    pub(crate) fn still_answers(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "the server has ended: {}", self.log());
        assert_eq!(self.ask("2+2"), "4");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits at most `time` for the process to exit.
    pub(crate) fn end(&mut self, time: Duration) -> ExitStatus {
        let start = Instant::now();
        let ended = until(time, || self.child.try_wait().unwrap());
        ended.unwrap_or_else(|| panic!("the server still runs after {:?}", start.elapsed()))
    }

    /// Resident KiB: now, and the peak.
    pub(crate) fn resident(&self) -> (u64, u64) {
        (self.status("VmRSS:"), self.status("VmHWM:"))
    }

    /// Asserts a bound on the peak of resident memory.
    pub(crate) fn peaked_within(&self, kib: u64) {
        let (_, peak) = self.resident();
        assert!(peak <= kib, "{peak} KiB were resident, {kib} allowed");
    }

    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Seconds of processor time used, user and system.
    pub(crate) fn processor(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
        ticks / rustix::param::clock_ticks_per_second() as f64
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the process runs");
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Kserve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// Polls `ask` until it returns a value, for at most `time`.
pub(crate) fn until<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + time;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
