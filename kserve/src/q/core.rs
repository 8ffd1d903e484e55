//! Core verbs: assignment, application, iteration, names.

use super::build;
use super::fault::{Fault, R};
use super::func::{self, Iterator};
use super::noun::{Noun, atom};
use super::verb::{Verb, any, infix, many, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    infix(":", Some(0), |_, _, y| Ok(y)),
    unary("::", Some(0), |_, x| Ok(x)),
    any("enlist", Some(41), |_, args| enlist(args)),
    unary(",:", Some(12), |_, x| build::enlist(x)),
    many("@", Some(18), true, |vm, args| vm.recurse(|vm| vm.apply_at(args))),
    many(".", Some(19), true, |vm, args| vm.recurse(|vm| vm.apply_dot(args))),
    infix("~", Some(15), |vm, x, y| vm.matches(&x, &y).map(Noun::bool)),
    unary("type", Some(18), |_, x| Ok(atom(Kind::Short, x.type_code()))),
    unary("count", Some(13), |_, x| Ok(Noun::long(i64::try_from(x.len()).unwrap_or(i64::MAX)))),
    unary("value", Some(19), |vm, x| vm.recurse(|vm| vm.value(x))),
    unary("get", None, |vm, x| vm.recurse(|vm| vm.value(x))),
    infix("each", None, |vm, f, x| apply_derived(vm, Iterator::Each, f, x)),
    infix("peach", None, |vm, f, x| apply_derived(vm, Iterator::Each, f, x)),
    infix("over", None, |vm, f, x| apply_derived(vm, Iterator::Over, f, x)),
    infix("scan", None, |vm, f, x| apply_derived(vm, Iterator::Scan, f, x)),
    infix("prior", None, |vm, f, x| apply_derived(vm, Iterator::Prior, f, x)),
    infix("set", None, set),
];

/// `f each x`, `f over x`: applies the derived function to `x`.
fn apply_derived(vm: &mut Vm<'_>, iterator: Iterator, function: Noun, x: Noun) -> R {
    let derived = func::derive(iterator, function)?;
    vm.apply(&derived, vec![x])
}

fn enlist(mut args: Vec<Noun>) -> R {
    match args.len() {
        1 => build::enlist(args.pop().unwrap_or(Noun::Null)),
        _ => build::tidy(args),
    }
}

/// `` `a set x ``, `` `:file set x ``
fn set(vm: &mut Vm<'_>, name: Noun, x: Noun) -> R {
    let symbol = name.as_sym().ok_or(Fault::TYPE)?;
    if vm.text(symbol).starts_with(b":") {
        let path = vm.path(&name)?;
        vm.store_file(&path, &x)?;
        return Ok(name);
    }
    vm.define(symbol, x)?;
    Ok(name)
}
