//! `0:`: tables as delimited lines, and lines as columns.

use kcodec::Value;
use kserve::q::Interpreter;

/// Compares what `-3!` shows of each.
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let mut q = Interpreter::new();
    for (text, expected) in cases {
        let found = match q.evaluate(Value::from(*text)) {
            Ok(body) => body.to_string(),
            Err(fault) => format!("'{fault}"),
        };
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn tables_as_lines() {
    check(&[
        ("csv", "\",\""),
        ("csv 0:([]a:1 2;b:`x`y)", "(\"a,b\";\"1,x\";\"2,y\")"),
        ("\"|\"0:(`a`b;1 2;\"xy\")", "(\"a|1|x\";\"b|2|y\")"),
        ("csv 0:([]a:0N 1;f:1.5 0n;s:``s)", "(\"a,f,s\";\",1.5,\";\"1,,s\")"),
        ("csv 0:([]d:1#2022.03.14;m:2022.03m)", "(\"d,m\";\"2022-03-14,2022-03\")"),
        ("csv 0:([]p:1#2022.03.14D16:12:57.427499)", "(,\"p\";\"2022-03-14T16:12:57.427499000\")"),
        ("csv 0:([]t:1#16:12:57.427;n:0D01)", "(\"t,n\";\"16:12:57.427,0D01:00:00.000000000\")"),
        (
            "csv 0:([]x:(\"foo\";\"a,b\";\"q\\\"x\";\"f\\\",b\"))",
            "(,\"x\";\"foo\";\"\\\"a,b\\\"\";\"q\\\"x\";\"\\\"f\\\"\\\",b\\\"\")",
        ),
        ("csv 0:delete from ([]a:1 2)", ",,\"a\""),
        ("csv 0:([]a:((1 2);3))", "'type"),
        ("csv 0:(1 2;3 4 5)", "'length"),
        ("`:f 0:enlist\"a\"", "'nyi"),
    ]);
}

#[test]
fn lines_as_columns() {
    check(&[
        ("(\"IS\";\",\")0:(\"1,a\";\"2,b\")", "(1 2i;`a`b)"),
        ("(\"ISF\";enlist\",\")0:(\"id,sym,px\";\"1,a,1.5\";\"2,b,\")", "+`id`sym`px!(1 2i;`a`b;1.5 0n)"),
        ("(\"J J\";enlist\",\")0:\"a,b,c\\n1,x,2\\r\\n3,y,4\\n\"", "+`a`c!(1 3;2 4)"),
        ("(\"I*\";\",\";1)0:(\"0,\\\"a\\nc\\\"\";\"1,\\\"def\\\"\")", "(0 1i;(\"a\\nc\";\"def\"))"),
        ("(\"*\";\",\")0:(\"\\\"a,\\\"\\\"b\\\"\";\"c\")", ",(\"a,\\\"b\";,\"c\")"),
        ("(\"DT\";\",\")0:\"20130315,185540686\"", "(2013.03.15;18:55:40.686)"),
        ("(\"DT\";8 9)0: 2#enlist\"20130315185540686\"", "(2013.03.15 2013.03.15;18:55:40.686 18:55:40.686)"),
        ("(\"JJ\";\",\")0:enlist\"10\"", "(,10;,0N)"),
        ("(\"S\";enlist\",\")0:enlist\"a\"", "+(,`a)!,`symbol$()"),
        ("(\"J\";enlist\",\")0:()", "'length"),
        ("(\"J\";\"ab\")0:enlist\"1\"", "'length"),
        ("(\"j\";\",\")0:enlist\"1\"", "'type"),
        ("(\"J\";\",\")0:`:f", "'access"),
    ]);
}

#[test]
fn pairs() {
    check(&[
        ("\"S=;\"0:\"one=1;two=2\"", "(`one`two;(,\"1\";,\"2\"))"),
        ("\"I=;\"0:\"1=first;2=second\"", "(1 2i;(\"first\";\"second\"))"),
        ("(!/)\"S:/\"0:\"a:1/b:2\"", "`a`b!(,\"1\";,\"2\")"),
        ("\"J=*,\"0:\"5=\\\"hello,world\\\",6=1\"", "(5 6;(\"hello,world\";,\"1\"))"),
        ("\"S\"0:\"a=1\"", "'type"),
        ("\"F=;\"0:\"a=1\"", "'type"),
    ]);
}
