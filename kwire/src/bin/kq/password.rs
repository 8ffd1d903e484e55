//! Sources of passwords, and their removal from output.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use kwire::Address;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// Login options, for addresses without a password.
#[derive(Debug, Args)]
#[command(next_help_heading = "Login")]
pub(crate) struct Login {
    /// Read the password from a file of user:password lines: the line of the address's user, or the first line. Without
    /// this option, the environment variable KQ_PASSWORD is used if set.
    #[arg(short = 'U', value_name = "FILE")]
    file: Option<PathBuf>,
    /// Prompt for the password.
    #[arg(short = 'W', long, conflicts_with = "file")]
    ask_password: bool,
}

/// The environment variable for the password.
const VARIABLE: &str = "KQ_PASSWORD";

/// Most bytes read of a file of users.
const MAX_FILE: u64 = 1 << 20;

impl Login {
    /// The address with user and password added. A password in the address takes precedence.
    pub(crate) fn complete(&self, address: &str) -> Result<String, String> {
        let parsed = Address::parse(address).map_err(|error| error.to_string())?;
        let user = match &parsed.credentials {
            Some((_, password)) if !password.is_empty() => return Ok(address.to_owned()),
            Some((user, _)) => Some(user.as_str()),
            None => None,
        };
        let own = || user.map_or_else(|| std::env::var("USER").unwrap_or_default(), str::to_owned);
        let (user, password) = if self.ask_password {
            let user = own();
            let password = ask(&format!("Password for {user}: ")).map_err(|error| format!("no password: {error}"))?;
            (user, password)
        } else if let Some(file) = &self.file {
            read(file, user)?
        } else if let Some(password) = std::env::var_os(VARIABLE) {
            (own(), password.into_string().map_err(|_| format!("{VARIABLE} is not UTF-8"))?)
        } else {
            return Ok(address.to_owned());
        };
        if password.contains('\0') {
            return Err("a password cannot hold a NUL byte".to_owned());
        }
        Ok(with_login(address, &parsed, &user, &password))
    }
}

/// Disables the terminal's echo until dropped.
struct Silent {
    terminal: File,
    before: Termios,
}

impl Silent {
    fn new() -> io::Result<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        // SIGINT would kill the process without restoring the terminal, so Ctrl-C is made an end of line.
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ECHONL);
        silent.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

const CTRL_C: u8 = 3;

/// Prompts on the terminal. Disables echo before the prompt is shown.
fn ask(prompt: &str) -> io::Result<String> {
    let mut silent = Silent::new()?;
    silent.terminal.write_all(prompt.as_bytes())?;
    let mut line = Vec::new();
    // In canonical mode a read returns at most one line, and a line has at most 4095 bytes.
    let mut part = [0; 4096];
    while !line.ends_with(b"\n") {
        match silent.terminal.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => line.extend_from_slice(&part[..read]),
        }
        if line.ends_with(&[CTRL_C]) {
            silent.terminal.write_all(b"\n")?;
            return Err(io::Error::other("interrupted"));
        }
    }
    line.pop();
    String::from_utf8(line).map_err(|_| io::Error::other("not UTF-8"))
}

/// Reads the user's line of a file, or the first line.
fn read(path: &Path, user: Option<&str>) -> Result<(String, String), String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text));
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let line = lines.find(|(found, _)| user.is_none_or(|user| user == *found));
    let (user, password) = line.ok_or_else(|| match user {
        Some(user) => format!("{}: no line for user {user}", path.display()),
        None => format!("{}: no line user:password", path.display()),
    })?;
    Ok((user.to_owned(), password.to_owned()))
}

/// Replaces the address's credentials.
fn with_login(address: &str, parsed: &Address, user: &str, password: &str) -> String {
    let without = parsed.credentials.as_ref().and_then(|(user, _)| {
        let user = format!(":{user}");
        address
            .strip_suffix(':')
            .and_then(|address| address.strip_suffix(&user))
            .or_else(|| address.strip_suffix(&user))
    });
    let address = without.unwrap_or(address).trim_start_matches(['`', ':']);
    // A lone port would parse as a host once a colon follows; an empty host is localhost.
    let host = if address.contains(':') { "" } else { "::" };
    format!("{host}{address}:{user}:{password}")
}

