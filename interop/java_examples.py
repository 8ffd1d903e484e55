"""javakdb's examples, as the messages that its class writes: the request's bytes and the response's, without a JVM.

c.java sends its requests little-endian with `k(s)` as a char vector and `k(s,x,y)` as a list of a char vector and the
arguments; its Strings are symbols, its char[] char vectors, its Object[] lists.
"""

import socket
from contextlib import contextmanager
from struct import pack, unpack

from harness import ANSWER_SECONDS, HOST, same
from wire import DICTIONARY, NULL, SYNC, atom, items, longs, message, symbols, table, text, vector

ASYNC, RESPONSE = 0, 2


class C:
    """The parts of c.java: a login, `k`, `ks` and the reading of a message."""

    def __init__(self, port, login=b"user:password"):
        self.socket = socket.create_connection((HOST, port), timeout=ANSWER_SECONDS)
        self.stream = self.socket.makefile("rb")
        self.socket.sendall(login + b"\3\0")
        same("login", self.stream.read(1), b"\3")

    def send(self, kind, expression, *arguments):
        body = vector(0, text(expression), *arguments) if arguments else text(expression)
        self.socket.sendall(message(kind, body))

    def ks(self, expression, *arguments):
        self.send(ASYNC, expression, *arguments)

    def k(self, expression, *arguments):
        self.send(SYNC, expression, *arguments)
        kind, body = self.read()
        same("message type", kind, RESPONSE)
        return body

    def read(self):
        order, kind, packed, _, size = unpack("<BBBBI", self.stream.read(8))
        same("byte order, compression", (order, packed), (1, 0))
        return kind, self.stream.read(size - 8)

    def close(self):
        self.stream.close()
        self.socket.close()


@contextmanager
def opened(server):
    c = C(server.port)
    try:
        yield c
    finally:
        c.close()


def sym(name):
    return atom(11, name.encode() + b"\0")


def long(value):
    return atom(7, pack("<q", value))


def float_(value):
    return atom(9, pack("<d", value))


def error(name):
    return b"\x80" + name.encode() + b"\0"


MAPPED = [  # TypesMapping: what is sent, its q text and type
    (atom(1, b"\1"), "1b", -1), (atom(4, b"\x2a"), "0x2a", -4), (atom(5, pack("<h", 42)), "42h", -5),
    (atom(6, pack("<i", 42)), "42i", -6), (long(42), "42", -7), (atom(8, pack("<f", 1.5)), "1.5e", -8),
    (float_(2.5), "2.5", -9), (atom(10, b"a"), '"a"', -10), (sym("abc"), "`abc", -11),
    (atom(12, pack("<q", 0)), "2000.01.01D00:00:00.000000000", -12), (atom(13, pack("<i", 1)), "2000.02m", -13),
    (atom(14, pack("<i", 1)), "2000.01.02", -14), (atom(15, pack("<d", 0.5)), "2000.01.01T12:00:00.000", -15),
    (atom(16, pack("<q", 1)), "0D00:00:00.000000001", -16), (atom(17, pack("<i", 61)), "01:01", -17),
    (atom(18, pack("<i", 61)), "00:01:01", -18), (atom(19, pack("<i", 1)), "00:00:00.001", -19),
    (atom(2, bytes(16)), "00000000-0000-0000-0000-000000000000", -2),
    (vector(1, b"\1", b"\0"), "10b", 1), (vector(4, b"\1", b"\2"), "0x0102", 4), (longs(1, 2), "1 2", 7),
    (vector(9, *items("d", 1.0, 2.5)), "1 2.5", 9), (text("abc"), '"abc"', 10), (symbols("a", "b"), "`a`b", 11),
    (vector(0, long(1), sym("a")), "(1;`a)", 0),
    (DICTIONARY + symbols("a", "b") + longs(1, 2), "`a`b!1 2", 99), (table(a=longs(1, 2)), "+(,`a)!,1 2", 98),
]


def types_mapping(server):
    with opened(server) as c:
        for body, shown, code in MAPPED:
            expected = vector(0, text(shown), atom(5, pack("<h", code)), body)
            same(shown, c.k("{(-3!x;type x;x)}", body), expected)


def queries(server):
    """SyncQueryExamples, QueryResponse, ExamplesOfErrors."""
    with opened(server) as c:
        c.k("mytable:([]time:`timespan$();sym:`symbol$();price:`float$();size:`long$())")
        same("2+3", c.k("2+3"), long(5))
        same("0N 0W", c.k("0N 0W"), longs(-2**63, 2**63 - 1))
        same("{x+y}", c.k("{x+y}", long(4), long(3)), long(7))
        same("no arguments", c.k("{[]42}", NULL), long(42))
        row = vector(0, atom(16, pack("<q", 5)), sym("IBM"), float_(93.5), long(300))
        same("insert", c.k("insert", sym("mytable"), row), longs(0))
        same("select", c.k("select from mytable"),
             table(time=vector(16, pack("<q", 5)), sym=symbols("IBM"), price=vector(9, pack("<d", 93.5)),
                   size=longs(300)))
        same("cols", c.k("cols mytable"), symbols("time", "sym", "price", "size"))
        same("xyz", c.k("xyz"), error("xyz"))
        same("1+`", c.k("1+`"), error("type"))
        same("\"a\"+", c.k("{x+y}[1;`a]"), error("type"))
        same("signal", c.k("'`own"), error("own"))
        same("length", c.k("1 2 3+4 5"), error("length"))
        same("rank", c.k("{x}[1;2]"), error("rank"))


