"""PyKX over TLS: KX's C library with OpenSSL at the other end; and kq."""

import os
import subprocess
import tempfile

import numpy as np
import pykx

from harness import ANSWER_SECONDS, HOST, same

# KX's library reads its settings once, so that all checks have the same CA, and the same certificate of the client.
CA = "KX_SSL_CA_CERT_FILE"


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, timeout=ANSWER_SECONDS)


def signed(folder, ca):
    """A certificate for localhost of a CA of that name, and its key."""
    path = lambda name: os.path.join(folder, f"{ca}-{name}")  # noqa: E731
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={ca}",
            "-keyout", path("ca.key"), "-out", path("ca.pem"))
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", path("key.pem"),
            "-out", path("req.pem"))
    with open(path("ext"), "w") as file:
        file.write(f"subjectAltName=DNS:localhost,IP:{HOST}\n")
    openssl("x509", "-req", "-in", path("req.pem"), "-days", "1", "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
            "-set_serial", "1", "-extfile", path("ext"), "-out", path("crt.pem"))
    return path("ca.pem"), {"KX_SSL_CERT_FILE": path("crt.pem"), "KX_SSL_KEY_FILE": path("key.pem")}


def opened(server, **options):
    return pykx.SyncQConnection(HOST, server.port, timeout=ANSWER_SECONDS, no_ctx=True, **options)


def requests(server):
    with opened(server, tls=True) as q:
        same("2+2", q("2+2").py(), 4)
        same("status", sorted(q(".z.e").py()), ["CIPHER", "PROTOCOL"])
        longs = np.arange(2_000_000)
        same("two million longs, there and back", bool((q("{x+1}", longs).np() == longs + 1).all()), True)
        try:
            q("1+`a")
        except pykx.QError as error:
            same("error", error.args[0], "type")
        same("the next one", q("til 3").py(), [0, 1, 2])


def plain_beside(server):
    with opened(server) as plain, opened(server, tls=True) as tls:
        same("answers", (plain("2+2").py(), tls("3+3").py()), (4, 6))


def refused(server, tls):
    try:
        with opened(server, tls=tls) as q:
            q("2+2")
    except pykx.PyKXException:
        return
    raise AssertionError("it was let in")


def kq(server, address, trusted):
    same(address, server.kq(address.format(server.port), "2+2", env={**os.environ, CA: trusted}), "4")


def checks(_, start):
    with tempfile.TemporaryDirectory() as folder:
        trusted, files = signed(folder, "trusted")
        _, strange = signed(folder, "strange")
        os.environ.update({CA: trusted, **files})
        both, only, stranger, verifying = (start("-E", mode, env={**os.environ, **more}) for mode, more in [
            (1, {}), (2, {}), (2, strange), (2, {"KX_SSL_VERIFY_CLIENT": "YES"})])
        yield "pykx, TLS: requests", requests, both
        yield "pykx, TLS: plain on the same port", plain_beside, both
        yield "pykx, TLS: plain where only TLS is served", refused, only, False
        yield "pykx, TLS: requests where only TLS is served", requests, only
        yield "pykx, TLS: with a certificate of its own", requests, verifying
        yield "pykx, TLS: a certificate of an unknown CA", refused, stranger, True
        for address in "tcps://localhost:{}", "unixs://{}":
            yield f"kq, TLS: {address}", kq, both, address, trusted
