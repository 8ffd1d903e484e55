//! Signal handling of the binary.

use std::path::PathBuf;
use std::{io, process, thread};

use kserve::{Interrupt, Sender, Users};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::{error, info};

/// What SIGHUP reloads.
#[derive(Debug)]
pub(crate) struct Reload {
    pub(crate) users: Option<PathBuf>,
    pub(crate) tls: bool,
}

/// After this many stops the process exits at once.
const STOPS_BEFORE_EXIT: u32 = 3;

/// SIGINT cancels the running request, or stops the server if none is running. SIGTERM does both. SIGHUP reloads
/// the password file and the TLS files. A second stop drops pending answers, a third exits the process.
pub(crate) fn listen(interrupt: Interrupt, sender: Sender, reload: Reload) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let run = move || {
        let mut stops = 0;
        for signal in signals.forever() {
            match signal {
                SIGHUP => reload.run(&sender),
                SIGINT if interrupt.cancel() => info!("request cancelled"),
                _ => {
                    info!(signal, "stopping");
                    interrupt.stop();
                    stops += 1;
                }
            }
            if stops == STOPS_BEFORE_EXIT {
                process::exit(1);
            }
        }
    };
    thread::Builder::new().name("kserve-signals".to_owned()).spawn(run).map(drop)
}

impl Reload {
    fn run(&self, sender: &Sender) {
        if let Some(path) = &self.users {
            match Users::read(path) {
                Ok(users) => {
                    sender.set_users(Some(users));
                    info!("password file reloaded");
                }
                Err(error) => error!("password file not reloaded, the old one stays in use: {error}"),
            }
        }
        if self.tls {
            match kwire::tls::Options::from_env().and_then(|settings| settings.server()) {
                Ok(config) => {
                    sender.set_tls(config);
                    info!("certificate reloaded");
                }
                Err(error) => error!("certificate not reloaded, the old one stays in use: {error}"),
            }
        }
        if self.users.is_none() && !self.tls {
            info!("nothing to reload: no password file and no certificate");
        }
    }
}
