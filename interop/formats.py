"""Checks kserve and kq against kdb+ clients that others wrote: PyKX (used without a licence) and qPython.

Logins with every kind of password, sync, async and one-shot requests, every basic type there and back with its
nulls and infinities, lists, dictionaries, tables, a million rows, pandas, compressed and big-endian messages,
errors, calls, fifty clients at once, malformed bytes, the Unix socket, SIGTERM. Objects are compared as bytes, so
that -0.0 and each null count. Servers run on free ports of the loopback interface and are always stopped.
"""

import asyncio
import hashlib
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from struct import pack, unpack
from threading import Barrier

import numpy as np
import pykx
from qpython.qcollection import qlist
from qpython.qconnection import QAuthenticationException, QConnection
from qpython.qreader import QReader
from qpython.qtemporal import qtemporal
from qpython.qtype import QException
from qpython.qwriter import QWriter

from harness import ANSWER_SECONDS, HOST, same
from wire import (DICTIONARY, LAMBDA, NULL, PLUS, RESPONSE, SYNC, atom, items, longs, message, packed, raw_answer,
                  symbols, table, text, vector)

INTS = items("i", 421, -2**31, 2**31 - 1, 1 - 2**31, -1)
LONGS = items("q", 421, -2**63, 2**63 - 1, 1 - 2**63, -1)
FLOATS = items("Q", *(bits << 48 for bits in (0x3ff8, 0xfff8, 0x7ff0, 0xfff0, 0x7ff8, 0x8000)))
BASIC = {  # name: (code, items: an ordinary one, null, infinities, others; q text of the first four)
    "boolean": (1, items("B", 1, 0, 0, 1), "1001b"),
    "guid": (2, [bytes(range(1, 17)), bytes(16)], None),
    "byte": (4, items("B", 0x2a, 0, 255, 128), "0x2a00ff80"),
    "short": (5, items("h", 42, -2**15, 2**15 - 1, 1 - 2**15, -1), "42 0N 0W -0Wh"),
    "int": (6, INTS, "421 0N 0W -0Wi"),
    "long": (7, LONGS, "421 0N 0W -0W"),
    "real": (8, items("I", 0x3fc00000, 0xffc00000, 0x7f800000, 0xff800000, 0x7fc00000, 0x80000000), "1.5 0n 0w -0we"),
    "float": (9, FLOATS, "1.5 0n 0w -0w"),
    "char": (10, [b"q", b" ", b'"', b"a"], r'"q \"a"'),
    "symbol": (11, [b"abc\0", b"\0", b"a\0", b"b1\0", "Zürich\0".encode(), "東京 €\0".encode()], "`abc``a`b1"),
    "timestamp": (12, LONGS, "(2000.01.01D00:00:00.000000421;0Np;0Wp;-0Wp)"),
    "month": (13, INTS, "(2035.02m;0Nm;0Wm;-0Wm)"),
    "date": (14, INTS, "(2001.02.25;0Nd;0Wd;-0Wd)"),
    "datetime": (15, FLOATS, "(2000.01.02T12:00:00.000;0Nz;0wz;-0wz)"),
    "timespan": (16, LONGS, "(0D00:00:00.000000421;0Nn;0Wn;-0Wn)"),
    "minute": (17, INTS, "(07:01;0Nu;0Wu;-0Wu)"),
    "second": (18, INTS, "(00:07:01;0Nv;0Wv;-0Wv)"),
    "time": (19, INTS, "(00:00:00.421;0Nt;0Wt;-0Wt)"),
}
NESTED = {  # name: (code, object)
    "empty list": (0, vector(0)),
    "list": (0, vector(0, atom(7, LONGS[0]), symbols("a", "b"), vector(0, text("deep"), vector(0)), NULL)),
    "list of strings": (0, vector(0, text("ab"), text(""), text("Zürich"))),
    "dictionary": (99, DICTIONARY + longs(1, 2) + vector(0, text("one"), symbols("x", "y"))),
    "table": (98, table(sym=symbols("x", "東京"), size=longs(1, 2), note=vector(0, text("ab"), text("")))),
    "table of no rows": (98, table(sym=symbols(), size=longs())),
    "keyed table": (99, DICTIONARY + table(sym=symbols("x", "y")) + table(size=longs(1, 2), ex=text("NK"))),
    "table of all types": (98, table(**{name: vector(code, *rows[:2]) for name, (code, rows, _) in BASIC.items()})),
}
ANSWERS = {
    "2+2": atom(7, pack("<q", 4)),
    "(1;2.5;`a)": vector(0, atom(7, pack("<q", 1)), atom(9, pack("<d", 2.5)), atom(11, b"a\0")),
    '("ab";"";"cde")': vector(0, text("ab"), text(""), text("cde")),
    "`a`b!1 2": DICTIONARY + symbols("a", "b") + longs(1, 2),
    "([] a:1 2; b:`x`y)": table(a=longs(1, 2), b=symbols("x", "y")),
    "til 3": longs(0, 1, 2),
}
ERRORS = {"1+`a": "type", "nosuch": "nosuch", "1 2+1 2 3": "length"}
MALFORMED = {
    "message type 7": message(7, text("2+2")),
    "byte order 2": b"\2" + message(SYNC, text("2+2"))[1:],
    "length 4": pack("<BBBBI", 1, 1, 0, 0, 4),
    "compression 9": b"\1\1\x09\0" + message(SYNC, text("2+2"))[4:],
    "count beyond the message": message(SYNC, b"\7\0\xff\xff\xff\x7f" + bytes(8)),
    "type 50": message(SYNC, b"\x32\0\1\0\0\0\0"),
    "trailing bytes": message(SYNC, text("2+2") + b"\0"),
    "symbol without end": message(SYNC, b"\xf5abc"),
    "terabyte claimed": b"\1\1\2\0\x14\0\0\0" + pack("<q", 2**40) + bytes(4),
    "repeat of nothing": packed(100, [(1, 90)]),
    "list 100000 deep": message(SYNC, b"\0\0\1\0\0\0" * 100000 + b"\xff\1"),
}
USERS = {  # name: (password, the same in the password file)
    "ann": ("plain words", "plain words"),
    "ben": ("s3cret", hashlib.md5(b"s3cret").hexdigest()),
    "cat": ("pass:word", hashlib.sha1(b"pass:word").hexdigest()),
}


