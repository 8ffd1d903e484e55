#!/usr/bin/env python3
"""Writes golden.txt, the golden kdb+ IPC messages.

    python3 corpus/golden.py path/to/libe.so > corpus/golden.txt

Some messages are facts: bytes that kdb+ or its documentation showed, kept
below as hex. The others are written here from the wire format. All are judged
by libe.so, KX's C library: its validator must accept every message, and what
its reader takes in, its writer must give back as the same bytes. Printed forms
are written by hand, from the rules of q's one-line form, never by the code
that the corpus tests.
"""

import ctypes
import re
import struct
import sys
from datetime import date
from typing import NamedTuple

HEAD = """\
# Golden kdb+ IPC messages. Written by golden.py: change that, not this.
#
# Four columns, separated by one tab; no column holds a tab or a newline.
#   name     slash-separated, unique
#   q        an expression with this value; empty when q has none
#   printed  the value as q's -3! prints it, or (unchecked)
#   hex      the whole message, its 8-byte header included"""

UNCHECKED = "(unchecked)"

# Message types.
ASYNC, SYNC, RESPONSE = 0, 1, 2

# The forms a value is written in. KEPT is what libe.so writes after reading:
# little-endian, short counts, and of a lambda only its source text.
LITTLE, BIG, KEPT = "little-endian", "big-endian", "kept"

# Items that stand for a type's null and infinities.
NULL, INF, NEG_INF = "null", "inf", "-inf"


class Type(NamedTuple):
    """A type's code, its name and the struct format of an item, where struct has one."""
    code: int
    name: str
    layout: str = ""


TYPES = {
    "b": Type(1, "boolean", "B"), "g": Type(2, "guid"), "x": Type(4, "byte", "B"), "h": Type(5, "short", "h"),
    "i": Type(6, "int", "i"), "j": Type(7, "long", "q"), "e": Type(8, "real", "f"), "f": Type(9, "float", "d"),
    "c": Type(10, "char"), "s": Type(11, "symbol"), "p": Type(12, "timestamp", "q"), "m": Type(13, "month", "i"),
    "d": Type(14, "date", "i"), "z": Type(15, "datetime", "d"), "n": Type(16, "timespan", "q"),
    "u": Type(17, "minute", "i"), "v": Type(18, "second", "i"), "t": Type(19, "time", "i"),
}
# The bits of null, inf, -inf as kdb+ writes them: a null float is a negative quiet NaN.
SPECIAL_FLOATS = {
    "f": ("I", {NULL: 0xFFC00000, INF: 0x7F800000, NEG_INF: 0xFF800000}),
    "d": ("Q", {NULL: 0xFFF8000000000000, INF: 0x7FF0000000000000, NEG_INF: 0xFFF0000000000000}),
}
# Attributes: sorted, unique, parted, grouped.
S, U, P, G = 1, 2, 3, 4


# ---- Values: a value is a function from a form to the bytes of its body ----

def pack(form, layout, number):
    return struct.pack((">" if form == BIG else "<") + layout, number)


def item(form, letter, x):
    """One item of an atom or a vector."""
    layout = TYPES[letter].layout
    if letter == "g":
        return bytes.fromhex("00" * 16 if x == NULL else x.replace("-", ""))
    if letter == "c":
        return x.encode("latin-1")
    if letter == "s":
        return (x if isinstance(x, bytes) else x.encode()) + b"\0"
    if x in (NULL, INF, NEG_INF):
        if layout in SPECIAL_FLOATS:
            layout, bits = SPECIAL_FLOATS[layout]
            return pack(form, layout, bits[x])
        most = (1 << 8 * struct.calcsize(layout) - 1) - 1
        x = {NULL: -most - 1, INF: most, NEG_INF: -most}[x]
    return pack(form, layout, x)


def head(form, code, attribute, count, wide=False):
    """Type, attribute and count; a wide count takes 8 bytes and says so in bit 0x80."""
    if wide and form != KEPT:
        return bytes([code, attribute | 0x80]) + pack(form, "q", count)
    return bytes([code, attribute]) + pack(form, "i", count)


def atom(letter, x):
    return lambda form: bytes([256 - TYPES[letter].code]) + item(form, letter, x)


def vector(letter, items, attribute=0, wide=False):
    return lambda form: (head(form, TYPES[letter].code, attribute, len(items), wide)
                         + b"".join(item(form, letter, x) for x in items))


def text(characters, attribute=0, wide=False):
    """A string, from characters below 256 or from bytes."""
    if isinstance(characters, bytes):
        characters = characters.decode("latin-1")
    return vector("c", characters, attribute, wide)


def symbols(names, attribute=0):
    return vector("s", names.split(), attribute)


def mixed(*items, attribute=0, wide=False):
    return lambda form: head(form, 0, attribute, len(items), wide) + b"".join(x(form) for x in items)


def dictionary(keys, values):
    return lambda form: b"\x63" + keys(form) + values(form)


def sorted_dictionary(keys, values):
    return lambda form: b"\x7f" + keys(form) + values(form)


def table(names, *columns, attribute=0):
    return lambda form: bytes([98, attribute]) + dictionary(symbols(names), mixed(*columns))(form)


def function(source, context=""):
    return lambda form: text(source)(form) if form == KEPT else b"\x64" + context.encode() + b"\0" + text(source)(form)


def unary(number):
    return lambda form: bytes([101, number])


def binary(number):
    return lambda form: bytes([102, number])


def iterator(number):
    return lambda form: bytes([103, number])


def projection(*parts):
    return lambda form: b"\x68" + pack(form, "i", len(parts)) + b"".join(x(form) for x in parts)


def composition(*parts):
    return lambda form: b"\x69" + pack(form, "i", len(parts)) + b"".join(x(form) for x in parts)


def derived(code, of):
    return lambda form: bytes([code]) + of(form)


def error(what):
    return lambda form: b"\x80" + what.encode() + b"\0"


EACH, OVER, SCAN, PRIOR, RIGHT, LEFT = 106, 107, 108, 109, 110, 111
ELIDED = unary(255)


def message(value, form=LITTLE, kind=ASYNC):
    body = value(form)
    return bytes([form != BIG, kind, 0, 0]) + pack(form, "I", 8 + len(body)) + body


def stored(value, form=LITTLE, kind=ASYNC, wide=False):
    """A compressed message whose stream has only literals: nine bytes for each eight."""
    plain = message(value, form, kind)
    stream = b"".join(b"\0" + plain[i:i + 8] for i in range(8, len(plain), 8))
    raw = pack(form, "Q" if wide else "I", len(plain))
    total = pack(form, "I", 8 + len(raw) + len(stream))
    return plain[:2] + bytes([2 if wide else 1, 0]) + total + raw + stream


def widened(compressed):
    """The same compressed message with an 8-byte raw length, as from 4 GiB on."""
    raw, stream = compressed[8:12], compressed[12:]
    return compressed[:2] + b"\x02\0" + struct.pack("<I", 16 + len(stream)) + raw + bytes(4) + stream


# ---- The judge ----

