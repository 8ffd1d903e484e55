//! Access to values as Rust types, and the errors: what was expected, what was found, and where.

use kcodec::{Atom, Body, Date, Guid, Item, Kind, Slice, Symbols, Timestamp, Value, Vector, Visitor};

fn parse(text: &str) -> Body {
    kcodec::parse(text).unwrap()
}

fn message<T: std::fmt::Debug>(result: Result<T, kcodec::Mismatch>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn atoms() {
    assert_eq!(parse("1b").value().as_bool(), Ok(true));
    assert_eq!(parse("0x07").value().as_u8(), Ok(7));
    assert_eq!(i16::try_from(parse("5h").value()), Ok(5));
    assert_eq!(parse("5i").value().get(), Ok(5_i32));
    assert_eq!(parse("5").value().as_i64(), Ok(5));
    assert_eq!(parse("1.5e").value().as_f32(), Ok(1.5));
    assert_eq!(f64::try_from(parse("1.5").value()), Ok(1.5));
    assert_eq!(<&str>::try_from(parse("`ibm").value()), Ok("ibm"));
    assert_eq!(String::try_from(parse("\"text\"").value()), Ok("text".into()));
    assert_eq!(String::try_from(parse("\"t\"").value()), Ok("t".into()));
    assert_eq!(Date::try_from(parse("2000.01.02").value()), Ok(Date(1)));
    assert_eq!(Guid::try_from(parse("0Ng").value()), Ok(Guid::NULL));
    assert_eq!(parse("2000.01.01D00:00:00.000000001").value().as_timestamp(), Ok(Timestamp(1)));
}

#[test]
fn nulls_are_none() {
    assert_eq!(Option::<i64>::try_from(parse("0N").value()), Ok(None));
    assert_eq!(Option::<i64>::try_from(parse("1").value()), Ok(Some(1)));
    assert_eq!(parse("0n").value().get::<Option<f64>>(), Ok(None));
    assert_eq!(parse("`").value().get::<Option<&str>>(), Ok(None));
    assert_eq!(parse("::").value().get::<Option<String>>(), Ok(None));
    assert_eq!(parse("0x00").value().get::<Option<u8>>(), Ok(Some(0)));
    assert_eq!(parse("1 0N 3").value().get(), Ok(vec![Some(1_i64), None, Some(3)]));
    assert_eq!(parse("`a``b").value().get(), Ok(vec![Some("a"), None, Some("b")]));
    // The kind is checked for `Option`, too.
    assert_eq!(message(parse("5i").value().get::<Option<i64>>()), "expected a long atom, found an int atom");
}

#[test]
fn vectors_and_lists() {
    assert_eq!(Vec::<f64>::try_from(parse("1.5 2.5").value()), Ok(vec![1.5, 2.5]));
    assert_eq!(Vec::<i64>::try_from(parse("()").value()), Ok(vec![]));
    assert_eq!(parse("`a`b").value().get::<Vec<String>>(), Ok(vec!["a".into(), "b".into()]));
    assert_eq!(parse("(\"one\";\"two\")").value().get::<Vec<&str>>(), Ok(vec!["one", "two"]));
    assert_eq!(parse("(1 2;3 4 5)").value().get::<Vec<Vec<i64>>>(), Ok(vec![vec![1, 2], vec![3, 4, 5]]));
    assert_eq!(parse("(1;`a)").value().get::<Vec<Value<'_>>>(), Ok(vec![1_i64.into(), Value::symbol("a")]));
    assert_eq!(
        message(parse("(1 2;3 4f)").value().get::<Vec<Vec<i64>>>()),
        "item 1: expected a long vector, found a float vector"
    );
    assert_eq!(message(parse("1").value().as_list()), "expected a general list, found a long atom");
    assert_eq!(message(parse("0N").value().as_f64()), "expected a float atom, found a null long atom");
    assert_eq!(message(parse("`a`b!1 2").value().as_bool()), "expected a boolean atom, found a dict");
}

#[test]
fn text_that_is_not_utf8() {
    let body = Body::decode(&[0xf5, 0xff, 0][..]).unwrap();
    assert!(message(body.value().as_str()).contains("utf-8"));
    assert_eq!(body.value().as_symbol().map(|symbol| symbol.as_bytes()), Ok(&[0xff][..]));
}

#[test]
fn columns_and_rows() {
    let body = parse("+`sym`price`note!(`ibm`msft`;101 402 0N;(\"a\";\"bc\";1))");
    let table = body.value().as_table().unwrap();
    assert_eq!(table.into_iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(), ["sym", "price", "note"]);
    assert_eq!(table.get("price").unwrap().as_long().unwrap().sum(), 503);
    let wrong = table.get("price").unwrap().as_float().unwrap_err();
    assert_eq!((wrong.column(), wrong.key(), wrong.row()), (Some("price"), None, None));
    assert_eq!((wrong.expected(), wrong.found()), (Some("a float vector"), Some("a long vector")));
    let wrong = table.get("note").unwrap().get::<Vec<String>>().unwrap_err();
    assert_eq!(wrong.to_string(), "column `note`, row 2: expected a symbol or a char vector, found a long atom");

    let nested = parse("+(,`x)!,(1 2;(3;4 5f))");
    let wrong = nested.value().columns().unwrap().get("x").unwrap().get::<Vec<Vec<i64>>>().unwrap_err();
    assert_eq!(wrong.to_string(), "column `x`, row 1: expected a long atom, found a float vector");

    let rows = table.rows().unwrap();
    assert_eq!(rows.len(), 3);
    let last = rows.iter().next_back().unwrap();
    assert_eq!((last.get("sym").unwrap().get(), last.get("price").unwrap().get()), (Ok(None::<&str>), Ok(None::<i64>)));
    assert_eq!(
        message(last.get("price").unwrap().as_f64()),
        "column `price`, row 2: expected a float atom, found a null long atom"
    );
    assert!(last.get("size").unwrap_err().is_missing());
    assert_eq!(
        rows.get(1).unwrap().iter().map(|item| item.to_string()).collect::<Vec<_>>(),
        ["`msft", "402", "\"bc\""]
    );
    assert_eq!(rows.get(3).map(|row| row.index()), None);
}

#[test]
fn keyed_tables() {
    let body = parse("(+(,`sym)!,`a`b)!+(,`n)!,1 2");
    assert_eq!(body.value().columns().unwrap().get("n").unwrap().as_long().unwrap().to_vec(), [1, 2]);
    let rows = body.value().rows().unwrap();
    assert_eq!(rows.get(1).unwrap().get("sym").unwrap().as_str(), Ok("b"));
    assert_eq!(rows.get(1).unwrap().get("n").unwrap().as_i64(), Ok(2));
    assert_eq!(
        message(body.value().as_dict().unwrap().pairs()),
        "expected a dict of vectors and lists, found a keyed table"
    );
    assert_eq!(message(parse("1").value().rows()), "expected a table, found a long atom");
}

#[test]
fn dicts() {
    let body = parse("`a`b!(1;\"text\")");
    let dict = body.value().as_dict().unwrap();
    assert_eq!(dict.get("a").unwrap().as_i64(), Ok(1));
    assert_eq!(message(dict.get("b").unwrap().as_i64()), "key `b`: expected a long atom, found a char vector");
    assert_eq!(message(dict.get("c")), "key `c`: not found");
    assert_eq!(dict.find(Value::symbol("b")), Some("text".into()));
    assert_eq!(dict.pairs().unwrap().count(), 2);
    let body = parse("(\"one\";\"two\")!1 2");
    assert_eq!(body.value().as_dict().unwrap().get("two").unwrap().as_i64(), Ok(2));
}

#[test]
fn iterators_over_items() {
    assert_eq!(Slice::new(&[1, 2, 3]).into_iter().rev().collect::<Vec<i64>>(), [3, 2, 1]);
    let mut sum = 0.0;
    for price in Slice::new(&[1.5, 2.5]) {
        sum += price;
    }
    assert_eq!(sum, 4.0);
    let body = parse("`a`b");
    let vector = body.value().as_vector().unwrap();
    assert_eq!((vector.iter().len(), vector.iter().last()), (2, Some(Atom::Symbol("b".into()))));
    assert_eq!(parse("\"ab\"").value().items().unwrap().next(), Some(Atom::Char(b'a').into()));
}

struct KindAndLast;

impl<'a> Visitor<'a> for KindAndLast {
    type Output = (Kind, String);

    fn fixed<T: Item>(self, kind: Kind, items: Slice<'a, T>) -> (Kind, String) {
        (kind, format!("{:?}", items.get(items.len().saturating_sub(1))))
    }

    fn symbols(self, items: Symbols<'a>) -> (Kind, String) {
        (Kind::Symbol, format!("{:?}", items.iter().last()))
    }
}

#[test]
fn a_visitor_is_called_with_any_kind() {
    let visit = |text: &str| parse(text).value().as_vector().unwrap().visit(KindAndLast);
    assert_eq!(visit("1 2i"), (Kind::Int, "Some(2)".into()));
    assert_eq!(visit("\"ab\""), (Kind::Char, "Some(98)".into()));
    assert_eq!(visit("`a`b"), (Kind::Symbol, "Some(`b)".into()));
    assert_eq!(Vector::Date(Slice::new(&[])).visit(KindAndLast), (Kind::Date, "None".into()));
}
