//! The console form, compared with the output of q's `.Q.s`.

use kcodec::{Console, List, Table, Value, console, parse};

fn show(text: &str) -> String {
    console(parse(text).unwrap().value(), Console::default())
}

fn show_at(rows: usize, columns: usize, text: &str) -> String {
    console(parse(text).unwrap().value(), Console::new(rows, columns))
}

#[test]
fn sizes_are_clamped() {
    assert_eq!(Console::default(), Console { rows: 25, columns: 80, digits: 7 });
    assert_eq!(Console::new(0, 5000), Console { rows: 10, columns: 2000, digits: 7 });
    assert_eq!(console(Value::from(&[1_i64; 50]), Console { rows: 0, columns: 0, digits: 7 }), "1 1 1 1..\n");
}

#[test]
fn atoms_vectors_and_functions_are_one_line() {
    assert_eq!(show("42h"), "42h\n");
    assert_eq!(show("\"a\\nb\""), "\"a\\nb\"\n");
    assert_eq!(show(",`a"), ",`a\n");
    assert_eq!(show("()"), "()\n");
    assert_eq!(show("`long$()"), "`long$()\n");
    assert_eq!(show("{x+y}"), "{x+y}\n");
    assert_eq!(show("{x+\n y}"), "{x+\n y}\n");
    assert_eq!(show("'type"), "'type\n");
    assert_eq!(show("::"), "");
}

#[test]
fn long_lines_are_cut() {
    assert_eq!(show_at(25, 10, "0 1 2 3 4 5"), "0 1 2 3..\n");
    assert_eq!(show_at(25, 10, "0 1 2 3 4"), "0 1 2 3 4\n");
    let items = vec![123_i64; 1000];
    let line = console(Value::from(&items), Console::default());
    assert_eq!(line.len(), 80);
    assert!(line.ends_with("..\n"));
}

#[test]
fn keyed_table() {
    assert_eq!(show("([h:1 2 3] m:4 5 6)"), "h| m\n-| -\n1| 4\n2| 5\n3| 6\n");
    assert_eq!(show("([k:`a`bb;n:1 2]v:10 200;w:`x`y)"), "k  n| v   w\n----| -----\na  1| 10  x\nbb 2| 200 y\n");
}

#[test]
fn the_last_column_is_padded() {
    assert_eq!(
        show("([]time:,09:31:00.001;bid:,50.41;ask:,51.13)"),
        "time         bid   ask  \n------------------------\n09:31:00.001 50.41 51.13\n"
    );
}

#[test]
fn items_of_vectors_are_bare_in_columns() {
    assert_eq!(
        show("([]s:`a`;n:0N 3000;f:2 0n;b:01b;x:0x2aff;c:\"x\\\"\";d:2000.01.01 0Nd;h:0N 5h)"),
        "s n    f b x  c d          h\n----------------------------\n\
         a      2 0 2a x 2000.01.01  \n  3000   1 ff \"            5\n"
    );
    assert_eq!(
        show("([]a:(\"abc\";,\"d\");b:(`London;2i);c:(,20;10 40 40);d:(0b;1))"),
        "a     b       c        d \n-------------------------\n\"abc\" `London ,20      0b\n,\"d\"  2i      10 40 40 1 \n"
    );
}

#[test]
fn empty_table() {
    assert_eq!(show("([]a:`long$();bcd:())"), "a bcd\n-----\n");
}

#[test]
fn dicts() {
    assert_eq!(show("`a`bb!1 200"), "a | 1\nbb| 200\n");
    assert_eq!(show("`a`b`c!(1;\"abc\";1 2 3)"), "a| 1\nb| \"abc\"\nc| 1 2 3\n");
    assert_eq!(show("\"mis\"!(,0;1 4 7 10;2 3 5 6)"), "m| ,0\ni| 1 4 7 10\ns| 2 3 5 6\n");
    assert_eq!(show("8 35!(\"FIX.4.2\";,\"D\")"), "8 | \"FIX.4.2\"\n35| ,\"D\"\n");
    assert_eq!(show("(\"ab\";`c)!`x`y"), "\"ab\"| x\n`c  | y\n");
    assert_eq!(show("()!()"), "");
}

#[test]
fn dict_of_columns_is_a_grid() {
    assert_eq!(
        show("`x`y!(0 0.1003347 0.20271;0.4227932 0.5463025 0.6841368)"),
        "x| 0         0.1003347 0.20271  \ny| 0.4227932 0.5463025 0.6841368\n"
    );
}

