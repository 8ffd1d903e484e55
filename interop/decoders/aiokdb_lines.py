"""aiokdb's decoder for kcorpus fuzz --lines: a message a line in hex, `ok` or an error for each."""

import sys

from aiokdb import d9

for line in sys.stdin:
    try:
        d9(bytes.fromhex(line))
        answer = "ok"
    except Exception as error:
        answer = f"error: {type(error).__name__}: {error}"
    print(" ".join(answer.split())[:200].encode("ascii", "replace").decode(), flush=True)
