//! `0:`: writes tables as delimited lines, and parses lines into columns.

use kcodec::Kind;

use super::build;
use super::fault::{Fault, R};
use super::noun::{List, Noun, Table};
use super::verb::{Verb, infix};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[infix("0:", Some(20), zero)];

/// Units charged per field, in addition to its bytes.
const FIELD: usize = 32;
/// Bytes that splitting takes per byte of a text that consists of separators only.
const PIECE: usize = size_of::<Vec<u8>>() + 1;

/// ``delimiter 0: table``, ``(types;delimiter)0:lines``, ``(types;widths)0:lines``, ``"S=;"0:text``.
fn zero(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    match &x {
        Noun::Atom(_) => match x.as_text() {
            Some(&[delimiter]) => prepare(vm, delimiter, &y),
            _ if x.as_sym().is_some() => {
                let path = vm.path(&x)?;
                vm.write_lines(&path, &y)?;
                Ok(x)
            }
            _ => Err(Fault::TYPE),
        },
        Noun::List(list) => match list.items() {
            [types, how] => load(vm, types, how, false, y),
            [types, how, flag] => {
                let embedded = flag.as_long().ok_or(Fault::TYPE)? != 0;
                load(vm, types, how, embedded, y)
            }
            _ => Err(Fault::LENGTH),
        },
        _ => match *x.as_text().ok_or(Fault::TYPE)? {
            // `("S";",")` is a text of two characters.
            [letter, delimiter] => load(vm, &Noun::char(letter), &Noun::char(delimiter), false, y),
            ref form => pairs(vm, form, &y),
        },
    }
}

/// Formats a table or a list of columns as lines. A table's first line holds the column names.
fn prepare(vm: &mut Vm<'_>, delimiter: u8, y: &Noun) -> R {
    let y = &vm.plain(y.clone())?;
    let (names, columns) = match y {
        Noun::Table(table) => (Some(table.names().clone()), table.columns().to_vec()),
        Noun::List(list) => (None, list.items().to_vec()),
        _ => return Err(Fault::TYPE),
    };
    let count = columns.first().map_or(0, Noun::len);
    let mut lines = vm.vec(count.saturating_add(1))?;
    if let Some(names) = &names {
        let names: Vec<&[u8]> = names.iter().map(|&name| vm.text(name)).collect();
        lines.push(names.join(&delimiter));
    }
    let first = lines.len();
    lines.resize_with(first + count, Vec::new);
    for (number, column) in columns.iter().enumerate() {
        if column.len() != count {
            return Err(Fault::LENGTH);
        }
        for row in 0..count {
            let cell = cell(vm, column, row)?;
            vm.charge(FIELD + cell.len())?;
            let Some(line) = lines.get_mut(first + row) else { continue };
            vm.grow(line, 2 * cell.len() + 3)?;
            if number > 0 {
                line.push(delimiter);
            }
            quote(&cell, delimiter, line);
        }
    }
    List::raw(lines.into_iter().map(Noun::text).collect())
}

/// Formats one item of a column. Dates are in ISO 8601.
fn cell(vm: &mut Vm<'_>, column: &Noun, row: usize) -> R<Vec<u8>> {
    let item = column.at(row);
    let mut text = match (column, &item) {
        (Noun::Vector(_), Noun::Atom(atom)) => vm.item_text(*atom)?,
        (Noun::List(_), Noun::Vector(_)) => return Ok(item.as_text().ok_or(Fault::TYPE)?.to_vec()),
        _ => return Err(Fault::TYPE),
    };
    if matches!(item.kind(), Some(Kind::Date | Kind::Month | Kind::Timestamp | Kind::Datetime)) {
        for byte in text.iter_mut().take("2000.01.01".len()).filter(|byte| **byte == b'.') {
            *byte = b'-';
        }
        for byte in text.iter_mut().filter(|byte| **byte == b'D') {
            *byte = b'T';
        }
        if text.last() == Some(&b'm') {
            text.pop();
        }
    }
    Ok(text)
}

