//! Reads, assigns and changes variables.

use super::E;
use crate::q::code::{Assign, Place};
use crate::q::fault::{Fault, R};
use crate::q::noun::{Noun, empty};
use crate::q::symbols::Sym;
use crate::q::vm::Vm;
use kcodec::Kind;

impl Vm<'_> {
    pub(crate) fn assign(&mut self, assign: &Assign, value: Noun) -> E {
        let verb = match &assign.verb {
            Some(node) => Some(self.node(node)?),
            None => None,
        };
        let Some(index) = &assign.index else {
            return match verb {
                None => {
                    self.store(assign.place, value.clone())?;
                    Ok(value)
                }
                Some(verb) => {
                    self.change(assign.place, |vm, old| vm.amend_whole(old, &verb, value))?;
                    Ok(self.read(assign.place)?)
                }
            };
        };
        let index = self.right_to_left(index)?;
        self.change(assign.place, |vm, old| vm.amend_at(old, &index, verb.as_ref(), value.clone()))?;
        if verb.is_none() {
            return Ok(value);
        }
        // The value of an assignment through a verb is the new item.
        let changed = self.read(assign.place)?;
        Ok(self.index_deep(&changed, &index)?)
    }

    /// Assigns a variable.
    pub(crate) fn store(&mut self, place: Place, value: Noun) -> R<()> {
        match place {
            Place::Local(slot) => {
                let at = self.base + slot;
                debug_assert!(at < self.q.stack.len(), "a frame has a place for each slot of its lambda");
                if let Some(local) = self.q.stack.get_mut(at) {
                    *local = value;
                }
                Ok(())
            }
            Place::Global(name) => self.define(name, value),
        }
    }

    /// Changes a variable's value in place. The value is moved out of the variable meanwhile, so that it is
    /// unshared and needs no copy. It is moved back even if the change fails, with the changes made so far.
    pub(crate) fn change(&mut self, place: Place, change: impl FnOnce(&mut Self, &mut Noun) -> R<()>) -> R<()> {
        match place {
            Place::Local(slot) => {
                let at = self.base + slot;
                let mut value = self.q.stack.get_mut(at).map_or(Noun::Elided, std::mem::take);
                if matches!(value, Noun::Elided) {
                    value = empty(Kind::List);
                }
                let done = change(self, &mut value);
                if let Some(local) = self.q.stack.get_mut(at) {
                    *local = value;
                }
                done
            }
            Place::Global(name) => self.change_global(name, true, change),
        }
    }

    /// [`change`](Self::change) for a global. `alone`: no other code runs during the change, so the global need not
    /// keep its value meanwhile.
    pub(crate) fn change_global(
        &mut self,
        name: Sym,
        alone: bool,
        change: impl FnOnce(&mut Self, &mut Noun) -> R<()>,
    ) -> R<()> {
        self.may_write(name)?;
        if self.q.views.contains(name) {
            self.view_to_global(name)?;
        }
        let Some(place) = self.q.globals.get_mut(&name) else {
            return Err(Fault::named(self.q.symbols.text(name)));
        };
        if !alone {
            let mut value = place.clone();
            change(self, &mut value)?;
            self.q.globals.insert(name, value);
            return self.global_changed(name);
        }
        let mut value = std::mem::take(place);
        let done = change(self, &mut value);
        self.q.globals.insert(name, value);
        self.global_changed(name)?;
        done
    }

    /// Assigns a global.
    pub(crate) fn define(&mut self, name: Sym, value: Noun) -> R<()> {
        self.may_write(name)?;
        self.q.views.remove(name);
        self.q.globals.insert(name, value);
        self.global_changed(name)
    }

    /// Fails with `noupdate` if the caller must not change globals.
    pub(crate) fn may_write(&self, name: Sym) -> R<()> {
        if self.q.read_only || !self.host.may_write() {
            return Err(Fault::from(format!("noupdate: `. `{}", String::from_utf8_lossy(self.text(name)))));
        }
        crate::q::process::settable(self.text(name))
    }

    pub(crate) fn read(&mut self, place: Place) -> R {
        match place {
            Place::Local(slot) => match self.q.stack.get(self.base + slot) {
                Some(Noun::Elided) | None => self.read_unset(slot),
                Some(value) => Ok(value.clone()),
            },
            Place::Global(name) => self.global(name),
        }
    }

    /// Reads an empty slot: that of a global, or of a local before its first assignment.
    fn read_unset(&mut self, slot: usize) -> R {
        match self.this.as_ref().and_then(|lambda| lambda.slots.get(slot)) {
            Some(slot) if !slot.local => self.global(slot.global),
            _ => Ok(empty(Kind::List)),
        }
    }
}
