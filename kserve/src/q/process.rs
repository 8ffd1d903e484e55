//! `.z.*`: values of the process and of the current request.

use std::time::{SystemTime, UNIX_EPOCH};

use super::fault::{Fault, R};
use super::noun::{Dict, Noun, atom, empty, vector};
use super::search::long;
use super::temporal::{DAY, EPOCH};
use super::vm::Vm;
use kcodec::Kind;

/// The version of q that is emulated: `.z.K`.
const VERSION: f64 = 4.1;
/// The release date of that version, as days since 2000.01.01: `.z.k`.
const RELEASE: i32 = 8815;

/// The handlers under `.z` that can be assigned, because the server calls them.
const HANDLERS: [&[u8]; 10] = [b"pg", b"ps", b"pw", b"po", b"pc", b"bm", b"ts", b"exit", b"ph", b"pi"];

/// Nanoseconds since 2000.01.01, in UTC.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    i64::try_from(since).unwrap_or(i64::MAX).saturating_sub(EPOCH)
}

/// Bytes of memory of the machine.
pub(crate) fn machine_memory() -> i64 {
    let system = rustix::system::sysinfo();
    let bytes = (system.totalram as u64).saturating_mul(system.mem_unit.into());
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Checks that a name can be assigned. Under `.z`, only handlers can.
///
/// # Errors
///
/// `nyi` with the name. Accepting a handler that is never called would disable a check silently.
pub(crate) fn settable(name: &[u8]) -> R<()> {
    match name.strip_prefix(b".z.") {
        Some(handler) if !HANDLERS.contains(&handler) => Err(Fault::nyi_of(name)),
        _ if name.starts_with(b".q.") => Err(Fault::nyi_of(name)),
        _ if name.starts_with(b":") => Err(Fault::nyi("a change of a file in place")),
        _ => Ok(()),
    }
}

/// Whether `name` is a handler that `\x` can reset: `\x .z.pg`.
pub(crate) fn is_handler(name: &[u8]) -> bool {
    name.strip_prefix(b".z.").is_some_and(|handler| HANDLERS.contains(&handler))
}

impl Vm<'_> {
    /// The value of a name of the process such as `.z.w`.
    pub(crate) fn process_value(&mut self, name: &[u8]) -> R<Option<Noun>> {
        let Some(name) = name.strip_prefix(b".z.") else { return Ok(None) };
        Ok(Some(match name {
            b"w" => Noun::int(self.host.caller().handle),
            b"u" => {
                let user = self.host.caller().user;
                Noun::sym(self.intern(&user))
            }
            b"a" => Noun::int(self.host.caller().address.cast_signed()),
            b"h" => {
                let name = rustix::system::uname().nodename().to_bytes().to_vec();
                Noun::sym(self.intern(&name))
            }
            b"i" => Noun::int(i32::try_from(std::process::id()).unwrap_or(i32::MAX)),
            b"K" => Noun::float(VERSION),
            b"k" => atom(Kind::Date, RELEASE),
            b"o" => Noun::sym(self.intern(b"l64")),
            b"c" => Noun::int(
                std::thread::available_parallelism().map_or(1, |cores| i32::try_from(cores.get()).unwrap_or(1)),
            ),
            b"p" => atom(Kind::Timestamp, now()),
            b"P" => atom(Kind::Timestamp, self.local()),
            b"d" => atom(Kind::Date, days(now())),
            b"D" => atom(Kind::Date, days(self.local())),
            b"n" => atom(Kind::Timespan, now().rem_euclid(DAY)),
            b"N" => atom(Kind::Timespan, self.local().rem_euclid(DAY)),
            b"t" => atom(Kind::Time, millis(now())),
            b"T" => atom(Kind::Time, millis(self.local())),
            b"z" => atom(Kind::Datetime, now() as f64 / DAY as f64),
            b"Z" => atom(Kind::Datetime, self.local() as f64 / DAY as f64),
            b"W" => {
                let handles = self.host.handles();
                let keys: Vec<i32> = handles.iter().map(|info| info.handle).collect();
                let bytes = handles.iter().map(|info| long(info.bytes)).collect();
                Dict::new(vector(Kind::Int, keys), Noun::longs(bytes))?
            }
            b"H" => vector(Kind::Int, self.host.handles().iter().map(|info| info.handle).collect::<Vec<i32>>()),
            b"x" => self.texts(super::host::CommandLinePart::Arguments)?,
            b"X" => self.texts(super::host::CommandLinePart::All)?,
            b"f" => {
                let script = self.host.command_line(super::host::CommandLinePart::Script).pop().unwrap_or_default();
                Noun::sym(self.intern(&script))
            }
            b"b" => self.dependencies()?,
            b"e" => self.tls_status()?,
            b"l" => super::noun::List::raw(vec![Noun::text(""); 9])?,
            b"q" => Noun::bool(false),
            _ => return Ok(None),
        }))
    }

    /// `.z.e`: cipher suite and protocol of the caller's connection; empty if it is plain.
    fn tls_status(&mut self) -> R {
        let handle = self.host.caller().handle;
        let tls = self.host.handles().iter().find(|info| info.handle == handle).and_then(|info| info.tls);
        match tls {
            None => Dict::new(empty(Kind::Symbol), empty(Kind::List)),
            Some((cipher, protocol)) => self.symbols([("CIPHER", cipher), ("PROTOCOL", protocol)]),
        }
    }

    /// `(-26!)[]`, `-26!()`: the TLS settings.
    pub(crate) fn tls_settings(&mut self, x: &Noun) -> R {
        if !matches!(x, Noun::Null) && x.len() > 0 {
            return Err(Fault::nyi("-26! of a handle"));
        }
        let settings = self.host.tls_settings()?;
        self.symbols(settings.iter().map(|(name, value)| (*name, value.as_str())))
    }

    fn symbols<'s>(&mut self, pairs: impl IntoIterator<Item = (&'s str, &'s str)>) -> R {
        let (keys, values) =
            pairs.into_iter().map(|(key, value)| (self.intern(key.as_bytes()), self.intern(value.as_bytes()))).unzip();
        Dict::new(Noun::syms(keys), Noun::syms(values))
    }

    /// Nanoseconds since 2000.01.01 in local time: the process's time zone, or the offset set by `\\o`.
    fn local(&self) -> i64 {
        let now = now();
        now.saturating_add(self.q.settings.offset.map_or_else(|| super::zone::offset(now), offset_nanos))
    }

    fn texts(&self, part: super::host::CommandLinePart) -> R {
        let words: Vec<Noun> = self.host.command_line(part).into_iter().map(Noun::text).collect();
        if words.is_empty() { Ok(empty(Kind::List)) } else { super::noun::List::raw(words) }
    }
}

/// The offset set by `\\o` in nanoseconds. Numbers up to 23 are hours, others minutes.
fn offset_nanos(offset: i32) -> i64 {
    let minutes = i64::from(offset) * if offset.abs() > 23 { 1 } else { 60 };
    minutes * 60_000_000_000
}

fn days(nanos: i64) -> i32 {
    i32::try_from(nanos.div_euclid(DAY)).unwrap_or(i32::MAX)
}

fn millis(nanos: i64) -> i32 {
    i32::try_from(nanos.rem_euclid(DAY) / 1_000_000).unwrap_or(i32::MAX)
}
