//! What the process holds, counted by its allocator, and how much it may hold.

use std::alloc::System;
use std::fs;

use cap::Cap;
use kserve::Memory;
use rustix::process::{Resource, getrlimit};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes in a megabyte, as `-w` counts them.
const MEGABYTE: u64 = 1 << 20;

/// The bound of `-w`: `megabytes`, 0 for none, three quarters of the machine's memory unless told.
/// Where `ulimit -v` is tighter it decides, by half of what it leaves: an allocation that the OS
/// refuses would end the process, and small ones take up to twice what is counted.
pub(crate) fn memory(megabytes: Option<u64>) -> Memory {
    let told = match megabytes {
        Some(0) => u64::MAX,
        Some(megabytes) => megabytes.saturating_mul(MEGABYTE),
        None => machine() / 4 * 3,
    };
    let space = getrlimit(Resource::As).current.map_or(u64::MAX, |space| space.saturating_sub(address_space()) / 2);
    match usize::try_from(told.min(space)) {
        Ok(usize::MAX) | Err(_) => Memory::unbounded(),
        Ok(limit) => Memory::new(limit, || ALLOCATOR.allocated()),
    }
}

/// Bytes of memory that the machine, or the control group that the process is in, has.
fn machine() -> u64 {
    let system = rustix::system::sysinfo();
    let total = (system.totalram as u64).saturating_mul(system.mem_unit.into());
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    group.and_then(|limit| limit.trim().parse().ok()).map_or(total, |limit: u64| limit.min(total))
}

/// Bytes of address space that the process has taken.
fn address_space() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    pages.unwrap_or_default().saturating_mul(rustix::param::page_size() as u64)
}
