//! A subscriber that sums the day's volume per symbol.
//!
//! ```text
//! kserve -p 5010 --allow files kserve/examples/tick.q data/sym
//! cargo run -p kwire --example subscriber -- localhost:5010 AAPL IBM
//! ```

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use kcodec::{Atom, Value, Vector};
use kwire::blocking::Handle;
use kwire::tick::{Event, Subscriber, Subscription};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "localhost:5010".to_owned());
    let subscription = Subscription { symbols: arguments.collect(), ..Subscription::tables(["trade"]) };

    let mut subscriber = Subscriber::subscribe(Handle::open(&address)?, subscription)?;
    for (name, table) in subscriber.schemas().iter() {
        println!("{name}: {table}");
    }
    if let Some((log, records)) = subscriber.log() {
        println!("{records} messages in {}", log.display());
    }

    let schemas = subscriber.schemas().clone();
    let mut volume = BTreeMap::<String, i64>::new();
    let date = subscriber.run(|event| {
        let update = match event {
            Event::Update(update) => update,
            Event::End(date) => return ControlFlow::Break(date),
            Event::Other(_) => return ControlFlow::Continue(()),
        };
        match (schemas.column(&update, "sym"), schemas.column(&update, "size")) {
            // A single row, as in the log: atoms.
            (Some(Value::Atom(Atom::Symbol(sym))), Some(Value::Atom(Atom::Long(size)))) => {
                *volume.entry(sym.to_string()).or_default() += size;
            }
            (Some(Value::Vector(Vector::Symbol(syms))), Some(Value::Vector(Vector::Long(sizes)))) => {
                for (sym, size) in syms.iter().zip(sizes.iter()) {
                    *volume.entry(sym.to_string()).or_default() += size;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    println!("end of {}:", Value::from(date));
    for (sym, size) in volume {
        println!("{sym} {size}");
    }
    Ok(())
}
