//! Converts between the evaluator's values and the codec's.
//!
//! Input is copied once, column by column. Output is borrowed: the codec encodes, gathers or displays a view of the
//! items without a copy in between.

use std::sync::Arc;

use bumpalo::Bump;
use kcodec::{Body, Function, Kind, Symbol, Value, Vector as Wire};

use super::fault::{Fault, R};
use super::func::{self, Func, Iterator};
use super::noun::{Atom, Dict, Item, Items, Lane, List, Noun, Table, Vector};
use super::symbols::{Sym, Symbols};
use super::verb::{self, Verb};
use super::vm::Vm;

/// Units charged per item of a general list; most have an allocation of their own.
const ITEM: usize = 64;

impl Vm<'_> {
    /// Converts a value from the wire.
    pub(crate) fn noun(&mut self, value: Value<'_>) -> R {
        match value {
            Value::Atom(atom) => self.atom(atom),
            Value::Vector(vector) => self.vector(vector),
            Value::List(list) => {
                let mut items = self.vec(list.len())?;
                for item in list.iter() {
                    self.charge(ITEM)?;
                    items.push(self.noun(item)?);
                }
                List::raw(items)
            }
            Value::Dict(dict) => {
                let keys = self.noun(dict.keys())?;
                let values = self.noun(dict.values())?;
                if dict.is_sorted() { Dict::stepped(keys, values) } else { Dict::new(keys, values) }
            }
            Value::Table(table) => {
                let mut names = self.vec(table.width())?;
                let mut columns = self.vec(table.width())?;
                for (name, column) in table.columns() {
                    names.push(self.intern(name.as_bytes()));
                    columns.push(self.noun(column)?);
                }
                Table::new(Arc::new(names), columns)
            }
            Value::Function(function) => self.function(function),
            Value::Splayed(_) => Err(Fault::nyi("splayed table")),
            Value::Error(text) => Err(Fault::named(text.as_bytes())),
        }
    }

    fn atom(&mut self, atom: kcodec::Atom<'_>) -> R {
        use kcodec::Atom as A;
        let kind = atom.kind();
        let item = match atom {
            A::Boolean(item) => Item::U8(u8::from(item)),
            A::Byte(item) | A::Char(item) => Item::U8(item),
            A::Guid(item) => Item::Guid(item.0),
            A::Short(item) => Item::I16(item),
            A::Int(item) => Item::I32(item),
            A::Month(item) => Item::I32(item.0),
            A::Date(item) => Item::I32(item.0),
            A::Minute(item) => Item::I32(item.0),
            A::Second(item) => Item::I32(item.0),
            A::Time(item) => Item::I32(item.0),
            A::Long(item) => Item::I64(item),
            A::Timestamp(item) => Item::I64(item.0),
            A::Timespan(item) => Item::I64(item.0),
            A::Real(item) => Item::F32(item),
            A::Float(item) => Item::F64(item),
            A::Datetime(item) => Item::F64(item.0),
            A::Symbol(item) => Item::Sym(self.intern(item.as_bytes())),
        };
        Ok(Noun::Atom(Atom { kind, item }))
    }

    fn vector(&mut self, vector: Wire<'_>) -> R {
        let (kind, attr) = (vector.kind(), vector.attribute());
        let items = match vector {
            Wire::Symbol(symbols) => {
                let mut items = self.vec(symbols.len())?;
                // Fast path: a repeated symbol is not looked up again.
                let mut last: (&[u8], Sym) = (b"", Sym::NULL);
                for symbol in symbols.iter() {
                    if symbol.as_bytes() != last.0 {
                        last = (symbol.as_bytes(), self.intern(symbol.as_bytes()));
                    }
                    items.push(last.1);
                }
                Sym::wrap(Arc::new(items))
            }
            Wire::Boolean(_) | Wire::Byte(_) | Wire::Char(_) => self.copied::<u8>(vector)?,
            Wire::Short(_) => self.copied::<i16>(vector)?,
            Wire::Long(_) | Wire::Timestamp(_) | Wire::Timespan(_) => self.copied::<i64>(vector)?,
            Wire::Real(_) => self.copied::<f32>(vector)?,
            Wire::Float(_) | Wire::Datetime(_) => self.copied::<f64>(vector)?,
            Wire::Guid(_) => self.copied::<[u8; 16]>(vector)?,
            _ => self.copied::<i32>(vector)?,
        };
        Ok(Noun::Vector(Vector { kind, attr, items }))
    }

    /// Copies the items of a vector of fixed width.
    fn copied<T: Lane + bytemuck::Pod>(&mut self, vector: Wire<'_>) -> R<Items> {
        let bytes = vector.as_bytes().ok_or(Fault::TYPE)?;
        let count = vector.len();
        let mut items: Vec<T> = self.vec(count)?;
        items.extend(bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned::<T>));
        Ok(T::wrap(Arc::new(items)))
    }

    fn function(&mut self, function: Function<'_>) -> R {
        match function {
            Function::Unary(0) => Ok(Noun::Null),
            Function::Unary(255) => Ok(Noun::Elided),
            Function::Unary(id) => {
                verb::by_id(Kind::Unary, id).map(verb_noun).ok_or_else(|| missing(kcodec::primitive::unary(id)))
            }
            Function::Binary(id) => {
                verb::by_id(Kind::Binary, id).map(verb_noun).ok_or_else(|| missing(kcodec::primitive::binary(id)))
            }
            Function::Iterator(id) => Iterator::ALL
                .get(usize::from(id))
                .map(|&iterator| Noun::Func(Func::Iterator(iterator)))
                .ok_or(Fault::TYPE),
            Function::Lambda(lambda) => {
                let source = lambda.source().ok_or(Fault::new("bad lambda"))?;
                let context = self.intern(lambda.context().as_bytes());
                self.lambda(source, context)
            }
            Function::Projection(list) => {
                let mut parts = list.iter();
                let head = parts.next().ok_or(Fault::TYPE)?;
                let function = self.noun(head)?;
                let args = parts.map(|part| self.noun(part)).collect::<R<Vec<Noun>>>()?;
                func::project(function, args)
            }
            Function::Composition(list) => {
                let parts = list.iter().map(|part| self.noun(part)).collect::<R<Vec<Noun>>>()?;
                func::compose(parts)
            }
            Function::Derived(derived) => {
                let iterator = Iterator::ALL.into_iter().find(|iterator| iterator.kind() == derived.kind());
                let function = self.noun(derived.function())?;
                func::derive(iterator.ok_or(Fault::TYPE)?, function)
            }
        }
    }

    /// Encodes a value as a body.
    pub(crate) fn body(&mut self, noun: &Noun) -> R<Body> {
        self.with_view(noun, |value| Ok(Body::encode(value)?))
    }

    /// Calls `look` with a borrowed view of a value.
    pub(crate) fn with_view<T>(&mut self, noun: &Noun, look: impl FnOnce(Value<'_>) -> R<T>) -> R<T> {
        let plain = self.plain(noun.clone())?;
        self.with_plain(&plain, look)
    }

    /// Calls `look` with a borrowed view of a value's form for printing.
    pub(crate) fn with_form<T>(&mut self, noun: &Noun, whole: bool, look: impl FnOnce(Value<'_>) -> R<T>) -> R<T> {
        let form = self.print_form(noun, whole)?;
        self.with_plain(&form, look)
    }

    fn with_plain<T>(&mut self, noun: &Noun, look: impl FnOnce(Value<'_>) -> R<T>) -> R<T> {
        self.room(weight(noun))?;
        let bump = Bump::new();
        look(view(noun, &self.q.symbols, &bump)?)
    }
}

/// Approximate bytes of a value's view; at least those of its encoding.
pub(crate) fn weight(noun: &Noun) -> usize {
    match noun {
        Noun::Vector(vector) => vector.len().saturating_mul(vector.kind.width().unwrap_or(24)).saturating_add(32),
        Noun::List(list) => {
            list.items().iter().fold(64, |sum, item| sum.saturating_add(weight(item)).saturating_add(48))
        }
        Noun::Dict(dict) => weight(&dict.keys).saturating_add(weight(&dict.values)),
        Noun::Enum(list) => weight(&list.places),
        Noun::Table(table) => table.columns().iter().fold(64, |sum, column| sum.saturating_add(weight(column))),
        _ => 48,
    }
}

fn verb_noun(verb: &'static Verb) -> Noun {
    Noun::Func(Func::Verb(verb))
}

fn missing(name: Option<&'static str>) -> Fault {
    name.map_or(Fault::TYPE, Fault::nyi)
}

/// The source of the lambda as which a verb without an id is sent.
fn verb_source(verb: &Verb) -> String {
    match (verb.infix, verb.name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '.')) {
        (true, false) => format!("{{x{}y}}", verb.name),
        (true, true) => format!("{{x {} y}}", verb.name),
        (false, _) if verb.rank() == Some(1) => format!("{{{} x}}", verb.name),
        (false, _) => format!("{{{}[x;y]}}", verb.name),
    }
}

/// A view of a value. Borrows items with the codec's layout; everything else is allocated in `bump`.
pub(crate) fn view<'a>(noun: &'a Noun, symbols: &'a Symbols, bump: &'a Bump) -> R<Value<'a>> {
    Ok(match noun {
        Noun::Null => Value::NULL,
        Noun::Elided => Value::ELIDED,
        Noun::Atom(atom) => Value::Atom(view_atom(*atom, symbols)?),
        Noun::Vector(vector) => Value::Vector(view_vector(vector, symbols, bump)?.with_attribute(vector.attr)),
        Noun::List(list) => Value::List(kcodec::List::new(views(list.items(), symbols, bump)?)),
        Noun::Dict(dict) => {
            let keys = bump.alloc(view(&dict.keys, symbols, bump)?);
            let values = bump.alloc(view(&dict.values, symbols, bump)?);
            Value::Dict(kcodec::Dict::new(keys, values)?.with_sorted(dict.sorted))
        }
        Noun::Table(table) => {
            let names = bump.alloc_slice_fill_iter(table.names().iter().map(|&name| text(name, symbols)));
            let columns = views(table.columns(), symbols, bump)?;
            Value::Table(kcodec::Table::new(&*names, columns)?.with_attribute(table.attr))
        }
        // Unreachable: callers replace enumerations by their items first.
        Noun::Enum(_) => return Err(Fault::TYPE),
        Noun::Func(func) => Value::Function(view_func(func, symbols, bump)?),
    })
}

