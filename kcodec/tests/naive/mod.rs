//! A naive codec of kdb+ IPC bodies: the oracle of the property tests.
//!
//! Written from the format notes in WIRE.md (sections 3 to 8); shares no code with the library. It copies every item,
//! recurses up to a depth limit, and is slow. The parts are the tree, its encoder, its decoder, messages, and the
//! strategies that generate trees and bodies.
//!
//! The modules `compression` and `walk` also predict the library's errors. They depend on no other module, so that fuzz
//! targets can include their files.

#![allow(dead_code, reason = "no test binary uses all of it")]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

pub mod compression;
pub mod walk;

use kcodec::Compression;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A kdb+ object that owns everything; items are raw little-endian bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// An atom of type 1 to 19, but not 3 or 11.
    Atom { code: u8, bytes: Vec<u8> },
    /// A symbol atom.
    Symbol(Vec<u8>),
    /// A vector of type 1 to 19, but not 3 or 11.
    Vector { code: u8, attr: u8, items: Vec<Vec<u8>> },
    /// A symbol vector.
    Symbols { attr: u8, items: Vec<Vec<u8>> },
    /// A general list.
    List { attr: u8, items: Vec<Self> },
    /// A dictionary, type 127 if `sorted`, else 99.
    Dict { sorted: bool, keys: Box<Self>, values: Box<Self> },
    /// A table; `sorted` is a property of its inner dictionary.
    Table { attr: u8, sorted: bool, names: Vec<Vec<u8>>, names_attr: u8, columns: Vec<Self>, columns_attr: u8 },
    /// A table on disk: the inner dictionary's value is a path instead of a list of columns.
    Splayed { attr: u8, sorted: bool, names: Vec<Vec<u8>>, names_attr: u8, path: Vec<u8> },
    /// A lambda; its body is usually a char vector.
    Lambda { context: Vec<u8>, body: Box<Self> },
    /// A primitive of type 101, 102 or 103.
    Primitive { code: u8, id: u8 },
    /// A projection: the function, then its arguments.
    Projection(Vec<Self>),
    /// A composition, outermost function first.
    Composition(Vec<Self>),
    /// A derived verb of type 106 to 111.
    Derived { code: u8, function: Box<Self> },
    /// An error; top level only.
    Error(Vec<u8>),
}

/// The depth of a tree: the smallest limit with which its body decodes.
pub fn depth(tree: &Tree) -> usize {
    1 + match tree {
        Tree::List { items, .. } | Tree::Projection(items) | Tree::Composition(items) => deepest(items),
        Tree::Dict { keys, values, .. } => depth(keys).max(depth(values)),
        Tree::Table { columns, .. } => deepest(columns).max(1),
        Tree::Splayed { .. } => 1,
        Tree::Lambda { body, .. } => depth(body),
        Tree::Derived { function, .. } => depth(function),
        _ => 0,
    }
}

fn deepest(trees: &[Tree]) -> usize {
    trees.iter().map(depth).max().unwrap_or(0)
}

// ---------------------------------------------------------------------------------------------
// Encoder
// ---------------------------------------------------------------------------------------------

/// Which of the equivalent encodings to write; the default is kdb+'s.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Form {
    /// Write numbers with the most significant byte first.
    pub big_endian: bool,
    /// Write every count of a vector or list in 8 bytes, with bit 0x80 in its attribute.
    pub wide_counts: bool,
}

/// The body of a tree: little-endian, 4-byte counts.
pub fn encode(tree: &Tree) -> Vec<u8> {
    encode_with(tree, Form::default())
}

/// The body of a tree in another form.
pub fn encode_with(tree: &Tree, form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    write(tree, form, &mut out);
    out
}

