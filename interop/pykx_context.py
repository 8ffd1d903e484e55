"""PyKX in its default mode: the context interface that opens with a query in k, keywords as methods, names as items,
namespaces, system commands, the console, errors and their backtraces."""

import contextlib
import io

import numpy as np
import pykx

from harness import ANSWER_SECONDS, HOST, answers, same


def value(request):
    return lambda q: request(q).py()


def text(*query):
    """A request of text and arguments, named by the text."""
    return query[0], lambda q: q(*query).py()


OPENED = [
    ("opened", lambda q: isinstance(q.q, pykx.ctx.QContext), True),
    ("no SQL there", lambda q: q.sql.loaded, False),
    ("q's own keywords", lambda q: {"xbar", "tables", "cols", "upsert", "aj"} <= set(q.q), True),
    ("namespaces of the root", lambda q: {"q", "Q", "z"} <= set(q.ctx), True),
    ("dir", lambda q: {"til", "qsql", "console", "Q"} <= set(dir(q)), True),
]
KEYWORDS = [
    ("q.til(5)", value(lambda q: q.til(5)), [0, 1, 2, 3, 4]),
    ("q.til(numpy)", value(lambda q: q.til(np.int64(3))), [0, 1, 2]),
    ("q.sum", value(lambda q: q.sum([1, 2, 3])), 6),
    ("q.sums", value(lambda q: q.sums([1, 2, 3])), [1, 3, 6]),
    ("q.max", value(lambda q: q.max([1.5, 2.5])), 2.5),
    ("q.avg", value(lambda q: q.avg(np.array([1.0, 2.0, 6.0]))), 3.0),
    ("q.reverse", value(lambda q: q.reverse(["a", "b"])), ["b", "a"]),
    ("q.distinct", value(lambda q: q.distinct([3, 1, 3])), [3, 1]),
    ("q.count", value(lambda q: q.count([7, 8])), 2),
    ("q.first", value(lambda q: q.first([7, 8])), 7),
    ("q.upper", value(lambda q: q.upper(b"abc")), b"ABC"),
    ("q.string", value(lambda q: q.string(["ab", "c"])), [b"ab", b"c"]),
    ("q.mavg", value(lambda q: q.mavg(2, [1, 2, 3])), [1.0, 1.5, 2.5]),
    ("q.xbar", value(lambda q: q.xbar(5, [1, 7, 12])), [0, 5, 10]),
    ("q.within", value(lambda q: q.within([1, 5, 9], [2, 6])), [False, True, False]),
    ("q.like", value(lambda q: q.like(["abc", "xbc"], b"a*")), [True, False]),
    ("q.vs", value(lambda q: q.vs(b",", b"a,b")), [b"a", b"b"]),
    ("q.sv", value(lambda q: q.sv(b",", [b"ab", b"cd"])), b"ab,cd"),
    ("q.ssr", value(lambda q: q.ssr(b"a.b", b".", b"-")), b"a-b"),
    ("q.asc", value(lambda q: q.asc([3, 1, 2])), [1, 2, 3]),
    ("q.group", value(lambda q: q.group(["a", "b", "a"])), {"a": [0, 2], "b": [1]}),
    ("q.wavg", value(lambda q: q.wavg([1, 3], [10, 20])), 17.5),
    ("q.not", value(lambda q: getattr(q, "not")([True, False])), [False, True]),
    ("q.null", value(lambda q: q.null(q("1 0N 3"))), [False, True, False]),
    ("q.fills", value(lambda q: q.fills(q("1 0N 3"))), [1, 1, 3]),
    ("q.deltas", value(lambda q: q.deltas([1, 4, 9])), [1, 3, 5]),
    ("q.drop", value(lambda q: q.drop(1, [1, 2, 3])), [2, 3]),
    ("q.take", value(lambda q: q.take(2, [1, 2, 3])), [1, 2]),
    ("q.join", value(lambda q: q.join([1], [2, 3])), [1, 2, 3]),
    ("q.find", value(lambda q: q.find([10, 20], 20)), 1),
    ("q.dict", value(lambda q: q.dict(["a", "b"], [1, 2])), {"a": 1, "b": 2}),
    ("q.cast", value(lambda q: q.cast("float", 1)), 1.0),
    ("q.fill", value(lambda q: q.fill(0, q("1 0N"))), [1, 0]),
    ("q.parse", lambda q: len(q.parse(b"1+2")), 3),
    ("q.value", value(lambda q: q.value(b"1+2")), 3),
    ("q.md5", value(lambda q: q.md5(b"password")), list(bytes.fromhex("5f4dcc3b5aa765d61d8327deb882cf99"))),
    ("q.show", value(lambda q: q.show(1)), None),
]
NAMES = [
    ("q['x']=, q['x']", lambda q: (q.__setitem__("x1", [1, 2]), q["x1"].py())[1], [1, 2]),
    ("q['t']", lambda q: list(q["trade"].py()), ["time", "sym", "price", "size"]),
    ("q.name=, q.name", lambda q: (setattr(q, "name1", 5), q.name1.py())[1], 5),
    ("a function by name", lambda q: (q(".fn1:{x+y}"), q.fn1(2, 3).py())[1], 5),
    ("a namespace by name", lambda q: (q(".ns1.a:1;.ns1.f:{x*2}"), q.ns1.a.py(), q.ns1.f(4).py())[1:], (1, 8)),
    ("names of a namespace", lambda q: (q(".ns2.a:1;.ns2.b:2"), sorted(q.ns2))[1], ["a", "b"]),
    ("set in a namespace", lambda q: (q(".ns3.a:1"), setattr(q.ns3, "c", 7), q(".ns3.c").py())[2], 7),
    ("delete from a namespace", lambda q: (q(".ns4.a:1;.ns4.b:2"), delattr(q.ns4, "a"), list(q.ns4))[2], ["b"]),
    ("del q['x']", lambda q: (q("x2:1"), q.__delitem__("x2"), q("`x2 in key `.").py())[2], False),
    ("q.Q.s1", lambda q: q.Q.s1(np.array([1, 2])).py(), b"1 2"),
    ("q.Q.ty", lambda q: q.Q.ty(np.array([1.5])).py(), b"f"),
    ("q.Q.A", lambda q: q.Q.A.py(), b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("q.Q.w()", lambda q: {"used", "heap", "syms"} <= set(q.Q.w().py()), True),
    ("q.j.j", lambda q: q.j.j({"a": [1, 2]}).py(), b'{"a":[1,2]}'),
    ("q.j.k", lambda q: q.j.k(b'{"a":[1,2]}').py(), {"a": [1.0, 2.0]}),
    ("q.z.K", lambda q: q.z.K.py() >= 3.0, True),
    ("q.z.i", lambda q: q.z.i.py() > 0, True),
    ("q.z.W", lambda q: len(q.z.W.py()) >= 1, True),
    ("q.z.w", lambda q: q.z.w.py() > 0, True),
    ("q.z.po, not set", lambda q: q.z.po.py(), None),
]
TEXTS = [
    (*text("2+2"), 4),
    (*text("1 2 3 4"), [1, 2, 3, 4]),
    (*text("{x+y}", 1, 2), 3),
    (*text("`a`b!(1 2;3 4)"), {"a": [1, 2], "b": [3, 4]}),
    (*text("([]1 2;3 4)"), {"x": [1, 2], "x1": [3, 4]}),
    (*text("til 10"), list(range(10))),
    (*text("key", np.array([5, 6])), "long"),
    (*text("where", np.array([False, True, True])), [1, 2]),
    (*text("count each", [[1, 2], [3]]), [2, 1]),
    (*text("{[a;b;c] (c;b;a)}", 1, "s", b"text"), [b"text", "s", 1]),
    (*text("{x+y*z}[1]", 2, 3), 7),
    (*text("$", "int", 4.0), 4),
    (*text("k){+/x}", [1, 2, 3]), 6),
    (*text("k)#!5"), 5),
    (*text("k){$[99h<@x;1;#x]}", [1, 2, 3]), 3),
    (*text("k)|1 2 3"), [3, 2, 1]),
    ("{x set y+til z}", lambda q: (q("{x set y+til z}", "async_query", 10, 5, wait=False), q("async_query").py())[1],
     [10, 11, 12, 13, 14]),
    ("count 5?1f", lambda q: len(q("5?1f").np()), 5),
    ("100?`a`b", lambda q: set(q("100?`a`b").py()) <= {"a", "b"}, True),
    ("a numpy array", lambda q: q("{x}", np.arange(3)).np().tolist(), [0, 1, 2]),
    ("a table as pandas", lambda q: q("select from trade").pd()["size"].sum(), 1500),
    ("pandas as a table", lambda q: q("{exec sum size from x}", q("trade").pd()).py(), 1500),
    ("a keyed table as pandas", lambda q: q("ref").pd().index.tolist(), ["a", "b", "c"]),
]
SYSTEM = [
    ("tables", lambda q: {"ref", "trade"} <= set(q.system.tables().py()), True),
    ("tables of a namespace", lambda q: (q(".nst.t:([]a:1 2)"), q.system.tables(".nst").py())[1], ["t"]),
    ("variables", lambda q: "trade" in q.system.variables().py(), True),
    ("functions", lambda q: (q("fsys:{x}"), "fsys" in q.system.functions().py())[1], True),
    ("variables of a namespace", lambda q: (q(".nsv.b:1;.nsv.a:2"), q.system.variables(".nsv").py())[1], ["a", "b"]),
    ("precision", lambda q: q.system.precision.py(), 7),
    ("console size", lambda q: q.system.console_size.py(), [25, 80]),
    ("workspace", lambda q: q.system.workspace.py()["used"] > 0, True),
    ("threads", lambda q: q.system.num_threads, 0),
    ("random seed", lambda q: q.system.random_seed.py() is not None, True),
    ("week offset", lambda q: q.system.week_offset.py(), 2),
    ("date parsing", lambda q: q.system.date_parsing.py(), 0),
    ("system['a']", lambda q: "trade" in q.system("a").py(), True),
]
CONSOLE = [("1+1", "2\n"), ("`a`b!1 2", "a| 1\nb| 2\n"), ("([]a:1 2)", "a\n-\n1\n2\n"), ("a1:5", ""),
           ("k)!3", "0 1 2\n")]
ERRORS = [("1+`a", "type"), ("nosuch", "nosuch"), ("1 2+1 2 3", "length"), ("'`own", "own"), ("'\"text\"", "text")]


def shown(line):
    def request(q):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            q.console._eval_and_print(line)
        return out.getvalue()
    return request


def error(query, **options):
    def request(q):
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            try:
                return q(query, **options).py()
            except pykx.QError as signalled:
                backtrace = printed.getvalue().startswith("backtrace:")
                return (*signalled.args, backtrace) if options else signalled.args[0]
    return request


def reconnected(server):
    """A connection that comes back by itself after the server closed it."""
    with pykx.SyncQConnection(HOST, server.port, reconnection_attempts=3) as q:
        with contextlib.redirect_stderr(io.StringIO()):
            q("hclose .z.w", wait=False)
            same("afterwards", q("2+2").py(), 4)


def restricted(start):
    """The default mode opens, and reads, where nothing may be written."""
    server = start("-b")
    with pykx.SyncQConnection(HOST, server.port, timeout=ANSWER_SECONDS) as q:
        same("til", q.til(3).py(), [0, 1, 2])
        same("qsql", q.qsql.exec(q("([]a:1 2 3)"), columns="a", where="a>1").py(), [2, 3])
        for write in (lambda: q("x1:1"), lambda: q.__setitem__("x1", 1), lambda: q("set", "x1", 1)):
            try:
                write()
            except pykx.QError as signalled:
                same("write", signalled.args[0][:8], "noupdate")
            else:
                raise AssertionError("written")
    server.stop()


def checks(server, start):
    def connect():
        return pykx.SyncQConnection(HOST, server.port, timeout=ANSWER_SECONDS)
    yield from answers("pykx context", connect, OPENED + KEYWORDS + NAMES + TEXTS)
    yield from answers("pykx system", connect, SYSTEM)
    yield from answers("pykx console", connect, [(line, shown(line), printed) for line, printed in CONSOLE])
    yield from answers("pykx error", connect, [(query, error(query), expected) for query, expected in ERRORS])
    yield from answers("pykx debug", connect, [
        ("2+2", lambda q: q("2+2", debug=True).py(), 4),
        ("{x+y}", lambda q: q("{x+y}", 1, 2, debug=True).py(), 3),
        ("1+`a", error("1+`a", debug=True), ("type", True)),
    ])
    yield "pykx: reconnects", reconnected, server
    yield "pykx: restricted", restricted, start
