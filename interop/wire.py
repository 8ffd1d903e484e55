"""Objects and messages as bytes, made by hand: what the clients' own encoders are compared with."""

import socket
from struct import pack, unpack

from harness import ANSWER_SECONDS, HOST, same

SYNC, RESPONSE = 1, 2
TABLE, DICTIONARY, LAMBDA, PLUS, NULL = b"\x62\0", b"\x63", b"\x64\0", b"\x66\1", b"\x65\0"


def atom(code, item):
    return pack("b", -code) + item


def vector(code, *items, order="<"):
    return pack(order + "bBI", code, 0, len(items)) + b"".join(items)


def text(string, order="<"):
    return vector(10, *items("B", *string.encode()), order=order)


def symbols(*names):
    return vector(11, *(name.encode() + b"\0" for name in names))


def longs(*values):
    return vector(7, *items("q", *values))


def table(**columns):
    return TABLE + DICTIONARY + symbols(*columns) + vector(0, *columns.values())


def items(layout, *values):
    return [pack("<" + layout, value) for value in values]


def message(kind, body, order="<"):
    return pack(order + "BBBBI", order == "<", kind, 0, 0, 8 + len(body)) + body


def packed(raw_size, elements, order="<"):
    """A compressed sync message made by hand: elements are bytes and (key, extra) pairs."""
    stream = b""
    for start in range(0, len(elements), 8):
        group = elements[start:start + 8]
        stream += bytes([sum(1 << bit for bit, one in enumerate(group) if isinstance(one, tuple))])
        stream += b"".join(bytes(one if isinstance(one, tuple) else [one]) for one in group)
    return pack(order + "BBBBII", order == "<", SYNC, 1, 0, 12 + len(stream), raw_size) + stream


def raw_answer(port, data):
    """What answers a message sent without a library: an object, or nothing if the server closes the connection."""
    with socket.create_connection((HOST, port), timeout=ANSWER_SECONDS) as conn, conn.makefile("rb") as stream:
        conn.sendall(b"raw:\3\0")
        same("login", stream.read(1), b"\3")
        try:
            conn.sendall(data)
            head = stream.read(8)
            return stream.read(unpack("<I", head[4:])[0] - 8) if head else b""
        except ConnectionError:
            return b""