class Library:
    """KX's C library, through its C interface."""

    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        pointer = ctypes.c_void_p
        for name, result, arguments in [
            ("khp", ctypes.c_int, [ctypes.c_char_p, ctypes.c_int]),
            ("ktn", pointer, [ctypes.c_int, ctypes.c_longlong]),
            ("b9", pointer, [ctypes.c_int, pointer]),
            ("d9", pointer, [pointer]),
            ("okx", ctypes.c_int, [pointer]),
        ]:
            call = getattr(self.c, name)
            call.restype, call.argtypes = result, arguments
        self.c.khp(b"", -1)

    def bytes_object(self, content):
        k = self.c.ktn(4, len(content))
        ctypes.memmove(k + 16, content, len(content))
        return k

    def content(self, k):
        return ctypes.string_at(k + 16, ctypes.c_longlong.from_address(k + 8).value)

    def accepts(self, content):
        return self.c.okx(self.bytes_object(content)) == 1

    def read(self, content):
        assert self.accepts(content), "the reader crashes on what the validator refuses"
        return self.c.d9(self.bytes_object(content))

    def write(self, k, mode):
        return self.content(self.c.b9(mode, k))

    def again(self, content):
        """The message read and written again, uncompressed."""
        return self.write(self.read(content), 3)

    def compressed(self, content):
        return self.write(self.read(content), 11)


class Corpus:
    """The rows, each judged before it is printed."""

    def __init__(self, library):
        self.library = library
        self.names = set()
        print(HEAD)

    def note(self, words):
        print(f"#\n# {words}")

    def print(self, name, q, printed, content):
        printed = q if printed is None else printed
        columns = [name, q, printed, content.hex()]
        assert re.fullmatch(r"[a-z0-9-]+(/[a-z0-9-]+)+", name) and name not in self.names, name
        assert not any(c in column for column in columns for c in "\t\n"), name
        assert content[:2] in (b"\1\0", b"\1\1", b"\1\2", b"\0\0", b"\0\1", b"\0\2"), name
        assert int.from_bytes(content[4:8], "little" if content[0] else "big") == len(content), name
        assert self.library.accepts(content), name
        self.names.add(name)
        print("\t".join(columns))

    def fact(self, name, q, digits, printed=None):
        """A message known from elsewhere."""
        self.print(name, q, printed, bytes.fromhex(digits))

    def row(self, name, q, value, printed=None, form=LITTLE, kind=ASYNC):
        """A message written here; printed as its q text unless said otherwise."""
        content = message(value, form, kind)
        self.print(name, q, printed, content)
        assert self.library.again(content) == message(value, KEPT), name

    def unread(self, name, q, value, printed=None, form=LITTLE, kind=ASYNC):
        """A message that the library validates and cannot read back: errors, the newest primitives."""
        self.print(name, q, printed, message(value, form, kind))

    def packed(self, name, q, value, content, printed=None):
        """A compressed message of the value."""
        self.print(name, q, printed, content)
        assert self.library.again(content) == message(value, KEPT), name


# ---- Facts: as the rows that are printed; "=" stands for a printed form that is the q text ----