fn views<'a>(items: &'a [Noun], symbols: &'a Symbols, bump: &'a Bump) -> R<&'a [Value<'a>]> {
    let out = bump.alloc_slice_fill_copy(items.len(), Value::NULL);
    for (place, item) in out.iter_mut().zip(items) {
        *place = view(item, symbols, bump)?;
    }
    Ok(out)
}

fn text(sym: Sym, symbols: &Symbols) -> Symbol<'_> {
    Symbol::from_bytes(symbols.text(sym))
}

fn view_atom<'a>(atom: Atom, symbols: &'a Symbols) -> R<kcodec::Atom<'a>> {
    use kcodec::Atom as A;
    Ok(match (atom.kind, atom.item) {
        (Kind::Boolean, Item::U8(item)) => A::Boolean(item != 0),
        (Kind::Byte, Item::U8(item)) => A::Byte(item),
        (Kind::Char, Item::U8(item)) => A::Char(item),
        (Kind::Short, Item::I16(item)) => A::Short(item),
        (Kind::Int, Item::I32(item)) => A::Int(item),
        (Kind::Month, Item::I32(item)) => A::Month(kcodec::Month(item)),
        (Kind::Date, Item::I32(item)) => A::Date(kcodec::Date(item)),
        (Kind::Minute, Item::I32(item)) => A::Minute(kcodec::Minute(item)),
        (Kind::Second, Item::I32(item)) => A::Second(kcodec::Second(item)),
        (Kind::Time, Item::I32(item)) => A::Time(kcodec::Time(item)),
        (Kind::Long, Item::I64(item)) => A::Long(item),
        (Kind::Timestamp, Item::I64(item)) => A::Timestamp(kcodec::Timestamp(item)),
        (Kind::Timespan, Item::I64(item)) => A::Timespan(kcodec::Timespan(item)),
        (Kind::Real, Item::F32(item)) => A::Real(item),
        (Kind::Float, Item::F64(item)) => A::Float(item),
        (Kind::Datetime, Item::F64(item)) => A::Datetime(kcodec::Datetime(item)),
        (Kind::Guid, Item::Guid(item)) => A::Guid(kcodec::Guid(item)),
        (Kind::Symbol, Item::Sym(item)) => A::Symbol(text(item, symbols)),
        _ => return Err(Fault::TYPE),
    })
}