fn write(tree: &Tree, form: Form, out: &mut Vec<u8>) {
    match tree {
        Tree::Atom { code, bytes } => {
            out.push(code.wrapping_neg());
            write_item(*code, bytes, form, out);
        }
        Tree::Symbol(text) => {
            out.push(11_u8.wrapping_neg());
            write_text(text, out);
        }
        Tree::Vector { code, attr, items } => {
            write_head(*code, *attr, items.len(), form, out);
            for item in items {
                write_item(*code, item, form, out);
            }
        }
        Tree::Symbols { attr, items } => write_symbols(*attr, items, form, out),
        Tree::List { attr, items } => write_list(*attr, items, form, out),
        Tree::Dict { sorted, keys, values } => {
            out.push(dict_code(*sorted));
            write(keys, form, out);
            write(values, form, out);
        }
        Tree::Table { attr, sorted, names, names_attr, columns, columns_attr } => {
            out.extend([98, *attr, dict_code(*sorted)]);
            write_symbols(*names_attr, names, form, out);
            write_list(*columns_attr, columns, form, out);
        }
        Tree::Splayed { attr, sorted, names, names_attr, path } => {
            out.extend([98, *attr, dict_code(*sorted)]);
            write_symbols(*names_attr, names, form, out);
            out.push(11_u8.wrapping_neg());
            write_text(path, out);
        }
        Tree::Lambda { context, body } => {
            out.push(100);
            write_text(context, out);
            write(body, form, out);
        }
        Tree::Primitive { code, id } => out.extend([*code, *id]),
        Tree::Projection(items) => write_parts(104, items, form, out),
        Tree::Composition(items) => write_parts(105, items, form, out),
        Tree::Derived { code, function } => {
            out.push(*code);
            write(function, form, out);
        }
        Tree::Error(text) => {
            out.push(128);
            write_text(text, out);
        }
    }
}

fn dict_code(sorted: bool) -> u8 {
    if sorted { 127 } else { 99 }
}

fn write_symbols(attr: u8, items: &[Vec<u8>], form: Form, out: &mut Vec<u8>) {
    write_head(11, attr, items.len(), form, out);
    for item in items {
        write_text(item, out);
    }
}

fn write_list(attr: u8, items: &[Tree], form: Form, out: &mut Vec<u8>) {
    write_head(0, attr, items.len(), form, out);
    for item in items {
        write(item, form, out);
    }
}

/// Projections and compositions: no attribute, and the count is never wide.
fn write_parts(code: u8, items: &[Tree], form: Form, out: &mut Vec<u8>) {
    out.push(code);
    write_count(items.len(), 4, form, out);
    for item in items {
        write(item, form, out);
    }
}

fn write_head(code: u8, attr: u8, count: usize, form: Form, out: &mut Vec<u8>) {
    out.push(code);
    if form.wide_counts {
        out.push(attr | 0x80);
        write_count(count, 8, form, out);
    } else {
        out.push(attr);
        write_count(count, 4, form, out);
    }
}

fn write_count(count: usize, width: usize, form: Form, out: &mut Vec<u8>) {
    write_number(&(count as u64).to_le_bytes()[..width], form, out);
}

fn write_item(code: u8, bytes: &[u8], form: Form, out: &mut Vec<u8>) {
    if code == 2 {
        out.extend(bytes);
    } else {
        write_number(bytes, form, out);
    }
}

fn write_number(little: &[u8], form: Form, out: &mut Vec<u8>) {
    if form.big_endian {
        out.extend(little.iter().rev());
    } else {
        out.extend(little);
    }
}

fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text);
    out.push(0);
}

// ---------------------------------------------------------------------------------------------
// Decoder
// ---------------------------------------------------------------------------------------------

/// The tree of a little-endian body. The top-level object has depth 1.
///
/// # Errors
///
/// The reason as a text: one of kdb+'s own validator, unequal counts within a dictionary or table, or the depth limit.
pub fn decode(body: &[u8], depth_limit: usize) -> Result<Tree, String> {
    let mut input = Input { rest: body };
    let tree = if body.first() == Some(&128) {
        input.byte()?;
        Tree::Error(input.text()?)
    } else {
        read(&mut input, depth_limit)?
    };
    ensure(input.rest.is_empty(), "trailing bytes")?;
    Ok(tree)
}

struct Input<'a> {
    rest: &'a [u8],
}

impl Input<'_> {
    fn take(&mut self, length: usize) -> Result<Vec<u8>, String> {
        ensure(length <= self.rest.len(), "truncated")?;
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(taken.to_vec())
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn text(&mut self) -> Result<Vec<u8>, String> {
        let end = self.rest.iter().position(|byte| *byte == 0);
        let text = self.take(end.ok_or("text without end")?)?;
        self.byte()?;
        Ok(text)
    }

    /// A count of `size` bytes, of items of at least `width` bytes each.
    fn count(&mut self, size: usize, width: usize) -> Result<usize, String> {
        let count = number(&self.take(size)?);
        let room = self.rest.len() / width;
        ensure(count <= room as u64, "count larger than the data")?;
        Ok(count as usize)
    }

    fn attr(&mut self) -> Result<u8, String> {
        let attr = self.byte()?;
        ensure(attr & 0x7f <= 4, "bad attribute")?;
        Ok(attr)
    }

    /// The attribute and the count of a vector or list.
    fn head(&mut self, width: usize) -> Result<(u8, usize), String> {
        let attr = self.attr()?;
        let size = if attr & 0x80 == 0 { 4 } else { 8 };
        Ok((attr & 0x7f, self.count(size, width)?))
    }
}

