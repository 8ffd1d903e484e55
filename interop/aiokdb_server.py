"""aiokdb's server, asked by kq (the blocking client) and by the example `pipelined` (the client for tokio)."""

import asyncio
import logging
import os
import subprocess
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

from aiokdb import MessageType, kj, kk, ks, TypeEnum
from aiokdb.server import ServerContext, handle_connection

from harness import ANSWER_SECONDS, HOST, same

logging.disable(logging.WARNING)  # it logs every error that it answers, with a trace


class Echo(ServerContext):
    """Answers texts of digits with their number, others with an error; what else it is sent, with itself."""

    async def on_sync_request(self, cmd, dotzw):
        if cmd.t != TypeEnum.KC:
            return cmd
        text = cmd.aS()
        if text.startswith("push"):
            for number in range(3):
                dotzw.write(kk(ks("upd"), kj(number)), MessageType.ASYNC)
            return kj(3)
        if not text.isdigit():
            raise ValueError("type")
        return kj(int(text))


@contextmanager
def echo(password=None):
    ready, port, stop = Event(), [], []

    async def serve():
        server = await asyncio.start_server(partial(handle_connection, Echo(password)), HOST, 0)
        port.append(server.sockets[0].getsockname()[1])
        stop.append((asyncio.get_running_loop(), done := asyncio.Event()))
        ready.set()
        await done.wait()
        server.close()

    thread = Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(ANSWER_SECONDS)
    try:
        yield port[0]
    finally:
        loop, done = stop[0]
        loop.call_soon_threadsafe(done.set)
        thread.join(ANSWER_SECONDS)


def printed(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS)
    same(f"exit code ({done.stdout[:200]}{done.stderr[:200]})", done.returncode, code)
    return done.stdout + done.stderr


def blocking(tools):
    with echo("secret") as port:
        address = f"{HOST}:{port}:kq:secret"
        same("a number", printed(tools.kq, address, "42"), "42\n")
        same("an error", printed(tools.kq, address, "x", code=1), "'type\n")
        same("a refusal", "access" in printed(tools.kq, f"{HOST}:{port}:kq:wrong", "42", code=1), True)


def pipelined(tools):
    queries = [str(number) for number in range(200)] + ["push", "x"]
    with echo() as port:
        same("answers", asked(tools, port, queries), [f"{number}: {number}" for number in range(200)]
             + ["push: 3", "x: 'type"])


def asked(tools, port, queries):
    """What the client for tokio is answered, with all queries in flight at once."""
    example = os.path.join(os.path.dirname(tools.kq), "examples", "pipelined")
    return printed(example, f"{HOST}:{port}:u:", *queries).splitlines()


def kserve(server):
    queries = [f"sum til {number}" for number in range(1, 200)]
    expected = [f"{query}: {number * (number - 1) // 2}" for number, query in enumerate(queries, 1)]
    same("answers", asked(server.tools, server.port, queries), expected)


def checks(server, _start):
    yield "aiokdb's server: kq", blocking, server.tools
    yield "aiokdb's server: the client for tokio", pipelined, server.tools
    yield "kserve: the client for tokio", kserve, server
