"""PyKX's query interface over a default connection: q.qsql with conditions as text, insert, upsert, keywords
on tables."""

import pykx

from harness import ANSWER_SECONDS, HOST, answers

TABLE = "([]sym:`a`b`a`c;price:10 20 12 5f;size:1 2 3 4)"


def rows(table):
    """A table as a list of its columns."""
    return {name: list(column) for name, column in table.py().items()}


def on(request):
    """A request of the table `tab`, set afresh in the connection's process."""
    def run(q):
        q("{tab::x}", q(TABLE))
        return request(q)
    return run


def table(request):
    return on(lambda q: rows(request(q)))


def value(request):
    return on(lambda q: request(q).py())


def keyed(request):
    return on(lambda q: rows(q("0!", request(q))))


QSQL = [
    ("select", table(lambda q: q.qsql.select("tab")), {"sym": ["a", "b", "a", "c"], "price": [10, 20, 12, 5],
                                                       "size": [1, 2, 3, 4]}),
    ("select of a table that is sent", table(lambda q: q.qsql.select(q("tab"), where="size>2")),
     {"sym": ["a", "c"], "price": [12, 5], "size": [3, 4]}),
    ("select columns", table(lambda q: q.qsql.select("tab", columns={"s": "sym", "v": "price*size"})),
     {"s": ["a", "b", "a", "c"], "v": [10, 40, 36, 20]}),
    ("select one column", table(lambda q: q.qsql.select("tab", columns="sym")), {"sym": ["a", "b", "a", "c"]}),
    ("select where", table(lambda q: q.qsql.select("tab", columns={"sym": "sym"}, where=["price>8", "size<3"])),
     {"sym": ["a", "b"]}),
    ("select by", keyed(lambda q: q.qsql.select("tab", columns={"m": "max price"}, by={"sym": "sym"})),
     {"sym": ["a", "b", "c"], "m": [12, 20, 5]}),
    ("where of booleans", table(lambda q: q.qsql.select("tab", columns="size", where=q("1010b"))), {"size": [1, 3]}),
    ("exec", value(lambda q: q.qsql.exec("tab", columns={"p": "price"})), {"p": [10, 20, 12, 5]}),
    ("exec one column", value(lambda q: q.qsql.exec("tab", columns="size")), [1, 2, 3, 4]),
    ("exec where", value(lambda q: q.qsql.exec("tab", columns="size", where="sym=`a")), [1, 3]),
    ("update", table(lambda q: q.qsql.update("tab", columns={"size": "2*size"}, where="sym=`a")),
     {"sym": ["a", "b", "a", "c"], "price": [10, 20, 12, 5], "size": [2, 2, 6, 4]}),
    ("update leaves the table", value(lambda q: (q.qsql.update("tab", columns={"size": "0"}),
                                                 q("exec size from tab"))[1]), [1, 2, 3, 4]),
    ("update in place", value(lambda q: (q.qsql.update("tab", columns={"size": "0"}, inplace=True),
                                         q("exec size from tab"))[1]), [0, 0, 0, 0]),
    ("update by", value(lambda q: q("{exec price from x}", q.qsql.update("tab", columns={"price": "max price"},
                                                                         by={"sym": "sym"}))), [12, 20, 12, 5]),
    ("delete rows", table(lambda q: q.qsql.delete("tab", where="sym=`a")),
     {"sym": ["b", "c"], "price": [20, 5], "size": [2, 4]}),
    ("delete columns", value(lambda q: q("cols", q.qsql.delete("tab", columns=["price", "size"]))), ["sym"]),
    ("delete a column", value(lambda q: q("cols", q.qsql.delete("tab", columns="price"))), ["sym", "size"]),
    ("delete in place", value(lambda q: (q.qsql.delete("tab", where="size>1", inplace=True), q("count tab"))[1]), 1),
]
KEYWORDS = [
    ("tables", lambda q: {"ref", "trade"} <= set(q.tables("").py()), True),
    ("meta", lambda q: rows(q("{0!x}", q.meta(q["trade"]))),
     {"c": ["time", "sym", "price", "size"], "t": list(b"usfj"), "f": [""] * 4, "a": [""] * 4}),
    ("meta of a name", lambda q: len(q.meta("trade").pd()), 4),
    ("cols", lambda q: q.cols("trade").py(), ["time", "sym", "price", "size"]),
    ("keys", lambda q: q.keys("ref").py(), ["sym"]),
    ("count", lambda q: q.count(q["trade"]).py(), 5),
    ("xasc", on(lambda q: q("{x`size}", q.xasc("price", q["tab"])).py()), [4, 1, 3, 2]),
    ("xdesc", on(lambda q: q("{x`size}", q.xdesc("price", q["tab"])).py()), [2, 3, 1, 4]),
    ("xkey", on(lambda q: q("keys", q.xkey("sym", q["tab"])).py()), ["sym"]),
    ("xcol", on(lambda q: q("cols", q.xcol(pykx.SymbolVector(["s"]), q["tab"])).py()), ["s", "price", "size"]),
    ("xcols", on(lambda q: q("cols", q.xcols(pykx.SymbolVector(["size"]), q["tab"])).py()), ["size", "sym", "price"]),
    ("xgroup", on(lambda q: q("{x[`a]`size}", q.xgroup("sym", q["tab"])).py()), [1, 3]),
    ("lj", lambda q: q("{x`lot}", q.lj(q["trade"], q["ref"])).py(), [10, 20, 10, 30, 20]),
    ("ij", lambda q: len(q.ij(q("2#trade"), q["ref"]).pd()), 2),
    ("uj", lambda q: len(q.uj(q["trade"], q("([]sym:1#`z)")).pd()), 6),
    ("aj", lambda q: q("{x`bid}", q.aj(pykx.SymbolVector(["sym", "time"]), q("select sym,time from trade"),
                                       q("([]sym:`a`b`c;time:3#09:30;bid:1 2 3)"))).py(), [1, 2, 1, 3, 2]),
    ("sublist", lambda q: len(q.sublist(2, q["trade"]).pd()), 2),
    ("ungroup", on(lambda q: len(q.ungroup(q.xgroup("sym", q["tab"])).pd())), 4),
    ("insert", on(lambda q: q("insert", "tab", ["d", 1.0, 5]).py()), [4]),
    ("q.insert", on(lambda q: (q.insert("tab", ["d", 1.0, 5]), q("last tab").py())[1]),
     {"sym": "d", "price": 1.0, "size": 5}),
    ("q.insert rows", on(lambda q: (q.insert("tab", [["d", "e"], [1.0, 2.0], [5, 6]]), q("count tab").py())[1]), 6),
    ("q.insert, match_schema", on(lambda q: (q.insert("tab", ["d", 1.0, 5], match_schema=True),
                                             q("count tab").py())[1]), 5),
    ("q.upsert", on(lambda q: (q.upsert("tab", ["d", 1.0, 5]), q("count tab").py())[1]), 5),
    ("q.upsert, keyed", on(lambda q: (q("ktab:([k:`a`b]v:1 2)"), q.upsert("ktab", ["b", 9]),
                                      q("ktab[`b;`v]").py())[2]), 9),
    ("upsert of a table", on(lambda q: (q("upsert", "tab", q("1#tab")), q("count tab").py())[1]), 5),
    ("set of pandas", on(lambda q: (q("set", "tab2", q("tab").pd()), q("exec sum size from tab2").py())[1]), 10),
    ("select of text, arguments", on(lambda q: q("{[s] exec size from tab where sym=s}", "a").py()), [1, 3]),
    ("functional select", on(lambda q: q("?", "tab", [], False, {"s": "size"}).pd()["s"].tolist()), [1, 2, 3, 4]),
]


def checks(server, _):
    def connect():
        return pykx.SyncQConnection(HOST, server.port, timeout=ANSWER_SECONDS)
    yield from answers("pykx qsql", connect, QSQL)
    yield from answers("pykx tables", connect, KEYWORDS)
