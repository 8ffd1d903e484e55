//! State of the evaluator, and accounting of work, memory and stack.
//!
//! - Loops must call [`Vm::charge`], with one unit per nanosecond of work, before the work is done.
//! - Code that allocates for more than a few items must do it through [`Vm::vec`], [`Vm::grow`] or [`Vm::room`].
//! - Every 100,000 units, about 0.1 ms, the host is asked whether the evaluation is interrupted.
//! - Recursion must go through [`Vm::recurse`] or [`Vm::check_stack`], which measure the stack itself.

use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use super::fault::{Fault, R};
use super::func::Lambda;
use super::host::Host;
use super::noun::Noun;
use super::symbols::{Sym, Symbols};

kcodec::settings! {
    /// Limits on one evaluation, for what the host does not limit itself.
    ///
    /// ```
    /// use kserve::{EvalLimits, Interpreter};
    ///
    /// let limits = EvalLimits::default().with_stack(256 << 10).with_work(1_000_000).with_bytes(1 << 20);
    /// let mut q = Interpreter::new().with_limits(limits);
    /// let fault = |text: &str, q: &mut Interpreter| q.evaluate(text.into()).unwrap_err().to_string();
    /// assert_eq!(fault("f:{f x}; f 1", &mut q), "stack");
    /// assert_eq!(fault("while[1b;1]", &mut q), "stop");
    /// assert_eq!(fault("til 1000000", &mut q), "wsfull");
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct EvalLimits {
        /// Bytes of the thread's stack that an evaluation may use. Bounds recursion; over it is q's `stack`. The thread
        /// must have more than that; 1 MiB is safe on every thread.
        pub stack: usize = 1 << 20, with_stack;
        /// Units of work, about a nanosecond each, before `stop`. For hosts without a clock.
        pub work: u64 = u64::MAX, with_work;
        /// Bytes of a single result, final or intermediate, before `wsfull`. For hosts that do not measure memory.
        pub bytes: usize = usize::MAX, with_bytes;
    }
}

/// Units between two checks for an interrupt.
const SLICE: i64 = 100_000;
/// Allocations of at least this many bytes ask the host for room. Smaller ones are caught by the check per slice.
const LARGE: usize = 64 << 10;
/// Units charged per byte written, as a shift: one unit per eight bytes.
const BYTES: u32 = 3;

/// State that persists between requests.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) symbols: Symbols,
    pub(crate) globals: IndexMap<Sym, Noun, FxBuildHasher>,
    /// The current namespace, without its dot; null for the root.
    pub(crate) context: Sym,
    /// The locals of all frames, outermost first. Those of the current frame start at `Vm::base`.
    pub(crate) stack: Vec<Noun>,
    /// Cache of parsed text, by namespace and text.
    pub(crate) lambdas: super::cache::Cache,
    pub(crate) limits: EvalLimits,
    pub(crate) settings: Settings,
    pub(crate) views: super::views::Views,
    /// Whether an enumeration was ever created. Fast path: until then, no value is searched for enumerations.
    pub(crate) enumerates: bool,
    /// Set within `reval`: globals must not be changed.
    pub(crate) read_only: bool,
    fuel: i64,
    work_left: u64,
    /// The stack's address at the start of the request.
    entry: usize,
}

/// Settings of system commands.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `\c`: rows and columns of the console.
    pub(crate) console: (usize, usize),
    /// `\P`: digits printed; 0 for all.
    pub(crate) precision: usize,
    /// `\C`: rows and columns of HTTP pages.
    pub(crate) page: (usize, usize),
    /// The state of the random generator, and the last argument of `\S`.
    pub(crate) seed: u64,
    pub(crate) seed_shown: i32,
    /// `\t` in milliseconds.
    pub(crate) timer: u64,
    /// `\W`: stored, but without effect.
    pub(crate) week_offset: i64,
    /// `\\o` in hours or minutes; `None` for the process's time zone.
    pub(crate) offset: Option<i32>,
    /// `\\z 1`: reads `31/12/2000` as a date, instead of `12/31/2000`.
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

