"""Starts servers, compares, runs checks: a check is a name, a function and its arguments."""

import signal
import subprocess
from queue import Empty, Queue
from threading import Thread

HOST = "127.0.0.1"
CHECK_SECONDS, ANSWER_SECONDS, END_SECONDS = 60, 20, 5


class Server:
    """A kserve on a free port of the loopback interface; `lines` holds what it prints."""

    def __init__(self, stack, tools, *options, **settings):
        self.tools = tools
        command = [tools.kserve, "-p", f"{HOST}:0", *map(str, options)]
        self.process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **settings))
        stack.callback(self.process.kill)
        self.lines = Queue()
        Thread(target=self._read, daemon=True).start()
        self.port = int(self.line().rpartition(":")[2])

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def line(self):
        try:
            return self.lines.get(timeout=ANSWER_SECONDS)
        except Empty:
            raise AssertionError("kserve printed nothing") from None

    def kq(self, *args, stdin=None, env=None):
        command = [self.tools.kq, *args]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=ANSWER_SECONDS, env=env)
        same(f"kq {args[0]}: exit code ({done.stdout[:200]}{done.stderr[:200]})", done.returncode, 0)
        return done.stdout.strip()

    def ask(self, text):
        return self.kq(f"{HOST}:{self.port}", text)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        same("exit code", self.process.wait(END_SECONDS), 0)


def same(what, got, expected):
    if got != expected:
        shown = [one.hex() if isinstance(one, bytes) else repr(one) for one in (got, expected)]
        raise AssertionError(f"{what}: got {shown[0][:300]}, expected {shown[1][:300]}")


def answers(prefix, connect, cases):
    """A check for each of (name, request, expected), on a connection of its own, which the request is given."""
    def check(name, request, expected):
        with connect() as conn:
            same(name, request(conn), expected)
    for name, request, expected in cases:
        yield f"{prefix}: {name}", check, name, request, expected


def too_slow(*_):
    raise AssertionError(f"not done in {CHECK_SECONDS} seconds")


def run(name, check, *args):
    signal.alarm(CHECK_SECONDS)
    try:
        check(*args)
        print(f"ok {name}", flush=True)
        return True
    except Exception as error:
        print(f"FAIL {name}: {type(error).__name__}: {' '.join(str(error).split())}", flush=True)
        return False
    finally:
        signal.alarm(0)
