#!/usr/bin/env python3
"""Checks kserve and kq against kdb+ clients that others wrote, each as its users use it.

One kserve serves them all; a module that needs one with options of its own starts it. Each module is a client or a
kind of request: `checks(server, start)` yields names, functions, arguments. A client that cannot be imported fails.
Servers run on free ports of the loopback interface and are always stopped.
"""

import argparse
import os
import signal
import sys
import warnings
from contextlib import ExitStack
from functools import partial
from importlib import import_module

os.environ.update(PYKX_UNLICENSED="true", PYKX_SUPPRESS_WARNINGS="true", RUST_LOG="error",
                  INTEROP_NODE=os.path.join(sys.prefix, "node"))
warnings.filterwarnings("ignore")

from harness import CHECK_SECONDS, Server, run, too_slow  # noqa: E402

MODULES = ["formats", "pykx_context", "pykx_queries", "pykx_async", "pykx_tls", "qpython_samples", "aiokdb_client",
           "aiokdb_server", "kola_client", "node_q", "java_examples", "explorers", "tick", "kq_tool", "recordings",
           "fuzz_decoders"]
TABLES = (
    "trade:([]time:09:30 09:31 09:32 09:33 09:34;sym:`a`b`a`c`b;price:10 20.5 11 30 21;size:100 200 300 400 500)",
    "ref:([sym:`a`b`c]name:(\"alpha\";\"beta\";\"gamma\");lot:10 20 30i)",
)


def checks(module, server, start):
    """The checks of a module, or the failure to import it as one."""
    def fails(error):
        raise error
    try:
        yield from import_module(module).checks(server, start)
    except ImportError as error:
        yield f"{module}: import", fails, error


def main():
    parser = argparse.ArgumentParser(description="Checks kserve and kq with other people's kdb+ clients.")
    parser.add_argument("--kserve", required=True)
    parser.add_argument("--kq", required=True)
    parser.add_argument("--kcorpus", required=True)
    parser.add_argument("--only", default="", help="run only the checks with this in their names")
    parser.add_argument("--module", choices=MODULES, action="append", help="run only this module's")
    tools = parser.parse_args()
    tools.kserve, tools.kq, tools.kcorpus = map(os.path.abspath, (tools.kserve, tools.kq, tools.kcorpus))
    signal.signal(signal.SIGALRM, too_slow)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = []
    with ExitStack() as stack:
        start = partial(Server, stack, tools)
        signal.alarm(CHECK_SECONDS)
        server = start()
        for definition in TABLES:
            server.ask(definition)
        for module in tools.module or MODULES:
            results += [run(*check) for check in checks(module, server, start) if tools.only in check[0]]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
