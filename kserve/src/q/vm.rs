//! The evaluator's state, and the one door through which work and memory are charged.
//!
//! Whatever loops calls [`Vm::charge`] with about as many units as nanoseconds it will take, and whatever takes
//! memory for more than a few items asks [`Vm::vec`], before it does so. Once a hundred thousand
//! units, about a tenth of a millisecond, the host is asked whether to go on. Recursion asks [`Vm::deeper`], which measures the stack itself.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::fault::{Fault, R};
use super::func::Lambda;
use super::host::Host;
use super::noun::Noun;
use super::symbols::{Sym, Symbols};

/// Bounds on the evaluation of one request that the host does not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvalLimits {
    /// Bytes of the thread's stack that an evaluation may take: stops recursion without end, with q's `stack`.
    /// The thread must have more than that: 1 MiB is safe on any.
    pub stack: usize,
    /// Units of work before `stop`: about a nanosecond each. For hosts without a clock; `u64::MAX` otherwise.
    pub work: u64,
    /// Bytes of one result, whether it is the answer or on the way to it, before `wsfull`. For hosts that do not
    /// measure memory; `usize::MAX` otherwise.
    pub bytes: usize,
}

impl EvalLimits {
    /// The same with another bound on the stack.
    #[must_use]
    pub const fn with_stack(mut self, bytes: usize) -> Self {
        self.stack = bytes;
        self
    }

    /// The same with another bound on work.
    #[must_use]
    pub const fn with_work(mut self, units: u64) -> Self {
        self.work = units;
        self
    }

    /// The same with another bound on one result.
    #[must_use]
    pub const fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

impl Default for EvalLimits {
    /// 1 MiB of stack, work and results without end.
    fn default() -> Self {
        Self { stack: 1 << 20, work: u64::MAX, bytes: usize::MAX }
    }
}

/// Units between two questions to the host.
const SLICE: i64 = 100_000;
/// Bytes from which on the host is asked whether there is room; smaller takings are seen at the next slice.
const LARGE: usize = 64 << 10;
/// Units that one byte written costs, as a shift: eight bytes a unit.
const BYTES: u32 = 3;

/// What outlives a request.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) symbols: Symbols,
    pub(crate) globals: IndexMap<Sym, Noun, FxBuildHasher>,
    /// The namespace that text is read in, with its dot; null for the root.
    pub(crate) context: Sym,
    /// Values of the frames under way; a frame's locals stand from its base on.
    pub(crate) stack: Vec<Noun>,
    /// Lambdas that were read before, by context and text.
    pub(crate) lambdas: super::cache::Cache,
    pub(crate) limits: EvalLimits,
    pub(crate) settings: Settings,
    pub(crate) views: super::views::Views,
    /// Whether an enumeration was ever made: where none was, nobody looks for one.
    pub(crate) enumerates: bool,
    /// Within `reval`, where nothing may be changed.
    pub(crate) read_only: bool,
    fuel: i64,
    work_left: u64,
    /// Where the stack was when the request began.
    entry: usize,
}

/// What system commands set.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `\c`: rows and columns of the console form.
    pub(crate) console: (usize, usize),
    /// `\P`: digits shown; 0 for all.
    pub(crate) precision: usize,
    /// `\C`: the same for pages.
    pub(crate) page: (usize, usize),
    /// The state of the random numbers, and what `\S` was last given.
    pub(crate) seed: u64,
    pub(crate) seed_shown: i32,
    /// `\t`, milliseconds.
    pub(crate) timer: u64,
    /// `\W`, which changes nothing here but is remembered.
    pub(crate) week_offset: i64,
    /// `\\o`, hours or minutes; the time zone's without.
    pub(crate) offset: Option<i32>,
    /// `\\z 1`: `31/12/2000` is read as a date, and not `12/31/2000`.
    pub(crate) day_first: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            console: (25, 80),
            precision: 7,
            page: (36, 2000),
            seed: 0xcafe_f00d,
            seed_shown: -314_159,
            timer: 0,
            week_offset: 2,
            offset: None,
            day_first: false,
        }
    }
}

impl State {
    pub(crate) fn new(limits: EvalLimits) -> Self {
        Self {
            symbols: Symbols::new(),
            globals: IndexMap::default(),
            context: Sym::NULL,
            stack: Vec::new(),
            lambdas: super::cache::Cache::default(),
            limits,
            settings: Settings::default(),
            views: super::views::Views::default(),
            enumerates: false,
            read_only: false,
            fuel: SLICE,
            work_left: limits.work,
            entry: 0,
        }
    }
}

