"""kq as people and scripts use it: requests, pipes, forms, listening, logins, and its console on a terminal."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import tempfile
from threading import Timer

from harness import ANSWER_SECONDS, END_SECONDS, HOST, same


def kq(server, *args, stdin=None, **settings):
    """What it prints, what it complains of, and its exit code."""
    done = subprocess.run([server.tools.kq, *args], input=stdin, capture_output=True, text=True,
                          timeout=ANSWER_SECONDS, **settings)
    return done.stdout, done.stderr, done.returncode


def address(server):
    return f"{HOST}:{server.port}"


def pipe(server):
    queries = "kqa:til 3\nkqa\n1+`a\n\n.Q.s1 kqa\n"
    same("pipe", kq(server, address(server), stdin=queries), ("0 1 2\n\"0 1 2\"\n", "'type\n", 1))


def forms(server):
    query = "select sym,price from trade where price<15"
    out, _, code = kq(server, address(server), "--json", query)
    columns = json.loads(out)["v"]
    same("json", (code, columns["k"]["v"], [one["v"] for one in columns["v"]["v"]]),
         (0, ["sym", "price"], [["a", "a"], [10.0, 11.0]]))
    out, _, code = kq(server, address(server), query, "--csv")
    rows = list(csv.reader(io.StringIO(out)))
    same("csv", (code, rows), (0, [["sym", "price"], ["a", "10"], ["a", "11"]]))
    same("keyed", kq(server, address(server), "--csv", "select sum size by sym from trade")[0],
         "sym,size\na,400\nb,700\nc,400\n")  # as text
    command = [server.tools.kq, address(server), "--ipc", "1 2i"]
    message = subprocess.run(command, capture_output=True, check=True, timeout=ANSWER_SECONDS).stdout
    same("ipc", message.hex(), "01020000160000000600020000000100000002000000")
    same("digits", kq(server, address(server), "-P", "0", "1%3")[0], "0.33333333333333331\n")
    same("negative", kq(server, address(server), "-3!1 2")[0], "\"1 2\"\n")
    same("timeout", kq(server, address(server), "--timeout", "200", "while[1b;]"),
         ("", f"kq: {address(server)}: timeout\n", 1))


def listening(server):
    """Pushes of kserve's, the last of which ends it by count, by a signal, or by the server's end."""
    server.ask("kqsubs:()")
    server.ask("kqsub:{kqsubs,:.z.w;`ok}")
    push = "{neg[last kqsubs]x}each((`upd;`trade;([]a:1 2));(`upd;`trade;([]a:enlist 3)))"
    plain = "(`upd;`trade;+(,`a)!,1 2)\n(`upd;`trade;+(,`a)!,,3)\n"
    for options, expected in ((), plain), (["--csv"], "a\n1\n2\n3\n"):
        with subprocess.Popen([server.tools.kq, "listen", address(server), "kqsub[]", *options], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, bufsize=1) as listener:
            timer = Timer(ANSWER_SECONDS, listener.kill)
            timer.start()
            while server.ask("count kqsubs") == "0":
                pass
            server.ask(push)
            lines = [listener.stdout.readline() for _ in range(expected.count("\n"))]
            same("pushes", "".join(lines), expected)
            listener.send_signal(signal.SIGINT)
            same("interrupted", (listener.wait(END_SECONDS), listener.stderr.read()), (0, ""))
            timer.cancel()
        server.ask("kqsubs:()")


def logins(start):
    with tempfile.NamedTemporaryFile("w") as users, tempfile.NamedTemporaryFile("w") as wrong:
        for file, text in (users, "bob:hunter2\n"), (wrong, "bob:hunter3\n"):
            file.write(text)
            file.flush()
        server = start("-u", users.name)
        bob = f"{address(server)}:bob"
        same("file", kq(server, bob, "-U", users.name, ".z.u")[0], "`bob\n")
        same("environment", kq(server, bob, ".z.u", env={**os.environ, "KQ_PASSWORD": "hunter2"})[0], "`bob\n")
        for args in (bob, "-U", wrong.name, "1"), (f"{bob}:hunter3", "1"):
            same("refused", kq(server, *args), ("", f"kq: {bob}: access\n", 1))
        server.stop()


def console(server):
    """On a terminal: a line, an error, a request that is interrupted, and the end."""
    with tempfile.TemporaryDirectory() as home:
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(HOME=home, TERM="xterm")
            os.environ.pop("XDG_STATE_HOME", None)
            os.execv(server.tools.kq, ["kq", address(server)])
        shown = ""

        def see(text):
            nonlocal shown
            while text not in shown:
                shown += os.read(terminal, 4096).decode(errors="replace")
            shown = shown.split(text, 1)[1]

        def enter(line):
            see("> ")
            os.write(terminal, f"{line}\r".encode())
            see("\n")
        for line, answer in ("f:{x+\ry}", ""), ("f[20;22]", "42\r\n"), ("1+`a", "'type\r\n"), ("\\c", "i\r\n"):
            enter(line)
            if answer:
                see(answer)
        see("> ")
        os.write(terminal, b"select from tra\t where pric\t>20\r")
        see("9:31")
        enter("while[1b;]")
        os.write(terminal, b"\x03")
        see("unknown whether")
        see("reconnected")
        enter("2+2")
        see("4\r\n")
        see("> ")
        os.write(terminal, b"\x04")
        same("exit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        os.close(terminal)


def checks(server, start):
    yield "kq: a pipe", pipe, server
    yield "kq: forms", forms, server
    yield "kq: listening", listening, server
    yield "kq: logins", logins, start
    yield "kq: a console", console, server