/// The part of the address before the password.
pub(crate) fn without_password(address: &str) -> &str {
    let text = address.trim_start_matches('`');
    let text = text.strip_prefix(':').unwrap_or(text);
    let scheme = text.find("://").filter(|&at| !text[..at].contains(':'));
    let (fields, rest) = match scheme {
        Some(at) if text.starts_with("unix") => (2, &text[at + 3..]),
        Some(at) => (3, &text[at + 3..]),
        None => (3, text),
    };
    // Colons within an IPv6 address are not separators.
    let rest = rest.find("]:").filter(|_| rest.starts_with('[')).map_or(rest, |end| &rest[end..]);
    let end = rest.match_indices(':').nth(fields - 1).map_or(rest.len(), |(at, _)| at);
    &address[..address.len() - rest.len() + end]
}

/// Whether the text contains an address with a password.
pub(crate) fn is_in(text: &str) -> bool {
    let words = text.split(|char: char| char.is_whitespace() || "\"`()[]{};,".contains(char));
    words.into_iter().any(|word| without_password(word).len() + 1 < word.len())
}

/// Removes the passwords of the command line's addresses from a text.
pub(crate) fn hide(mut text: String) -> String {
    for argument in std::env::args_os() {
        let argument = argument.to_string_lossy();
        let shown = without_password(&argument);
        if shown.len() < argument.len() {
            text = text.replace(&*argument, shown);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use kwire::Address;

    use super::{is_in, with_login, without_password};

    #[test]
    fn without_password_cuts_before_the_password() {
        for (address, shown) in [
            ("h:5001:bob:hunter2", "h:5001:bob"),
            ("h:5oo1:bob:hunter2", "h:5oo1:bob"),
            (":h:5001:bob:a:b", ":h:5001:bob"),
            ("`:h:5001:bob:pw", "`:h:5001:bob"),
            ("::5001:bob:pw", "::5001:bob"),
            ("[::1]:5001:bob:pw", "[::1]:5001:bob"),
            ("unix://5001:bob:pw", "unix://5001:bob"),
            ("unixs://5001:bob:pw", "unixs://5001:bob"),
            ("tcps://h:5001:bob:pw", "tcps://h:5001:bob"),
            ("h:5001:bob:a://b", "h:5001:bob"),
            ("h:5001:bob", "h:5001:bob"),
            ("5001", "5001"),
            ("", ""),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }

    #[test]
    fn with_login_replaces_the_credentials() {
        for address in [
            "5001",
            ":5001",
            "::5001",
            "h:5001",
            "h:5001:bob",
            "h:5001:bob:",
            "h:5001:",
            "[::1]:5001",
            "unix://5001",
            "unixs://5001",
            "tcps://h:1",
            "tcps://h:1:bob",
            "`:h:1",
        ] {
            let parsed = Address::parse(address).unwrap();
            let with = Address::parse(&with_login(address, &parsed, "ann", "p:w")).unwrap();
            assert_eq!(with.transport, parsed.transport, "{address}");
            assert_eq!(with.credentials, Some(("ann".to_owned(), "p:w".to_owned())), "{address}");
        }
    }

    #[test]
    fn is_in_finds_addresses_with_a_password() {
        for line in ["h:hopen `:host:5001:bob:hunter2", "hopen(\"::5001:bob:pw\";1000)", "`:unix://5001:bob:pw \"2+2\""]
        {
            assert!(is_in(line), "{line}");
        }
        for line in ["hopen `::5001", "12:34:56", "a:b:1", "f:{x:1;y:2}", "select from t where time>10:00:00"] {
            assert!(!is_in(line), "{line}");
        }
    }
}
