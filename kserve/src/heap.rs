//! Counts the process's memory in the global allocator, and computes the bound of `-w`.

use std::alloc::System;
use std::fs;

use cap::Cap;
use kserve::Memory;
use rustix::process::{Resource, getrlimit};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes in a megabyte, as `-w` counts them.
const MEGABYTE: u64 = 1 << 20;

/// The bound on memory: `megabytes`, or none if 0, or three quarters of the machine's memory by default. A tighter
/// `ulimit -v` lowers it to half of the remaining address space: an allocation refused by the OS would abort the
/// process, and small allocations take up to twice the counted bytes.
pub(crate) fn memory(megabytes: Option<u64>) -> Memory {
    let wanted = match megabytes {
        Some(0) => u64::MAX,
        Some(megabytes) => megabytes.saturating_mul(MEGABYTE),
        None => machine() / 4 * 3,
    };
    let space = getrlimit(Resource::As).current.map_or(u64::MAX, |space| space.saturating_sub(address_space()) / 2);
    match usize::try_from(wanted.min(space)) {
        Ok(usize::MAX) | Err(_) => Memory::unbounded(),
        Ok(limit) => Memory::new(limit, || ALLOCATOR.allocated()),
    }
}

/// Bytes of memory of the machine, or of the process's control group if that is less.
fn machine() -> u64 {
    let system = rustix::system::sysinfo();
    let total = system.totalram as u64 * u64::from(system.mem_unit);
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    group.and_then(|limit| limit.trim().parse().ok()).map_or(total, |limit: u64| limit.min(total))
}

/// Bytes of address space in use.
fn address_space() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    pages.unwrap_or_default() * rustix::param::page_size() as u64
}