fn ensure(condition: bool, reason: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(reason.to_string()) }
}

fn number(little: &[u8]) -> u64 {
    let mut number = 0;
    for byte in little.iter().rev() {
        number = number << 8 | u64::from(*byte);
    }
    number
}

/// Reads one object of at most `levels` levels, its own included.
fn read(input: &mut Input, levels: usize) -> Result<Tree, String> {
    ensure(levels > 0, "too deep")?;
    let below = levels - 1;
    let code = input.byte()?;
    match code {
        0 => {
            let (attr, count) = input.head(2)?;
            let items = read_all(input, count, below)?;
            Ok(Tree::List { attr, items })
        }
        11 => {
            let (attr, count) = input.head(1)?;
            let items = read_texts(input, count)?;
            Ok(Tree::Symbols { attr, items })
        }
        1..=19 => read_vector(input, code),
        98 => read_table(input, below),
        99 | 127 => read_dict(input, code == 127, below),
        100 => {
            let context = input.text()?;
            let body = Box::new(read(input, below)?);
            Ok(Tree::Lambda { context, body })
        }
        101..=103 => read_primitive(input, code),
        104 => Ok(Tree::Projection(read_parts(input, below)?)),
        105 => Ok(Tree::Composition(read_parts(input, below)?)),
        106..=111 => {
            let function = Box::new(read(input, below)?);
            Ok(Tree::Derived { code, function })
        }
        128 => Err("nested error".to_string()),
        245 => Ok(Tree::Symbol(input.text()?)),
        237..=255 => {
            let code = code.wrapping_neg();
            let bytes = read_item(input, code)?;
            Ok(Tree::Atom { code, bytes })
        }
        _ => Err("bad type".to_string()),
    }
}

fn read_all(input: &mut Input, count: usize, levels: usize) -> Result<Vec<Tree>, String> {
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(read(input, levels)?);
    }
    Ok(items)
}

fn read_texts(input: &mut Input, count: usize) -> Result<Vec<Vec<u8>>, String> {
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(input.text()?);
    }
    Ok(items)
}

fn read_parts(input: &mut Input, levels: usize) -> Result<Vec<Tree>, String> {
    let count = input.count(4, 2)?;
    read_all(input, count, levels)
}

fn read_vector(input: &mut Input, code: u8) -> Result<Tree, String> {
    let (attr, count) = input.head(width(code)?)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(read_item(input, code)?);
    }
    Ok(Tree::Vector { code, attr, items })
}

fn read_item(input: &mut Input, code: u8) -> Result<Vec<u8>, String> {
    let item = input.take(width(code)?)?;
    ensure(code != 1 || item[0] <= 1, "bad boolean")?;
    Ok(item)
}

/// Bytes of an item of the type.
fn width(code: u8) -> Result<usize, String> {
    match code {
        1 | 4 | 10 => Ok(1),
        5 => Ok(2),
        6 | 8 | 13 | 14 | 17 | 18 | 19 => Ok(4),
        7 | 9 | 12 | 15 | 16 => Ok(8),
        2 => Ok(16),
        _ => Err("bad type".to_string()),
    }
}

fn read_primitive(input: &mut Input, code: u8) -> Result<Tree, String> {
    let id = input.byte()?;
    let known = match code {
        101 => id <= 44 || id == 255,
        102 => id <= 36,
        _ => id <= 5,
    };
    ensure(known, "bad primitive")?;
    Ok(Tree::Primitive { code, id })
}

fn read_dict(input: &mut Input, sorted: bool, levels: usize) -> Result<Tree, String> {
    let keys = Box::new(read(input, levels)?);
    let values = Box::new(read(input, levels)?);
    let length = length_of(&keys).ok_or("dictionary keys without count")?;
    let other = length_of(&values).ok_or("dictionary values without count")?;
    ensure(length == other, "dictionary of unequal counts")?;
    Ok(Tree::Dict { sorted, keys, values })
}