fn view_vector<'a>(vector: &'a Vector, symbols: &'a Symbols, bump: &'a Bump) -> R<Wire<'a>> {
    /// Reinterprets items as a type of the same layout.
    fn cast<'a, A: bytemuck::NoUninit, B: bytemuck::CheckedBitPattern + kcodec::Item>(
        items: &'a [A],
    ) -> R<kcodec::Slice<'a, B>> {
        bytemuck::checked::try_cast_slice(items).map(kcodec::Slice::new).map_err(|_| Fault::TYPE)
    }
    Ok(match (vector.kind, &vector.items) {
        (Kind::Boolean, Items::U8(items)) => Wire::Boolean(cast(items)?),
        (Kind::Byte, Items::U8(items)) => Wire::Byte(kcodec::Slice::new(items)),
        (Kind::Char, Items::U8(items)) => Wire::Char(kcodec::Slice::new(items)),
        (Kind::Short, Items::I16(items)) => Wire::Short(kcodec::Slice::new(items)),
        (Kind::Int, Items::I32(items)) => Wire::Int(kcodec::Slice::new(items)),
        (Kind::Month, Items::I32(items)) => Wire::Month(cast(items)?),
        (Kind::Date, Items::I32(items)) => Wire::Date(cast(items)?),
        (Kind::Minute, Items::I32(items)) => Wire::Minute(cast(items)?),
        (Kind::Second, Items::I32(items)) => Wire::Second(cast(items)?),
        (Kind::Time, Items::I32(items)) => Wire::Time(cast(items)?),
        (Kind::Long, Items::I64(items)) => Wire::Long(kcodec::Slice::new(items)),
        (Kind::Timestamp, Items::I64(items)) => Wire::Timestamp(cast(items)?),
        (Kind::Timespan, Items::I64(items)) => Wire::Timespan(cast(items)?),
        (Kind::Real, Items::F32(items)) => Wire::Real(kcodec::Slice::new(items)),
        (Kind::Float, Items::F64(items)) => Wire::Float(kcodec::Slice::new(items)),
        (Kind::Datetime, Items::F64(items)) => Wire::Datetime(cast(items)?),
        (Kind::Guid, Items::Guid(items)) => Wire::Guid(cast(items)?),
        (Kind::Symbol, Items::Sym(items)) => {
            let texts = bump.alloc_slice_fill_iter(items.iter().map(|&item| text(item, symbols)));
            Wire::Symbol((&*texts).into())
        }
        _ => return Err(Fault::TYPE),
    })
}