FACTS = r"""
# Printed in KX's documentation (serialization, -8!, C client).
docs/int	1i	=	010000000d000000fa01000000
docs/int-one	enlist 1i	,1i	010000001200000006000100000001000000
docs/byte-vector	`byte$til 5	0x0001020304	01000000130000000400050000000001020304
docs/list-of-bytes	`byte$enlist til 5	,0x0001020304	01000000190000000000010000000400050000000001020304
docs/dict	`a`b!2 3i	=	0100000021000000630b0002000000610062000600020000000200000003000000
docs/dict-sorted	`s#`a`b!2 3i	=	01000000210000007f0b0102000000610062000600020000000200000003000000
docs/dict-of-vectors	`a`b!enlist each 2 3i	`a`b!(,2i;,3i)	010000002d000000630b0002000000610062000000020000000600010000000200000006000100000003000000
docs/table	([]a:enlist 2i;b:enlist 3i)	+`a`b!(,2i;,3i)	010000002f0000006200630b0002000000610062000000020000000600010000000200000006000100000003000000
docs/table-sorted	`s#([]a:enlist 2i;b:enlist 3i)	`s#+`a`b!(`p#,2i;,3i)	010000002f0000006201630b0002000000610062000000020000000603010000000200000006000100000003000000
docs/keyed	([a:enlist 2i]b:enlist 3i)	(+(,`a)!,,2i)!+(,`b)!,,3i	010000003f000000636200630b00010000006100000001000000060001000000020000006200630b0001000000620000000100000006000100000003000000
docs/keyed-sorted	`s#([a:enlist 2i]b:enlist 3i)	`s#(+(,`a)!,,2i)!+(,`b)!,,3i	010000003f0000007f6201630b00010000006100000001000000060001000000020000006200630b0001000000620000000100000006000100000003000000
docs/lambda	{x+y}	=	010000001500000064000a00050000007b782b797d
docs/lambda-in-d		{x+y}	01000000160000006464000a00050000007b782b797d
docs/int-vector	1 2 3i	=	010000001a000000060003000000010000000200000003000000
docs/symbol	`hello	=	010000000f000000f568656c6c6f00
# Printed in q sessions on public forums.
forum/long	1	=	0100000011000000f90100000000000000
forum/list	(1 2;3)	=	010000002d00000000000200000007000200000001000000000000000200000000000000f90300000000000000
# From qPython's test expectations, taken from q; the header was added.
qpython/boolean	1b	=	010000000a000000ff01
qpython/byte	0x2a	=	010000000a000000fc2a
qpython/short	-234h	=	010000000b000000fb16ff
qpython/long	89421099511627575	=	0100000011000000f937bfd02704b03d01
qpython/float	3.234	=	0100000011000000f7ac1c5a643bdf0940
qpython/real	5.5e	=	010000000d000000f80000b040
qpython/char	"0"	=	010000000a000000f630
qpython/string	"abc"	=	01000000110000000a0003000000616263
qpython/string-empty	""	=	010000000e0000000a0000000000
qpython/symbol-null	`	=	010000000a000000f500
qpython/timestamp	2000.01.04D05:36:57.600000000	=	0100000011000000f400c0cafa20fe0000
qpython/month	2001.01m	=	010000000d000000f30c000000
qpython/date	2001.01.01	=	010000000d000000f26e010000
qpython/datetime	2000.01.04T05:36:57.600	=	0100000011000000f1ac1c5a643bdf0940
qpython/timespan	0D05:36:57.600000000	=	0100000011000000f000c0dd4663120000
qpython/minute	12:01	=	010000000d000000efd1020000
qpython/second	12:05:00	=	010000000d000000eeeca90000
qpython/time	12:04:59.123	=	010000000d000000ed73be9702
qpython/short-null	0Nh	=	010000000b000000fb0080
qpython/int-null	0Ni	=	010000000d000000fa00000080
qpython/long-null	0N	=	0100000011000000f90000000000000080
qpython/timestamp-null	0Np	=	0100000011000000f40000000000000080
qpython/date-null	0Nd	=	010000000d000000f200000080
qpython/char-null	" "	=	010000000a000000f620
qpython/guid-null	0Ng	00000000-0000-0000-0000-000000000000	0100000019000000fe00000000000000000000000000000000
qpython/guid	"G"$"8c680a01-5a49-5aab-5a65-d4bfddb6a661"	8c680a01-5a49-5aab-5a65-d4bfddb6a661	0100000019000000fe8c680a015a495aab5a65d4bfddb6a661
qpython/list-empty	()	=	010000000e000000000000000000
qpython/boolean-vector	010b	=	0100000011000000010003000000000100
qpython/short-vector	1 0N 3h	=	0100000014000000050003000000010000800300
qpython/long-vector	1 0N 3	=	0100000026000000070003000000010000000000000000000000000000800300000000000000
qpython/symbol-vector	`the`quick`brown`fox	=	01000000220000000b000400000074686500717569636b0062726f776e00666f7800
qpython/symbol-nulls	``	=	01000000100000000b00020000000000
qpython/list	(1;`bcd;"0bc";5.5e)	=	010000002a000000000004000000f90100000000000000f5626364000a0003000000306263f80000b040
qpython/list-with-null	(42;::;`foo)	=	010000001e000000000003000000f92a000000000000006500f5666f6f00
qpython/date-vector	2001.01.01 2000.05.01 0Nd	2001.01.01 2000.05.01 0N	010000001a0000000e00030000006e0100007900000000000080
qpython/minute-vector	12:01 0Nu	12:01 0N	0100000016000000110002000000d102000000000080
qpython/null	::	=	010000000a0000006500
qpython/projection	{x+y}[3]	=	0100000023000000680200000064000a00050000007b782b797df90300000000000000
qpython/insert	insert[1]	=	01000000180000006802000000661cf90100000000000000
qpython/not	not	~:	010000000a000000650f
qpython/and	and	&	010000000a0000006605
qpython/md5	md5	![-15]	010000001800000068020000006610f9f1ffffffffffffff
qpython/any	any	max$["b"]	01000000180000006902000000651c6802000000660bf662
qpython/raze	raze	,/	010000000b0000006b660c
qpython/sums	sums	+\	010000000b0000006c6601
qpython/prev	prev	:':	010000000b0000006d6600
qpython/xbar	xbar	k){x*y div x:$[16h=abs[@x];"j"$x;x]}	01000000350000006471000a00240000006b297b782a792064697620783a245b3136683d6162735b40785d3b226a2224783b785d7d
qpython/save	save	k){$[1=#p:`\:*|`\:x:-1!x;set[x;. *p];   x 0:.h.tx[p 1]@.*p]}'	010000004e0000006a6471000a003c0000006b297b245b313d23703a605c3a2a7c605c3a783a2d3121783b7365745b783b2e202a705d3b2020207820303a2e682e74785b7020315d402e2a705d7d
qpython/dict	1 2!`abc`cdefgh	=	010000003000000063070002000000010000000000000002000000000000000b00020000006162630063646566676800
qpython/table-empty	([]name:`symbol$();iq:`int$())	+`name`iq!(`symbol$();`int$())	010000002b0000006200630b00020000006e616d65006971000000020000000b0000000000060000000000
qpython/error		'type	010200000e000000807479706500
# From node-q's test expectations, taken from q.
nodeq/short-inf	0Wh	=	010000000b000000fbff7f
nodeq/short-neg-inf	-0Wh	=	010000000b000000fb0180
nodeq/int-inf	0Wi	=	010000000d000000faffffff7f
nodeq/int-neg-inf	-0Wi	=	010000000d000000fa01000080
nodeq/long-inf	0W	=	0100000011000000f9ffffffffffffff7f
nodeq/long-neg-inf	-0W	=	0100000011000000f90100000000000080
nodeq/real-null	0Ne	=	010000000d000000f80000c0ff
nodeq/real-inf	0we	=	010000000d000000f80000807f
nodeq/real-neg-inf	-0we	=	010000000d000000f8000080ff
nodeq/float-null	0n	=	0100000011000000f7000000000000f8ff
nodeq/float-inf	0w	=	0100000011000000f7000000000000f07f
nodeq/float-neg-inf	-0w	=	0100000011000000f7000000000000f0ff
nodeq/symbol-utf-8	`$"你"	`你	010000000d000000f5e4bda000
nodeq/timestamp	2014.06.23D11:34:39.412547000	=	0100000011000000f4b84d1d352d045706
# From kdbgo's test vectors, taken from q.
kdbgo/composition	("ab"@0x40\:)	@["ab"]0x40\:	010000001f0000006902000000680200000066120a000200000061626ffc40
kdbgo/month-vector	2013.06m+til 3	2013.06 2013.07 2013.08m	010000001a0000000d0003000000a1000000a2000000a3000000
kdbgo/timespan-vector	0D01:22:33.444555666*1+til 2	0D01:22:33.444555666 0D02:45:06.889111332	010000001e000000100002000000929b4d508104000024379ba002090000
kdbgo/datetime-one	1#2013.06.10T22:03:49.713	,2013.06.10T22:03:49.713	01000000160000000f0001000000d681e858eb2db340
# Captured from KX's C library on a socket.
capture/sync-text	"1+1"	=	01010000110000000a0003000000312b31
capture/sync-call	(enlist"f";1i;`x)	(,"f";1i;`x)	010100001d0000000000030000000a000100000066fa01000000f57800
capture/async-text	"async"	=	01000000130000000a00050000006173796e63
capture/int-one-wide	enlist 1i	,1i	01000000160000000680010000000000000001000000
# Derived by hand from the wire format.
hand/response	42	=	0102000011000000f92a00000000000000
hand/big-endian-int	1i	=	000000000000000dfa00000001
hand/big-endian-int-vector	1 2i	=	00000000000000160600000000020000000100000002
hand/subscribe	(`.u.sub;`trade;`)	=	010100001f000000000003000000f52e752e73756200f5747261646500f500
hand/update	(`upd;`trade;([]time:enlist 0D01:02:03;sym:enlist`IBM;price:enlist 101.5))	(`upd;`trade;+`time`sym`price!(,0D01:02:03.000000000;,`IBM;,101.5))	010000005e000000000003000000f575706400f57472616465006200630b000300000074696d650073796d0070726963650000000300000010000100000000ae17d4620300000b000100000049424d000900010000000000000000605940
hand/end-of-day	(`.u.end;2024.01.31)	=	010000001b000000000002000000f52e752e656e6400f25c220000
"""


def facts(to):
    for line in FACTS.strip().splitlines():
        if line.startswith("# "):
            to.note(line[2:])
        else:
            name, q, printed, digits = line.split("\t")
            to.fact(name, q, digits, q if printed == "=" else printed)

    to.note("Compressed by kdb+: from KX's CTest.java and kdbgo, and two from qPython.")
    to.fact("compressed/kdb/booleans", "2000#1b",
            "0100010026000000de070000000100d00700000101ff00ff00ff00ff00ff00ff00ff00ff00c5", "1" * 2000 + "b")
    to.fact("compressed/kdb/symbols", "1000#`q",
            "010001002d000000de070000800b00e80300007171ffaa7171ff7171ff7171ff7171ff2a7171ff7171ff7171bf", "`q" * 1000)
    to.fact("compressed/kdb/table", "([]q:1000#`q)",
            "010001003f000000ef070000006200630b0001000034007100000001020b00e803570000710071ff0071ff0071ff005571ff0071ff"
            "0071ff0071ff000171be",
            "+(,`q)!," + "`q" * 1000)

    to.note("Values that mgkdb's tests take from q, to the same bytes; the bytes are written here.")
    to.row("mgkdb/projection", "{x+y+z}[1;;2]",
           projection(function("{x+y+z}"), atom("j", 1), ELIDED, atom("j", 2)))
    to.row("mgkdb/dict-sorted", "`s#0 5 10i!0 50 100i",
           sorted_dictionary(vector("i", [0, 5, 10], S), vector("i", [0, 50, 100])))
    to.row("mgkdb/list-sorted", 'asc("a";`b)', mixed(atom("c", "a"), atom("s", "b"), attribute=S), '`s#("a";`b)')
    to.row("mgkdb/float-vector", "1.1 1.2 0n 1.4", vector("f", [1.1, 1.2, NULL, 1.4]))
    alphabet = text(("abcdefghijklmnopqrstuvwxyz" * 385)[:10000])
    to.packed("mgkdb/compressed", "10000#.Q.a", alphabet, to.library.compressed(message(alphabet)), UNCHECKED)


# ---- Every type ----

def day(year, month, of_month):
    return date(year, month, of_month).toordinal() - date(2000, 1, 1).toordinal()


def clock(days, hours=0, minutes=0, seconds=0, nanoseconds=0):
    """Nanoseconds."""
    return ((days * 24 + hours) * 60 + minutes) * 60_000_000_000 + seconds * 1_000_000_000 + nanoseconds


