"""The examples tick.q and r.q as three kinds of process: publishers (qPython, raw messages), a tickerplant, a
subscriber that keeps the day, subscribers that listen (node-q, qPython, raw). Nothing is lost, doubled or reordered."""

import json
import os
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from struct import pack, unpack

import numpy as np
from qpython.qcollection import qlist
from qpython.qconnection import QConnection
from qpython.qtype import QDOUBLE_LIST, QLONG_LIST, QSYMBOL_LIST

from harness import ANSWER_SECONDS, HOST, same
from java_examples import C, float_, long, sym
from wire import items, longs, symbols, vector

EXAMPLES = Path(__file__).parent.parent / "kserve" / "examples"
NODE = Path(os.environ["INTEROP_NODE"])
BATCHES, ROWS = 100, 10
SYMS = ["a", "b", "c"]


@contextmanager
def publisher(port):
    with QConnection(HOST, port, timeout=ANSWER_SECONDS) as q:
        yield q


def column_batch(start, count):
    numbers = range(start, start + count)
    return [qlist([SYMS[one % 3] for one in numbers], qtype=QSYMBOL_LIST),
            qlist([one / 2 for one in numbers], qtype=QDOUBLE_LIST), qlist(list(numbers), qtype=QLONG_LIST)]


def raw_batch(start, count):
    numbers = range(start, start + count)
    return vector(0, symbols(*(SYMS[one % 3] for one in numbers)),
                  vector(9, *items("d", *(one / 2 for one in numbers))), longs(*numbers))


def publish(port, start, batches):
    """Batches of rows, every other one through a raw connection, then the sync chaser that shows they arrived."""
    with publisher(port) as q:
        for batch in range(batches):
            q.sendAsync(".u.upd", np.bytes_("trade"), column_batch(start + batch * ROWS, ROWS))
        q("")
    return range(start, start + batches * ROWS)


def numbers(port, query):
    with publisher(port) as q:
        return [int(one) for one in q(query)]


class Ticker:
    """A tickerplant, what subscribes to it, and how many rows were published."""

    def __init__(self, start):
        self.start = start
        self.tick = start(EXAMPLES / "tick.q")

    def keeper(self):
        return self.start(EXAMPLES / "r.q", self.tick.port, "--allow", "net")


def kept(ticker):
    """r.q, started in the middle of a day, has all of it: what was logged and what came after, each row once."""
    before = publish(ticker.tick.port, 0, BATCHES)
    keeper = ticker.keeper()
    after = publish(ticker.tick.port, len(before), BATCHES)
    expected = [*before, *after]
    wait_for(keeper.port, len(expected))
    same("sizes kept", numbers(keeper.port, "exec size from trade"), expected)
    same("counted by the tickerplant", numbers(ticker.tick.port, ".u.i,0"), [2 * BATCHES, 0])
    with publisher(keeper.port) as q:
        by_sym = q("0!last_prices[]")
        last = {name: max(one for one in expected if SYMS[one % 3] == name) for name in SYMS}
        same("last prices", {row["sym"].decode(): float(row["price"]) for row in by_sym},
             {name: one / 2 for name, one in last.items()})
        same("volumes", {row["sym"].decode(): int(row["size"]) for row in by_sym},
             {name: sum(one for one in expected if SYMS[one % 3] == name) for name in SYMS})
    # The end of the day empties it, once.
    with publisher(ticker.tick.port) as q:
        q(".u.end 2024.01.01")
    wait_for(keeper.port, 0)
    keeper.stop()


def wait_for(port, count):
    """Until the subscriber has so many rows: it is asked until then, at most as long as a check may take."""
    with publisher(port) as q:
        for _ in range(20_000):
            if int(q("count trade")) == count:
                return
        raise AssertionError(f"{q('count trade')} rows, not {count}")


def listening(ticker):
    """Three subscribers of one tickerplant: all symbols, one symbol, another table; rows as pushed, in order."""
    port = ticker.tick.port
    with ExitStack() as stack:
        whole, filtered, other = C(port), C(port), C(port)
        for c in (whole, filtered, other):
            stack.callback(c.close)
        whole.k(".u.sub", sym("trade"), sym(""))
        filtered.k(".u.sub", sym("trade"), symbols("a", "c"))
        other.k(".u.sub", sym("quote"), sym(""))
        whole.k(".u.sub", sym("trade"), sym(""))  # again: it replaces the first, and doubles nothing
        feed = C(port)
        stack.callback(feed.close)
        for batch in range(BATCHES):
            feed.ks(".u.upd", sym("trade"), raw_batch(batch * ROWS, ROWS))
        feed.ks(".u.upd", sym("quote"), vector(0, sym("a"), float_(1.0), float_(2.0)))
        feed.k("")
        every = list(range(BATCHES * ROWS))
        same("all of them", sizes(whole, BATCHES), every)
        same("of two symbols", sizes(filtered, BATCHES), [one for one in every if SYMS[one % 3] != "b"])
        same("of the other table", other.read()[1][:11], vector(0, sym("upd"), sym("quote"), b"")[:11])
        for c in (whole, filtered, other):
            same("and nothing else", c.k("2+2"), long(4))


def sizes(c, messages):
    """The sizes in so many updates: a column of longs, the last of the table, which is the last of the message."""
    got = []
    for _ in range(messages):
        kind, body = c.read()
        same("kind, head", (kind, body[:10]), (0, b"\0\0" + pack("<I", 3) + b"\xf5upd"))
        count = next(count for count in range(1, ROWS + 1)
                     if body[-8 * count - 6:-8 * count] == pack("<bBI", 7, 0, count))
        got += unpack(f"<{count}q", body[-8 * count:])
    return got


def with_node(ticker):
    """node-q subscribes to everything and counts what its `upd` event brings."""
    script = Path(__file__).parent / "node" / "subscriber.js"
    environment = {**os.environ, "KSERVE_PORT": str(ticker.tick.port), "NODE_PATH": str(NODE / "node_modules")}
    with subprocess.Popen([NODE.parent / "bin" / "node", "--no-deprecation", script, str(BATCHES)], text=True,
                          stdout=subprocess.PIPE, env=environment) as node:
        try:
            same("subscribed", node.stdout.readline(), "subscribed\n")
            expected = publish(ticker.tick.port, 0, BATCHES)
            same("sizes", json.loads(node.stdout.readline()), list(expected))
            same("exit code", node.wait(ANSWER_SECONDS), 0)
        finally:
            node.kill()


def left_behind(ticker):
    """A subscriber that goes takes its subscription with it; the tickerplant goes on."""
    port = ticker.tick.port
    gone = C(port)
    gone.k(".u.sub", sym("trade"), sym(""))
    gone.close()
    publish(port, 0, 3)
    with publisher(port) as q:
        for _ in range(1000):
            if int(q("sum count each value .u.w")) == 0:
                return
        raise AssertionError(f"subscriptions left: {q('count each value .u.w')}")


def refused(ticker):
    """A table that is not there is an error that names it."""
    with publisher(ticker.tick.port) as q:
        same("unknown table", q("@[.u.sub[;`];`nosuch;{x}]"), b"nosuch")


def checks(_, start):
    for talk in kept, listening, with_node, left_behind, refused:
        yield f"tick: {talk.__name__.replace('_', ' ')}", lambda talk: talk(Ticker(start)), talk
