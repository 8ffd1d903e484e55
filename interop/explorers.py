"""What editors, notebooks and table explorers ask of a server they know nothing of, asked through PyKX and kq: lists of
tables and names, schemas, previews, memory, walks through the namespaces."""

from contextlib import contextmanager

import pykx

from harness import ANSWER_SECONDS, HOST, answers, same

SETUP = (
    "notebook:([]date:2024.01.01 2024.01.02;sym:`a`b;note:(\"first\";\"second\");price:1.5 2.5)",
    ".shop.orders:([id:1 2 3]item:`pen`ink`cap)", ".shop.rate:0.2", ".shop.total:{sum x}", ".shop.sub.limit:5",
)
# A namespace, its tables with counts and schemas, its variables with types, and the same of what is inside it.
WALK = """{[parent;name]
  space:$[parent~name;name;` sv parent,name];
  inner:(key space)except `;
  inner:inner where{[s;n] v:get ` sv s,n; $[99h=type v;(::)~first value v;0b]}[space]each inner;
  lists:{[s;letter] system letter," ",string s}[space]each "fav";
  tabs:{[s;t] n:$[s=`;t;` sv s,t]; (t;count get n;0!meta n)}[space]each lists 1;
  names:{[s;n] (n;type get $[s=`;n;` sv s,n])}[space]each lists[2]except inner,lists 1;
  (name;lists 0;tabs;names;.z.s[space]each inner)
 }[`;`]"""
PREVIEW = "{[name;cells] t:get name; (cells div 1|count cols t)#t}[`notebook;4]"
OVERVIEW = """{[] names:(key `.)except tables[]; names:names where 0<count each string names;
  flip `name`type!(string names;{@[{type value x};x;0Nh]}each names)}[]"""
LIMITED = "{[q;n] r:value q; $[.Q.qt r;n sublist 0!r;r]}[\"select from notebook\";1]"


def text(query):
    return query, lambda q: q(query).py()