class Pykx:
    def __init__(self, port, user="", password="", **options):
        self.conn = pykx.SyncQConnection(HOST, port, username=user, password=password, no_ctx=True,
                                         timeout=ANSWER_SECONDS, **options)
        self.close = self.conn.close

    def ask(self, query, *args):
        return self.conn(query, *args).py()

    def raw(self, query, *args):
        return self.bytes_of(self.conn(query, *args))

    def send(self, query):
        self.conn(query, wait=False)

    def echo(self, body):
        value = self.parse(body)
        return self.bytes_of(value), self.raw("{x}", value)

    def parse(self, body):
        return pykx.deserialize(message(RESPONSE, body))

    def bytes_of(self, value):
        return pykx.serialize(value).copy()[8:]

    def pandas(self, query):
        return self.conn(query).pd()


class QPython:
    dtypes = {1: "?", 4: "i1", 5: "<i2", 6: "<i4", 7: "<i8", 8: "<f4", 9: "<f8", 12: "<i8", 13: "<i4", 14: "<i4",
              15: "<f8", 16: "<i8", 17: "<i4", 18: "<i4", 19: "<i4"}

    def __init__(self, port, user="", password=""):
        self.conn = QConnection(HOST, port, user, password, timeout=ANSWER_SECONDS, encoding="utf-8")
        self.conn.open()
        self.close = self.conn.close

    def ask(self, query, *args):
        value = self.conn(query, *(np.int64(one) if type(one) is int else one for one in args))
        return value.item() if isinstance(value, np.generic) else value

    def raw(self, query, *args, **options):
        return self.conn(query, *args, raw=True, **options)

    def send(self, query):
        self.conn.sendAsync(query)

    def echo(self, body):
        code = unpack("b", body[:1])[0]
        value = self.native(code, body[1:] if code < 0 else body[6:]) if 0 < abs(code) < 20 else self.parse(body)
        options = {"single_char_strings": code == 10}
        return self.bytes_of(value, **options), self.raw("{x}", value, **options)

    def native(self, code, data):
        """The atom or vector as a program would make it, from Python's and numpy's values."""
        kind = abs(code)
        if kind == 10:
            return data
        if kind == 2:
            values = np.array([uuid.UUID(bytes=data[at:at + 16]) for at in range(0, len(data), 16)], dtype=object)
        elif kind == 11:
            values = np.array(data.split(b"\0")[:-1], dtype=np.bytes_)
        else:
            values = np.frombuffer(data, self.dtypes[kind])
        if code > 0:
            return qlist(values, qtype=kind)
        return qtemporal(values[0], qtype=code) if kind >= 12 else values[0]

    def parse(self, body):
        return QReader(None).read(source=message(RESPONSE, body)).data

    def bytes_of(self, value, **options):
        return QWriter(None, 6).write(value, SYNC, **options)[8:]

    def pandas(self, query):
        return self.conn(query, pandas=True)