def special_texts(letter):
    """How a type's null and infinities are spelled as atoms."""
    texts = {"j": "0N 0W -0W", "e": "0Ne 0we -0we", "f": "0n 0w -0w", "z": "0Nz 0wz -0wz"}
    return texts.get(letter, f"0N{letter} 0W{letter} -0W{letter}").split()


def atoms(to):
    to.note("Atoms; written here, judged by KX's C library, like all that follow.")
    to.row("atom/boolean", "0b", atom("b", 0))
    to.row("atom/byte/zero", "0x00", atom("x", 0))
    to.row("atom/byte/highest", "0xff", atom("x", 255))
    to.row("atom/short", "42h", atom("h", 42))
    to.row("atom/int", "-42i", atom("i", -42))
    to.row("atom/long", "42", atom("j", 42))
    to.row("atom/long/negative", "-1", atom("j", -1))
    to.row("atom/long/highest", "9223372036854775806", atom("j", 2**63 - 2))
    to.row("atom/real", "3.14e", atom("e", 3.14))
    to.row("atom/real/whole", "-1e", atom("e", -1))
    to.row("atom/real/large", "1e10e", atom("e", 1e10), "1e+10e")
    to.row("atom/float", "-2.5", atom("f", -2.5))
    to.row("atom/float/whole", "398f", atom("f", 398))
    to.row("atom/float/zero", "0f", atom("f", 0))
    to.row("atom/float/rounded", "1%7", atom("f", 1 / 7), "0.1428571")
    to.row("atom/float/sum", "0.1+0.2", atom("f", 0.1 + 0.2), "0.3")
    to.row("atom/float/seven-digits", "1234567f", atom("f", 1234567))
    to.row("atom/float/nine-digits", "123456789f", atom("f", 123456789), "1.234568e+08")
    to.row("atom/float/rounded-up", "9999999.5", atom("f", 9999999.5), "1e+07")
    to.row("atom/float/small", "0.0001", atom("f", 0.0001))
    to.row("atom/float/smaller", "0.00001", atom("f", 0.00001), "1e-05")
    to.row("atom/float/highest", "1.7976931348623157e308", atom("f", sys.float_info.max), "1.797693e+308")
    to.row("atom/float/lowest", "5e-324", atom("f", 5e-324), "4.940656e-324")
    to.row("atom/float/null-positive", "", atom("f", float("nan")), "0n")
    to.row("atom/char", '"a"', atom("c", "a"))
    to.row("atom/char/quote", '"\\""', atom("c", '"'))
    to.row("atom/char/backslash", '"\\\\"', atom("c", "\\"))
    to.row("atom/char/newline", '"\\n"', atom("c", "\n"))
    to.row("atom/char/nul", '"\\000"', atom("c", "\0"))
    to.row("atom/char/highest", '"\\377"', atom("c", "\xff"))
    to.row("atom/symbol", "`abc", atom("s", "abc"))
    to.row("atom/symbol/blank", '`$"hello world"', atom("s", "hello world"), "`hello world")
    to.row("atom/symbol/file", "`:db/trade", atom("s", ":db/trade"))
    to.row("atom/symbol/not-utf-8", '`$"\\377\\376"', atom("s", b"\xff\xfe"), UNCHECKED)
    to.row("atom/timestamp", "2024.01.31D12:34:56.123456789", atom("p", clock(day(2024, 1, 31), 12, 34, 56, 123456789)))
    to.row("atom/timestamp/negative", "1999.12.31D23:59:59.999999999", atom("p", -1))
    to.row("atom/timestamp/highest", "2292.04.10D23:47:16.854775806", atom("p", 2**63 - 2))
    to.row("atom/timestamp/lowest", "1707.09.22D00:12:43.145224194", atom("p", 2 - 2**63))
    to.row("atom/month", "2024.01m", atom("m", 288))
    to.row("atom/month/negative", "1999.12m", atom("m", -1))
    to.row("atom/date", "2024.02.29", atom("d", day(2024, 2, 29)))
    to.row("atom/date/negative", "1999.12.31", atom("d", -1))
    to.row("atom/date/no-leap-year", "1900.03.01", atom("d", day(1900, 3, 1)))
    to.row("atom/date/lowest", "0001.01.01", atom("d", day(1, 1, 1)))
    to.row("atom/date/highest", "9999.12.31", atom("d", day(9999, 12, 31)))
    to.row("atom/date/too-high", "1+9999.12.31", atom("d", day(9999, 12, 31) + 1), "0000.00.00")
    to.row("atom/date/too-low", "-1+0001.01.01", atom("d", day(1, 1, 1) - 1), "0000.00.00")
    to.row("atom/datetime", "2024.01.31T12:00:00.000", atom("z", day(2024, 1, 31) + 0.5))
    to.row("atom/datetime/negative", "1999.12.31T18:00:00.000", atom("z", -0.25))
    to.row("atom/datetime/too-high", "", atom("z", day(9999, 12, 31) + 1), "0000.00.00T00:00:00.000")
    to.row("atom/timespan", "0D12:34:56.123456789", atom("n", clock(0, 12, 34, 56, 123456789)))
    to.row("atom/timespan/days", "3D01:02:03.000000004", atom("n", clock(3, 1, 2, 3, 4)))
    to.row("atom/timespan/negative", "-0D00:00:01.000000000", atom("n", -clock(0, 0, 0, 1)))
    to.row("atom/timespan/negative-days", "-1D02:03:04.000000005", atom("n", -clock(1, 2, 3, 4, 5)))
    to.row("atom/timespan/highest", "106751D23:47:16.854775806", atom("n", 2**63 - 2))
    to.row("atom/minute", "12:34", atom("u", 754))
    to.row("atom/minute/negative", "-00:01", atom("u", -1))
    to.row("atom/minute/beyond-a-day", "25:00", atom("u", 1500))
    to.row("atom/minute/hundred-hours", "100:00", atom("u", 6000))
    to.row("atom/second", "12:34:56", atom("v", 45296))
    to.row("atom/second/negative", "-00:00:01", atom("v", -1))
    to.row("atom/second/beyond-a-day", "25:01:02", atom("v", 90062))
    to.row("atom/time", "12:34:56.789", atom("t", 45296789))
    to.row("atom/time/negative", "-00:00:00.001", atom("t", -1))
    to.row("atom/time/beyond-a-day", "25:01:02.003", atom("t", 90062003))

    to.note("Nulls and infinities.")
    for letter in "hijefpmdznuvt":
        for label, x, shown in zip(["null", "inf", "neg-inf"], [NULL, INF, NEG_INF], special_texts(letter)):
            to.row(f"atom/{TYPES[letter].name}/{label}", shown, atom(letter, x))


# letter: q text of the item, the item; a char vector of nulls is blanks
ONE_ITEM = {
    "b": ("1b", 1), "g": ("0Ng", NULL), "x": ("0x2a", 42), "h": ("42h", 42), "i": ("0Ni", NULL), "j": ("42", 42),
    "e": ("1.5e", 1.5), "f": ("1f", 1), "c": ('"a"', "a"), "s": ("`", ""), "p": ("2000.01.01D00:00:00.000000000", 0),
    "m": ("2013.06m", 161), "d": ("2000.01.01", 0), "z": ("2000.01.01T06:00:00.000", 0.25),
    "n": ("1D00:00:00.000000000", clock(1)), "u": ("12:34", 754), "v": ("12:34:56", 45296),
    "t": ("12:34:56.789", 45296789),
}