/// A running evaluation.
pub(crate) struct Vm<'h> {
    pub(crate) q: &'h mut State,
    pub(crate) host: &'h mut (dyn Host + 'h),
    /// The current frame: the start of its locals, and its lambda. No lambda at top level.
    pub(crate) base: usize,
    pub(crate) this: Option<Arc<Lambda>>,
}

impl<'h> Vm<'h> {
    /// Starts a request.
    pub(crate) fn new(q: &'h mut State, host: &'h mut (dyn Host + 'h)) -> Self {
        q.sweep();
        q.fuel = SLICE;
        q.work_left = q.limits.work;
        q.entry = stack_position();
        q.stack.clear();
        q.read_only = false;
        Self { q, host, base: 0, this: None }
    }

    /// Charges units of work before it is done. Fails with `stop` if interrupted, or `wsfull` if memory is over its
    /// limit.
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

    /// Charges for writing `bytes` bytes, and fails with `wsfull` if there is no room for them.
    pub(crate) fn room(&mut self, bytes: usize) -> R<()> {
        self.check_room(bytes)?;
        self.charge(bytes >> BYTES)
    }

    /// Fails with `wsfull` if there is no room for `bytes` bytes.
    fn check_room(&self, bytes: usize) -> R<()> {
        if bytes > self.q.limits.bytes || (bytes >= LARGE && !self.host.has_room(bytes)) {
            return Err(Fault::WSFULL);
        }
        Ok(())
    }

    /// An empty vector with capacity for `count` items. Charges for filling it. All large results are allocated
    /// here.
    pub(crate) fn vec<T>(&mut self, count: usize) -> R<Vec<T>> {
        let bytes = count.checked_mul(size_of::<T>()).ok_or(Fault::WSFULL)?;
        self.check_room(bytes)?;
        let mut items = Vec::new();
        items.try_reserve_exact(count).map_err(|_| Fault::WSFULL)?;
        self.charge(count.saturating_add(bytes >> BYTES))?;
        Ok(items)
    }

    /// Reserves capacity for `count` more items, amortised. Accounted like [`vec`](Self::vec).
    pub(crate) fn grow<T>(&mut self, items: &mut Vec<T>, count: usize) -> R<()> {
        self.charge(count)?;
        if items.capacity().saturating_sub(items.len()) < count {
            let wanted = items.len().max(count).checked_mul(size_of::<T>()).ok_or(Fault::WSFULL)?;
            self.room(wanted)?;
            items.try_reserve(count).map_err(|_| Fault::WSFULL)?;
        }
        Ok(())
    }

    /// Mutable access to the items of a vector. If they are shared, makes a charged copy first.
    pub(crate) fn own<'a, T: Clone>(&mut self, items: &'a mut Arc<Vec<T>>) -> R<&'a mut Vec<T>> {
        if Arc::get_mut(items).is_none() {
            let mut copy = self.vec(items.len())?;
            copy.extend_from_slice(items);
            *items = Arc::new(copy);
        }
        Arc::get_mut(items).ok_or(Fault::TYPE)
    }

    /// Runs `work` one recursion level deeper, if the stack has room for it.
    #[inline]
    pub(crate) fn recurse<T>(&mut self, work: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        self.check_stack()?;
        work(self)
    }

    /// Fails with `stack` if the stack is over its limit.
    #[inline]
    pub(crate) fn check_stack(&self) -> R<()> {
        if self.q.entry.abs_diff(stack_position()) > self.q.limits.stack { Err(Fault::STACK) } else { Ok(()) }
    }

    /// Interns a text.
    pub(crate) fn intern(&mut self, text: &[u8]) -> Sym {
        self.q.symbols.intern(text)
    }

    /// The text of a symbol.
    pub(crate) fn text(&self, sym: Sym) -> &[u8] {
        self.q.symbols.text(sym)
    }
}

/// The approximate position of the stack pointer.
#[inline(always)]
fn stack_position() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&mark)).addr()
}
