"""qPython as its documentation and samples use it: queries, async queries answered by neg[.z.w], a publisher and a
subscriber, temporal values, pandas."""

import datetime
from contextlib import contextmanager

import numpy as np
from qpython.qcollection import QDictionary, QTable, qlist, qtable
from qpython.qconnection import MessageType, QConnection
from qpython.qtemporal import QTemporal, qtemporal
from qpython.qtype import QDATE, QDOUBLE_LIST, QException, QLONG_LIST, QSYMBOL_LIST, QTIMESPAN_LIST

from harness import ANSWER_SECONDS, HOST, answers, same


@contextmanager
def opened(server, **options):
    with QConnection(HOST, server.port, timeout=ANSWER_SECONDS, **options) as q:
        yield q


def plain(value):
    """A value of numpy's or qPython's as Python's own."""
    if isinstance(value, QDictionary):
        return dict(zip(plain(value.keys), plain(value.values)))
    if isinstance(value, QTable):
        return {name: plain(value[name]) for name in value.dtype.names}
    if isinstance(value, np.ndarray):
        return [plain(one) for one in value.tolist()]
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, QTemporal):
        return value.raw
    return value.item() if isinstance(value, np.generic) else value


def query(text, *arguments):
    return text, lambda q: plain(q(text, *arguments))


def error(q):
    try:
        return q("1+`a")
    except QException as signalled:
        return signalled.args


QUERIES = [
    (*query("til 10"), list(range(10))),
    (*query("{til x}", 10), list(range(10))),
    (*query("{y + til x}", 10, 1), list(range(1, 11))),
    (*query("0 +/ til 100"), 4950),
    (*query("(1i;\"a\";1.5;`s)"), [1, b"a", 1.5, b"s"]),
    (*query("`a`b!1 2"), {b"a": 1, b"b": 2}),
    (*query("([]a:1 2;b:`x`y)"), {"a": [1, 2], "b": [b"x", b"y"]}),
    (*query("{`long$x}", 2), 2),
    (*query("sum", np.array([1, 2, 3])), 6),
    (*query("{x,`c}", qlist(["a", "b"], qtype=QSYMBOL_LIST)), [b"a", b"b", b"c"]),
    (*query("{x 1}", [1, np.bytes_("s"), "text"]), b"s"),
    (*query("{key x}", QDictionary(qlist(["k"], qtype=QSYMBOL_LIST), qlist([1], qtype=QLONG_LIST))), [b"k"]),
    (*query("{exec sum a from x}", qtable(["a"], [qlist([1, 2], qtype=QLONG_LIST)])), 3),
    (*query("2000.01.03"), np.datetime64("2000-01-03")),
    (*query("{x+1}", qtemporal(np.datetime64("2000-01-05", "D"), qtype=QDATE)), np.datetime64("2000-01-06")),
    (*query("exec sum size by sym from trade"), {b"a": 400, b"b": 700, b"c": 400}),
    ("numpy_temporals", lambda q: q("2015.12.31 2000.01.01", numpy_temporals=True).tolist(),
     [datetime.date(2015, 12, 31), datetime.date(2000, 1, 1)]),
    ("pandas", lambda q: q("trade", pandas=True)["size"].sum(), 1500),
    ("pandas, keyed", lambda q: list(q("select sum size by sym from trade", pandas=True).index), [b"a", b"b", b"c"]),
    ("a frame sent", lambda q: q("{exec sum size from x}", q("trade", pandas=True)), 1500),
    ("error", error, (b"type",)),
    ("low level", lambda q: (q.query(MessageType.SYNC, "{x}", 10), q.receive(data_only=True))[1], 10),
    ("message", lambda q: (q.query(MessageType.SYNC, "1b"), q.receive(data_only=False).type)[1], MessageType.RESPONSE),
    ("single_char_strings", lambda q: q("{type x}", "a", single_char_strings=True), 10),
]


def async_queries(server):
    """samples/async_query.py: the answer is a push that says what it answers."""
    with opened(server) as q:
        q.sendSync("asynchMult:{[queryid;a;b] res:a*b; (neg .z.w)(`queryid`result!(queryid;res)) }")
        for number in range(10):
            q.sendAsync("asynchMult", np.int64(number), np.int64(number + 1), np.int64(3))
        for number in range(10):
            message = q.receive(data_only=False)
            same("message type", message.type, MessageType.ASYNC)
            same("answer", plain(message.data), {b"queryid": number, b"result": (number + 1) * 3})


def deferred(server):
    """samples/async_query with the handle taken beforehand, from a lambda that is sent."""
    with opened(server) as q:
        q.sendAsync("{[f;x] (neg .z.w) f x}", q("{x*x}"), np.int64(7))
        same("answer", plain(q.receive()), 49)


def published(server):
    """samples/publisher.py and subscriber.py: columns to .u.upd, tables to upd."""
    with opened(server) as q:
        for line in ("ask:([]time:`timespan$();sym:`symbol$();price:`float$())", "askers:()",
                     ".u.sub:{[t;s] askers,:.z.w; (t;0#value t)}",
                     ".u.upd:{[t;x] t insert x; {[t;x;h] neg[h](`upd;t;x)}[t;flip cols[t]!x]each askers}"):
            q.sendSync(line)
    with opened(server) as subscriber, opened(server) as publisher:
        response = subscriber.sendSync(".u.sub", np.bytes_("ask"), np.bytes_(""))
        same("subscription", (response[0], list(response[1].dtype.names)), (b"ask", ["time", "sym", "price"]))
        for start in range(0, 30, 3):
            numbers = list(range(start, start + 3))
            publisher.sendAsync(".u.upd", np.bytes_("ask"), [
                qlist([np.timedelta64(one, "ns") for one in numbers], qtype=QTIMESPAN_LIST),
                qlist(["s"] * 3, qtype=QSYMBOL_LIST), qlist([float(one) for one in numbers], qtype=QDOUBLE_LIST)])
        got = []
        while len(got) < 30:
            message = subscriber.receive(data_only=False)
            same("message type", message.type, MessageType.ASYNC)
            same("message", plain(message.data[:2]), [b"upd", b"ask"])
            got += plain(message.data[2]["price"])
        same("prices", got, [float(number) for number in range(30)])
        same("kept", plain(publisher.sendSync("exec count i from ask")), 30)


def checks(server, _):
    yield from answers("qpython", lambda: opened(server), QUERIES)
    for talk in async_queries, deferred, published:
        yield f"qpython: {talk.__name__.replace('_', ' ')}", talk, server