def vectors(to):
    no_guid = "00000000-0000-0000-0000-000000000000"
    one_guid = "8c680a01-5a49-5aab-5a65-d4bfddb6a661"
    special = [NULL, INF, NEG_INF]

    to.note("Vectors.")
    to.row("vector/boolean", "101b", vector("b", [1, 0, 1]))
    to.row("vector/guid", f'"G"$("{one_guid}";"")', vector("g", [one_guid, NULL]), f"{one_guid} {no_guid}")
    to.row("vector/byte", "0x002aff", vector("x", [0, 42, 255]))
    to.row("vector/short", "1 -2 3h", vector("h", [1, -2, 3]))
    to.row("vector/short/special", "0N 0W -0W 3h", vector("h", special + [3]))
    to.row("vector/short/null-last", "3 0Nh", vector("h", [3, NULL]))
    to.row("vector/int", "1 -2 1000000i", vector("i", [1, -2, 1000000]))
    to.row("vector/int/special", "0N 1 -0W 0Wi", vector("i", [NULL, 1, NEG_INF, INF]))
    to.row("vector/long", "1 2 3", vector("j", [1, 2, 3]))
    to.row("vector/long/special", "0N 0W -0W -1", vector("j", special + [-1]))
    to.row("vector/real", "1 2.34 -567.1 20e", vector("e", [1, 2.34, -567.1, 20]))
    to.row("vector/real/whole", "1 2e", vector("e", [1, 2]))
    to.row("vector/real/special", "0n 0w -0w 1.5e", vector("e", special + [1.5]), "0N 0w -0w 1.5e")
    to.row("vector/float", "1.5 2 -3.25", vector("f", [1.5, 2, -3.25]))
    to.row("vector/float/whole", "1 1f", vector("f", [1, 1]))
    to.row("vector/float/large", "1 1e10", vector("f", [1, 1e10]), "1 1e+10")
    to.row("vector/float/special", "0n 0w -0w 1.5", vector("f", special + [1.5]))
    to.row("vector/float/null-and-whole", "0n 1 2", vector("f", [NULL, 1, 2]))
    to.row("vector/char", '"hello world"', text("hello world"))
    to.row("vector/char/escapes", '"a\\"b\\\\c\\nd\\re\\tf"', text('a"b\\c\nd\re\tf'))
    to.row("vector/char/control", '"\\001\\033\\177"', text("\x01\x1b\x7f"))
    to.row("vector/char/not-utf-8", '"\\377\\376a"', text(b"\xff\xfea"))
    to.row("vector/char/utf-8", '"你"', text("你".encode()), '"\\344\\275\\240"')
    to.row("vector/symbol", "`IBM`MSFT`A", symbols("IBM MSFT A"))
    to.row("vector/symbol/nulls", "`a``b`", vector("s", ["a", "", "b", ""]))
    to.row("vector/symbol/blank", '`$("hello world";"b")', vector("s", ["hello world", "b"]), "`hello world`b")
    to.row("vector/symbol/not-utf-8", '`$(,"\\377";,"a")', vector("s", [b"\xff", "a"]), UNCHECKED)
    to.row("vector/timestamp", "1999.12.31D23:59:59.999999999 2000.01.01D00:00:00.000000000", vector("p", [-1, 0]))
    to.row("vector/timestamp/special", "0Np 0Wp -0Wp 2000.01.01D00:00:00.000000000", vector("p", special + [0]), "0N 0W -0W 2000.01.01D00:00:00.000000000")
    to.row("vector/month", "1970.01 2013.06m", vector("m", [-360, 161]))
    to.row("vector/month/special", "(0Nm;0Wm;-0Wm;2013.06m)", vector("m", special + [161]), "0N 0W -0W 2013.06m")
    to.row("vector/month/null-last", "(2013.06m;0Nm)", vector("m", [161, NULL]), "2013.06 0Nm")
    to.row("vector/date", "2024.01.31 1970.01.01", vector("d", [day(2024, 1, 31), day(1970, 1, 1)]))
    to.row("vector/date/special", "0Nd 0Wd -0Wd 2000.01.01", vector("d", special + [0]), "0N 0W -0W 2000.01.01")
    to.row("vector/datetime", "2000.01.01T06:00:00.000 2000.01.02T00:00:00.000", vector("z", [0.25, 1]))
    to.row("vector/datetime/special", "0Nz 0wz -0wz 2000.01.01T06:00:00.000", vector("z", special + [0.25]), "0N 0w -0w 2000.01.01T06:00:00.000")
    to.row("vector/timespan", "0D00:00:00.000000001 -0D00:00:00.000000001", vector("n", [1, -1]))
    to.row("vector/timespan/special", "0Nn 0Wn -0Wn 1D00:00:00.000000000", vector("n", special + [clock(1)]), "0N 0W -0W 1D00:00:00.000000000")
    to.row("vector/minute", "00:00 23:59", vector("u", [0, 1439]))
    to.row("vector/minute/special", "0Nu 0Wu -0Wu 12:34", vector("u", special + [754]), "0N 0W -0W 12:34")
    to.row("vector/second", "00:00:00 23:59:59", vector("v", [0, 86399]))
    to.row("vector/second/special", "0Nv 0Wv -0Wv 12:34:56", vector("v", special + [45296]), "0N 0W -0W 12:34:56")
    to.row("vector/time", "00:00:00.000 23:59:59.999", vector("t", [0, 86399999]))
    to.row("vector/time/special", "0Nt 0Wt -0Wt 12:34:56.789", vector("t", special + [45296789]), "0N 0W -0W 12:34:56.789")

    to.note("Empty vectors, and vectors of one item.")
    for letter, kind in TYPES.items():
        shown, x = ONE_ITEM[letter]
        one = no_guid if letter == "g" else shown
        to.row(f"vector/{kind.name}/empty", '""' if letter == "c" else f"`{kind.name}$()", vector(letter, []))
        to.row(f"vector/{kind.name}/one", f"enlist {shown}", vector(letter, [x]), f",{one}")


# ---- What is built of them ----

def attributes(to):
    to.note("Attributes.")
    to.row("attribute/sorted", "`s#1 2 3", vector("j", [1, 2, 3], S))
    to.row("attribute/unique", "`u#`a`b`c", symbols("a b c", U))
    to.row("attribute/parted", "`p#1 1 2 2i", vector("i", [1, 1, 2, 2], P))
    to.row("attribute/grouped", "`g#`a`b`a", symbols("a b a", G))
    to.row("attribute/one", "`s#enlist 1", vector("j", [1], S), "`s#,1")
    to.row("attribute/empty", "`u#`symbol$()", symbols("", U))
    to.row("attribute/empty-list", "`s#()", mixed(attribute=S))
    to.row("attribute/string", '`s#"abc"', text("abc", S))
    to.row("attribute/boolean", "`s#0011b", vector("b", [0, 0, 1, 1], S))
    to.row("attribute/date", "`s#2024.01.01 2024.01.02", vector("d", [day(2024, 1, 1), day(2024, 1, 2)], S))
    to.row("attribute/list-of-strings", '`u#("ab";"cd")', mixed(text("ab"), text("cd"), attribute=U))