fn read_table(input: &mut Input, levels: usize) -> Result<Tree, String> {
    let attr = input.attr()? & 0x7f;
    let inner = input.byte()?;
    ensure(inner == 99 || inner == 127, "table without dictionary")?;
    let sorted = inner == 127;
    let Tree::Symbols { attr: names_attr, items: names } = read(input, levels)? else {
        return Err("table names are not symbols".to_string());
    };
    match input.byte()? {
        0 => {
            let (columns_attr, count) = input.head(2)?;
            let columns = read_all(input, count, levels)?;
            check_columns(names.len(), &columns)?;
            Ok(Tree::Table { attr, sorted, names, names_attr, columns, columns_attr })
        }
        245 => Ok(Tree::Splayed { attr, sorted, names, names_attr, path: input.text()? }),
        _ => Err("table columns are not a list".to_string()),
    }
}

fn check_columns(names: usize, columns: &[Tree]) -> Result<(), String> {
    ensure(names == columns.len(), "table names and columns differ")?;
    for column in columns {
        let is_column = length_of(column).is_some() && !matches!(column, Tree::Dict { .. });
        ensure(is_column, "column is not a vector, list or table")?;
        ensure(length_of(column) == Some(rows(columns)), "ragged table")?;
    }
    Ok(())
}

/// The number of rows of a table with these columns; 0 without columns.
fn rows(columns: &[Tree]) -> usize {
    columns.first().and_then(length_of).unwrap_or(0)
}

/// The count of an object; `None` if it cannot be the keys or values of a dictionary.
fn length_of(tree: &Tree) -> Option<usize> {
    match tree {
        Tree::Vector { items, .. } | Tree::Symbols { items, .. } => Some(items.len()),
        Tree::List { items, .. } => Some(items.len()),
        Tree::Dict { keys, .. } => length_of(keys),
        Tree::Table { columns, .. } => Some(rows(columns)),
        _ => None,
    }
}

// ---------------------------------------------------------------------------------------------
// Messages
// ---------------------------------------------------------------------------------------------

/// A little-endian, uncompressed message with its header; kinds: 0 async, 1 sync, 2 response.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 8];
    out.extend(body);
    let total = out.len();
    write_header(&mut out, kind, 0, total);
    out
}

fn write_header(out: &mut [u8], kind: u8, compression: u8, total: usize) {
    let total = (total as u64).to_le_bytes();
    out[..4].copy_from_slice(&[1, kind, compression, total[4]]);
    out[4..8].copy_from_slice(&total[..4]);
}

/// The compressed form of a little-endian message; `None` if the message has at most `threshold` bytes or does not
/// compress to half of them.
pub fn compress(message: &[u8], threshold: usize) -> Option<Vec<u8>> {
    if message.len() < 10 || message.len() <= threshold {
        return None;
    }
    let mut out = vec![0; 8];
    out.extend(compression::compress(&message[8..])?);
    let total = out.len();
    write_header(&mut out, message[1], 1, total);
    Some(out)
}

/// The uncompressed form of a compressed little-endian message of either kind; `None` if the stream does not give
/// exactly the length of its head.
pub fn decompress(message: &[u8]) -> Option<Vec<u8>> {
    let length = message.len();
    if length < 8 || message[0] != 1 || message[1] > 2 {
        return None;
    }
    let total = number(&message[4..8]) | u64::from(message[3]) << 32;
    let kind = match message[2] {
        1 => Compression::Short,
        2 => Compression::Long,
        _ => return None,
    };
    if total != length as u64 {
        return None;
    }
    let mut out = vec![0; 8];
    out.extend(compression::decompress(&message[8..], kind, false, usize::MAX).ok()?);
    let total = out.len();
    write_header(&mut out, message[1], 0, total);
    Some(out)
}

// ---------------------------------------------------------------------------------------------
// Strategies
// ---------------------------------------------------------------------------------------------

/// Valid trees of all variants; few are errors.
pub fn tree() -> impl Strategy<Value = Tree> {
    prop_oneof![
        40 => leaf().prop_recursive(3, 64, 6, branch),
        1 => text().prop_map(Tree::Error),
    ]
}

/// Types of atoms and vectors except symbols.
const CODES: [u8; 17] = [1, 2, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19];

/// The length of the longest list with nested items; longer ones have atoms only.
const SHORT: usize = 5;

fn leaf() -> BoxedStrategy<Tree> {
    prop_oneof![
        4 => atom(),
        2 => text().prop_map(Tree::Symbol),
        4 => length().prop_flat_map(vector),
        2 => length().prop_flat_map(symbols),
        1 => primitive(),
    ]
    .boxed()
}

