//! Resident memory of the server per idle connection.

use std::io;

use kbench::Record;
use kbench::load::{Plan, open};

use crate::servers::Programs;
use crate::{Load, claim};

/// Records bytes per connection, for 1,000 and 10,000 connections.
pub(crate) fn run(programs: &Programs, options: &Load, record: &mut Record) -> io::Result<()> {
    for count in [1_000, 10_000] {
        let name = format!("{count} idle connections: each");
        if !name.contains(&options.filter) {
            continue;
        }
        let server = programs.kserve(&["--max-peers", "20000"])?;
        server.assert_answers("2+2", 4);
        let plan = Plan::new(server.address);
        let before = server.resident()?;
        let crowd = (0..count).map(|_| open(&plan)).collect::<io::Result<Vec<_>>>()?;
        let taken = server.resident()?.saturating_sub(before);
        drop(crowd);
        record.cells(&claim(&name, taken as f64 / 1024.0 / count as f64, false, 4.0, " KiB"))?;
    }
    Ok(())
}