fn view_func<'a>(func: &'a Func, symbols: &'a Symbols, bump: &'a Bump) -> R<Function<'a>> {
    let lambda = |context: &'a [u8], source: &'a [u8]| {
        let source = bump.alloc(Value::chars(source));
        Function::Lambda(kcodec::Lambda::new(Symbol::from_bytes(context), source))
    };
    Ok(match func {
        Func::Verb(Verb { id: Some(id), infix: true, .. }) => Function::Binary(*id),
        Func::Verb(Verb { id: Some(id), .. }) => Function::Unary(*id),
        Func::Verb(verb) => lambda(b"", bump.alloc_slice_copy(verb_source(verb).as_bytes())),
        Func::Iterator(iterator) => Function::Iterator(iterator.id()),
        Func::Lambda(function) => lambda(symbols.text(function.context), &function.source),
        Func::Native(native) => {
            let name = symbols.text(native.name);
            lambda(b"", bump.alloc_slice_copy(&[b"{", name, b" x}"].concat()))
        }
        Func::Projection(projection) => {
            let parts = bump.alloc_slice_fill_copy(1 + projection.args.len(), Value::NULL);
            let nouns = std::iter::once(&projection.function).chain(&projection.args);
            for (place, noun) in parts.iter_mut().zip(nouns) {
                *place = view(noun, symbols, bump)?;
            }
            Function::Projection(kcodec::List::new(parts))
        }
        Func::Composition(composition) => {
            Function::Composition(kcodec::List::new(views(&composition.parts, symbols, bump)?))
        }
        Func::Derived(derived) => {
            let function = bump.alloc(view(&derived.function, symbols, bump)?);
            let derived = kcodec::Derived::new(derived.iterator.kind(), function);
            Function::Derived(derived.ok_or(Fault::TYPE)?)
        }
    })
}