CLIENTS = {"pykx": Pykx, "qpython": QPython}
REFUSALS = (pykx.PyKXException, QAuthenticationException)


def check_async(conn):
    conn.send("a:10")
    same("a", conn.ask("a"), 10)


def check_basic(conn, code, values, literal):
    vectors = [vector(code), vector(code, values[0]), vector(code, *values), vector(code, *values * 30)]
    for body in [atom(code, value) for value in values] + vectors:
        same("sent and received", conn.echo(body), (body, body))
    same("type of atom", conn.ask("type", conn.parse(atom(code, values[0]))), -code)
    same("type of vector", conn.ask("type", conn.parse(vectors[2])), code)
    if literal:
        same(literal, conn.raw(literal), vector(code, *values[:4]))


def check_nested(conn, code, body):
    sent, received = conn.echo(body)
    same("echo", received, sent)
    same("type", conn.ask("type", conn.parse(body)), code)


def check_sync(conn):
    for query, body in ANSWERS.items():
        same(query, conn.raw(query), body)


def check_pandas(conn):
    frame = conn.pandas("trade")
    same("rows, sum of size", [len(frame), int(frame["size"].sum())], list(conn.ask("(count trade;sum trade`size)")))
    same("sum of price", round(frame["price"].sum(), 3), round(conn.ask("sum trade`price"), 3))


def check_million(conn):
    conn.send("big:1000000#trade")
    rows, total = conn.conn("big"), conn.ask("sum big`size")
    same("rows and sum here", (len(rows), int(conn.pandas("big")["size"].sum())), (conn.ask("count big"), total))
    same("sum of what was sent", conn.ask("{sum x`size}", rows), total)
    same("echo is the same", conn.bytes_of(rows) == conn.raw("{x}", rows), True)
    conn.send("big:0")


def check_errors(conn):
    for query, error in ERRORS.items():
        try:
            same(query, conn.ask(query), f"error {error}")
        except (pykx.QError, QException) as got:
            same(query, got.args[0], error if isinstance(conn, Pykx) else error.encode())
        same("afterwards", conn.ask("2+2"), 4)


def check_calls(conn):
    conn.send("add:{x+y}")
    objects = [LAMBDA + text("{x+y}"), atom(11, b"add\0"), PLUS]
    for function in ["+", "{x+y}", "add", *map(conn.parse, objects[:3 if isinstance(conn, Pykx) else 2])]:
        same(f"{function} of 2 and 3", conn.ask(function, 2, 3), 5)
    same("{42}[]", conn.ask("{42}", None), 42)


