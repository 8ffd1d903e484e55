//! One's own messages, by size, through kcodec and each of the other crates.

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

/// What is written about them, in a record too.
const HEAD: &str = "
| messages | bytes of a body | crate | it gets right | decode: kcodec | crate | encode: kcodec | crate |
|---|---|---|---|---|---|---|---|";

const NOTE: &str = "
Medians for a message, over those that the crate decodes and encodes to the same bytes again. A view is encoded by copying
the bytes that it borrows; the crates encode values of their own.";

/// Races over the messages of a file.
pub(crate) fn run(path: &Path, mut record: Option<&mut File>) -> io::Result<()> {
    let messages = traffic::load(path).map_err(io::Error::other)?;
    let classes = measure::classes(messages.iter().map(Vec::as_slice), &Limits::default());
    let classes = classes.map_err(|(number, error)| io::Error::other(format!("message {number}: {error}")))?;
    let mut say = |line: &str| {
        println!("{line}");
        record.as_mut().map_or(Ok(()), |record| writeln!(record, "{line}"))
    };
    say(HEAD)?;
    for class in classes {
        let bodies: Vec<Vec<u8>> = class.bodies().map(<[u8]>::to_vec).collect();
        say(&row::<KdbCodec>(KdbCodec::NAME, class.most, &bodies))?;
        say(&row::<Kdbplus>(Kdbplus::NAME, class.most, &bodies))?;
    }
    say(NOTE)
}

fn row<R: Rival>(name: &str, most: usize, bodies: &[Vec<u8>]) -> String {
    // What it cannot do ends in a panic as often as in an error.
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
    Value::decode(body).unwrap_or_else(|error| panic!("it was checked: {error}"))
}

/// Does something to each item, once for each run.
fn over<'a, T, O: 'a>(items: &'a [T], mut each: impl FnMut(&'a T) -> O + 'a) -> Timed<'a> {
    timed(|| (), move |()| items.iter().for_each(|item| drop(black_box(each(black_box(item))))))
}

/// Races two and tells how long each takes for one message.
fn pair(messages: usize, ours: Timed<'_>, theirs: Timed<'_>) -> String {
    let mut lanes: Lanes<'_> = [Some(ours), Some(theirs), None, None, None];
    let [ours, theirs, ..] = race(&mut lanes);
    let cell = |nanoseconds: f64| crate::time(nanoseconds / messages as f64);
    match (ours, theirs.and_then(|theirs| Some((theirs.nanoseconds, theirs.ratio?)))) {
        (Some(ours), Some((theirs, ratio))) => format!("{} | {} ({ratio:.1} ×)", cell(ours.nanoseconds), cell(theirs)),
        _ => " | ".to_owned(),
    }
}