def grid_viewer(server):
    """A table of random rows, as the grid shows it."""
    with opened(server) as c:
        body = c.k("([]date:.z.D;time:.z.T;sym:10?`8;price:`float$10?500.0;size:10?100)")
        same("head", body[:2], b"\x62\0")
        same("columns", body[3:3 + 6 + 25], symbols("date", "time", "sym", "price", "size"))
        same("types and counts", c.k("{(type each flip x;count x)}", body),
             vector(0, DICTIONARY + symbols("date", "time", "sym", "price", "size")
                    + vector(5, *items("h", 14, 19, 11, 9, 7)), long(10)))
        same("symbols of 8", c.k("{all 8=count each string x`sym}", body), atom(1, b"\1"))


def feed(server):
    """Feed: single rows and columns to .u.upd, asynchronously; the count afterwards."""
    with opened(server) as c:
        c.k(".u.upd:insert")
        c.k("feed:([]time:`timespan$();sym:`symbol$();price:`float$();size:`long$())")
        for number in range(10):
            c.ks(".u.upd", sym("feed"),
                 vector(0, atom(16, pack("<q", number)), sym("SYMBOL"), float_(93.5), long(300)))
        for _ in range(10):
            c.ks(".u.upd", sym("feed"), vector(0, vector(16, *items("q", *range(100))), symbols(*["SYM"] * 100),
                                               vector(9, *items("d", *[1.5] * 100)), longs(*range(100))))
        # A Flip, and the sync chaser that says all of it arrived.
        c.ks(".u.upd", sym("feed"), table(time=vector(16, pack("<q", 1)), sym=symbols("S"),
                                          price=vector(9, pack("<d", 1.5)), size=longs(7)))
        same("chaser", c.k(""), NULL)
        same("count", c.k("count feed"), long(1011))
        same("sum", c.k("exec sum size from feed"), long(3007 + 10 * 4950))


def subscriber(server):
    """Subscriber: `.u.sub` of a table, then updates from the publisher's connection."""
    with opened(server) as c, opened(server) as publisher:
        c.k("jsub:([]sym:`symbol$();size:`long$())")
        c.k("jw:()")
        c.k(".u.sub:{[t;s] jw,:.z.w; (t;0#value t)}")
        c.k("jpub:{[t;x] {[t;x;h] neg[h](`upd;t;flip cols[t]!x)}[t;x]each jw;}")
        same("schema", c.k(".u.sub", sym("jsub"), sym("")),
             vector(0, sym("jsub"), table(sym=symbols(), size=longs())))
        for number in range(20):
            publisher.ks("jpub", sym("jsub"), vector(0, symbols("a"), longs(number)))
        for number in range(20):
            same("update", c.read(),
                 (ASYNC, vector(0, sym("upd"), sym("jsub"), table(sym=symbols("a"), size=longs(number)))))


def deferred(server):
    """An async request whose answer is pushed, and one that -30! answers later, from another client."""
    with opened(server) as c, opened(server) as other:
        c.ks("{neg[.z.w] x*x}", long(7))
        same("pushed", c.read(), (ASYNC, long(49)))
        c.k("jlater:{jh::.z.w; -30!(::)}")
        c.send(SYNC, "jlater", NULL)
        for _ in range(1000):
            if other.k("`jh in key `.") == atom(1, b"\1"):
                break
        other.k("-30!(jh;0b;`done)")
        same("answer", c.read(), (RESPONSE, sym("done")))


def functions(server):
    """Messages whose first item is a symbol, a lambda, an operator; a projection that comes back."""
    with opened(server) as c:
        def ask(*parts):
            c.socket.sendall(message(SYNC, vector(0, *parts)))
            return c.read()[1]
        two, three = long(2), long(3)
        c.k("jadd:{x+y}")
        same("symbol", ask(sym("jadd"), two, three), long(5))
        same("text", ask(text("jadd"), two, three), long(5))
        same("keyword", ask(sym("sum"), longs(2, 3)), long(5))
        same("lambda", ask(b"\x64\0" + text("{x+y}"), two, three), long(5))
        same("operator", ask(b"\x66\1", two, three), long(5))
        same("projection", c.k("{x+y}[1]"), b"\x68" + pack("<I", 2) + b"\x64\0" + text("{x+y}") + long(1))
        same("projection, sent", ask(c.k("{x+y}[1]"), two), three)
        same("insert by symbol", ask(sym("insert"), sym("nosuchtable"), long(1))[:1], b"\x80")
        same("json", c.k(".j.j `a`b!(1;`x)"), text('{"a":1,"b":"x"}'))


def checks(server, _):
    for talk in types_mapping, queries, grid_viewer, feed, subscriber, deferred, functions:
        yield f"java: {talk.__name__.replace('_', ' ')}", talk, server
