//! System commands: `\d .a`, `system "t 1000"`.

use std::time::{Duration, Instant};

use super::fault::{Fault, R};
use super::host::Entry;
use super::noun::{Noun, vector};
use super::process;
use super::search::long;
use super::symbols::Sym;
use super::table::SPACES;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    unary("system", None, |vm, x| {
        let command = x.as_text().ok_or(Fault::TYPE)?.to_vec();
        vm.recurse(|vm| vm.system(&command))
    }),
    unary("exit", Some(29), |vm, x| {
        let code = x.as_long().and_then(|code| i32::try_from(code).ok()).ok_or(Fault::TYPE)?;
        vm.host.exit(code)?;
        Ok(Noun::Null)
    }),
    // The environment belongs to the operating system.
    unary("getenv", Some(30), |_, _| Err(Fault::ACCESS)),
    infix("setenv", Some(33), |_, _, _| Err(Fault::ACCESS)),
];

/// Bounds on the rows and columns of the console.
const CONSOLE: (i64, i64) = (10, 2000);

impl Vm<'_> {
    /// Evaluates text: a message, a line of the console, an argument of `value`.
    pub(crate) fn command(&mut self, text: &[u8]) -> R {
        match text.trim_ascii_start().strip_prefix(b"\\") {
            Some(command) => self.system(command.trim_ascii_end()),
            None => self.text_value(text),
        }
    }

    /// Runs a system command, given without its backslash.
    ///
    /// # Errors
    ///
    /// `access` for commands that would run a program of the operating system.
    pub(crate) fn system(&mut self, command: &[u8]) -> R {
        let end =
            command.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(command.len());
        let (name, rest) = command.split_at(end);
        let argument = rest.trim_ascii();
        match name {
            b"a" => self.table_names(argument),
            b"f" => self.names_in(argument, false, Noun::is_func),
            b"v" => self.names_in(argument, true, |noun| !noun.is_func()),
            b"b" | b"B" => {
                let space = self.space(argument);
                self.view_names(&space, name == b"B")
            }
            b"d" => self.directory(argument),
            b"t" | b"ts" => self.timed(name, rest),
            b"c" | b"C" => self.console_size(name, argument),
            b"P" => match number(argument)? {
                None => Ok(int(self.q.settings.precision)),
                Some(digits) => {
                    self.q.settings.precision = usize::try_from(digits.clamp(0, 17)).unwrap_or(7);
                    Ok(Noun::Null)
                }
            },
            // Prints the state of the generator, which can be set again later.
            b"S" if argument == b"0N" => Ok(Noun::long(self.q.settings.seed.cast_signed())),
            b"S" => match number(argument)? {
                None => Ok(Noun::int(self.q.settings.seed_shown)),
                Some(seed) => {
                    self.q.settings.seed_shown = i32::try_from(seed).unwrap_or(i32::MIN);
                    self.q.settings.seed = seed.cast_unsigned();
                    Ok(Noun::Null)
                }
            },
            b"z" => match number(argument)? {
                None => Ok(Noun::int(i32::from(self.q.settings.day_first))),
                Some(order @ 0..=1) => {
                    self.q.settings.day_first = order == 1;
                    Ok(Noun::Null)
                }
                Some(_) => Err(Fault::DOMAIN),
            },
            b"T" => match number(argument)? {
                None => Ok(Noun::int(i32::try_from(self.host.timeout()).unwrap_or(i32::MAX))),
                Some(seconds) => {
                    self.check_local()?;
                    self.host.set_timeout(u64::try_from(seconds).map_err(|_| Fault::DOMAIN)?);
                    Ok(Noun::Null)
                }
            },
            b"w" => self.workspace(argument),
            b"p" => match argument {
                b"" => Ok(Noun::int(i32::from(self.host.port()))),
                port => {
                    self.check_local()?;
                    self.host.listen(port)?;
                    Ok(Noun::Null)
                }
            },
            b"E" if argument.is_empty() => Ok(Noun::int(self.host.tls_mode())),
            b"x" => {
                self.may_write(Sym::NULL)?;
                if !process::is_handler(argument) {
                    return Err(Fault::named(argument));
                }
                let name = self.intern(argument);
                self.q.globals.shift_remove(&name);
                self.global_changed(name)?;
                Ok(Noun::Null)
            }
            b"l" => self.load(argument),
            b"u" => {
                self.check_local()?;
                self.host.reload_users()?;
                Ok(Noun::Null)
            }
            b"W" => self.stored_setting(argument, |settings| &mut settings.week_offset),
            b"s" if argument == b"0N" => Ok(Noun::int(0)),
            b"e" | b"g" | b"s" if argument.is_empty() => Ok(Noun::int(0)),
            // There is no debugger, garbage collector or thread, so only the values in effect can be set.
            b"e" | b"g" | b"s" if number(argument)? == Some(0) => Ok(Noun::Null),
            b"1" | b"2" if !argument.is_empty() => {
                self.may_write(Sym::NULL)?;
                self.host.redirect(if name == b"2" { 2 } else { 1 }, argument)?;
                Ok(Noun::Null)
            }
            b"_" if argument.is_empty() => Ok(Noun::bool(false)),
            b"o" if argument.is_empty() => Ok(Noun::int(self.q.settings.offset.unwrap_or(i32::MIN))),
            b"o" => {
                let hours = if argument == b"0N" { None } else { number(argument)? };
                self.q.settings.offset = hours.map(i32::try_from).transpose().map_err(|_| Fault::DOMAIN)?;
                Ok(Noun::Null)
            }
            b"E" | b"e" | b"g" | b"s" | b"r" | b"_" | b"1" | b"2" => Err(Fault::nyi_of(&[b"\\", command].concat())),
            b"" if command.starts_with(b"\\") => {
                self.host.exit(0)?;
                Ok(Noun::Null)
            }
            b"" => Err(Fault::nyi("debugger")),
            _ => Err(Fault::ACCESS),
        }
    }

    /// Fails with `access` for calls on behalf of a client.
    fn check_local(&self) -> R<()> {
        if self.host.caller().handle == 0 { Ok(()) } else { Err(Fault::ACCESS) }
    }

    /// The namespace of a command's argument, or the current one; empty for the root.
    fn space(&self, given: &[u8]) -> Vec<u8> {
        match (given, self.text(self.q.context)) {
            (b"", b"") | (b".", _) => Vec::new(),
            (b"", here) => [b".", here].concat(),
            (given, _) => given.to_vec(),
        }
    }

    /// `\a`, `\v .ns`: the names of a namespace's globals, sorted.
    fn names_in(&mut self, given: &[u8], views: bool, is_wanted: impl Fn(&Noun) -> bool) -> R {
        let space = self.space(given);
        let prefix = if space.is_empty() { Vec::new() } else { [space.as_slice(), b"."].concat() };
        self.charge(self.q.globals.len())?;
        let all = || self.q.globals.keys().copied().chain(self.q.views.names());
        let is_there = || all().any(|name| self.text(name).starts_with(&prefix));
        let is_own = |given: &[u8]| given.strip_prefix(b".").is_some_and(|name| SPACES.contains(&name));
        if !matches!(given, b"" | b".") && !is_own(given) && !is_there() {
            return Err(Fault::named(given));
        }
        let own = |name: Sym, noun: &Noun| {
            let name = self.q.symbols.text(name).strip_prefix(prefix.as_slice())?;
            (!name.is_empty() && !name.contains(&b'.') && is_wanted(noun)).then(|| name.to_vec())
        };
        let mut names: Vec<Vec<u8>> = self.q.globals.iter().filter_map(|(&name, noun)| own(name, noun)).collect();
        if is_own(given) {
            let own = self.own_names(&space)?;
            names.extend(own.into_iter().filter(|(_, noun)| is_wanted(noun)).map(|(name, _)| name));
        }
        if views {
            let own = self.view_names(&space, false)?;
            names.extend(own.as_syms().unwrap_or_default().iter().map(|&name| self.text(name).to_vec()));
        }
        names.sort();
        names.dedup();
        Ok(Noun::syms(names.iter().map(|name| self.q.symbols.intern(name)).collect()))
    }

    /// The names of tables, for `tables[]` and `\a`.
    pub(crate) fn table_names(&mut self, space: &[u8]) -> R {
        self.names_in(space, false, |noun| matches!(noun, Noun::Table(_)) || noun.as_keyed().is_some())
    }

    /// `\d`, `\d .a`
    fn directory(&mut self, space: &[u8]) -> R {
        if space.is_empty() {
            let context = self.text(self.q.context);
            let shown = if context.is_empty() { b".".to_vec() } else { [b".", context].concat() };
            return Ok(Noun::sym(self.intern(&shown)));
        }
        let name = space.strip_prefix(b".").ok_or_else(|| Fault::named(space))?;
        self.q.context = self.intern(name);
        Ok(Noun::Null)
    }

    /// `\t 1000` sets the timer; `\t expression` and `\t:n expression` measure time.
    fn timed(&mut self, name: &[u8], rest: &[u8]) -> R {
        let argument = rest.trim_ascii();
        if name == b"t" && !rest.starts_with(b":") {
            if argument.is_empty() {
                return Ok(Noun::int(i32::try_from(self.q.settings.timer).unwrap_or(i32::MAX)));
            }
            if let Ok(Some(millis)) = number(argument) {
                self.may_write(Sym::NULL)?;
                let millis = u64::try_from(millis).unwrap_or(0);
                self.q.settings.timer = millis;
                self.host.set_timer((millis > 0).then(|| Duration::from_millis(millis)));
                return Ok(Noun::Null);
            }
        }
        let (times, text) = match rest.strip_prefix(b":") {
            Some(counted) => {
                let end = counted.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(counted.len());
                let (count, text) = counted.split_at(end);
                (number(count)?.unwrap_or(1), text)
            }
            None => (1, rest),
        };
        let (start, held) = (Instant::now(), self.host.memory().0);
        for _ in 0..times {
            self.text_value(text)?;
        }
        let millis = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
        if name == b"t" {
            return Ok(Noun::long(millis));
        }
        let bytes = self.host.memory().0.saturating_sub(held);
        Ok(Noun::longs(vec![millis, long(bytes)]))
    }

    fn console_size(&mut self, name: &[u8], argument: &[u8]) -> R {
        let size = if name == b"c" { self.q.settings.console } else { self.q.settings.page };
        if argument.is_empty() {
            return Ok(vector(Kind::Int, vec![clamp_int(size.0), clamp_int(size.1)]));
        }
        let mut sizes = argument.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let mut next = || sizes.next().ok_or(Fault::LENGTH).and_then(|word| number(word)?.ok_or(Fault::TYPE));
        let (rows, columns) = (next()?, next()?);
        let bound = |size: i64| usize::try_from(size.clamp(CONSOLE.0, CONSOLE.1)).unwrap_or(80);
        let size = (bound(rows), bound(columns));
        *(if name == b"c" { &mut self.q.settings.console } else { &mut self.q.settings.page }) = size;
        Ok(Noun::Null)
    }

    /// `\w`: bytes in use, allocated, peak, limit, mapped, and of the machine. `\w 0`: number and bytes of symbols.
    fn workspace(&self, argument: &[u8]) -> R {
        if !argument.is_empty() {
            return Ok(Noun::longs(vec![long(self.q.symbols.count()), long(self.q.symbols.bytes())]));
        }
        let (held, limit) = self.host.memory();
        let limit = if limit == usize::MAX { 0 } else { limit };
        Ok(Noun::longs(vec![long(held), long(held), long(held), long(limit), 0, process::machine_memory()]))
    }

    fn stored_setting(&mut self, argument: &[u8], setting: impl Fn(&mut super::vm::Settings) -> &mut i64) -> R {
        let place = setting(&mut self.q.settings);
        match number(argument)? {
            None => Ok(Noun::int(i32::try_from(*place).unwrap_or(i32::MAX))),
            Some(new) => {
                *place = new;
                Ok(Noun::Null)
            }
        }
    }

    /// `\l script.q`
    fn load(&mut self, path: &[u8]) -> R {
        if let Entry::Folder(_) = self.host.look(path)? {
            return Err(Fault::nyi("\\l of a folder"));
        }
        let text = self.read_file(path, 0..u64::MAX)?;
        // Text never starts with the first byte of a stored object.
        if text.first().is_some_and(|&byte| byte >= 0xfd) {
            return Err(Fault::nyi("\\l of an object"));
        }
        self.recurse(|vm| vm.script(path, &text))?;
        Ok(Noun::Null)
    }
}

/// Parses an optional number; `None` for an empty argument.
fn number(text: &[u8]) -> R<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = text.strip_suffix(b"i").unwrap_or(text);
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).map(Some).ok_or(Fault::TYPE)
}

fn int(size: usize) -> Noun {
    Noun::int(clamp_int(size))
}

fn clamp_int(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}