def lists(to):
    one, two = atom("j", 1), atom("j", 2)
    to.note("General lists.")
    to.row("list/mixed", '(1;2.5;"a")', mixed(one, atom("f", 2.5), atom("c", "a")))
    to.row("list/nested", "((1 2;3);`a)", mixed(mixed(vector("j", [1, 2]), atom("j", 3)), atom("s", "a")))
    to.row("list/matrix", "(1 2;3 4)", mixed(vector("j", [1, 2]), vector("j", [3, 4])))
    to.row("list/strings", '("hello";"wide";"world")', mixed(text("hello"), text("wide"), text("world")))
    to.row("list/strings-short", '("";enlist"a";"ab")', mixed(text(""), text("a"), text("ab")), '("";,"a";"ab")')
    to.row("list/empties", '(();"";`long$();`symbol$())', mixed(mixed(), text(""), vector("j", []), symbols("")))
    to.row("list/one-string", 'enlist"abc"', mixed(text("abc")), ',"abc"')
    to.row("list/one-atom", "", mixed(one), ",1")
    to.row("list/one-list", '(enlist(1;"a"))', mixed(mixed(one, atom("c", "a"))), ',(1;"a")')
    to.row("list/one-empty", "enlist()", mixed(mixed()), ",()")
    to.row("list/one-in-one", "enlist enlist 1", mixed(vector("j", [1])), ",,1")
    to.row("list/one-in-one-in-one", "enlist enlist enlist 1", mixed(mixed(vector("j", [1]))), ",,,1")
    to.row("list/one-null", "enlist(::)", mixed(unary(0)), ",::")
    to.row("list/same-atoms", "", mixed(one, two), "(1;2)")
    to.row("list/same-chars", "", mixed(atom("c", "a"), atom("c", "b")), '("a";"b")')
    to.row("list/nulls", "(::;::)", mixed(unary(0), unary(0)))
    to.row("list/functions", "({x+y};+;max)", mixed(function("{x+y}"), binary(1), unary(28)))
    to.row("list/attributes", "(`s#1 2;`u#`a`b)", mixed(vector("j", [1, 2], S), symbols("a b", U)))
    to.row("list/one-dict", "", mixed(dictionary(symbols("a b"), vector("j", [1, 2]))), ",`a`b!1 2")
    to.row("list/dict-and-table", "(`a`b!1 2;([]a:1 2))",
           mixed(dictionary(symbols("a b"), vector("j", [1, 2])), table("a", vector("j", [1, 2]))),
           "(`a`b!1 2;+(,`a)!,1 2)")
    to.row("list/call", '("upd";`trade;(1 2;3 4f))',
           mixed(text("upd"), atom("s", "trade"), mixed(vector("j", [1, 2]), vector("f", [3, 4]))), kind=SYNC)
    to.row("list/temporal", "(2024.01m;0Nd;12:34;0D00:00:00.000000001)",
           mixed(atom("m", 288), atom("d", NULL), atom("u", 754), atom("n", 1)))


def dictionaries(to):
    ab = symbols("a b")
    numbers = vector("j", [1, 2])
    to.note("Dictionaries.")
    to.row("dict/longs", "`a`b!1 2", dictionary(ab, numbers))
    to.row("dict/mixed", '`a`b!(1;"x")', dictionary(ab, mixed(atom("j", 1), atom("c", "x"))))
    to.row("dict/strings", '`a`b!("one";"two")', dictionary(ab, mixed(text("one"), text("two"))))
    to.row("dict/one", "(enlist`a)!enlist 1", dictionary(symbols("a"), vector("j", [1])), "(,`a)!,1")
    to.row("dict/empty", "()!()", dictionary(mixed(), mixed()))
    to.row("dict/empty-keys-typed", "(`symbol$())!()", dictionary(symbols(""), mixed()))
    to.row("dict/empty-typed", "(`symbol$())!`long$()", dictionary(symbols(""), vector("j", [])))
    to.row("dict/keys-long", "1 2!`a`b", dictionary(numbers, ab))
    to.row("dict/keys-string", '"ab"!1 2', dictionary(text("ab"), numbers))
    to.row("dict/keys-mixed", '(1;`a;"s")!10 20 30',
           dictionary(mixed(atom("j", 1), atom("s", "a"), atom("c", "s")), vector("j", [10, 20, 30])))
    to.row("dict/keys-date", "2024.01.01 2024.01.02!1 2",
           dictionary(vector("d", [day(2024, 1, 1), day(2024, 1, 2)]), numbers))
    to.row("dict/keys-unique", "(`u#`a`b)!1 2", dictionary(symbols("a b", U), numbers))
    to.row("dict/keys-dict", "(`a`b!1 2)!`c`d!3 4",
           dictionary(dictionary(ab, numbers), dictionary(symbols("c d"), vector("j", [3, 4]))))
    to.row("dict/group", "`a`b!(0 2;enlist 1)", dictionary(ab, mixed(vector("j", [0, 2]), vector("j", [1]))),
           "`a`b!(0 2;,1)")
    to.row("dict/nested", "`a`b!(`x`y!1 2;3)", dictionary(ab, mixed(dictionary(symbols("x y"), numbers), atom("j", 3))))
    to.row("dict/values-sorted", "`a`b!`s#1 2", dictionary(ab, vector("j", [1, 2], S)))
    to.row("dict/values-table", "`a`b!([]x:1 2;y:3 4)",
           dictionary(ab, table("x y", numbers, vector("j", [3, 4]))), "`a`b!+`x`y!(1 2;3 4)")
    to.row("dict/sorted", "`s#10 20!`low`high", sorted_dictionary(vector("j", [10, 20], S), symbols("low high")))
    to.row("dict/sorted-one", "`s#(enlist`a)!enlist 1", sorted_dictionary(symbols("a", S), vector("j", [1])),
           "`s#(,`a)!,1")


