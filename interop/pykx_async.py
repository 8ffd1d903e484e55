"""PyKX's other connections: asyncio with a context, requests under way together, pushes, raw polling."""

import asyncio

import pykx

from harness import ANSWER_SECONDS, HOST, same

REQUESTS = [
    (("til 5",), [0, 1, 2, 3, 4]),
    (("{x+y}", 1, 2), 3),
    (("sum", [1, 2, 3]), 6),
    (("{x!y}", ["a", "b"], [1, 2]), {"a": 1, "b": 2}),
    (("exec sum size by sym from trade",), {"a": 400, "b": 700, "c": 400}),
]


def opened(server, **options):
    return pykx.AsyncQConnection(HOST, server.port, timeout=ANSWER_SECONDS, **options)


async def each(server):
    async with opened(server) as q:
        for request, expected in REQUESTS:
            same(request[0], (await q(*request)).py(), expected)


async def together(server):
    async with opened(server) as q:
        pending = [q("{x*x}", number) for number in range(200)]
        same("answers in order", [(await one).py() for one in pending], [number * number for number in range(200)])


async def gathered(server):
    async with opened(server, event_loop=asyncio.get_event_loop()) as q:
        answers = await asyncio.gather(*(q("{x+1}", number) for number in range(50)))
        same("gathered", [one.py() for one in answers], list(range(1, 51)))


async def context(server):
    async with opened(server) as q:
        same("til", q.til(4).py(), [0, 1, 2, 3])
        same("qsql", (await q.qsql.exec("trade", columns="size")).py(), [100, 200, 300, 400, 500])


async def without_waiting(server):
    async with opened(server) as q:
        await q("{x set y+til z}", "async_set", 10, 3, wait=False)
        same("read back", (await q("async_set")).py(), [10, 11, 12])


async def failing(server):
    async with opened(server) as q:
        pending = [q("1+`a"), q("2+2")]
        try:
            await pending[0]
        except pykx.QError as error:
            same("error", error.args[0], "type")
        same("the next one", (await pending[1]).py(), 4)


async def reused(server):
    async with opened(server) as q:
        same("reuse=False", (await q("2+3", reuse=False)).py(), 5)
        same("the connection", (await q("2+4")).py(), 6)


async def raw(server):
    async with pykx.RawQConnection(HOST, server.port, no_ctx=True) as q:
        pending = [q("{x+10}", number) for number in range(5)]
        q.poll_send(0)
        same("raw", [(await one).py() for one in pending], [10, 11, 12, 13, 14])


async def pushed(server):
    """What another client has the server send to this connection comes through poll_recv."""
    async with pykx.RawQConnection(HOST, server.port, no_ctx=True) as q:
        handle = q(".z.w")
        q.poll_send(0)
        server.ask(f"{{neg[{(await handle).py()}](`upd;`trade;x)}}each til 3")
        got = []
        for _ in range(1000):
            message = q.poll_recv()
            if message is not None:
                got.append(message.py())
            if len(got) == 3:
                break
            await asyncio.sleep(0.005)
        same("pushes", got, [["upd", "trade", number] for number in range(3)])


def checks(server, _):
    for talk in each, together, gathered, context, without_waiting, failing, reused, raw, pushed:
        yield f"pykx async: {talk.__name__.replace('_', ' ')}", lambda talk: asyncio.run(talk(server)), talk
