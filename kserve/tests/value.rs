//! `value` of text, lists and functions; property tests that no input panics.

mod soup;

use kcodec::{Body, Function, Lambda, List, Symbol, Table, Value, Vector};
use kserve::{EvalLimits, Fault, Interpreter};
use proptest::prelude::*;

/// The one-line form of the result, or the error after a quote.
fn shown(q: &mut Interpreter, query: Value<'_>) -> String {
    match q.evaluate(query) {
        Ok(body) => body.to_string(),
        Err(fault) => format!("'{fault}"),
    }
}

/// The forms in which clients send calls.
#[test]
fn lists_are_calls() {
    let mut q = Interpreter::new();
    q.evaluate("f:{x+y};v:10 20 30;n:{[]42}".into()).unwrap();
    let (two, three) = (Value::from(2_i64), Value::from(3_i64));
    let source = Value::from("{x+y}");
    let lambda = Value::from(Function::Lambda(Lambda::new(Symbol::default(), &source)));
    let parts = [lambda, two];
    let projection = Value::from(Function::Projection(List::new(&parts)));
    let nested = [Value::from(Function::Binary(1)), two, three];
    let cases: &[(&[Value<'_>], &str)] = &[
        (&[Value::symbol("f"), two, three], "5"),
        (&[Value::from("f"), two, three], "5"),
        (&[Value::from("{x+y}"), two, three], "5"),
        (&[Value::from("+"), two, two], "4"),
        (&[lambda, two, three], "5"),
        (&[lambda, two], "{x+y}[2]"),
        (&[projection, three], "5"),
        (&[Value::from(Function::Binary(1)), two, three], "5"),
        (&[Value::from(Function::Unary(13)), Value::from("abc")], "3"),
        (&[Value::symbol("v"), two], "30"),
        (&[Value::from(&[5_i64, 6]), Value::from(1_i64)], "6"),
        (&[Value::symbol("n"), Value::NULL], "42"),
        (&[Value::symbol("n")], "42"),
        (&[Value::from("2+2")], "4"),
        (&[Value::symbol("nosuch"), two], "'nosuch"),
        (&[Value::symbol(".q.neg"), two], "-2"),
        (&[Value::from("count"), Value::from(&nested)], "3"),
        (&[Value::from(Function::Unary(44)), two], "'nyi"),
        (&[lambda, two, two, two], "'rank"),
    ];
    for (items, expected) in cases {
        assert_eq!(shown(&mut q, Value::from(*items)), *expected, "{items:?}");
    }
    assert_eq!(shown(&mut q, Value::symbols(&["f", "x"])), "{x+y}[`x]");
    assert_eq!(shown(&mut q, Value::symbol("v")), "10 20 30");
    assert_eq!(shown(&mut q, Value::symbol("nosuch")), "'nosuch");
    assert_eq!(shown(&mut q, Value::from(&[] as &[Value<'_>])), "()");
    assert_eq!(shown(&mut q, lambda), "(`byte$();`x`y;`symbol$();,`;\"\";-1;-1;\"{x+y}\")");
    assert_eq!(shown(&mut q, two), "'type");
    assert_eq!(shown(&mut q, Value::NULL), "0");
}

#[test]
fn a_lambda_keeps_its_namespace() {
    let mut q = Interpreter::new();
    q.set("a", Body::encode(1_i64).unwrap()).unwrap();
    q.set(".d.a", Body::encode(2_i64).unwrap()).unwrap();
    let source = Value::from("{b::a;a}");
    let lambda = Value::from(Function::Lambda(Lambda::new(Symbol::new("d"), &source)));
    assert_eq!(shown(&mut q, Value::from(&[lambda, Value::NULL])), "2");
    assert_eq!(shown(&mut q, ".d.b".into()), "2");
}

#[test]
fn registered_functions() {
    let mut q = Interpreter::new();
    let mut calls = 0_i64;
    q.register("counter", move |_| {
        calls += 1;
        Ok(Body::encode(calls)?)
    });
    q.register(".u.sub", |arguments| {
        let values: Vec<_> = arguments.iter().map(Body::value).collect();
        Ok(Body::encode(&values)?)
    });
    q.register("fails", |_| Err(Fault::from("no luck".to_owned())));
    let cases = [
        ("counter[]", "1"),
        ("counter 5", "2"),
        ("counter", "{counter x}"),
        ("c:counter;c[]", "3"),
        ("counter each 1 2", "4 5"),
        (".u.sub[`trade;`]", "(`trade;`)"),
        ("fails[]", "'no luck"),
        ("@[fails;1;{x}]", "\"no luck\""),
        ("counter[;1]", "{counter x}[;1]"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&mut q, text.into()), expected, "{text}");
    }
    let list = [Value::symbol(".u.sub"), Value::symbol("trade"), Value::symbol("")];
    assert_eq!(shown(&mut q, Value::from(&list)), "(`trade;`)");
    let list = [Value::from("counter"), Value::NULL];
    assert_eq!(shown(&mut q, Value::from(&list)), "6");
    q.set("counter", Body::encode(0_i64).unwrap()).unwrap();
    assert_eq!(shown(&mut q, "counter".into()), "0");
}

#[test]
fn globals_set_by_the_server() {
    let mut q = Interpreter::new();
    let (sym, price) = (["IBM", "MSFT"], [101.5, 402.25]);
    let columns = [Value::symbols(&sym), (&price).into()];
    q.set("trade", Body::encode(Table::new(&["sym", "price"], &columns).unwrap()).unwrap()).unwrap();
    assert_eq!(shown(&mut q, "sum trade`price".into()), "503.75");
    assert_eq!(shown(&mut q, "cols trade".into()), "`sym`price");
    assert_eq!(shown(&mut q, "cols`trade".into()), "`sym`price");
    assert_eq!(shown(&mut q, "trade where trade[`sym]=`IBM".into()), "+`sym`price!(,`IBM;,101.5)");
}

#[test]
fn limits_stop_endless_evaluations() {
    let mut q = Interpreter::new().with_limits(EvalLimits::default().with_work(20_000_000));
    let cases = [
        ("f:{f[x]};f 1", "'stack"),
        ("f:{f[x]+f x};f 1", "'stack"),
        ("{.z.s x}1", "'stack"),
        ("f:{f each x};f(1;`a)", "'stack"),
        ("f:{value\"f 1\"};f 1", "'stack"),
        ("f:`f;f 1", "'stack"),
        ("f:{$[x<1;1;f[x-1]+f x-1]};f 40", "'stop"),
        ("while[1;1]", "'stop"),
        ("do[0W;1]", "'stop"),
        ("{x}each til 500000", "'stop"),
        ("neg/[1]", "-1"),
        ("{x+1}/[1]", "'stop"),
        ("{x+1}/[0W;1]", "'stop"),
        ("a:();while[1;a,:1]", "'stop"),
        ("a:1 2;while[1;a:a,a]", "'stop"),
        ("a:();while[1;a:enlist a]", "'stack"),
        ("til 1000000000000", "'wsfull"),
        ("1000000000000#0", "'wsfull"),
        ("0W#1", "'wsfull"),
        ("-0W#1 2", "'wsfull"),
        ("1000000 1000000#0", "'wsfull"),
        ("where 0W 0W", "'wsfull"),
        ("where 1000000000000 1", "'wsfull"),
        ("@[{while[1;1]};1;`caught]", "'stop"),
        ("1+1", "2"),
    ];
    for (text, expected) in cases {
        assert_eq!(shown(&mut q, text.into()), expected, "{text}");
    }
}

#[test]
fn deeply_nested_brackets() {
    let mut q = Interpreter::new();
    for open in ["(", "f[", "{", "(1;", "([]a:", "$[1b;", "neg(", "{[x]", "(+/["] {
        assert_eq!(shown(&mut q, open.repeat(10_000).as_str().into()), "'stack", "{open}");
    }
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(shown(&mut q, nested(100).as_str().into()), "1");
    let chain = format!("{}1", "1+".repeat(50_000));
    assert_eq!(shown(&mut q, chain.as_str().into()), "50001");
}

/// Lists of the greatest depth that a peer can send, as arguments of every word.
#[test]
fn deeply_nested_values() {
    let mut q = Interpreter::new().with_limits(EvalLimits::default().with_work(20_000_000));
    let mut deep = Body::encode(1_i64).unwrap();
    for _ in 0..98 {
        deep = Body::encode(&[deep.value(), Value::from(2_i64)]).unwrap();
    }
    q.set("v", deep.clone()).unwrap();
    for word in soup::WORDS.iter().filter(|word| !word.starts_with("\\d")) {
        for text in [format!("v{word}v"), format!("{word} v"), format!("{word}[v;v]"), format!("v {word}'v")] {
            q.evaluate(text.as_str().into()).ok();
        }
    }
    q.set("v", deep).unwrap();
    assert_eq!(shown(&mut q, "count v".into()), "2");
    assert_eq!(shown(&mut q, "enlist enlist enlist v".into()), "'stack");
}

#[test]
fn results_are_bounded() {
    let mut q = Interpreter::new().with_limits(EvalLimits::default().with_bytes(1000));
    for (text, expected) in [
        ("count til 125", "125"),
        ("til 126", "'wsfull"),
        ("count 250#`a", "250"),
        ("251#`a", "'wsfull"),
        ("20#enlist til 100", "'wsfull"),
        ("(til 100;til 100)", "'wsfull"),
        ("(100#0)+100#0", "0 ".repeat(100).trim_end()),
    ] {
        assert_eq!(shown(&mut q, text.into()), expected, "{text}");
    }
}

#[test]
fn interpreters_move_between_threads() {
    let mut q = Interpreter::new();
    q.register("one", |_| Ok(Body::encode(1_i64)?));
    let moved = std::thread::spawn(move || shown(&mut q, "one[]".into()));
    assert_eq!(moved.join().unwrap(), "1");
}

proptest! {
    /// Random bytes and random sequences of words never panic.
    #[test]
    fn soups_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        soup::evaluate(&bytes);
    }

    /// Every word of the language with every kind of value.
    #[test]
    fn words_never_panic(
        word in prop::sample::select(soup::WORDS.to_vec()),
        x in prop::sample::select(VALUES.to_vec()),
        y in prop::sample::select(VALUES.to_vec()),
        form in 0..6,
    ) {
        let text = match form {
            0 => format!("({x}){word}({y})"),
            1 => format!("{word}[{x}]"),
            2 => format!("{word}[{x};{y}]"),
            3 => format!("({x}){word}'({y})"),
            4 => format!("{word}/[{x};{y}]"),
            _ => format!("({x})[{y}]{word}({x})"),
        };
        hostile().evaluate(text.as_str().into()).ok();
    }
}

fn hostile() -> Interpreter {
    let mut q = Interpreter::new().with_limits(EvalLimits::default().with_work(5_000_000).with_bytes(1 << 20));
    q.set("a", Body::encode(Value::Vector(Vector::Char(b"text"[..].into()))).unwrap()).unwrap();
    q.set("t", Body::encode(Table::new(&["a"], &[Value::from(&[1_i64, 2])]).unwrap()).unwrap()).unwrap();
    q
}

const VALUES: &[&str] = &[
    "()",
    "1",
    "-1",
    "0N",
    "0W",
    "1b",
    "0x01",
    "1 2 3",
    "0N 2h",
    "1.5 0n",
    "\"a\"",
    "\"abc\"",
    "\"\"",
    "`a",
    "`a`b",
    "`",
    "0Ng",
    "2024.01.01",
    "2024.01.01D12 0Np",
    "12:00",
    "2024.01m",
    "2024.01.01T12:00:00.000",
    "(1;`a)",
    "(1 2;3 4)",
    "`a`b!1 2",
    "`a`b!(1;`b)",
    "([]a:1 2;b:`x`y)",
    "([k:1 2]v:3 4)",
    "0#([]a:1 2)",
    "{x}",
    "{x+y}",
    "{x+y}[1]",
    "+",
    "+/",
    "count",
    "::",
    "til 0",
    "0#`",
    "`s#1 2 3",
    "t",
    "enlist()",
    "(();())",
    "`s#0N 1 2h",
    "-9223372036854775807",
    "(;1)",
];