def tables(to):
    sym = symbols("a b a")
    numbers = vector("j", [1, 2, 3])
    to.note("Tables.")
    to.row("table/one-column", "([]a:1 2 3)", table("a", numbers), "+(,`a)!,1 2 3")
    to.row("table/two-columns", "([]sym:`a`b`a;size:1 2 3)", table("sym size", sym, numbers),
           "+`sym`size!(`a`b`a;1 2 3)")
    to.row("table/one-row", "([]sym:enlist`a;size:enlist 1)", table("sym size", symbols("a"), vector("j", [1])),
           "+`sym`size!(,`a;,1)")
    to.row("table/one-cell", "([]a:enlist 1)", table("a", vector("j", [1])), "+(,`a)!,,1")
    to.row("table/strings", '([]name:("ab";"cde");n:1 2)',
           table("name n", mixed(text("ab"), text("cde")), vector("j", [1, 2])), '+`name`n!(("ab";"cde");1 2)')
    to.row("table/nested", "([]a:(1 2;enlist 3))", table("a", mixed(vector("j", [1, 2]), vector("j", [3]))),
           "+(,`a)!,(1 2;,3)")
    to.row("table/untyped-empty", "([]a:();b:())", table("a b", mixed(), mixed()), "+`a`b!(();())")
    to.row("table/empty", "([]time:`timespan$();sym:`symbol$();price:`float$())",
           table("time sym price", vector("n", []), symbols(""), vector("f", [])),
           "+`time`sym`price!(`timespan$();`symbol$();`float$())")
    to.row("table/empty-grouped", "([]sym:`g#`symbol$();size:`long$())",
           table("sym size", symbols("", G), vector("j", [])), "+`sym`size!(`g#`symbol$();`long$())")
    to.row("table/grouped", "([]sym:`g#`a`b`a;price:1 2 3f)",
           table("sym price", symbols("a b a", G), vector("f", [1, 2, 3])), "+`sym`price!(`g#`a`b`a;1 2 3f)")
    to.row("table/parted", "([]sym:`p#`a`a`b;size:1 2 3)", table("sym size", symbols("a a b", P), numbers),
           "+`sym`size!(`p#`a`a`b;1 2 3)")
    to.row("table/sorted", "`s#([]a:1 2 3;b:`a`b`a)", table("a b", vector("j", [1, 2, 3], P), sym, attribute=S),
           "`s#+`a`b!(`p#1 2 3;`a`b`a)")
    to.row("table/every-type", "", table(
        "b g x h i j e f c s p m d z n u v t l",
        vector("b", [1, 0]), vector("g", ["00" * 15 + "01", NULL]), vector("x", [1, 2]), vector("h", [1, NULL]),
        vector("i", [1, NULL]), vector("j", [1, NULL]), vector("e", [1, 2.5]), vector("f", [1, NULL]), text("ab"),
        symbols("a b"), vector("p", [0, NULL]), vector("m", [0, NULL]), vector("d", [0, NULL]),
        vector("z", [0, NULL]), vector("n", [0, NULL]), vector("u", [0, NULL]), vector("v", [0, NULL]),
        vector("t", [0, NULL]), mixed(atom("j", 1), text("x"))),
        "+`b`g`x`h`i`j`e`f`c`s`p`m`d`z`n`u`v`t`l!(10b;00000000-0000-0000-0000-000000000001 "
        "00000000-0000-0000-0000-000000000000;0x0102;1 0Nh;1 0Ni;1 0N;1 2.5e;1 0n;\"ab\";`a`b;"
        "2000.01.01D00:00:00.000000000 0N;2000.01 0Nm;2000.01.01 0N;2000.01.01T00:00:00.000 0N;"
        "0D00:00:00.000000000 0N;00:00 0N;00:00:00 0N;00:00:00.000 0N;(1;,\"x\"))")
    letters = "b g x h i j e f c s p m d z n u v t"
    to.row("table/every-type-empty", "", table(letters, *[vector(letter, []) for letter in letters.split()]),
           "+`b`g`x`h`i`j`e`f`c`s`p`m`d`z`n`u`v`t!(`boolean$();`guid$();`byte$();`short$();`int$();`long$();`real$();"
           "`float$();\"\";`symbol$();`timestamp$();`month$();`date$();`datetime$();`timespan$();`minute$();"
           "`second$();`time$())")
    splayed = dictionary(symbols("time price"), atom("s", ":db/trade/"))
    to.row("table/splayed", "", lambda form: b"\x62\0" + splayed(form), "+`time`price!`:db/trade/")

    to.note("Keyed tables.")
    to.row("keyed/one-key", "([k:1 2 3]v:`a`b`a)", dictionary(table("k", numbers), table("v", sym)),
           "(+(,`k)!,1 2 3)!+(,`v)!,`a`b`a")
    to.row("keyed/two-keys", "([k:1 2 3;s:`a`b`a]v:4 5 6;w:\"xyz\")",
           dictionary(table("k s", numbers, sym), table("v w", vector("j", [4, 5, 6]), text("xyz"))),
           '(+`k`s!(1 2 3;`a`b`a))!+`v`w!(4 5 6;"xyz")')
    to.row("keyed/empty", "([k:`long$()]v:`symbol$())",
           dictionary(table("k", vector("j", [])), table("v", symbols(""))),
           "(+(,`k)!,`long$())!+(,`v)!,`symbol$()")
    to.row("keyed/unique", "([k:`u#`a`b]v:1 2)",
           dictionary(table("k", symbols("a b", U)), table("v", vector("j", [1, 2]))),
           "(+(,`k)!,`u#`a`b)!+(,`v)!,1 2")
    to.row("keyed/key-sorted", "",
           dictionary(table("color", symbols("blue green", S), attribute=S), table("qty", vector("j", [900, 1000]))),
           "(`s#+(,`color)!,`s#`blue`green)!+(,`qty)!,900 1000")
    to.row("keyed/sorted", "`s#([k:1 2 3]v:`a`b`a)",
           sorted_dictionary(table("k", numbers, attribute=S), table("v", sym)),
           "`s#(+(,`k)!,1 2 3)!+(,`v)!,`a`b`a")


UNARY_SYMBOLS = ":: +: -: *: %: &: |: ^: =: <: >: $: ,: #: _: ~: !: ?: @: .: 0:: 1:: 2::".split()
UNARY_NAMES = ("avg last sum prd min max exit getenv abs sqrt log exp sin asin cos acos tan atan enlist var dev "
               "hopen").split()
BINARY_SYMBOLS = ": + - * % & | ^ = < > $ , # _ ~ ! ? @ . 0: 1: 2:".split()
BINARY_NAMES = "in within like bin ss insert wsum wavg div xexp setenv binr cov cor".split()
ITERATORS = "' / \\ ': /: \\:".split()


def functions(to):
    plus = binary(1)
    to.note("Lambdas.")
    to.row("lambda/plain", "{x*x}", function("{x*x}"))
    to.row("lambda/empty", "{}", function("{}"))
    to.row("lambda/parameters", "{[a;b]a*b+1}", function("{[a;b]a*b+1}"))
    to.row("lambda/quotes", '{"a\\"b",x}', function('{"a\\"b",x}'))
    to.row("lambda/context", "", function("{x+1}", "ns"), "{x+1}")
    to.row("lambda/context-nested", "", function("{x+1}", "ns.deep"), "{x+1}")
    to.row("lambda/context-k", "", function("k){x+y}", "q"), "k){x+y}")

    to.note("Primitives; ids above 22 (unary) are the names of kdb+ 3 and 4.")
    to.row("primitive/unary/flip", "flip", unary(1), "+:")
    to.row("primitive/unary/max", "max", unary(28))
    to.row("primitive/unary/symbols", "", mixed(*map(unary, range(23))), f"({';'.join(UNARY_SYMBOLS)})")
    to.unread("primitive/unary/names", "", mixed(*map(unary, range(23, 45))), f"({';'.join(UNARY_NAMES)})")
    to.row("primitive/elided", "", ELIDED, "")
    to.row("primitive/binary/plus", "+", plus)
    to.row("primitive/binary/minus", "-", binary(2))
    to.row("primitive/binary/load", "2:", binary(22))
    to.row("primitive/binary/in", "in", binary(23))
    to.row("primitive/binary/symbols", "", mixed(*map(binary, range(23))), f"({';'.join(BINARY_SYMBOLS)})")
    to.unread("primitive/binary/names", "", mixed(*map(binary, range(23, 37))), f"({';'.join(BINARY_NAMES)})")
    to.row("primitive/iterator/each", "'", iterator(0))
    to.row("primitive/iterator/all", "", mixed(*map(iterator, range(6))), f"({';'.join(ITERATORS)})")

    to.note("Projections: trailing arguments are absent, skipped ones elided (101, 255).")
    to.row("projection/binary", "+[2]", projection(plus, atom("j", 2)))
    to.row("projection/first-elided", "-[;1]", projection(binary(2), ELIDED, atom("j", 1)))
    to.row("projection/lambda", "{x+y+z}[1;2]", projection(function("{x+y+z}"), atom("j", 1), atom("j", 2)))
    to.row("projection/lambda-last", "{x+y+z}[;;`a]", projection(function("{x+y+z}"), ELIDED, ELIDED, atom("s", "a")))
    to.row("projection/last-elided", "", projection(function("{x+y+z}"), atom("j", 1), ELIDED), "{x+y+z}[1;]")
    to.row("projection/context", "", projection(function("{x+y}", "ns"), vector("j", [1, 2])), "{x+y}[1 2]")
    to.row("projection/keyword", "in[;`a`b]", projection(binary(23), ELIDED, symbols("a b")))
    to.row("projection/string", '$["j"]', projection(binary(11), atom("c", "j")))
    to.row("projection/derived", "", projection(derived(OVER, plus), atom("j", 10)), "+/[10]")

    to.note("Compositions.")
    to.row("composition/two", "('[not;count])", composition(unary(15), unary(13)), "~:#:")
    to.row("composition/projection", "", composition(unary(28), projection(plus, atom("j", 1))), "max+[1]")
    to.row("composition/lambda", "('[{x*2};+])", composition(function("{x*2}"), plus), "{x*2}+")

    to.note("Derived functions.")
    to.row("derived/each", "{x}'", derived(EACH, function("{x}")))
    to.row("derived/each-unary", "count'", derived(EACH, unary(13)), "#:'")
    to.row("derived/over", "+/", derived(OVER, plus))
    to.row("derived/scan", "*\\", derived(SCAN, binary(3)))
    to.row("derived/prior", "-':", derived(PRIOR, binary(2)))
    to.row("derived/right", ",/:", derived(RIGHT, binary(12)))
    to.row("derived/left", ",\\:", derived(LEFT, binary(12)))
    to.row("derived/keyword", "in/:", derived(RIGHT, binary(23)))
    to.row("derived/noun", "0x40\\:", derived(LEFT, atom("x", 0x40)))
    to.row("derived/twice", ",/'", derived(EACH, derived(OVER, binary(12))))
    to.row("derived/projection", "+[2]'", derived(EACH, projection(plus, atom("j", 2))))

    to.note("Errors.")
    to.unread("error/type", "", error("type"), "'type", kind=RESPONSE)
    to.unread("error/empty", "", error(""), "'", kind=RESPONSE)
    to.unread("error/words", "", error("hop. OS reports: Connection refused"), "'hop. OS reports: Connection refused",
           kind=RESPONSE)
    to.unread("error/update", "", error("noupdate: `. `a"), "'noupdate: `. `a", kind=RESPONSE)


