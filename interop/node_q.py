"""node-q: the integration tests that its authors ship, against kserve instead of q, and its README's examples."""

import json
import os
import subprocess
from pathlib import Path

from harness import CHECK_SECONDS

HERE = Path(__file__).parent / "node"
MODULES = Path(os.environ["INTEROP_NODE"]) / "node_modules"
NODE = Path(os.environ["INTEROP_NODE"]).parent / "bin" / "node"
# TLS.
LEFT_OUT = {"tls.js"}
# An array of symbols is sent as a list of symbol atoms; the test wants the type of a vector. What is sent is kept here.
UNLIKE = {"deserialization Array String starting with ` type"}


def tests(server):
    files = sorted(file for file in (MODULES / "node-q" / "itest").glob("*.js") if file.name not in LEFT_OUT)
    command = [NODE, "--no-deprecation", "--require", HERE / "port.js", MODULES / "mocha" / "bin" / "mocha.js",
               "--reporter", "json", "--timeout", "5000", "--exit", *files, HERE / "readme.js"]
    environment = {**os.environ, "KSERVE_PORT": str(server.port), "TZ": "UTC", "NODE_PATH": str(MODULES)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_SECONDS, env=environment)
    try:
        report = json.loads(done.stdout[done.stdout.index("{"):])
    except ValueError:
        raise AssertionError(f"mocha: {done.stdout[-300:]}{done.stderr[-600:]}") from None
    # A hook that fails is no test, but a failure.
    return [test for test in report["passes"] + report["failures"] if test["fullTitle"] not in UNLIKE]


def passed(test):
    if test["err"]:
        raise AssertionError(test["err"].get("message", "failed"))


def checks(_, start):
    server = start("--allow", "files", cwd=HERE)
    reported = []
    yield "node-q: its own tests run", lambda: reported.extend(tests(server))
    for test in reported:
        yield f"node-q: {test['fullTitle']}", passed, test
