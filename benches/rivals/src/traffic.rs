//! Runs given messages, by size class, through kcodec and the other crates.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write};
use std::panic;
use std::path::Path;

use kcodec::Value;
use kcorpus::{measure, traffic};
use kwire::Limits;

use crate::crates::{KdbCodec, Kdbplus, Rival};
use crate::race::{Lanes, Timed, race, timed};

/// The head of the table, also recorded.
const HEAD: &str = "
| messages | bytes of a body | crate | correct | decode: kcodec | crate | encode: kcodec | crate |
|---|---|---|---|---|---|---|---|";

const NOTE: &str = "
Medians per message, over the messages that the crate decodes and re-encodes to the same bytes. kcodec encodes a view by
copying the bytes that it borrows; the crates encode values of their own.";

/// Measures the messages of a file.
pub(crate) fn run(path: &Path, mut record: Option<&mut File>) -> io::Result<()> {
    let messages = traffic::load(path).map_err(io::Error::other)?;
    let classes = measure::classes(messages.iter().map(Vec::as_slice), &Limits::default());
    let classes = classes.map_err(|(number, error)| io::Error::other(format!("message {number}: {error}")))?;
    let mut print = |line: &str| {
        println!("{line}");
        record.as_mut().map_or(Ok(()), |record| writeln!(record, "{line}"))
    };
    print(HEAD)?;
    for class in classes {
        let bodies: Vec<Vec<u8>> = class.bodies().map(<[u8]>::to_vec).collect();
        print(&row::<KdbCodec>(KdbCodec::NAME, class.most, &bodies))?;
        print(&row::<Kdbplus>(Kdbplus::NAME, class.most, &bodies))?;
    }
    print(NOTE)
}

fn row<R: Rival>(name: &str, most: usize, bodies: &[Vec<u8>]) -> String {
    // A crate may panic on messages that it does not support.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let is_right = |body: &Vec<u8>| panic::catch_unwind(|| R::encode(&R::decode(body)) == *body).unwrap_or(false);
    let right: Vec<&Vec<u8>> = bodies.iter().filter(|body| is_right(body)).collect();
    panic::set_hook(hook);
    let size = if most == usize::MAX { "any".to_owned() } else { format!("≤ {most}") };
    let head = format!("| {} | {size} | {name} | {} ", bodies.len(), right.len());
    if right.is_empty() {
        return format!("{head}| | | | |");
    }
    let values: Vec<R::Value> = right.iter().map(|body| R::decode(body)).collect();
    let views: Vec<Value<'_>> = right.iter().map(|body| valid(body)).collect();
    let mut out = Vec::new();
    let decoded = pair(right.len(), over(&right, |body| black_box(Value::decode(body)).is_ok()), {
        over(&right, |body| R::decode(body))
    });
    let encode = |view: &Value<'_>| {
        out.clear();
        view.encode(&mut out)
    };
    let encoded = pair(right.len(), over(&views, encode), over(&values, |value| R::encode(value)));
    format!("{head}| {decoded} | {encoded} |")
}

fn valid(body: &[u8]) -> Value<'_> {
    Value::decode(body).unwrap_or_else(|error| panic!("checked by `measure::classes`: {error}"))
}

/// Applies `each` to every item, once per iteration.
fn over<'a, T, O: 'a>(items: &'a [T], mut each: impl FnMut(&'a T) -> O + 'a) -> Timed<'a> {
    timed(|| (), move |()| items.iter().for_each(|item| drop(black_box(each(black_box(item))))))
}

/// Measures two lanes and formats their times per message.
fn pair(messages: usize, ours: Timed<'_>, theirs: Timed<'_>) -> String {
    let mut lanes: Lanes<'_> = [Some(ours), Some(theirs), None, None, None];
    let [ours, theirs, ..] = race(&mut lanes);
    let cell = |nanoseconds: f64| crate::time(nanoseconds / messages as f64);
    match (ours, theirs.and_then(|theirs| Some((theirs.nanoseconds, theirs.ratio?)))) {
        (Some(ours), Some((theirs, ratio))) => format!("{} | {} ({ratio:.1} ×)", cell(ours.nanoseconds), cell(theirs)),
        _ => " | ".to_owned(),
    }
}
