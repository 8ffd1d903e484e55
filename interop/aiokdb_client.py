"""aiokdb: its asyncio client and formatter, its command line's loop, its blocking socket."""

import asyncio
import contextlib
import io

from aiokdb import KException, MessageType, cv, kf, kj, kk, ks, xd, xt
from aiokdb.client import ClientContext, open_qipc_connection
from aiokdb.extras import ktni, ktns
from aiokdb.format import AsciiFormatter
from aiokdb.socket import khpu
from aiokdb import TypeEnum

from harness import HOST, same

PRINTED = [
    ("2+2", "4"),
    ("til 3", "0 1 2"),
    ("`a`b!1 2", "a| 1\nb| 2"),
    ("exec sum size by sym from trade", "a| 400\nb| 700\nc| 400"),
    ("select sum size by sym from trade", "sym| size\n---|-----\na  | 400 \nb  | 700 \nc  | 400 "),
    ("meta trade", "c    | t f a\n-----|------\ntime | u    \nsym  | s    \nprice| f    \nsize | j    "),
]


async def opened(server, **options):
    return await open_qipc_connection(host=HOST, port=server.port, user="aiokdb", password="word", **options)


async def client(server):
    reader, writer = await opened(server)
    same("atom", (await writer.sync_req(cv("2+2"))).aJ(), 4)
    same("vector", list((await writer.sync_req(cv("til 3"))).kJ()), [0, 1, 2])
    same("text", (await writer.sync_req(cv("\"abc\""))).aS(), "abc")
    same("call by name", (await writer.sync_req(kk(cv("sum"), ktni(TypeEnum.KJ, 1, 2, 3)))).aJ(), 6)
    same("call by symbol", (await writer.sync_req(kk(ks("count"), ktni(TypeEnum.KJ, 1, 2, 3)))).aJ(), 3)
    same("lambda", (await writer.sync_req(kk(cv("{x+y}"), kf(1.5), kj(2)))).aF(), 3.5)
    dictionary = await writer.sync_req(kk(cv("{x,`b`c!2 3}"), xd(ktns("a"), ktni(TypeEnum.KJ, 1))))
    same("dictionary", (list(dictionary.kkey().kS()), list(dictionary.kvalue().kJ())), (["a", "b", "c"], [1, 2, 3]))
    rows = xt(xd(ktns("a", "b"), kk(ktni(TypeEnum.KJ, 1, 2), ktns("x", "y"))))
    same("a table sent", (await writer.sync_req(kk(cv("{exec sum a from x}"), rows))).aJ(), 3)
    writer.write(cv("aio1:10"), MessageType.ASYNC)
    same("async, then sync", (await writer.sync_req(cv("aio1"))).aJ(), 10)
    try:
        await writer.sync_req(cv("1+`a"))
        raise AssertionError("no error")
    except KException as error:
        same("error", str(error), "type")
    same("afterwards", (await writer.sync_req(cv("1b"))).aB(), True)
    writer.writer.close()


async def pipelined(server):
    """Requests are written, then responses read; one is an error."""
    reader, writer = await opened(server)
    for number in range(100):
        writer.write(kk(cv("{x*x}"), kj(number)))
    same("in order", [(await reader.read())[1].aJ() for _ in range(100)], [one * one for one in range(100)])
    writer.writer.close()


class Pushes(ClientContext):
    def __init__(self):
        self.got = asyncio.Queue()

    async def on_async_message(self, message, _):
        await self.got.put(message)


async def subscribed(server):
    """A context receives what the server pushes while requests are answered."""
    pushes = Pushes()
    _, writer = await opened(server, context=pushes)
    await writer.sync_req(cv("{neg[.z.w](`upd;`trade;x)}each til 5"))
    for number in range(5):
        message = await asyncio.wait_for(pushes.got.get(), 10)
        same("push", (message.kK()[0].aS(), message.kK()[1].aS(), message.kK()[2].aJ()), ("upd", "trade", number))
    writer.writer.close()


async def called_back(server):
    """The server asks back, over the same connection, while it answers."""
    class Answers(ClientContext):
        async def on_sync_request(self, request, _):
            return kj(request.aJ() * 2)
    _, writer = await opened(server, context=Answers())
    same("answer", (await writer.sync_req(cv("1+.z.w 20"))).aJ(), 41)
    writer.writer.close()


async def command_line(server):
    """What its command line does with a line: asks, formats."""
    _, writer = await opened(server)
    formatter = AsciiFormatter(height=10)
    for line, printed in PRINTED:
        shown = formatter.format(await writer.sync_req(cv(line)))
        same(line, "\n".join(one.rstrip() for one in shown.splitlines()),
             "\n".join(one.rstrip() for one in printed.splitlines()))
    writer.writer.close()


def blocking(server):
    with contextlib.redirect_stdout(io.StringIO()):
        h = khpu(HOST, server.port, "kdb:pass")
        same("2.0+3.0", h.k("2.0+3.0").aF(), 5.0)
    h.s.close()


def checks(server, _):
    for talk in client, pipelined, subscribed, called_back, command_line:
        yield f"aiokdb: {talk.__name__.replace('_', ' ')}", lambda talk: asyncio.run(talk(server)), talk
    yield "aiokdb: blocking", blocking, server
