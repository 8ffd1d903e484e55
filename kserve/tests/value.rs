//! What q's `value` makes of text, lists and functions, and that nothing makes it panic.

use kcodec::{
    Body, Date, Function, Lambda, List, Month, Second, Symbol, Table, Time, Timespan, Timestamp, Value, Vector,
};
use kserve::{EvalLimits, Fault, Interpreter};
use proptest::prelude::*;

/// The one-line form of what a text evaluates to, or its error after a quote.
fn shown(q: &mut Interpreter, query: Value<'_>) -> String {
    match q.evaluate(query) {
        Ok(body) => body.to_string(),
        Err(fault) => format!("'{fault}"),
    }
}

/// Evaluates texts one after the other in one interpreter.
#[track_caller]
fn check(cases: &[(&str, &str)]) {
    let mut q = Interpreter::new();
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let found = shown(&mut q, Value::from(*text));
        if found != *expected {
            wrong.push(format!("{text}: wanted {expected}, found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn literals() {
    check(&[
        ("1", "1"),
        ("1 2 3", "1 2 3"),
        ("1 0N 3h", "1 0N 3h"),
        ("2 -1", "2 -1"),
        ("0x2a2b", "0x2a2b"),
        ("1.5", "1.5"),
        ("\"abc\"", "\"abc\""),
        ("\"a\"", "\"a\""),
        ("`a`b", "`a`b"),
        ("0Ng", "00000000-0000-0000-0000-000000000000"),
        ("2024.01.31 0Nd", "2024.01.31 0N"),
        ("0D01:02:03", "0D01:02:03.000000000"),
        ("12:34", "12:34"),
        ("0w -0w 0n", "0w -0w 0n"),
        ("()", "()"),
        ("(1;\"a\";`b)", "(1;\"a\";`b)"),
        ("(1;2;3)", "1 2 3"),
        ("(1;2h)", "(1;2h)"),
        ("(\"a\";\"b\")", "\"ab\""),
        ("(1 2;3)", "(1 2;3)"),
        ("(1;;3)", "enlist[1;;3]"),
        ("::", "::"),
        ("(::;1)", "(::;1)"),
        ("`long$()", "`long$()"),
        ("`$\"hello world\"", "`hello world"),
        ("\"G\"$\"8c680a01-5a49-5aab-5a65-d4bfddb6a661\"", "8c680a01-5a49-5aab-5a65-d4bfddb6a661"),
        ("`a`b!1 2", "`a`b!1 2"),
        ("([]a:1 2;b:3 4)", "+`a`b!(1 2;3 4)"),
        ("([]a:1 2;b:`x)", "+`a`b!(1 2;`x`x)"),
        ("([k:1 2]v:3 4)", "(+(,`k)!,1 2)!+(,`v)!,3 4"),
        ("([a:1;b:`x])", "`a`b!(1;`x)"),
        ("v:1 2;([]v;w:3 4)", "+`v`w!(1 2;3 4)"),
        ("(`a`b!1 2;`a`b!3 4)", "+`a`b!(1 3;2 4)"),
    ]);
}

#[test]
fn statements_and_comments() {
    check(&[
        ("", "::"),
        ("  ", "::"),
        (";", "::"),
        ("1;2", "2"),
        ("1;", "::"),
        ("1 2 3 /a comment", "1 2 3"),
        ("/only a comment", "::"),
        ("\"a /b\"", "\"a /b\""),
        ("1+\n2", "3"),
    ]);
}

#[test]
fn right_to_left() {
    check(&[
        ("2*3+4", "14"),
        ("(2*3)+4", "10"),
        ("10-5-2", "7"),
        ("2-1", "1"),
        ("2 - 1", "1"),
        ("neg -1", "1"),
        ("(1)-1", "0"),
        ("a:5;a-1", "4"),
        ("(a;a:7)", "7 7"),
        ("count first(2 3 4;5 6)", "3"),
        ("2 3*4 5-6 7", "-4 -6"),
    ]);
}

/// The tables of KX's reference pages for `+ - *`, one cell of each region.
#[test]
fn kinds_of_sums_and_products() {
    check(&[
        ("1b+1b", "2i"),
        ("0x01+0x02", "3i"),
        ("1h+1h", "2i"),
        ("1h+1i", "2i"),
        ("1i+1i", "2i"),
        ("1i+1", "2"),
        ("1+1.5", "2.5"),
        ("(1e)+1i", "2e"),
        ("1f+1e", "2f"),
        ("1b*1h", "1i"),
        ("2h*2.5e", "5e"),
        ("\"a\"+1", "'type"),
        ("1-\"a\"", "-96"),
        ("\"a\"-1", "'type"),
        ("`a+1", "'type"),
        ("0Ng+1", "'type"),
        ("2024.01.01+1", "2024.01.02"),
        ("1+2024.01.01", "2024.01.02"),
        ("2024.01.01+1.5", "2024.01.02T12:00:00.000"),
        ("2024.01.01+12:00", "2024.01.01D12:00:00.000000000"),
        ("2024.01.01+0D01", "2024.01.01D01:00:00.000000000"),
        ("2024.01.01D+0D01", "2024.01.01D01:00:00.000000000"),
        ("2024.01.01D+12:00:00", "2024.01.01D12:00:00.000000000"),
        ("2024.01m+1", "2024.02m"),
        ("2024.01m+0D12", "2024.01.01D12:00:00.000000000"),
        ("2024.01.31-2024.01.01", "30i"),
        ("2024.03m-2024.01m", "2i"),
        ("2024.01.02D-2024.01.01D", "1D00:00:00.000000000"),
        ("2024.01.02D-2024.01.01", "'type"),
        ("12:00+1", "12:01"),
        ("12:00+00:30:15", "12:30:15"),
        ("12:00:00-11:00", "01:00:00"),
        ("12:00:00.000+1000", "12:00:01.000"),
        ("12:00+0D01", "0D13:00:00.000000000"),
        ("2024.01.01T12:00:00.000+1", "2024.01.02T12:00:00.000"),
        ("2024.01.01T12:00:00.000+0D01", "2024.01.01D13:00:00.000000000"),
        ("2024.01.01T12:00:00.000-2024.01.01T00:00:00.000", "0.5"),
        ("0D00:00:01*3", "0D00:00:03.000000000"),
        ("12:00*12:00", "'type"),
        ("2017.12m*0 1 2", "2000.01 2017.12 2035.11m"),
        ("1.1*`a`b!5 10", "`a`b!5.5 11"),
    ]);
}

#[test]
fn ratios_are_floats() {
    check(&[
        ("5%2", "2.5"),
        ("4%2", "2f"),
        ("1b%0b", "0w"),
        ("-1%0", "-0w"),
        ("0%0", "0n"),
        ("0N%2", "0n"),
        ("\"z\"%\"a\"", "1.257732"),
        ("00:10%2", "5f"),
        ("0D00:00:10%0D00:00:05", "2f"),
        ("1 2 3%2", "0.5 1 1.5"),
        ("`a%1", "'type"),
    ]);
}

#[test]
fn nulls_and_infinities() {
    check(&[
        ("0N+1", "0N"),
        ("1 0N 3+1 2 0N", "2 0N 0N"),
        ("0W+1", "0N"),
        ("0Nd+1", "0Nd"),
        ("2000.01.01+0N", "0Nd"),
        ("0n*2", "0n"),
        ("1+0Nh", "0N"),
        ("1i+0N", "0N"),
        ("1.5+0N", "0n"),
        ("0N=0n", "1b"),
        ("0N<-0W", "1b"),
        ("3|0N", "3"),
        ("3&0N", "0N"),
        ("0n|1", "1f"),
    ]);
}

#[test]
fn items_lists_and_dicts() {
    check(&[
        ("1+2 3 4", "3 4 5"),
        ("1 2 3+4 5 6", "5 7 9"),
        ("1 2+1 2 3", "'length"),
        ("()+til 1", "'length"),
        ("(10;20 30)+(2;3 4)", "(12;23 34)"),
        ("1+(1;(2;3 4))", "(2;(3;4 5))"),
        ("5+`a`b!1 2", "`a`b!6 7"),
        ("(`a`b!1 2)+`a`b!10 20", "`a`b!11 22"),
        ("(`a`b!1 2)+`b`c!10 20", "`a`b`c!1 12 20"),
        ("5+([]a:1 2)", "+(,`a)!,6 7"),
        ("([k:`x`y]v:1 2)*2", "(+(,`k)!,`x`y)!+(,`v)!,2 4"),
        ("{x}+1", "'type"),
    ]);
}

#[test]
fn comparisons() {
    check(&[
        ("1 2=1 3", "10b"),
        ("1 2<>1 3", "01b"),
        ("1<2 0", "10b"),
        ("2>=1 2 3", "110b"),
        ("2<=1 2 3", "011b"),
        ("\"hello\"=\"world\"", "00010b"),
        ("`a=`a`b", "10b"),
        ("`b>`a", "1b"),
        ("\"alpha\">\"omega\"", "00110b"),
        ("1=1h", "1b"),
        ("\"a\"=97", "1b"),
        ("`a=1", "'type"),
        ("0>(1i;-2;0h;1b;0N;-0W)", "010011b"),
        ("5>=`a`b!4 6", "`a`b!10b"),
        ("(3;\"a\")=(2 3 4;\"abc\")", "(010b;100b)"),
        ("(1+1e-13)=1", "1b"),
        ("0=1e-13", "0b"),
        ("2024.01.01=2024.01.01D00:00", "1b"),
        ("2024.01.01D09:29:15=09:29", "1b"),
        ("0D09:29:15=09:29", "0b"),
        ("2024.01m<2024.01.02", "1b"),
        ("0Ng=0Ng", "1b"),
        ("1 2~1 2", "1b"),
        ("1~1h", "0b"),
        ("(1;`a)~(1;`a)", "1b"),
        ("1f~1f+1e-15", "1b"),
        ("0n~0n", "1b"),
        ("2&3", "2"),
        ("2|3 1", "3 2"),
        ("1010b or 1100b", "1110b"),
        ("1010b and 1100b", "1000b"),
        ("\"sat\"|\"cow\"", "\"sow\""),
        ("98|\"a\"", "\"b\""),
        ("1|2.5", "2.5"),
        ("2024.01.01|2024.01.01D12", "2024.01.01D12:00:00.000000000"),
    ]);
}

#[test]
fn names() {
    check(&[
        ("a:10", "::"),
        ("a", "10"),
        ("a+1", "11"),
        ("`a", "`a"),
        ("b", "'b"),
        ("b+1", "'b"),
        ("a::11;a", "11"),
        ("a+:1", "::"),
        ("a,:1 2", "::"),
        ("b:c:3;b,c", "3 3"),
        (".u.x:1;.u.y:`a;.u", "``x`y!(::;1;`a)"),
        (".u `x`y", "(1;`a)"),
        (".u.x", "1"),
        ("`d set 5;d", "5"),
        ("value `d", "5"),
        ("key`d", "`d"),
        ("key`nosuch", "()"),
        ("count:5", "'assign"),
        ("a[0]:5", "::"),
    ]);
}

#[test]
fn indexing() {
    check(&[
        ("1 2 3[1]", "2"),
        ("v:10 20 30", "::"),
        ("v 1", "20"),
        ("v 0 2", "10 30"),
        ("v[1 2]", "20 30"),
        ("v 5", "0N"),
        ("v -1 0", "0N 10"),
        ("v[]", "10 20 30"),
        ("v(0 1;2)", "(10 20;30)"),
        ("v`a", "'type"),
        ("v 1.5", "'type"),
        ("\"abc\" 1 0 3", "\"ba \""),
        ("(1;`a)5", "0N"),
        ("(1 2;3 4)5", "`long$()"),
        ("m:(1 2 3;4 5 6);m[1;2]", "6"),
        ("m[0 1;2]", "3 6"),
        ("m[;0]", "1 4"),
        ("m[0;]", "1 2 3"),
        ("m . 1 2", "6"),
        ("m@1", "4 5 6"),
        ("d:`a`b!1 2;d`a", "1"),
        ("d[`b`c]", "2 0N"),
        ("(`a`b!(1 2;3 4))[`b;0]", "3"),
        ("((\"ab\";\"cd\")!1 2)\"cd\"", "2"),
        ("t:([]a:1 2 3;b:`x`y`z);t`a", "1 2 3"),
        ("t[`a`b]", "(1 2 3;`x`y`z)"),
        ("t[0]", "`a`b!(1;`x)"),
        ("t[5]", "`a`b!(0N;`)"),
        ("t 0 2", "+`a`b!(1 3;`x`z)"),
        ("t[1;`b]", "`y"),
        ("t[;`b]", "`x`y`z"),
        ("t[1 2;`a]", "2 3"),
        ("t`c", "'c"),
        ("([k:`a`b]v:1 2)`b", "(,`v)!,2"),
        ("([k:`a`b]v:1 2)[`z;`v]", "0N"),
        ("([a:1 2;b:3 4]v:5 6)(1;3)", "(,`v)!,5"),
        ("5 1", "5 1"),
    ]);
}

#[test]
fn lambdas() {
    check(&[
        ("{x+y}", "{x+y}"),
        ("{x*x}4", "16"),
        ("{x+y}[1;2]", "3"),
        ("{[a;b]a*b}[3;4]", "12"),
        ("{[]5}[]", "5"),
        ("{[]5}[1]", "5"),
        ("{x}[]", "::"),
        ("{}1", "::"),
        ("{x;}1", "::"),
        ("{y}[1;2]", "2"),
        ("{x+y}[1;2;3]", "'rank"),
        ("{[]5}[1;2]", "'rank"),
        ("f:{x+y};f[1;2]", "3"),
        ("f[1]", "{x+y}[1]"),
        ("f[1]2", "3"),
        ("f[;2]1", "3"),
        ("g:f 10;g 5", "15"),
        ("h:{x+y*z};h[1][2][3]", "7"),
        ("h[1;;3]2", "7"),
        ("h[;2]. 1 3", "7"),
        ("{a:x;a+1}5", "6"),
        ("a", "'a"),
        ("{a::x;a+1}5", "6"),
        ("a", "5"),
        ("{a:1;a::2;a}0", "2"),
        ("a", "5"),
        ("{a:1;{a}[]}[]", "5"),
        ("{:x;2}1", "1"),
        ("{if[x;:1];2}each 10b", "1 2"),
        ("{$[x<2;1;x*.z.s x-1]}10", "3628800"),
        ("{{x*2}x+1}3", "8"),
        ("type{x}", "100h"),
        ("type f 1", "104h"),
    ]);
}

#[test]
fn verbs_as_values() {
    check(&[
        ("+", "+"),
        ("+[1;2]", "3"),
        ("+[1]", "+[1]"),
        ("+[1]2", "3"),
        ("(2+)3", "5"),
        ("%[;2]4", "2f"),
        ("-[5]", "-[5]"),
        ("count", "#:"),
        ("(#:)1 2 3", "3"),
        ("(+;1)", "(+;1)"),
        ("p:+;p[1;2]", "3"),
        ("+[1;2;3]", "'rank"),
        ("neg[1;2]", "'rank"),
        ("(+). 1 2", "3"),
        ("neg@1", "-1"),
        ("@[{x+1};1;`e]", "2"),
        ("@[{x+`a};1;`e]", "`e"),
        ("@[{'x};\"boom\";{\"caught \",x}]", "\"caught boom\""),
        (".[{x+y};(1;`a);{x}]", "\"type\""),
        ("(1;;3)2", "1 2 3"),
        ("<=[1;2]", "1b"),
        ("f:(<=);f[3;2]", "0b"),
        ("-a", "'-"),
        ("#", "#"),
    ]);
}

#[test]
fn iterators() {
    check(&[
        ("count each(1 2;3 4 5)", "2 3"),
        ("{x*2}each`a`b!1 2", "`a`b!2 4"),
        ("{x`a}each([]a:1 2;b:3 4)", "1 2"),
        ("1 2+'3 4", "4 6"),
        ("{x,y}'[1 2;3 4]", "(1 3;2 4)"),
        ("1 2+'1 2 3", "'length"),
        ("+/[1 2 3]", "6"),
        ("(+/)1 2 3", "6"),
        ("10+/1 2 3", "16"),
        ("(+\\)1 2 3", "1 3 6"),
        ("1000+\\2 3 4", "1002 1005 1009"),
        ("1 2+/:10 20", "(11 12;21 22)"),
        ("1 2+\\:10 20", "(11 21;12 22)"),
        ("{x*2}/[3;1]", "8"),
        ("{$[x>100;x;x*2]}/[1]", "128"),
        ("(+)over 1 2 3", "6"),
        ("(*)scan 1 2 3 4", "1 2 6 24"),
        ("(neg;abs)@\\:-1", "1 1"),
        ("-':[1 2]", "1 1"),
        ("+/", "+/"),
    ]);
}

#[test]
fn control() {
    check(&[
        ("$[1b;2;3]", "2"),
        ("$[0;2;0b;4;5]", "5"),
        ("$[0;1/0;3]", "3"),
        ("$[`a;1;2]", "'type"),
        ("if[1;a:2];a", "2"),
        ("i:0;do[5;i+:1];i", "5"),
        ("while[i<10;i+:3];i", "11"),
        ("'\"boom\"", "'boom"),
        ("'`oops", "'oops"),
        ("'1", "'stype"),
    ]);
}

#[test]
fn keywords() {
    check(&[
        ("count 1 2 3", "3"),
        ("count 5", "1"),
        ("count`a`b!1 2", "2"),
        ("count([]a:1 2)", "2"),
        ("til 5", "0 1 2 3 4"),
        ("til 0", "`long$()"),
        ("til -1", "'domain"),
        ("til 2.5", "'type"),
        ("first 3 4", "3"),
        ("first 0#1", "0N"),
        ("first`a`b!1 2", "1"),
        ("last 3 4", "4"),
        ("sum 2 3 0N 7", "12"),
        ("sum 101b", "2i"),
        ("sum 1.5 2.5", "4f"),
        ("sum(1 2 3 4;2 3 5 7)", "3 5 8 11"),
        ("sum(1 2;0N 4)", "0N 6"),
        ("sum`a`b!1 2", "3"),
        ("sum([]a:1 2;b:3 4f)", "`a`b!(3;7f)"),
        ("sum \"abc\"", "'type"),
        ("prd 2 3 0N 7", "42"),
        ("max 0N 5 0N 1 3", "5"),
        ("max 0N 0N", "-0W"),
        ("min \"genie\"", "\"e\""),
        ("avg 1 0n 2 3", "2f"),
        ("avg 101b", "0.6666667"),
        ("avg(1 2;0N 4)", "0n 3"),
        ("type 1", "-7h"),
        ("type each(1;`a;\"a\")", "-7 -11 -10h"),
        ("type([]a:1 2)", "98h"),
        ("type(::)", "101h"),
        ("cols([k:1 2]v:3 4)", "`k`v"),
        ("neg 01001b", "0 -1 0 0 -1i"),
        ("neg 2012.01.01", "1988.01.01"),
        ("neg 0W 0N", "-0W 0N"),
        ("abs 10 -43 0N", "10 43 0N"),
        ("reverse \"abc\"", "\"cba\""),
        ("reverse([]a:1 2)", "+(,`a)!,2 1"),
        ("not -1 0 1 2", "0100b"),
        ("not 0N", "0b"),
        ("null 1 0N 3", "010b"),
        ("null`a`", "01b"),
        ("null \"a b\"", "010b"),
        ("enlist 1", ",1"),
        ("enlist`a`b!1 2", "+`a`b!(,1;,2)"),
        ("enlist[1;`a]", "(1;`a)"),
        ("key`a`b!1 2", "`a`b"),
        ("key 1 2", "`long"),
        ("value`a`b!1 2", "1 2"),
        ("value \"1+1\"", "2"),
        ("value each(::;+;-;*;%)", "0 1 2 3 4"),
        ("value +[2]", "(+;2)"),
        ("value{x}", "(`byte$();,`x;`symbol$();,`;\"\";-1;-1;\"{x}\")"),
        ("string 42", "\"42\""),
        ("string`ibm", "\"ibm\""),
        ("string(2 3;\"ab\")", "((,\"2\";,\"3\");(,\"a\";,\"b\"))"),
        ("string 100f", "\"100\""),
        ("string 2024.01.31", "\"2024.01.31\""),
        ("distinct 1 2 1 3", "1 2 3"),
        ("distinct(1;`a;1)", "(1;`a)"),
        ("where 0101b", "1 3"),
        ("where 2 3 0 1", "0 0 1 1 1 3"),
        ("where`a`b`c!101b", "`a`c"),
        ("flip`a`b!(1 2;3 4)", "+`a`b!(1 2;3 4)"),
        ("flip(1 2;3 4)", "(1 3;2 4)"),
        ("raze(1 2;3 4)", "1 2 3 4"),
        ("sqrt 4", "2f"),
        ("floor 2.7 -2.7", "2 -3"),
        ("ceiling 2.1", "3"),
        ("signum -2 0 3", "-1 0 1i"),
        ("2 in 1 2 3", "1b"),
        ("1 2 3?2 9", "1 3"),
        ("all 11b", "1b"),
        ("any 00b", "0b"),
    ]);
}

#[test]
fn take_drop_join_cast() {
    check(&[
        ("2#1 2 3", "1 2"),
        ("-2#1 2 3", "2 3"),
        ("5#`a`b`c", "`a`b`c`a`b"),
        ("-5#`a`b`c", "`b`c`a`b`c"),
        ("3#9", "9 9 9"),
        ("3#enlist 1 2", "(1 2;1 2;1 2)"),
        ("0#1 2", "`long$()"),
        ("3#0#0", "0N 0N 0N"),
        ("2 3#til 6", "(0 1 2;3 4 5)"),
        ("t:([]a:1 2 3;b:`x`y`z);2#t", "+`a`b!(1 2;`x`y)"),
        ("-1#t", "+`a`b!(,3;,`z)"),
        ("4#t", "+`a`b!(1 2 3 1;`x`y`z`x)"),
        ("`b`a#t", "+`b`a!(`x`y`z;1 2 3)"),
        ("1_t", "+`a`b!(2 3;`y`z)"),
        ("`a`b#`a`b`c!1 2 3", "`a`b!1 2"),
        ("`s#1 2 3", "`s#1 2 3"),
        ("`s#3 2", "'s-fail"),
        ("1_1 2 3", "2 3"),
        ("-1_1 2 3", "1 2"),
        ("`a _`a`b!1 2", "(,`b)!,2"),
        ("1,2", "1 2"),
        ("1 2,3", "1 2 3"),
        ("1,`a", "(1;`a)"),
        ("\"ab\",\"c\"", "\"abc\""),
        ("(),1", ",1"),
        ("t,t", "+`a`b!(1 2 3 1 2 3;`x`y`z`x`y`z)"),
        ("t,`a`b!(4;`w)", "+`a`b!(1 2 3 4;`x`y`z`w)"),
        ("(`a`b!1 2),`b`c!3 4", "`a`b`c!1 3 4"),
        ("1!t", "(+(,`a)!,1 2 3)!+(,`b)!,`x`y`z"),
        ("0!1!t", "+`a`b!(1 2 3;`x`y`z)"),
        ("`a`b!1", "'length"),
        ("1 2 3!4 5", "'length"),
        ("`int$3.7", "4i"),
        ("\"j\"$1i", "1"),
        ("7h$1i", "1"),
        ("`boolean$0 2", "01b"),
        ("`char$97 98", "\"ab\""),
        ("`date$2024.02.29D23:59", "2024.02.29"),
        ("`month$2024.02.29", "2024.02m"),
        ("`minute$2024.02.29D23:59:59", "23:59"),
        ("`timestamp$2024.02.29", "2024.02.29D00:00:00.000000000"),
        ("`$(\"ab\";\"cd\")", "`ab`cd"),
        ("\"J\"$(\"12\";\"no\")", "12 0N"),
        ("\"F\"$\"42\"", "42f"),
        ("\"D\"$\"2024.01.31\"", "2024.01.31"),
        ("`hh$12:34", "12i"),
    ]);
}

#[test]
fn what_is_not_done() {
    check(&[
        ("system \"ls\"", "'access"),
        ("exit 0", "'access"),
        ("hopen 5001", "'nyi"),
        ("a:b:1;v::a+b", "'nyi"),
        ("(a;b):1 2", "'nyi"),
        (".z.ac:{(1;`me)}", "'nyi"),
        ("`f set 1;`:f set 1", "'nyi"),
    ]);
}

#[test]
fn errors_of_syntax_are_the_token() {
    check(&[
        ("1+)", "')"),
        (")", "')"),
        ("f[1", "'["),
        ("(1;2", "'("),
        ("{x", "'{"),
        ("(1]", "']"),
        ("\"abc", "'\""),
        ("%5", "'%"),
        ("1:2 3", "'1:2"),
        ("{[1]x}", "'1"),
        ("2000.13.01", "'2000.13.01"),
        ("\u{a7}", "'char"),
    ]);
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
fn a_lambda_brings_its_namespace() {
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
fn values_of_the_servers_own() {
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
fn limits_stop_what_never_ends() {
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
fn brackets_without_end() {
    let mut q = Interpreter::new();
    for open in ["(", "f[", "{", "(1;", "([]a:", "$[1b;", "neg(", "{[x]", "(+/["] {
        assert_eq!(shown(&mut q, open.repeat(10_000).as_str().into()), "'stack", "{open}");
    }
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(shown(&mut q, nested(100).as_str().into()), "1");
    let chain = format!("{}1", "1+".repeat(50_000));
    assert_eq!(shown(&mut q, chain.as_str().into()), "50001");
}

/// Lists as deep as any peer may send, under every word.
#[test]
fn values_without_bottom() {
    let mut q = Interpreter::new().with_limits(EvalLimits::default().with_work(20_000_000));
    let mut deep = Body::encode(1_i64).unwrap();
    for _ in 0..98 {
        deep = Body::encode(&[deep.value(), Value::from(2_i64)]).unwrap();
    }
    q.set("v", deep).unwrap();
    for word in TOKENS {
        for text in [format!("v{word}v"), format!("{word} v"), format!("{word}[v;v]"), format!("v {word}'v")] {
            q.evaluate(text.as_str().into()).ok();
        }
    }
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

/// A vector of any kind that has numbers, from numbers.
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

proptest! {
    /// Operators do to vectors what they do to each pair of items.
    #[test]
    fn vectors_are_their_items(
        pairs in prop::collection::vec((any::<i16>(), prop::sample::select(vec![0, 1, -1, 7, i16::MIN, i16::MAX])), 1..8),
        kinds in (0_usize..13, 0_usize..13),
        verb in prop::sample::select(vec!["+", "-", "*", "%", "&", "|", "=", "<", ">", "<>", "<=", ">="]),
    ) {
        let (x, y): (Vec<i16>, Vec<i16>) = pairs.into_iter().unzip();
        let mut q = Interpreter::new();
        q.set("x0", vector(kinds.0, &x)).unwrap();
        q.set("y0", vector(kinds.1, &y)).unwrap();
        let mut both = |text: String| q.evaluate(text.as_str().into());
        let whole = both(format!("x0{verb}y0"));
        let each = both(format!("x0{verb}'y0"));
        prop_assert_eq!(&whole, &each);
        let atom = both(format!("x0{verb}first y0"));
        let each = both(format!("{{x{verb}first y0}}each x0"));
        prop_assert_eq!(atom, each);
    }

    /// Neither bytes nor tokens in any order do any harm.
    #[test]
    fn text_never_panics(text in prop::collection::vec(any::<u8>(), 0..64)) {
        hostile().evaluate(Value::chars(&text)).ok();
    }

    #[test]
    fn tokens_never_panic(
        tokens in prop::collection::vec(prop::sample::select(TOKENS.to_vec()), 0..24),
        blank in any::<bool>(),
    ) {
        hostile().evaluate(tokens.join(if blank { " " } else { "" }).as_str().into()).ok();
    }

    /// Every word of the language on every kind of value.
    #[test]
    fn words_never_panic(
        word in prop::sample::select(TOKENS.to_vec()),
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

const TOKENS: &[&str] = &[
    "1",
    "2 3",
    "`a",
    "`s",
    "\"a\"",
    "0N",
    "1.5",
    "a",
    "t",
    "x",
    "y",
    "z",
    ".z.s",
    "f:",
    "a:",
    "a::",
    "a+:",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";",
    ":",
    "::",
    "'",
    "/",
    "\\",
    "':",
    "/:",
    "\\:",
    "+",
    "-",
    "*",
    "%",
    "&",
    "|",
    "^",
    "=",
    "<",
    ">",
    "<=",
    ">=",
    "<>",
    "$",
    ",",
    "#",
    "_",
    "~",
    "!",
    "?",
    "@",
    ".",
    "#:",
    "count",
    "first",
    "last",
    "sum",
    "prd",
    "min",
    "max",
    "avg",
    "til",
    "type",
    "cols",
    "keys",
    "key",
    "value",
    "get",
    "neg",
    "abs",
    "not",
    "null",
    "enlist",
    "reverse",
    "where",
    "distinct",
    "flip",
    "string",
    "raze",
    "sums",
    "floor",
    "ceiling",
    "signum",
    "reciprocal",
    "sqrt",
    "all",
    "any",
    "in",
    "and",
    "or",
    "each",
    "over",
    "scan",
    "set",
    "mod",
    "if[",
    "do[",
    "while[",
    "$[",
    "{x",
    "{[a;b]",
    "([]",
    "\n",
    "-1",
    "f",
];
