//! What signals do to the server.

use std::path::PathBuf;
use std::{io, process, thread};

use kserve::{Interrupt, Sender, Users};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing::{error, info};

/// What is read again.
#[derive(Debug)]
pub(crate) struct Reload {
    pub(crate) users: Option<PathBuf>,
    pub(crate) tls: bool,
}

/// Signals that ask for a stop after which the process ends at once.
const PATIENCE: u32 = 3;

/// SIGINT cancels the request under way, or stops the server if there is none; SIGTERM does both;
/// SIGHUP reads the password file again, and the files of TLS. A second stop does not wait for what was answered to be
/// written, a third ends the process.
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
            if stops == PATIENCE {
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
                    info!("password file read again");
                }
                Err(error) => error!("password file kept as it was: {error}"),
            }
        }
        if self.tls {
            match kwire::tls::Options::from_env().and_then(|settings| settings.server()) {
                Ok(config) => {
                    sender.set_tls(config);
                    info!("certificate read again");
                }
                Err(error) => error!("certificate kept as it was: {error}"),
            }
        }
        if self.users.is_none() && !self.tls {
            info!("no password file and no certificate to read again");
        }
    }
}