/// Appends a field. If it contains the delimiter or a newline it is quoted, with inner quotes doubled.
fn quote(cell: &[u8], delimiter: u8, line: &mut Vec<u8>) {
    if !cell.iter().any(|&byte| byte == delimiter || byte == b'\n') {
        return line.extend_from_slice(cell);
    }
    line.push(b'"');
    for &byte in cell {
        if byte == b'"' {
            line.push(byte);
        }
        line.push(byte);
    }
    line.push(b'"');
}

/// Splits a line into fields.
type Split = Box<dyn Fn(&[u8]) -> Vec<Vec<u8>>>;

/// Parses lines into columns of the given types. An enlisted delimiter means that the first line holds names and
/// the result is a table.
fn load(vm: &mut Vm<'_>, types: &Noun, how: &Noun, embedded: bool, y: Noun) -> R {
    let types = types.as_text().ok_or(Fault::TYPE)?.to_vec();
    let single = matches!(&y, Noun::Vector(_)) && how.is_atom();
    let lines = lines(vm, y, embedded)?;
    let (named, split): (bool, Split) = match how.as_text() {
        Some(&[delimiter]) => (!how.is_atom(), Box::new(move |line| fields(line, delimiter, None))),
        Some(_) => return Err(Fault::LENGTH),
        None => {
            let widths: Vec<usize> = widths(how)?;
            if widths.len() != types.len() {
                return Err(Fault::LENGTH);
            }
            (false, Box::new(move |line| slices(line, &widths)))
        }
    };
    let mut lines = lines.iter();
    let mut names = Vec::new();
    if named {
        names = split(lines.next().ok_or(Fault::LENGTH)?);
    }
    let mut columns: Vec<Vec<Noun>> = vec![Vec::new(); types.len()];
    for line in lines {
        vm.charge(line.len().saturating_add(FIELD * types.len()))?;
        vm.room(line.len().saturating_mul(PIECE))?;
        let mut fields = split(line).into_iter();
        for (column, &letter) in columns.iter_mut().zip(&types) {
            let field = fields.next().unwrap_or_default();
            if letter != b' ' {
                vm.grow(column, 1)?;
                column.push(value(vm, letter, &field)?);
            }
        }
    }
    let kept: Vec<usize> = (0..types.len()).filter(|&at| types.get(at) != Some(&b' ')).collect();
    if single {
        let firsts = kept.iter().filter_map(|&at| columns.get(at)?.first().cloned()).collect();
        return build::tidy(firsts);
    }
    let mut made = vm.vec(kept.len())?;
    for &at in &kept {
        let items = columns.get_mut(at).map(std::mem::take).unwrap_or_default();
        made.push(match types.get(at) {
            Some(b'*') => List::raw(items)?,
            Some(&letter) if items.is_empty() => super::noun::empty(kind(letter)?),
            _ => build::tidy(items)?,
        });
    }
    if !named {
        return List::raw(made);
    }
    let names = kept.iter().map(|&at| vm.intern(names.get(at).map_or(&b""[..], Vec::as_slice))).collect();
    Table::new(std::sync::Arc::new(names), made)
}

/// Splits a text or the content of a file into lines; a list of texts is returned as it is.
fn lines(vm: &mut Vm<'_>, y: Noun, embedded: bool) -> R<Vec<Vec<u8>>> {
    let texts = match &y {
        Noun::List(list) if list.items().first().is_some_and(|first| first.as_sym().is_some()) => {
            vec![Noun::text(vm.file(&y)?)]
        }
        Noun::List(list) => list.items().to_vec(),
        _ if y.as_sym().is_some_and(|name| vm.text(name).starts_with(b":")) => {
            vec![Noun::text(vm.file(&y)?)]
        }
        _ => vec![y],
    };
    let mut lines = Vec::new();
    for text in &texts {
        let text = text.as_text().ok_or(Fault::TYPE)?;
        vm.charge(text.len())?;
        vm.room(text.len().saturating_mul(PIECE))?;
        if embedded {
            lines.push(text.to_vec());
            continue;
        }
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        lines.extend(text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()));
    }
    Ok(lines)
}