fn branch(inner: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    prop_oneof![
        4 => with_length(&inner, list),
        4 => with_length(&inner, dict),
        3 => with_length(&inner, table),
        2 => with_length(&inner, keyed_table),
        1 => splayed(),
        2 => lambda(&inner),
        2 => vec(inner.clone(), 0..4).prop_map(Tree::Projection),
        1 => vec(inner.clone(), 0..4).prop_map(Tree::Composition),
        1 => derived(&inner),
    ]
    .boxed()
}

fn with_length(
    inner: &BoxedStrategy<Tree>,
    make: fn(usize, &BoxedStrategy<Tree>) -> BoxedStrategy<Tree>,
) -> BoxedStrategy<Tree> {
    let inner = inner.clone();
    length().prop_flat_map(move |length| make(length, &inner)).boxed()
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        20 => 0..=SHORT,
        1 => 250..=350_usize,
    ]
}

fn attr() -> impl Strategy<Value = u8> {
    prop_oneof![Just(0), 0..=4_u8]
}

/// Texts without NUL, for symbols, column names, contexts and errors.
fn text() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        4 => "[a-z.]{1,8}".prop_map(String::into_bytes),
        2 => vec(1..=255_u8, 0..6),
        1 => Just(Vec::new()),
        1 => vec(1..=255_u8, 20..80),
    ]
    .boxed()
}

fn atom() -> BoxedStrategy<Tree> {
    select(&CODES[..]).prop_flat_map(|code| item(code).prop_map(move |bytes| Tree::Atom { code, bytes })).boxed()
}

fn vector(length: usize) -> BoxedStrategy<Tree> {
    select(&CODES[..]).prop_flat_map(move |code| vector_of(code, length)).boxed()
}

fn vector_of(code: u8, length: usize) -> BoxedStrategy<Tree> {
    (attr(), vec(item(code), length)).prop_map(move |(attr, items)| Tree::Vector { code, attr, items }).boxed()
}

fn symbols(length: usize) -> BoxedStrategy<Tree> {
    (attr(), vec(text(), length)).prop_map(|(attr, items)| Tree::Symbols { attr, items }).boxed()
}

/// One item of a vector: random bytes or a special value of the type.
fn item(code: u8) -> BoxedStrategy<Vec<u8>> {
    let width = width(code).expect("a type with a width");
    match code {
        1 => vec(0..=1_u8, 1).boxed(),
        8 | 9 | 15 => prop_oneof![
            3 => vec(any::<u8>(), width),
            1 => select(special_floats(width)),
            1 => vec(any::<u8>(), width).prop_map(not_a_number),
        ]
        .boxed(),
        _ => prop_oneof![
            3 => vec(any::<u8>(), width),
            1 => select(special_integers(width)),
        ]
        .boxed(),
    }
}

/// Null, both infinities, 0, -1 and 32, which is the null of chars.
fn special_integers(width: usize) -> Vec<Vec<u8>> {
    let null = i128::MIN >> (128 - 8 * width);
    [null, !null, null + 1, 0, -1, 32].map(|value| value.to_le_bytes()[..width].to_vec()).to_vec()
}

/// Null with and without the sign bit that kdb+ sets, both infinities, both zeros.
fn special_floats(width: usize) -> Vec<Vec<u8>> {
    let floats = [-f64::NAN, f64::NAN, f64::INFINITY, -f64::INFINITY, 0., -0.];
    floats
        .map(|float| match width {
            4 => (float as f32).to_le_bytes().to_vec(),
            _ => float.to_le_bytes().to_vec(),
        })
        .to_vec()
}

/// Sets every bit of the exponent.
fn not_a_number(mut bytes: Vec<u8>) -> Vec<u8> {
    let last = bytes.len() - 1;
    bytes[last] |= 0x7f;
    bytes[last - 1] |= if bytes.len() == 4 { 0x80 } else { 0xf0 };
    bytes
}

fn list(length: usize, inner: &BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    let items = if length <= SHORT { inner.clone() } else { atom() };
    (attr(), vec(items, length)).prop_map(|(attr, items)| Tree::List { attr, items }).boxed()
}

fn column(length: usize, inner: &BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    prop_oneof![
        4 => vector(length),
        2 => symbols(length),
        1 => list(length, inner),
    ]
    .boxed()
}

fn table(length: usize, inner: &BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    let fewest = usize::from(length > 0);
    let columns = vec((text(), column(length, inner)), fewest..=4);
    (attr(), any::<bool>(), attr(), attr(), columns)
        .prop_map(|(attr, sorted, names_attr, columns_attr, columns)| {
            let (names, columns) = columns.into_iter().unzip();
            Tree::Table { attr, sorted, names, names_attr, columns, columns_attr }
        })
        .boxed()
}