#[test]
fn dicts_with_a_table_on_one_side() {
    assert_eq!(show("([]a:1 2)!30 4"), "a| \n-| --\n1| 30\n2| 4\n");
    assert_eq!(show("`a`b!([]x:1 2;y:3 4)"), " | x y\n-| ---\na| 1 3\nb| 2 4\n");
}

#[test]
fn lists() {
    assert_eq!(show("(0 1 2 3;11 8 9 10)"), "0  1 2 3 \n11 8 9 10\n");
    assert_eq!(show("((`a;10);(`b;20))"), "`a 10\n`b 20\n");
    assert_eq!(show("(`a`b`c;1 2 3)"), "a b c\n1 2 3\n");
    assert_eq!(show("(`one`two;(,\"1\";\"22\"))"), "one  two \n,\"1\" \"22\"\n");
    assert_eq!(show("(0 1 2 3;8 9)"), "0 1 2 3\n8 9\n");
    assert_eq!(show("(0.20271;0.3093362 0.4227932)"), "0.20271\n0.3093362 0.4227932\n");
    assert_eq!(show("(\"abc\";\"def\")"), "\"abc\"\n\"def\"\n");
    assert_eq!(show("(,1;,2)"), "1\n2\n");
    assert_eq!(show("(();())"), "()\n()\n");
    assert_eq!(show("(`;\"\")"), "`\n\"\"\n");
}

#[test]
fn rows_that_do_not_fit_become_dots() {
    let rows = |count: i64| {
        let items: Vec<i64> = (0..count).collect();
        let columns = [Value::from(&items)];
        console(Table::new(&["a"], &columns).unwrap().into(), Console::default())
    };
    assert_eq!(rows(21).lines().count(), 23);
    assert!(rows(21).ends_with("20\n"));
    assert_eq!(rows(22).lines().count(), 23);
    assert!(rows(22).ends_with("19\n..\n"));
    let items: Vec<Value<'_>> = (0..100_i64).map(Value::from).collect();
    let lines = console(List::new(&items).into(), Console::new(10, 10));
    assert_eq!(lines, "0\n1\n2\n3\n4\n5\n6\n..\n");
    let source = format!("{{{}}}", "x\n".repeat(100));
    assert_eq!(show(&source).lines().count(), 23);
}

#[test]
fn columns_that_do_not_fit_are_not_read() {
    let names: Vec<String> = (0..1000).map(|index| format!("column{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let items = [1_i64];
    let columns = vec![Value::from(&items); names.len()];
    let lines = console(Table::new(&names, &columns).unwrap().into(), Console::default());
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.len() == 79 && line.ends_with("..")));
}

#[test]
fn time_does_not_depend_on_the_number_of_rows() {
    let items: Vec<i64> = (0..1_000_000).collect();
    let texts: Vec<Value<'_>> = items.iter().map(|_| Value::from("text")).collect();
    let columns = [Value::from(&items), Value::from(&texts)];
    let table = Value::from(Table::new(&["n", "t"], &columns).unwrap());
    let started = std::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(console(table, Console::default()).lines().count(), 23);
    }
    assert!(started.elapsed().as_secs() < 5, "a hundred screens of a million rows each");
}

#[test]
fn tables_in_tables() {
    assert_eq!(show("([]a:1 2;t:([]x:3 4;y:`p`q))"), "a t          \n-------------\n1 `x`y!(3;`p)\n2 `x`y!(4;`q)\n");
}

/// `\P` applies to floats, not to names and strings.
#[test]
fn digits_of_floats() {
    let shown = |text: &str, digits| {
        let body = parse(text).unwrap();
        console(body.value(), Console::default().with_digits(digits))
    };
    assert_eq!(shown("0.3333333333333333", 3), "0.333\n");
    assert_eq!(shown("0.3333333333333333", 10), "0.3333333333\n");
    assert_eq!(shown("0.1", 0), "0.10000000000000001\n");
    assert_eq!(shown("12345.678 2", 3), "1.23e+04 2\n");
    assert_eq!(shown("100f", 3), "100f\n");
    assert_eq!(shown("(1.23456;`abcdef;\"abcdef\")", 2), "1.2\n`abcdef\n\"abcdef\"\n");
    assert_eq!(shown("([]abcdef:1.23456 2)", 2), "abcdef\n------\n1.2   \n2     \n");
    assert_eq!(shown("`abcdef`b!(1.23456;2)", 2), "abcdef| 1.2\nb     | 2\n");
}
