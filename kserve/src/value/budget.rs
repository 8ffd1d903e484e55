//! What one request may use.

use super::fault::Fault;

/// Bounds on the evaluation of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvalLimits {
    /// Nested calls and brackets. Stops `{f[x]}` that calls itself for ever and text of nothing but
    /// parentheses, with q's `stack`. A call within brackets within a branch is three levels; a level
    /// takes up to 2 KiB of the thread's stack, 7 in a debug build.
    pub depth: u16,
    /// Items touched; a step of the program counts as 16 of them. Stops loops and recursion that branches,
    /// with q's `stop`. Bounds the memory of a request too, at about eight bytes an item.
    pub steps: u64,
    /// Bytes of one result, whether it is the answer or on the way to it. Stops
    /// `1000000000000#0`, with q's `wsfull`.
    pub bytes: usize,
}

impl Default for EvalLimits {
    /// A depth of 200, 100 million items, 1 GiB.
    fn default() -> Self {
        Self { depth: 200, steps: 100_000_000, bytes: 1 << 30 }
    }
}

/// Items that a step of the program counts as.
const STEP: u64 = 16;

/// What is left of the limits.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: EvalLimits,
    steps: u64,
    depth: u16,
}

impl Budget {
    pub(crate) const fn new(limits: EvalLimits) -> Self {
        Self { limits, steps: limits.steps, depth: limits.depth }
    }

    /// Begins a request.
    pub(crate) const fn refill(&mut self) {
        *self = Self::new(self.limits);
    }

    /// Accounts for one step of the program.
    pub(crate) fn step(&mut self) -> Result<(), Fault> {
        self.spend(STEP)
    }

    /// Accounts for items that are looked at.
    pub(crate) fn touch(&mut self, items: usize) -> Result<(), Fault> {
        self.spend(items as u64)
    }

    /// Accounts for a result of `items` of `width` bytes each, before it is made.
    pub(crate) fn make(&mut self, items: usize, width: usize) -> Result<(), Fault> {
        match items.checked_mul(width) {
            Some(bytes) if bytes <= self.limits.bytes => self.spend(items.max(bytes / 8) as u64),
            _ => Err(Fault::WSFULL),
        }
    }

    /// Goes one level down; [`leave`](Self::leave) comes back.
    pub(crate) fn enter(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::STACK)?;
        Ok(())
    }

    pub(crate) const fn leave(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }

    /// Runs `work` one level down.
    pub(crate) fn nest<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.enter()?;
        let done = work(self);
        self.leave();
        done
    }

    fn spend(&mut self, items: u64) -> Result<(), Fault> {
        let left = self.steps.checked_sub(items);
        self.steps = left.unwrap_or_default();
        if left.is_some() { Ok(()) } else { Err(Fault::STOP) }
    }
}