/// Splits a line into fields. A quote at the start of a field, or after `starts`, opens a quoted part; two quotes
/// in it stand for one.
fn fields(line: &[u8], delimiter: u8, starts: Option<u8>) -> Vec<Vec<u8>> {
    let mut fields = vec![Vec::new()];
    let (mut quoted, mut bytes) = (false, line.iter().copied().peekable());
    while let Some(byte) = bytes.next() {
        let Some(field) = fields.last_mut() else { break };
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
                field.push(b'"');
            }
            b'"' if quoted => quoted = false,
            b'"' if field.is_empty() || field.last() == starts.as_ref() => quoted = true,
            byte if byte == delimiter && !quoted => fields.push(Vec::new()),
            byte => field.push(byte),
        }
    }
    fields
}

fn widths(how: &Noun) -> R<Vec<usize>> {
    let width = |item: Noun| item.as_long().and_then(|long| usize::try_from(long).ok()).ok_or(Fault::TYPE);
    (0..how.len()).map(|at| if how.is_atom() { width(how.clone()) } else { width(how.at(at)) }).collect()
}

/// Splits a line into pieces of fixed widths.
fn slices(line: &[u8], widths: &[usize]) -> Vec<Vec<u8>> {
    let mut left = line;
    let mut pieces = Vec::with_capacity(widths.len());
    for &width in widths {
        let (piece, rest) = left.split_at(width.min(left.len()));
        pieces.push(piece.to_vec());
        left = rest;
    }
    pieces
}

fn kind(letter: u8) -> R<Kind> {
    Kind::from_letter(char::from(letter.to_ascii_lowercase()))
        .filter(|_| letter.is_ascii_uppercase())
        .ok_or(Fault::TYPE)
}

/// Parses a field as one item of the type.
fn value(vm: &mut Vm<'_>, letter: u8, field: &[u8]) -> R {
    match letter {
        b'*' => Ok(Noun::text(field)),
        b'C' => Ok(Noun::char(field.first().copied().unwrap_or(b' '))),
        _ => vm.read_text(kind(letter)?, &Noun::text(field)),
    }
}

/// Parses `"k=v;k=v"` into keys and values. The form gives the type of the keys and the separators; a `*` enables
/// quotes.
fn pairs(vm: &mut Vm<'_>, form: &[u8], y: &Noun) -> R {
    let (letter, field, record, quotes) = match *form {
        [letter, field, record] => (letter, field, record, false),
        [letter, field, b'*', record] => (letter, field, record, true),
        _ => return Err(Fault::LENGTH),
    };
    if !matches!(letter, b'S' | b'I' | b'J') {
        return Err(Fault::TYPE);
    }
    let text = y.as_text().ok_or(Fault::TYPE)?;
    vm.charge(text.len().saturating_mul(4))?;
    vm.room(text.len().saturating_mul(PIECE))?;
    let records = if quotes {
        fields(text, record, Some(field))
    } else {
        text.split(|&byte| byte == record).map(<[u8]>::to_vec).collect()
    };
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for pair in records.iter().filter(|pair| !pair.is_empty()) {
        vm.charge(FIELD)?;
        vm.grow(&mut keys, 1)?;
        vm.grow(&mut values, 1)?;
        let at = pair.iter().position(|&byte| byte == field).unwrap_or(pair.len());
        let (key, rest) = pair.split_at(at);
        keys.push(value(vm, letter, key)?);
        values.push(Noun::text(rest.get(1..).unwrap_or_default()));
    }
    List::raw(vec![build::tidy(keys)?, List::raw(values)?])
}
