//! The time zone of the process: `ltime` and `gtime`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::fault::{Fault, R};
use super::noun::{Atom, Item, Items, Noun, Vector, atom, vector};
use super::temporal::{DAY, EPOCH};
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    unary("ltime", None, |vm, x| vm.shifted(&x, |at| at.saturating_add(offset(at)))),
    unary("gtime", None, |vm, x| vm.shifted(&x, utc)),
];

/// Units charged per time zone lookup.
const STEP: usize = 100;

/// The offset of local time from UTC in nanoseconds, at a time given as UTC since 2000.01.01.
pub(crate) fn offset(at: i64) -> i64 {
    let moment = Timestamp::from_nanosecond(i128::from(at) + i128::from(EPOCH));
    let seconds = moment.map_or(0, |moment| TimeZone::system().to_offset(moment).seconds());
    i64::from(seconds).saturating_mul(1_000_000_000)
}

/// Converts local time to UTC. An ambiguous local time gives the earlier instant. A local time skipped by a clock
/// change is shifted by the length of the gap.
fn utc(local: i64) -> i64 {
    let epoch = i128::from(EPOCH);
    let shown = Timestamp::from_nanosecond(i128::from(local) + epoch);
    let moment = shown.and_then(|shown| {
        let civil = TimeZone::UTC.to_datetime(shown);
        TimeZone::system().to_ambiguous_timestamp(civil).compatible()
    });
    moment.ok().and_then(|moment| i64::try_from(moment.as_nanosecond() - epoch).ok()).unwrap_or(local)
}

impl Vm<'_> {
    /// Applies `shift` to timestamps or datetimes. Nulls and infinities are unchanged.
    fn shifted(&mut self, x: &Noun, shift: fn(i64) -> i64) -> R {
        if self.q.settings.offset.is_some() {
            return Err(Fault::nyi("ltime or gtime under \\o"));
        }
        let stamp = |at: i64| if at == i64::MIN || at.abs() == i64::MAX { at } else { shift(at) };
        let datetime = |at: f64| {
            let nanos = at * DAY as f64;
            // Times outside the range of a timestamp are unchanged.
            if nanos.abs() < 9e18 { (shift(nanos.round() as i64)) as f64 / DAY as f64 } else { at }
        };
        match x {
            Noun::Atom(Atom { kind: Kind::Timestamp, item: Item::I64(at) }) => Ok(atom(Kind::Timestamp, stamp(*at))),
            Noun::Atom(Atom { kind: Kind::Datetime, item: Item::F64(at) }) => Ok(atom(Kind::Datetime, datetime(*at))),
            Noun::Vector(Vector { kind: Kind::Timestamp, items: Items::I64(items), .. }) => {
                self.charge(items.len().saturating_mul(STEP))?;
                let mut out = self.vec(items.len())?;
                out.extend(items.iter().map(|&at| stamp(at)));
                Ok(vector(Kind::Timestamp, out))
            }
            Noun::Vector(Vector { kind: Kind::Datetime, items: Items::F64(items), .. }) => {
                self.charge(items.len().saturating_mul(STEP))?;
                let mut out = self.vec(items.len())?;
                out.extend(items.iter().map(|&at| datetime(at)));
                Ok(vector(Kind::Datetime, out))
            }
            Noun::List(_) | Noun::Dict(_) => self.recurse(|vm| vm.each(x, |vm, item| vm.shifted(&item, shift))),
            _ => Err(Fault::TYPE),
        }
    }
}
