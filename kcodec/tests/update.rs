//! Updates: the messages that are recognized, their columns in each form, selection of rows.

use kcodec::{Body, Update, Value, parse};

fn body(text: &str) -> Body {
    parse(text).unwrap()
}

fn shown(update: &Update<'_>) -> Vec<String> {
    update.columns().map(|column| column.to_string()).collect()
}

#[test]
fn columns_and_rows_of_each_form() {
    for (text, columns, rows) in [
        ("(`upd;`t;(1;`a;2.5))", &["1", "`a", "2.5"][..], 1),
        ("(`upd;`t;(1 2;`a`b;2.5 3.5))", &["1 2", "`a`b", "2.5 3.5"], 2),
        // A row whose items are of one kind is a vector.
        ("(`upd;`t;1 2 3)", &["1", "2", "3"], 1),
        ("(`upd;`t;`a`b`c)", &["`a", "`b", "`c"], 1),
        ("(`upd;`t;`long$())", &[], 0),
        ("(`upd;`t;())", &[], 0),
        ("(`upd;`t;+`a`b!(1 2 3;`x`y`z))", &["1 2 3", "`x`y`z"], 3),
        // The first column is an atom, so this is one row with a string.
        ("(`upd;`t;(1;\"text\"))", &["1", "\"text\""], 1),
        ("(`upd;`t;(\"text\";1 2 3 4))", &["\"text\"", "1 2 3 4"], 4),
    ] {
        let body = body(text);
        let update = Update::new(body.value()).expect(text);
        assert_eq!((update.function().as_str(), update.table().as_str()), (Some("upd"), Some("t")));
        assert_eq!(shown(&update), columns, "{text}");
        assert_eq!((update.rows(), update.columns().len()), (rows, columns.len()), "{text}");
        assert_eq!(update.column(1).map(|column| column.to_string()).as_deref(), columns.get(1).copied(), "{text}");
        let Value::List(items) = body.value() else { panic!("{text}") };
        assert_eq!(Some(update.data()), items.get(2), "{text}");
    }
}

#[test]
fn only_tables_have_names() {
    let table = body("(`upd;`t;+`a`b!(1 2 3;`x`y`z))");
    let names = Update::new(table.value()).unwrap().names().unwrap();
    assert!(names.iter().eq(["a", "b"].map(kcodec::Symbol::new)));
    assert_eq!(Update::new(body("(`upd;`t;(1 2;3 4))").value()).unwrap().names(), None);
}

#[test]
fn the_function_may_be_a_string() {
    let body = body("(\".u.upd\";`t;(1;`a))");
    assert_eq!(Update::new(body.value()).unwrap().function().as_str(), Some(".u.upd"));
}

#[test]
fn select_copies_the_wanted_rows() {
    for (text, wanted, expected) in [
        ("(`upd;`t;(1 2 3;`a`b`a;(1;\"x\";`y);\"abc\";101b))", "a", "(`upd;`t;(1 3;`a`a;(1;`y);\"ac\";11b))"),
        ("(`upd;`t;(1 2 3;`a`b`a;(1;\"x\";`y)))", "b", "(`upd;`t;(,2;,`b;,\"x\"))"),
        ("(`upd;`t;+`n`sym!(1 2 3;`a`b`a))", "a", "(`upd;`t;+`n`sym!(1 3;`a`a))"),
        ("(`upd;`t;(1;`a;\"text\"))", "a", "(`upd;`t;(1;`a;\"text\"))"),
    ] {
        let body = body(text);
        let update = Update::new(body.value()).unwrap();
        let symbols: Vec<String> = match update.column(1).unwrap() {
            Value::Vector(kcodec::Vector::Symbol(symbols)) => symbols.iter().map(|symbol| symbol.to_string()).collect(),
            _ => vec!["a".to_owned()],
        };
        let chosen = update.select(|row| symbols[row] == wanted).unwrap().expect(text);
        assert_eq!(chosen.value().to_string(), parse(expected).unwrap().value().to_string());
        assert_eq!(update.select(|_| false), Ok(None), "{text}");
        assert_eq!(update.select(|_| true).unwrap(), Some(body.clone()), "{text}");
    }
    let ragged = body("(`upd;`t;(1 2;`a`b`c))");
    assert!(Update::new(ragged.value()).unwrap().select(|_| true).is_err());
}

#[test]
fn other_messages_are_not_updates() {
    for text in [
        "7",
        "\"upd[1;2]\"",
        "(`.u.end;2024.01.01)",
        "(`upd;`t)",
        "(`upd;`t;1 2;3)",
        "(`upd;1;1 2)",
        "(1;`t;1 2)",
        "(`upd;`t;7)",
        "(`upd;`t;`a`b!1 2)",
        "`upd`t`x",
        "(`upd;`t`u;1 2)",
    ] {
        assert_eq!(Update::new(body(text).value()), None, "{text}");
    }
}

#[test]
fn built_and_decoded_updates_are_equal() {
    let (sym, price) = (["a", "b"], [1.5, 2.5]);
    let columns = [Value::symbols(&sym), (&price).into()];
    let items = [Value::symbol("upd"), Value::symbol("trade"), (&columns).into()];
    let sent = Value::from(&items);
    let received = Body::encode(sent).unwrap();
    assert_eq!(Update::new(sent), Update::new(received.value()));
    assert_eq!(Update::new(sent).unwrap().rows(), 2);
}

#[test]
fn a_row_of_many_symbols_is_read_in_linear_time() {
    let names: Vec<String> = (0..300_000).map(|number| format!("s{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let items = [Value::symbol("upd"), Value::symbol("t"), Value::symbols(names.as_slice())];
    let body = Body::encode(&items).unwrap();
    // Searching each symbol from the start would take minutes.
    assert_eq!(Update::new(body.value()).unwrap().columns().count(), names.len());
}
