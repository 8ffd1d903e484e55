"""kola, a client in Rust under Python: polars frames there and back, functions with arguments, async and receive."""

import datetime
from contextlib import contextmanager

import kola
import polars as pl

from harness import ANSWER_SECONDS, HOST, answers, same

SYMBOL = pl.Categorical


@contextmanager
def opened(server):
    q = kola.Q(HOST, server.port, user="kola", timeout=ANSWER_SECONDS)
    q.connect()
    try:
        yield q
    finally:
        q.disconnect()


def plain(value):
    if isinstance(value, pl.DataFrame):
        return value.to_dict(as_series=False)
    if isinstance(value, pl.Series):
        return value.to_list()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def query(text, *arguments):
    return text, lambda q: plain(q.sync(text, *arguments))


def frame():
    return pl.DataFrame({"sym": pl.Series(["a", "b"], dtype=SYMBOL), "price": [1.5, 2.5], "size": [1, 2]})


def upsert(q):
    """The README's first example: a frame is appended to a table that has its columns."""
    q.sync("ktrade:([]sym:`symbol$();price:`float$();size:`long$())")
    q.sync("upsert", "ktrade", frame())
    q.asyn("upsert", "ktrade", frame())
    return plain(q.sync("ktrade"))


def upsert_keyed(q):
    q.sync("kkeyed:([sym:`a`c]price:0 0f;size:0 0)")
    q.sync("upsert", "kkeyed", frame())
    return plain(q.sync("0!kkeyed"))


def gateway(q):
    """The README's functional query: a dictionary of parameters."""
    q.sync(".gw.query:{[t;p] (t;p`date;count p`syms;p`startTime;p`endTime)}")
    return plain(q.sync(".gw.query", "trade", {
        "date": datetime.date(2023, 11, 21), "syms": pl.Series("", ["s0", "s1"], SYMBOL),
        "startTime": datetime.time(9), "endTime": datetime.time(11, 30)}))


def failing(q):
    try:
        return q.sync("1+`a")
    except kola.KolaError as error:
        return "type" in str(error)


QUERIES = [
    (*query("2+2"), 4),
    (*query("til 5"), [0, 1, 2, 3, 4]),
    (*query("{x+y}", 1, 2), 3),
    (*query("sum", pl.Series("", [1, 2, 3])), 6),
    (*query("{type x}", "text"), -11),
    (*query("{type x}", b"text"), 10),
    (*query("{type x}", datetime.date(2024, 1, 1)), -14),
    (*query("{type x}", datetime.timedelta(seconds=1)), -16),
    (*query("{type x}", datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)), -12),
    (*query("{type x}", True), -1),
    (*query("{x}", None), []),
    (*query("{x+1}", datetime.date(2024, 1, 31)), datetime.date(2024, 2, 1)),
    (*query("`a`b!(1;2.5)"), {"a": 1, "b": 2.5}),
    (*query("string `ab`c"), ["ab", "c"]),
    (*query("\"text\""), "text"),
    (*query("`sym"), "sym"),
    (*query("select sum size by sym from trade"), {"sym": ["a", "b", "c"], "size": [400, 700, 400]}),
    (*query("exec price from trade"), [10.0, 20.5, 11.0, 30.0, 21.0]),
    (*query("select sym,price from trade where sym=`b"), {"sym": ["b", "b"], "price": [20.5, 21.0]}),
    (*query("0N 1"), [None, 1]),
    (*query("{select sum size by sym from x}", frame()), {"sym": ["a", "b"], "size": [1, 2]}),
    (*query("{x}", frame()), {"sym": ["a", "b"], "price": [1.5, 2.5], "size": [1, 2]}),
    ("a sum as a primitive", lambda q: q.sync("{x y}", kola.Operator.SUM, pl.Series("", [1, 2, 3])), 6),
    ("a primitive comes back", lambda q: q.sync("{x}", kola.Operator.BINARY_PLUS), kola.Operator.BINARY_PLUS),
    ("upsert", upsert, {"sym": ["a", "b"] * 2, "price": [1.5, 2.5] * 2, "size": [1, 2] * 2}),
    ("upsert, keyed", upsert_keyed, {"sym": ["a", "c", "b"], "price": [1.5, 0.0, 2.5], "size": [1, 0, 2]}),
    ("a gateway's query", gateway, ["trade", datetime.date(2023, 11, 21), 2, datetime.time(9), datetime.time(11, 30)]),
    ("error", failing, True),
]


def subscribed(server):
    with opened(server) as q, opened(server) as other:
        for line in ("ksubs:()", ".u.sub:{[t;s] ksubs,:.z.w; t,'s}",
                     "kpub:{[t;x] {[t;x;h] neg[h](`upd;t;x)}[t;x]each ksubs}"):
            q.sync(line)
        q.sync(".u.sub", pl.Series("", ["t1", "t2"], SYMBOL), "")
        for _ in range(3):
            other.sync("kpub", "t1", frame())
        for _ in range(3):
            name, which, rows = q.receive()
            same("push", (name, which, plain(rows)), ("upd", "t1", plain(frame())))


def large(server):
    """A million rows each way; compression is off on the loopback interface."""
    with opened(server) as q:
        rows = pl.DataFrame({"a": range(1_000_000)})
        same("sum there", q.sync("{exec sum a from x}", rows), 499_999_500_000)
        same("sum here", q.sync("([]a:til 1000000)")["a"].sum(), 499_999_500_000)


def checks(server, _):
    yield from answers("kola", lambda: opened(server), QUERIES)
    yield "kola: subscribed", subscribed, server
    yield "kola: a million rows", large, server
