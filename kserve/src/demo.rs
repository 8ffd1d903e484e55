//! The table that `--demo` defines.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use kcodec::{Body, Slice, Table, Timespan, Value, Vector};
use kserve::Interpreter;

/// Rows of the demo table.
const ROWS: usize = 10_000;

/// Defines `trade`: time, sym, price, size, ex.
pub(crate) fn define(interpreter: &mut Interpreter) -> Result<(), Box<dyn std::error::Error>> {
    let trade = kcorpus::workload::trade(ROWS);
    let time: Vec<Timespan> = trade.time.iter().copied().map(Timespan).collect();
    let sym: Vec<&str> = trade.sym.iter().map(String::as_str).collect();
    let columns = [
        (&time).into(),
        Value::symbols(&sym),
        (&trade.price).into(),
        (&trade.size).into(),
        Value::Vector(Vector::Char(Slice::new(&trade.ex))),
    ];
    let table = Table::new(&["time", "sym", "price", "size", "ex"], &columns)?;
    Ok(interpreter.set("trade", Body::encode(table)?)?)
}

/// Prints commands to try.
pub(crate) fn explain(address: SocketAddr, out: &mut impl Write) -> io::Result<()> {
    let (kq, port) = (kq().display().to_string(), address.port());
    writeln!(out, "table trade: {ROWS} rows. Try from another terminal:")?;
    writeln!(out, "  {kq} localhost:{port} \"2+2\"")?;
    writeln!(out, "  {kq} localhost:{port} \"5#trade\"")?;
    writeln!(out, "  {kq} localhost:{port}              (a console)")?;
    writeln!(out, "or from q: h:hopen`::{port}; h\"sum trade`size\"")
}

/// The path of `kq`: beside this executable if it was built there, otherwise found on the PATH.
fn kq() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|exe| exe.with_file_name("kq")).filter(|kq| kq.exists());
    let Some(kq) = beside else { return PathBuf::from("kq") };
    let here = std::env::current_dir().ok();
    let relative = here.and_then(|here| kq.strip_prefix(here).ok().map(PathBuf::from));
    relative.unwrap_or(kq)
}