def check_logins(client, users):
    for user, (password, _) in USERS.items():
        with closing(client(users.port, user, password)) as conn:
            same(user, conn.ask("2+2"), 4)
        for wrong in ((user, password + "x"), (user, ""), ("nobody", password)):
            try:
                client(users.port, *wrong).close()
            except REFUSALS:
                continue
            raise AssertionError(f"login of {wrong} accepted")


def check_pipelined(server):
    async def talk():
        async with pykx.AsyncQConnection(HOST, server.port, no_ctx=True) as conn:
            return [(await answer).py() for answer in [conn("{x*x}", number) for number in range(5)]]
    same("answers", asyncio.run(talk()), [0, 1, 4, 9, 16])


def check_crowd(server):
    everyone = Barrier(50, timeout=ANSWER_SECONDS)

    def talk(number):
        with closing([Pykx, QPython][number % 2](server.port)) as conn:
            everyone.wait()
            return all(conn.ask("{x+y}", number * 1000, turn) == number * 1000 + turn for turn in range(20))
    with ThreadPoolExecutor(50) as pool:
        same("right", list(pool.map(talk, range(50))), [True] * 50)


def check_compressed(server):
    query = 'count "' + "a" * 5000 + '"'
    plain = server.kq("encode", "--sync", '"' + query.replace('"', r'\"') + '"')
    same("kq encode", plain, message(SYNC, text(query)).hex())
    by_kq = bytes.fromhex(server.kq("compress", "--hex", stdin=plain))
    same("compressed, smaller", (by_kq[2], len(by_kq) < 300), (1, True))
    body = text(query, ">")
    repeats, rest = divmod(4998, 257)
    elements = [*body[:body.index(b"aa") + 2], *[(0, 255)] * repeats, (0, rest - 2), ord('"')]
    messages = {"by kq": by_kq, "by hand": packed(8 + len(body), elements, ">"), "plain": message(SYNC, body, ">")}
    for name, data in messages.items():
        same(name, raw_answer(server.port, data), atom(7, pack("<q", 5000)))


def check_malformed(server):
    with closing(Pykx(server.port)) as one, closing(QPython(server.port)) as other:
        for name, data in MALFORMED.items():
            same(name, raw_answer(server.port, data), b"")
            same(f"others after {name}", (one.ask("2+2"), other.ask("2+2")), (4, 4))


ON_A_CONNECTION = [
    ("one-shot", lambda conn: same("1+1", conn.ask("1+1"), 2)),
    ("async, read back", check_async),
    *((name, check_basic, *case) for name, case in BASIC.items()),
    *((name, check_nested, *case) for name, case in NESTED.items()),
    ("sync", check_sync),
    ("pandas", check_pandas),
    ("a million rows", check_million),
    ("errors", check_errors),
    ("calls", check_calls),
]


def checks(_, start):
    """Every check: its name, the function, its arguments."""
    with tempfile.NamedTemporaryFile("w") as passwords:
        passwords.writelines(f"{user}:{stored}\n" for user, (_, stored) in USERS.items())
        passwords.flush()
        server, users = start("--demo"), start("-u", passwords.name)

    def on(client, check, *args):
        with closing(client(server.port)) as conn:
            check(conn, *args)

    for library, client in CLIENTS.items():
        yield f"{library}: logins", check_logins, client, users
        for name, check, *args in ON_A_CONNECTION:
            yield f"{library}: {name}", on, client, check, *args
    yield "pykx: pipelined", check_pipelined, server
    yield "pykx: unix socket", on, partial(Pykx, unix=True), check_sync
    for name, address in ("one-shot", f"{HOST}:{server.port}"), ("unix socket", f"unix://{server.port}"):
        yield f"kq: {name}", lambda one: same("2+2", server.kq(one, "2+2"), "4"), address
    yield "fifty clients", check_crowd, server
    yield "compressed and big-endian", check_compressed, server
    yield "malformed bytes", check_malformed, server
    yield "SIGTERM while connected", on, QPython, lambda _: server.stop()
    yield "SIGTERM", users.stop
