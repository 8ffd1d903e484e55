"""kcorpus between real clients and kserve: a conversation recorded by the proxy, listed, replayed against a fresh
kserve, and served to the same clients again; a capture of tcpdump imported."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
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


@contextmanager
def capturing(port, path):
    """tcpdump on the loopback, from when it listens until it is told to end."""
    with open(path, "wb") as file:
        command = ["tcpdump", "-i", "lo", "--immediate-mode", "-U", "-w", "-", f"tcp port {port}"]
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.PIPE, text=True)
        try:
            while "listening on" not in (line := process.stderr.readline()):
                same(f"tcpdump listens ({line!r})", line != "", True)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


def captured(start, tables):
    server = start()
    for definition in tables:
        server.ask(definition)
    tools = server.tools
    with tempfile.TemporaryDirectory() as folder:
        names = "day.krec", "day.pcap", "imported.krec", "masked.krec"
        file, capture, imported, masked = (os.path.join(folder, name) for name in names)

        def messages(of):
            return sorted(run(tools, "export", of).splitlines())

        with running(tools.kcorpus, "record", "--listen", f"{HOST}:0", "--to", f"{HOST}:{server.port}", file) as port:
            with capturing(port, capture):
                conversation(tools, port)
                # All has passed the loopback; tcpdump writes packets as they come.
                settle(capture)
        run(tools, "import", capture, "-o", imported)
        same("messages of the capture", messages(imported), messages(file))
        with open(imported, "rb") as recording:
            same("a password in it", PASSWORD.encode() in recording.read(), False)
        run(tools, "mask", imported, masked)
        sizes = [[len(message) for message in run(tools, "export", of).splitlines()] for of in (imported, masked)]
        same("sizes of masked messages", *sizes)
    server.stop()


def settle(path):
    """Waits until a file that is written no longer grows."""
    size = -1
    while size != (size := os.path.getsize(path)):
        time.sleep(0.3)


def run(tools, *args):
    done = subprocess.run([tools.kcorpus, *args], capture_output=True, text=True, timeout=ANSWER_SECONDS)
    same(f"kcorpus {args[0]}: exit code ({done.stdout[:200]}{done.stderr[:200]})", done.returncode, 0)
    return done.stdout


def checks(_server, start):
    from interop import TABLES
    yield "kcorpus: a conversation recorded, replayed and served", recorded, start, TABLES
    if shutil.which("tcpdump") and os.geteuid() == 0:
        yield "kcorpus: tcpdump sees what the proxy sees", captured, start, TABLES