/// One evaluation under way.
pub(crate) struct Vm<'h> {
    pub(crate) q: &'h mut State,
    pub(crate) host: &'h mut (dyn Host + 'h),
    /// The frame: where its locals begin, and its lambda; none at the top of a text.
    pub(crate) base: usize,
    pub(crate) this: Option<Arc<Lambda>>,
}

impl<'h> Vm<'h> {
    /// Begins a request.
    pub(crate) fn new(q: &'h mut State, host: &'h mut (dyn Host + 'h)) -> Self {
        q.sweep();
        q.fuel = SLICE;
        q.work_left = q.limits.work;
        q.entry = here();
        q.stack.clear();
        q.read_only = false;
        Self { q, host, base: 0, this: None }
    }

    /// Accounts for work that is about to be done.
    #[inline]
    pub(crate) fn charge(&mut self, units: usize) -> R<()> {
        self.q.fuel = self.q.fuel.saturating_sub(i64::try_from(units).unwrap_or(i64::MAX));
        if self.q.fuel < 0 { self.slice() } else { Ok(()) }
    }

    #[cold]
    fn slice(&mut self) -> R<()> {
        let spent = SLICE.saturating_sub(self.q.fuel).unsigned_abs();
        self.q.fuel = SLICE;
        self.q.work_left = self.q.work_left.saturating_sub(spent);
        if self.q.work_left == 0 || self.host.interrupted() {
            return Err(Fault::STOP);
        }
        if self.host.has_room(0) { Ok(()) } else { Err(Fault::WSFULL) }
    }

    /// Charges for a copy or a result of so many bytes, and asks whether there is room for them.
    pub(crate) fn room(&mut self, bytes: usize) -> R<()> {
        self.may_take(bytes)?;
        self.charge(bytes >> BYTES)
    }

    /// `wsfull` if so many bytes may not be taken.
    fn may_take(&self, bytes: usize) -> R<()> {
        if bytes > self.q.limits.bytes || (bytes >= LARGE && !self.host.has_room(bytes)) {
            return Err(Fault::WSFULL);
        }
        Ok(())
    }

    /// An empty vector with room for `count` items: the door through which results go. Charges for making them.
    pub(crate) fn vec<T>(&mut self, count: usize) -> R<Vec<T>> {
        let bytes = count.checked_mul(size_of::<T>()).ok_or(Fault::WSFULL)?;
        self.may_take(bytes)?;
        let mut items = Vec::new();
        items.try_reserve_exact(count).map_err(|_| Fault::WSFULL)?;
        self.charge(count.saturating_add(bytes >> BYTES))?;
        Ok(items)
    }

    /// Makes room for `count` items more in a vector that grows: amortised, and asked for like a new one.
    pub(crate) fn grow<T>(&mut self, items: &mut Vec<T>, count: usize) -> R<()> {
        self.charge(count)?;
        if items.capacity().saturating_sub(items.len()) < count {
            let wanted = items.len().max(count).checked_mul(size_of::<T>()).ok_or(Fault::WSFULL)?;
            self.room(wanted)?;
            items.try_reserve(count).map_err(|_| Fault::WSFULL)?;
        }
        Ok(())
    }

    /// The items of a vector, to change: its own if nobody else holds them, a charged copy if somebody does.
    pub(crate) fn own<'a, T: Clone>(&mut self, items: &'a mut Arc<Vec<T>>) -> R<&'a mut Vec<T>> {
        if Arc::get_mut(items).is_none() {
            let mut copy = self.vec(items.len())?;
            copy.extend_from_slice(items);
            *items = Arc::new(copy);
        }
        Arc::get_mut(items).ok_or(Fault::TYPE)
    }

    /// Runs `work` one level down, if the stack has room for that.
    #[inline]
    pub(crate) fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        self.check_stack()?;
        work(self)
    }

    /// `stack` once the thread's stack is used up to the limit.
    #[inline]
    pub(crate) fn check_stack(&self) -> R<()> {
        if self.q.entry.abs_diff(here()) > self.q.limits.stack { Err(Fault::STACK) } else { Ok(()) }
    }

    /// The symbol of a text.
    pub(crate) fn intern(&mut self, text: &[u8]) -> Sym {
        self.q.symbols.intern(text)
    }

    /// The text of a symbol.
    pub(crate) fn text(&self, sym: Sym) -> &[u8] {
        self.q.symbols.text(sym)
    }
}

/// About where the stack is.
#[inline(always)]
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&mark)).addr()
}
