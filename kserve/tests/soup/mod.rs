//! Evaluates arbitrary text, and random sequences of q's words, which must end in a value or an error. Used by
//! tests and the fuzz target `q`.

use std::ops::Range;

use bytes::Bytes;
use kcodec::Value;
use kserve::q::{Entry, Handle, Host};
use kserve::{EvalLimits, Fault, Interpreter};

/// The words; a byte selects one.
pub(crate) const WORDS: &[&str] = &[
    "x",
    "y",
    "z",
    "a",
    "b",
    "t",
    "0",
    "1",
    "2",
    "-3",
    "0N",
    "0n",
    "0w",
    "1 2 3",
    "1.5 0n",
    "\"ab\"",
    "\"\"",
    "`a",
    "`a`b",
    "`",
    "0x01ff",
    "01b",
    "2024.01.31",
    "12:30",
    "0D01",
    "()",
    "(1;`a;\"b\")",
    "`a`b!1 2",
    "([]a:1 2;b:3 4)",
    "([k:1 2]v:3 4)",
    "`t$",
    "`a!0 1",
    "a::",
    "(a;b):",
    "([a]):",
    "{x+y}",
    "{x}",
    "{.z.s x}",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ";",
    ":",
    "::",
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
    "~",
    "!",
    "?",
    "@",
    ".",
    "#",
    "_",
    "$",
    ",",
    "'",
    "/",
    "\\",
    "/:",
    "\\:",
    "':",
    " ",
    " ",
    "\n",
    "a:",
    "a,:",
    "a[0]:",
    "$[1b;",
    "if[",
    "do[3;",
    "while[0b;",
    "select ",
    " from ",
    " where ",
    " by ",
    "exec ",
    "update ",
    "delete ",
    "each ",
    "over ",
    "scan ",
    "prior ",
    "til ",
    "count ",
    "sum ",
    "max ",
    "asc ",
    "desc ",
    "iasc ",
    "group ",
    "distinct ",
    "where ",
    "reverse ",
    "flip ",
    "raze ",
    "string ",
    "value ",
    "parse ",
    "eval ",
    "key ",
    "type ",
    "null ",
    "not ",
    "first ",
    "last ",
    "enlist ",
    "sums ",
    "deltas ",
    "fills ",
    "prev ",
    "next ",
    "neg ",
    "avg ",
    "med ",
    "dev ",
    " in ",
    " within ",
    " like ",
    " bin ",
    " mod ",
    " div ",
    " xbar ",
    " except ",
    " union ",
    " inter ",
    " sv ",
    " vs ",
    " lj ",
    " uj ",
    " ij ",
    " xasc ",
    " xkey ",
    " insert ",
    " upsert ",
    " cross ",
    " cut ",
    " rotate ",
    " mavg ",
    "meta ",
    "cols ",
    "keys ",
    "ungroup ",
    "`a xgroup ",
    " fby ",
    "aj[`a;",
    "-8!",
    "-9!",
    "-18!",
    "-3!",
    ".Q.s ",
    ".j.j ",
    ".j.k ",
    ".z.p",
    "\\t ",
    "\\d .a",
    "\\v",
    "`:f",
    " set ",
    "get`:f",
    " 0:",
    " 1: ",
    "read0 ",
    "read1 ",
    "hdel ",
    "save ",
    "load ",
    "-11!",
    "h:hopen`:f;h ",
    "neg[h]",
    "-9!read1`:f",
];

/// A host with 16 MiB of memory and a single file, which has every name.
#[derive(Default)]
struct Small {
    file: Option<Vec<u8>>,
}

impl Host for Small {
    fn has_room(&self, bytes: usize) -> bool {
        bytes < 16 << 20
    }

    fn read(&mut self, _path: &[u8], part: Range<u64>) -> Result<Bytes, Fault> {
        let bytes = self.file.as_deref().ok_or(Fault::new("access"))?;
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.get(at(part.start)..at(part.end)).unwrap_or_default().to_vec().into())
    }

    fn look(&mut self, _path: &[u8]) -> Result<Entry, Fault> {
        Ok(self.file.as_ref().map_or(Entry::Missing, |bytes| Entry::File(bytes.len() as u64)))
    }

    fn write(&mut self, _path: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        self.file = Some(bytes.to_vec());
        Ok(())
    }

    fn remove(&mut self, _path: &[u8]) -> Result<(), Fault> {
        self.file.take().map(drop).ok_or(Fault::new("access"))
    }

    fn open_file(&mut self, _path: &[u8]) -> Result<Handle, Fault> {
        self.file.get_or_insert_default();
        Ok(FILE)
    }

    fn is_file(&self, handle: Handle) -> bool {
        handle == FILE
    }

    fn append(&mut self, _handle: Handle, bytes: &[u8]) -> Result<(), Fault> {
        let file = self.file.as_mut().ok_or(Fault::new("access"))?;
        if file.len() + bytes.len() > 16 << 20 {
            return Err(Fault::new("wsfull"));
        }
        file.extend_from_slice(bytes);
        Ok(())
    }
}

/// The file's handle.
const FILE: Handle = 9;

/// Evaluates `data`: as text if its first byte is even, otherwise as one word per byte.
pub(crate) fn evaluate(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let text = if mode % 2 == 0 {
        data.to_vec()
    } else {
        let word = |byte: &u8| WORDS.get(usize::from(*byte) % WORDS.len()).copied().unwrap_or_default();
        data.iter().map(word).collect::<String>().into_bytes()
    };
    let limits = EvalLimits::default().with_stack(256 << 10).with_work(10_000_000);
    let mut q = Interpreter::new().with_limits(limits);
    let mut process = Small::default();
    for statement in text.split(|&byte| byte == 0) {
        match q.evaluate_in(&mut process, Value::chars(statement)) {
            Ok(body) => {
                let again = kcodec::Body::decode(body.as_bytes().clone());
                assert_eq!(again.expect("what was encoded"), body);
                let _ = body.to_string();
            }
            Err(fault) => assert!(!fault.text().contains('\0')),
        }
    }
    let four = q.evaluate(Value::from("2+2"));
    assert!(matches!(four, Ok(_) | Err(Fault { .. })));
}
