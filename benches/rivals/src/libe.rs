//! The column of KX's C library, loaded at run time. The only unsafe code of this workspace.
//!
//! Two safe types wrap the C interface. A [`Message`] is a byte vector of the library that holds one whole message:
//! either written by the library's serializer, or accepted by both kcodec and the library's validator. Therefore it is
//! sound to pass any `Message` to the reader, which does not validate. An [`Object`] is any object that the library
//! returned.

#![expect(unsafe_code, reason = "a C library")]

use std::ffi::{OsStr, c_char, c_int, c_longlong, c_schar, c_uchar};
use std::hint::black_box;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;

use kcodec::Value;
use libloading::{Error, Library};

use crate::ours::{HEADER, message};
use crate::race::{Timed, timed};

pub(crate) fn decode<'a>(libe: &'a Libe, body: &[u8]) -> Timed<'a> {
    let message = libe.message(body);
    assert!(libe.write(&libe.read(&message), WRITE).body() == body, "round trip");
    timed(|| (), move |()| libe.read(black_box(&message)))
}

pub(crate) fn validate<'a>(libe: &'a Libe, body: &[u8]) -> Timed<'a> {
    let message = libe.message(body);
    timed(|| (), move |()| libe.validate(black_box(&message.0)))
}

/// Encodes an object of the library.
pub(crate) fn encode<'a>(libe: &'a Libe, body: &[u8]) -> Timed<'a> {
    let object = libe.read(&libe.message(body));
    assert!(libe.write(&object, WRITE).body() == body, "same bytes as kcodec");
    timed(|| (), move |()| libe.write(black_box(&object), WRITE))
}

/// Encodes and compresses an object in one call.
pub(crate) fn compress<'a>(libe: &'a Libe, body: &[u8], stream: Option<&[u8]>) -> Timed<'a> {
    let object = libe.read(&libe.message(body));
    assert!(libe.write(&object, COMPRESS).body() == stream.unwrap_or(body), "same bytes as kcodec");
    timed(|| (), move |()| libe.write(black_box(&object), COMPRESS))
}

/// Decompresses and decodes to an object in one call.
pub(crate) fn decompress<'a>(libe: &'a Libe, stream: &[u8], body: &[u8]) -> Timed<'a> {
    let compressed = libe.write(&libe.read(&libe.message(body)), COMPRESS);
    assert!(compressed.body() == stream, "same bytes as kcodec");
    assert!(libe.write(&libe.read(&compressed), WRITE).body() == body, "round trip");
    timed(|| (), move |()| libe.read(black_box(&compressed)))
}

/// The head of every object, laid out as in `k.h`. A vector's items follow it.
#[repr(C)]
struct Head {
    memory: [c_schar; 2],
    kind: c_schar,
    attribute: c_uchar,
    references: c_int,
    count: c_longlong,
}

type K = *mut Head;

/// The type number of byte vectors.
const BYTES: c_schar = 4;
/// The type number of errors.
const ERROR: c_schar = -128;
/// The mode of `b9` for kdb+ 3 and later.
const WRITE: c_int = 3;
/// The same, compressed if the message halves.
const COMPRESS: c_int = 8 | WRITE;

/// The library's functions.
pub(crate) struct Libe {
    ktn: unsafe extern "C" fn(c_int, c_longlong) -> K,
    b9: unsafe extern "C" fn(c_int, K) -> K,
    okx: unsafe extern "C" fn(K) -> c_int,
    d9: unsafe extern "C" fn(K) -> K,
    r0: unsafe extern "C" fn(K),
    /// Keeps the library loaded.
    _library: Library,
    /// Not `Send`: an object's memory belongs to one thread.
    _thread: PhantomData<K>,
}

impl Libe {
    /// Loads the library and initializes its memory.
    pub(crate) fn load(path: &OsStr) -> Result<Self, Error> {
        // SAFETY: the user vouches that the file is KX's library, whose initializers have no requirements. The types
        // are those of `k.h`. `khp` with port -1 opens no connection; it is the documented way to initialize the
        // library's memory before any other call.
        unsafe {
            let library = Library::new(path)?;
            let khp = library.get::<unsafe extern "C" fn(*const c_char, c_int) -> c_int>(b"khp")?;
            khp(c"".as_ptr(), -1);
            Ok(Self {
                ktn: *library.get(b"ktn")?,
                b9: *library.get(b"b9")?,
                okx: *library.get(b"okx")?,
                d9: *library.get(b"d9")?,
                r0: *library.get(b"r0")?,
                _library: library,
                _thread: PhantomData,
            })
        }
    }

    /// Creates the message of a valid body.
    fn message(&self, body: &[u8]) -> Message<'_> {
        assert!(Value::decode(body).is_ok(), "kcodec accepts it");
        let bytes = message(body);
        let count = c_longlong::try_from(bytes.len()).unwrap_or_else(|error| panic!("{error}"));
        // SAFETY: a byte vector of any length may be requested. It is uninitialized and not shared.
        let object = self.own(unsafe { (self.ktn)(BYTES.into(), count) });
        // SAFETY: a byte vector of `count` items has space for `count` bytes after its head.
        unsafe { object.items().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        assert!(self.validate(&object), "the library's validator accepts it");
        Message(object)
    }

    /// Whether a byte vector holds a message.
    fn validate(&self, bytes: &Object<'_>) -> bool {
        // SAFETY: the validator accepts arbitrary bytes in a byte vector, and keeps no reference.
        unsafe { (self.okx)(bytes.head.as_ptr()) == 1 }
    }

    fn read(&self, message: &Message<'_>) -> Object<'_> {
        // SAFETY: a message is a byte vector with one whole message in it. The reader borrows it.
        self.own(unsafe { (self.d9)(message.0.head.as_ptr()) })
    }

    fn write(&self, object: &Object<'_>, mode: c_int) -> Message<'_> {
        // SAFETY: the object is alive and whole; the writer borrows it.
        let written = self.own(unsafe { (self.b9)(mode, object.head.as_ptr()) });
        assert_eq!(written.head().kind, BYTES);
        Message(written)
    }

    /// Takes ownership of the reference that a library function returned.
    fn own(&self, object: K) -> Object<'_> {
        let Some(head) = NonNull::new(object) else { panic!("the library failed") };
        let object = Object { head, libe: self };
        assert_ne!(object.head().kind, ERROR, "the library failed");
        object
    }
}

/// An object of the library, freed on drop.
struct Object<'a> {
    head: NonNull<Head>,
    libe: &'a Libe,
}

impl Object<'_> {
    fn head(&self) -> &Head {
        // SAFETY: an object stays where it is, with its head in it, until `r0`, which only `drop` calls. Only the
        // reference count is written meanwhile, and no reference to the head is kept here.
        unsafe { self.head.as_ref() }
    }

    fn items(&self) -> *mut u8 {
        // SAFETY: the items of a vector, or more of an atom, follow the head in the same allocation.
        unsafe { self.head.add(1).cast().as_ptr() }
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        // SAFETY: this was the only reference that we had.
        unsafe { (self.libe.r0)(self.head.as_ptr()) }
    }
}

/// A byte vector of one whole message.
struct Message<'a>(Object<'a>);

impl Message<'_> {
    /// The bytes after the message's header.
    fn body(&self) -> &[u8] {
        let length = usize::try_from(self.0.head().count).unwrap_or_default();
        // SAFETY: a byte vector's items are as many bytes as it counts, all written, and live as long.
        let bytes = unsafe { slice::from_raw_parts(self.0.items(), length) };
        &bytes[HEADER..]
    }
}