/// Keys or values of a dictionary.
fn keys_or_values(length: usize, inner: &BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    let simple = column(length, inner);
    prop_oneof![
        8 => simple.clone(),
        1 => table(length, inner),
        1 => dict_of(simple.clone(), simple),
    ]
    .boxed()
}

fn dict(length: usize, inner: &BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    dict_of(keys_or_values(length, inner), keys_or_values(length, inner))
}

fn keyed_table(length: usize, inner: &BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    dict_of(table(length, inner), table(length, inner))
}

fn dict_of(keys: BoxedStrategy<Tree>, values: BoxedStrategy<Tree>) -> BoxedStrategy<Tree> {
    (any::<bool>(), keys, values)
        .prop_map(|(sorted, keys, values)| Tree::Dict { sorted, keys: Box::new(keys), values: Box::new(values) })
        .boxed()
}

fn splayed() -> impl Strategy<Value = Tree> {
    (attr(), any::<bool>(), vec(text(), 0..4), attr(), text())
        .prop_map(|(attr, sorted, names, names_attr, path)| Tree::Splayed { attr, sorted, names, names_attr, path })
}

fn lambda(inner: &BoxedStrategy<Tree>) -> impl Strategy<Value = Tree> + use<> {
    let source = (0..20_usize).prop_flat_map(|length| vector_of(10, length));
    let body = prop_oneof![4 => source, 1 => inner.clone()];
    (text(), body).prop_map(|(context, body)| Tree::Lambda { context, body: Box::new(body) })
}

fn primitive() -> impl Strategy<Value = Tree> {
    let unary = prop_oneof![4 => 0..=44_u8, 1 => Just(255)];
    prop_oneof![
        unary.prop_map(|id| Tree::Primitive { code: 101, id }),
        (0..=36_u8).prop_map(|id| Tree::Primitive { code: 102, id }),
        (0..=5_u8).prop_map(|id| Tree::Primitive { code: 103, id }),
    ]
}

fn derived(inner: &BoxedStrategy<Tree>) -> impl Strategy<Value = Tree> + use<> {
    (106..=111_u8, inner.clone()).prop_map(|(code, function)| Tree::Derived { code, function: Box::new(function) })
}

/// The body of a byte vector or a long vector of up to 20,000 bytes, mostly repetitive.
pub fn compressible() -> impl Strategy<Value = Vec<u8>> {
    (vec(stretch(), 0..12), any::<bool>()).prop_map(|(stretches, longs)| {
        let mut data = stretches.concat();
        data.truncate(20_000);
        if longs { vector_body(7, &data) } else { vector_body(4, &data) }
    })
}

/// The body of a vector of the complete items in `data`.
fn vector_body(code: u8, data: &[u8]) -> Vec<u8> {
    let width = width(code).expect("a type with a width");
    let count = data.len() / width;
    let mut out = Vec::new();
    write_head(code, 0, count, Form::default(), &mut out);
    out.extend(&data[..count * width]);
    out
}

/// A run of data: a repeated pattern, a counter, or noise of 1 to 8 bits per byte.
pub fn stretch() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        2 => (vec(any::<u8>(), 1..12), 1..400_usize).prop_map(repeat),
        1 => (vec(any::<u8>(), 100..400), 1..8_usize).prop_map(repeat),
        1 => (vec(any::<u8>(), 1), 0..5_000_usize).prop_map(repeat),
        2 => (any::<i32>(), -300..300_i32, 0..400_i32).prop_map(counter),
        2 => (any::<u64>(), 1..=8_u8, 0..3_000_usize).prop_map(noise),
    ]
    .boxed()
}

fn repeat((pattern, times): (Vec<u8>, usize)) -> Vec<u8> {
    pattern.repeat(times)
}

/// Longs in an arithmetic progression.
fn counter((start, step, count): (i32, i32, i32)) -> Vec<u8> {
    let mut out = Vec::new();
    for i in 0..count {
        out.extend((i64::from(start) + i64::from(step * i)).to_le_bytes());
    }
    out
}

/// Bytes below `1 << bits`: the upper bits of a linear congruential generator.
fn noise((seed, bits, length): (u64, u8, usize)) -> Vec<u8> {
    let mut state = seed;
    let mut out = Vec::new();
    for _ in 0..length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        out.push((state >> (64 - u32::from(bits))) as u8);
    }
    out
}