CASES = [
    ("tables[]", lambda q: {"notebook", "trade"} <= set(q("tables[]").py()), True),
    ("tables`.", lambda q: "notebook" in q("tables`.").py(), True),
    ("string tables[]", lambda q: b"notebook" in q("string tables[]").py(), True),
    (*text("tables`.shop"), ["orders"]),
    ("\\a", lambda q: "notebook" in q("\\a").py(), True),
    (*text("\\a .shop"), ["orders"]),
    ("\\v", lambda q: "notebook" in q("\\v").py(), True),
    (*text("\\v .shop"), ["orders", "rate"]),
    (*text("\\f .shop"), ["total"]),
    (*text("system\"f .shop\""), ["total"]),
    ("key `", lambda q: {"q", "Q", "h", "j", "o", "shop"} <= set(q("key `").py()), True),
    ("key `.", lambda q: {"notebook", "trade"} <= set(q("key `.").py()), True),
    ("key `.shop", lambda q: set(q("key `.shop").py()), {"", "orders", "rate", "total", "sub"}),
    ("key `.shop.sub", lambda q: q("key `.shop.sub").py(), ["", "limit"]),
    (*text("{[t] 0!meta get t}[`notebook]"), {"c": ["date", "sym", "note", "price"], "t": b"dsCf", "f": [""] * 4,
                                              "a": [""] * 4}),
    (*text("0!meta `notebook"), {"c": ["date", "sym", "note", "price"], "t": b"dsCf", "f": [""] * 4, "a": [""] * 4}),
    (*text("cols notebook"), ["date", "sym", "note", "price"]),
    (*text("exec c!t from meta notebook"), dict(zip(["date", "sym", "note", "price"], b"dsCf"))),
    (*text("keys .shop.orders"), ["id"]),
    (*text("count each `trade`ref!(trade;ref)"), {"trade": 5, "ref": 3}),
    (*text("tables[]!count each get each tables[]"), None),
    (*text("5 sublist select from trade where price>20"), None),
    (*text("select[2;>price] sym,price from trade"), {"sym": ["c", "b"], "price": [30.0, 21.0]}),
    (*text("select[2] sym from trade"), {"sym": ["a", "b"]}),
    (*text("-2#trade"), None),
    (*text("select count i by sym from trade"), None),
    (*text("meta trade"), None),
    (*text("type trade"), 98),
    (*text(".Q.qt trade"), True),
    (*text(".Q.qt 1"), False),
    (*text(".Q.s1 1 2"), b"1 2"),
    (*text(".Q.s trade"), None),
    (*text("-3!trade"), None),
    (*text("value \"\\\\P\""), 7),
    (*text("\\P"), 7),
    (*text("\\c"), [25, 80]),
    (*text("\\p"), None),
    (*text("\\d"), "."),
    (*text("\\w"), None),
    (*text("\\t 1+1"), None),
    (*text("system\"p\""), None),
    (*text(".z.K"), None),
    (*text(".z.k"), None),
    (*text(".z.o"), None),
    (*text(".z.h"), None),
    (*text(".z.i"), None),
    (*text(".z.f"), None),
    (*text(".z.x"), None),
    (*text("(.z.K;.z.k;.z.o;.z.h;.z.i)"), None),
    (*text("string .z.w"), None),
    (*text("@[value;\"nosuch\";{`error,`$x}]"), ["error", "nosuch"]),
    (*text("@[value;\"1+`a\";{(`fail;x)}]"), ["fail", b"type"]),
    (*text("@[{(0b;value x)};\"2+2\";{(1b;x)}]"), [False, 4]),
    (*text(".Q.trp[value;\"2+2\";{(x;.Q.sbt y)}]"), 4),
    (*text("r:2+2;\nr*10"), 40),
    (*text("f:{[x]\n  y:x*2;\n  y+1\n };\nf 20"), 41),
    (*text("/ a comment\n2+2 / another"), 4),
    (*text("x1:til 5; x1 where x1>2"), [3, 4]),
    (*text("([]a:1 2 3)lj([a:1 2]b:10 20)"), None),
    (*text(".j.j 2#select sym,price from trade"), b'[{"sym":"a","price":10},{"sym":"b","price":20.5}]'),
    (*text("csv 0:select sym,price from 2#trade"), [b"sym,price", b"a,10", b"b,20.5"]),
    (*text("\",\"sv string cols trade"), b"time,sym,price,size"),
    (*text(PREVIEW), {"date": None, "sym": ["a"], "note": [b"first"], "price": [1.5]}),
    (*text(LIMITED), None),
    ("memory", lambda q: sorted(q(".Q.w[]").py()), sorted("used heap peak wmax mmap mphy syms symw".split())),
    ("memory in use", lambda q: q(".Q.w[]`used").py() > 0, True),
    ("names and types", lambda q: dict(zip(*q("value flip " + OVERVIEW).py()))[b"name2"], -7),
]


def walked(server):
    """The whole tree, as it is drawn beside an editor."""
    with opened(server) as q:
        name, _, tables, _, inner = q(WALK).py()
        same("root", name, "")
        same("tables of the root", {"notebook", "ref", "trade"} <= {table[0] for table in tables}, True)
        shop = next(one for one in inner if one[0] == "shop")
        same("its functions", shop[1], ["total"])
        same("its tables", [table[:2] for table in shop[2]], [["orders", 3]])
        same("its names", shop[3], [["rate", -9]])
        same("inside it", [(one[0], one[3]) for one in shop[4]], [("sub", [["limit", -7]])])


def console(server):
    """kq, a console's client: what q prints for it."""
    same("a table", server.ask("select sum size by sym from trade"),
         "sym| size\n---| ----\na  | 400 \nb  | 700 \nc  | 400")
    same("nothing for an assignment", server.ask("console1:5"), "")
    same("show", server.ask("show 1 2 3"), "")


@contextmanager
def opened(server):
    with pykx.SyncQConnection(HOST, server.port, timeout=ANSWER_SECONDS, no_ctx=True) as q:
        yield q


def plain(value):
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def asked(request, expected):
    """An answer; where any will do, that there is one."""
    if expected is None:
        return lambda q: (request(q), None)[1]
    if isinstance(expected, dict):
        # Dates are checked by the formats; None stands for any column.
        return lambda q: {name: None if name in expected and expected[name] is None else column
                          for name, column in request(q).items()}
    return lambda q: plain(request(q))


def checks(server, _):
    for definition in (*SETUP, "name2:5"):
        server.ask(definition)
    yield from answers("explorers", lambda: opened(server),
                       [(name.split("\n")[0], asked(request, expected), expected) for name, request, expected in CASES])
    yield "explorers: a walk through the namespaces", walked, server
    yield "explorers: a console", console, server
