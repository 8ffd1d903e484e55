"""kcorpus between real clients and kserve: a conversation recorded by the proxy, listed, replayed against a fresh
kserve, and served to the same clients again."""

import json
import os
import signal
import subprocess
import tempfile
from contextlib import contextmanager

import numpy as np
import pykx
from qpython.qconnection import QConnection

from harness import ANSWER_SECONDS, END_SECONDS, HOST, same

PASSWORD = "hunter2-secret"


@contextmanager
def running(*command):
    """A command that says where it listens, ended by SIGINT with exit code 0; its port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline().rpartition(":")[2])
        process.send_signal(signal.SIGINT)
        same("exit code", process.wait(END_SECONDS), 0)
    finally:
        process.kill()
        process.communicate()


def conversation(tools, port):
    """What three kinds of clients ask, in turn, and what they are answered."""
    answers = []
    with pykx.SyncQConnection(HOST, port, username="bob", password=PASSWORD, timeout=ANSWER_SECONDS, no_ctx=True) as q:
        answers.append(q("count trade").py())
        answers.append(q("{x+1}", np.arange(10_000)).np().tolist())
        try:
            q("1+`a")
        except pykx.QError as error:
            answers.append(error.args[0])
    with QConnection(HOST, port, "eve", PASSWORD, timeout=ANSWER_SECONDS) as q:
        q.sendAsync("a:42")
        answers.append(int(q("a")))
        answers.append([float(one) for one in q("exec price from trade")])
    for text in "select sum size by sym from trade", "til 5":
        command = [tools.kq, f"{HOST}:{port}", text]
        answers.append(subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS).stdout)
    return answers


def recorded(start, tables):
    def ready():
        server = start()
        for definition in tables:
            server.ask(definition)
        return server
    server = ready()
    tools = server.tools
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "day.krec")
        with running(tools.kcorpus, "record", "--listen", f"{HOST}:0", "--to", f"{HOST}:{server.port}", file) as port:
            answers = conversation(tools, port)
        same("answers", answers[0:1] + answers[2:4], [5, "type", 42])
        with open(file, "rb") as recording:
            same("a password in it", PASSWORD.encode() in recording.read(), False)
        listed = [json.loads(line) for line in run(tools, "list", "--json", file).splitlines()]
        same("connections", len(listed), 4)
        shown = run(tools, "show", file)
        for text in '"1+`a"', "'type", '"count trade"':
            same(f"{text} shown", text in shown, True)
        fresh = ready()
        replayed = json.loads(run(tools, "replay", "--fast", "--json", "--to", f"{HOST}:{fresh.port}", file))
        same("replayed", [replayed[name] for name in ("sent", "equal", "different", "missing", "failed")], [8, 7, 0, 0, 0])
        with running(tools.kcorpus, "serve", "--listen", f"{HOST}:0", file) as port:
            same("answers again", conversation(tools, port), answers)
        server.stop()
        fresh.stop()


def run(tools, *args):
    done = subprocess.run([tools.kcorpus, *args], capture_output=True, text=True, timeout=ANSWER_SECONDS)
    same(f"kcorpus {args[0]}: exit code ({done.stdout[:200]}{done.stderr[:200]})", done.returncode, 0)
    return done.stdout


def checks(_server, start):
    from interop import TABLES
    yield "kcorpus: a conversation recorded, replayed and served", recorded, start, TABLES
