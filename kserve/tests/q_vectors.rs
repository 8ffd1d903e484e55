//! Property tests: a verb on vectors equals the verb on each item, across lanes, blocks and conversions.

use kcodec::{Body, Date, Month, Second, Time, Timespan, Timestamp, Value};
use kserve::q::Interpreter;
use proptest::prelude::*;

/// A vector of any numeric kind.
fn vector(kind: usize, items: &[i16]) -> Body {
    fn of<T>(items: &[i16], make: impl Fn(i16) -> T) -> Body
    where
        for<'a> Value<'a>: From<&'a Vec<T>>,
    {
        Body::encode(&items.iter().map(|&item| make(item)).collect::<Vec<T>>()).unwrap()
    }
    let int = |item: i16| if item == i16::MIN { i32::MIN } else { i32::from(item) };
    let long = |item: i16| if item == i16::MIN { i64::MIN } else { i64::from(item) };
    let float = |item: i16| if item == i16::MIN { f64::NAN } else { f64::from(item) / 4.0 };
    match kind {
        0 => of(items, |item| item & 1 == 1),
        1 => of(items, |item| item as u8),
        2 => of(items, |item| item),
        3 => of(items, int),
        4 => of(items, long),
        5 => of(items, |item| float(item) as f32),
        6 => of(items, float),
        7 => of(items, |item| Timestamp(long(item))),
        8 => of(items, |item| Month(int(item))),
        9 => of(items, |item| Date(int(item))),
        10 => of(items, |item| Timespan(long(item))),
        11 => of(items, |item| Second(int(item))),
        _ => of(items, |item| Time(int(item))),
    }
}

const BINARY: &[&str] =
    &["+", "-", "*", "%", "&", "|", "^", "=", "<", ">", "<>", "<=", ">=", " div ", " mod ", " xbar ", " xexp "];

const UNARY: &[&str] = &[
    "neg",
    "abs",
    "signum",
    "reciprocal",
    "floor",
    "ceiling",
    "not",
    "null",
    "sqrt",
    "exp",
    "`long$",
    "`float$",
    "`int$",
    "`boolean$",
    "`date$",
    "`time$",
    "`timestamp$",
    "`month$",
];

proptest! {
    #[test]
    fn pairs(
        pairs in prop::collection::vec((any::<i16>(), prop::sample::select(vec![0, 1, -1, 7, i16::MIN, i16::MAX])), 1..8),
        kinds in (0_usize..13, 0_usize..13),
        verb in prop::sample::select(BINARY.to_vec()),
    ) {
        let (x, y): (Vec<i16>, Vec<i16>) = pairs.into_iter().unzip();
        let mut q = Interpreter::new();
        q.set("x0", vector(kinds.0, &x)).unwrap();
        q.set("y0", vector(kinds.1, &y)).unwrap();
        let mut ask = |text: String| q.evaluate(text.as_str().into());
        let each = ask(format!("{{x{verb}y}}'[x0;y0]"));
        prop_assert_eq!(&ask(format!("x0{verb}y0")), &each);
        let each = ask(format!("{{x{verb}first y0}}each x0"));
        prop_assert_eq!(ask(format!("x0{verb}first y0")), each);
        let each = ask(format!("{{(first x0){verb}x}}each y0"));
        prop_assert_eq!(ask(format!("(first x0){verb}y0")), each);
    }

    #[test]
    fn items(
        x in prop::collection::vec(prop_oneof![any::<i16>(), Just(i16::MIN), Just(0)], 1..8),
        kind in 0_usize..13,
        verb in prop::sample::select(UNARY.to_vec()),
    ) {
        let mut q = Interpreter::new();
        q.set("x0", vector(kind, &x)).unwrap();
        let mut ask = |text: String| q.evaluate(text.as_str().into());
        prop_assert_eq!(ask(format!("{verb} x0")), ask(format!("{{{verb} x}}each x0")));
    }

    /// The last item of a running aggregate is the aggregate.
    #[test]
    fn running(
        x in prop::collection::vec(prop_oneof![any::<i16>(), Just(i16::MIN), Just(0)], 1..8),
        kind in 0_usize..7,
        verb in prop::sample::select(vec!["sum", "prd", "min", "max", "avg"]),
    ) {
        let mut q = Interpreter::new();
        q.set("x0", vector(kind, &x)).unwrap();
        let mut ask = |text: String| q.evaluate(text.as_str().into()).map(|body| body.to_string());
        prop_assert_eq!(ask(format!("last {verb}s x0")), ask(format!("{verb} x0")));
    }
}

/// Vectors longer than one block, so that conversion takes several.
#[test]
fn blocks() {
    let mut q = Interpreter::new();
    for (text, expected) in [
        ("sum(til 5000)+0.5", "1.25e+07"),
        ("sum(til 5000)=`int$til 5000", "5000i"),
        ("(sum 0.5*til 5000)=sum(til 5000)%2", "1b"),
        ("max(`int$til 5000)-til 5000", "0"),
        ("(til 5000)~`long$`int$til 5000", "1b"),
        ("sum(`short$til 5000)*2i", "24995000i"),
    ] {
        assert_eq!(q.evaluate(text.into()).map(|body| body.to_string()), Ok(expected.to_owned()), "{text}");
    }
}