# ---- Other forms of the same ----

def message_types(to):
    to.note("Message types.")
    to.row("message/async", '"a:10"', text("a:10"))
    to.row("message/sync", '"2+2"', text("2+2"), kind=SYNC)
    to.row("message/sync-chaser", '""', text(""), kind=SYNC)
    to.row("message/response", "4", atom("j", 4), kind=RESPONSE)
    to.row("message/response-null", "::", unary(0), kind=RESPONSE)


def wide_counts(to):
    to.note("Counts of 8 bytes, marked by attribute bit 0x80.")
    to.row("wide/boolean", "10b", vector("b", [1, 0], wide=True))
    to.row("wide/long", "1 2 3", vector("j", [1, 2, 3], wide=True))
    to.row("wide/sorted", "`s#1 2 3", vector("j", [1, 2, 3], S, wide=True))
    to.row("wide/empty", "`long$()", vector("j", [], wide=True))
    to.row("wide/string", '"abc"', text("abc", wide=True))
    to.row("wide/symbol", "`a`b", vector("s", ["a", "b"], wide=True))
    to.row("wide/list", "(1 2;`a)", mixed(vector("j", [1, 2], wide=True), atom("s", "a"), wide=True))
    to.row("wide/empty-list", "()", mixed(wide=True))
    to.row("wide/dict", "`a`b!1 2", dictionary(vector("s", ["a", "b"], wide=True), vector("j", [1, 2], wide=True)))
    to.row("wide/big-endian", "1 2i", vector("i", [1, 2], wide=True), form=BIG)


def big_endian(to):
    def row(name, q, value, printed=None, kind=ASYNC):
        to.row(f"big-endian/{name}", q, value, printed, BIG, kind)

    to.note("Big-endian senders.")
    row("boolean", "101b", vector("b", [1, 0, 1]))
    row("guid", '"G"$"8c680a01-5a49-5aab-5a65-d4bfddb6a661"', atom("g", "8c680a01-5a49-5aab-5a65-d4bfddb6a661"),
        "8c680a01-5a49-5aab-5a65-d4bfddb6a661")
    row("short", "1 0N -3h", vector("h", [1, NULL, -3]))
    row("long", "42", atom("j", 42))
    row("long-vector", "`s#1 2 3", vector("j", [1, 2, 3], S))
    row("real", "1.5 -2e", vector("e", [1.5, -2]))
    row("float", "0n 0w 1.5", vector("f", [NULL, INF, 1.5]))
    row("string", '"hello"', text("hello"), kind=SYNC)
    row("symbol", "`a`bc", symbols("a bc"))
    row("timestamp", "2000.01.01D00:00:00.000000001", atom("p", 1))
    row("month", "1970.01 2013.06m", vector("m", [-360, 161]))
    row("date", "2024.01.31", atom("d", day(2024, 1, 31)))
    row("datetime", "2000.01.01T06:00:00.000", atom("z", 0.25))
    row("time", "12:34:56.789 0Nt", vector("t", [45296789, NULL]), "12:34:56.789 0N")
    row("list", "(1;`a;\"bc\";2 3h)", mixed(atom("j", 1), atom("s", "a"), text("bc"), vector("h", [2, 3])))
    row("dict", "`a`b!1 2", dictionary(symbols("a b"), vector("j", [1, 2])))
    row("table", "([]sym:`a`b;price:1.5 2)", table("sym price", symbols("a b"), vector("f", [1.5, 2])),
        "+`sym`price!(`a`b;1.5 2)")
    row("keyed", "([k:1 2]v:3 4i)", dictionary(table("k", vector("j", [1, 2])), table("v", vector("i", [3, 4]))),
        "(+(,`k)!,1 2)!+(,`v)!,3 4i")
    row("lambda", "{x+y}", function("{x+y}"))
    row("projection", "{x+y}[;2i]", projection(function("{x+y}"), ELIDED, atom("i", 2)))
    row("composition", "('[not;=])", composition(unary(15), binary(8)), "~:=")
    to.unread("big-endian/error", "", error("type"), "'type", BIG, RESPONSE)


def compressed(to):
    zeros = vector("j", [0] * 1000)
    counted = vector("j", range(500))
    letters = text("abc" * 800)
    trades = table("sym price size", symbols("a b c d " * 125), vector("f", [1.5, 2.5] * 250), vector("j", [100] * 500))
    printed = {
        "zeros": ("1000#0", zeros, " ".join(["0"] * 1000)),
        "til": ("til 500", counted, " ".join(map(str, range(500)))),
        "text": ('2400#"abc"', letters, '"' + "abc" * 800 + '"'),
        "table": ("([]sym:500#`a`b`c`d;price:500#1.5 2.5;size:500#100)", trades,
                  "+`sym`price`size!(" + "`a`b`c`d" * 125 + ";" + " ".join(["1.5 2.5"] * 250) + ";"
                  + " ".join(["100"] * 500) + ")"),
    }
    to.note("Compressed by KX's C library; kind 2 is kind 1 with an 8-byte raw length.")
    for name, (q, value, shown) in printed.items():
        content = to.library.compressed(message(value))
        assert content[2] == 1, name
        to.packed(f"compressed/{name}", q, value, content, shown)
        to.packed(f"compressed/{name}-wide", q, value, widened(content), shown)
    request = to.library.compressed(message(letters))
    to.packed("compressed/sync", '2400#"abc"', letters, request[:1] + bytes([SYNC]) + request[2:], printed["text"][2])

    few = vector("i", [1, 2, 3])
    to.note("Compressed with literals only: larger than the content, and legal.")
    to.packed("stored/int", "1 2 3i", few, stored(few))
    to.packed("stored/int-wide", "1 2 3i", few, stored(few, wide=True))
    to.packed("stored/response", "1 2 3i", few, stored(few, kind=RESPONSE))
    to.packed("stored/big-endian", "1 2 3i", few, stored(few, BIG))
    to.packed("stored/big-endian-wide", "1 2 3i", few, stored(few, BIG, wide=True))


def main():
    to = Corpus(Library(sys.argv[1]))
    for part in [facts, atoms, vectors, attributes, lists, dictionaries, tables, functions, message_types,
                 wide_counts, big_endian, compressed]:
        part(to)


if __name__ == "__main__":
    main()
