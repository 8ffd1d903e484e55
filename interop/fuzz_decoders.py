"""kcorpus fuzz on decoders of others, in which it must find what is known to be wrong with them, and on kq, in which it
must find nothing."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import CHECK_SECONDS, same

FOLDER = Path(__file__).parent / "decoders"
# All crafted messages are among the first 512.
CASES = 520


def fuzz(server, *command):
    """The summary of a run, and its failures as pairs of outcome and mutation."""
    with tempfile.TemporaryDirectory() as out:
        options = "--lines", "--json", "--count", str(CASES), "--shrink", "1", "--out", out
        done = subprocess.run([server.tools.kcorpus, "fuzz", *options, "--", *command], capture_output=True, text=True,
                              timeout=CHECK_SECONDS)
    same("complaints", done.stderr, "")
    summary = json.loads(done.stdout)
    same("exit code", done.returncode, int(bool(summary["failures"])))
    return summary, {(failure["outcome"], failure["name"]) for failure in summary["failures"]}


def faults(server, script, known):
    _, found = fuzz(server, sys.executable, str(FOLDER / script))
    same("not found", known - found, set())


def none(server):
    summary, found = fuzz(server, server.tools.kq, "decode", "--hex", "--inline-errors", "--max-message", "64M")
    same("failures", found, set())
    same("differences", summary["differences"], {"wrongly-accepted": 0, "wrongly-refused": 0})


def checks(server, start):
    # A length that a message claims is allocated; a message of 3 MB that inflates to 400 MB takes minutes.
    for name, script in ("aiokdb", "aiokdb_lines.py"), ("qpython3", "qpython_lines.py"):
        known = {("memory", "crafted-claims-2-gb"), ("hang", "crafted-bomb-400-mb")}
        yield f"fuzz: {name}", faults, server, script, known
    yield "fuzz: kq", none, server
