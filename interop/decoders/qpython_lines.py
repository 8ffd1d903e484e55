"""qPython's decoder for kcorpus fuzz --lines: a message a line in hex, `ok` or an error for each."""

import sys
import warnings
from io import BytesIO

warnings.filterwarnings("ignore")

from qpython.qreader import QReader  # noqa: E402

for line in sys.stdin:
    try:
        QReader(BytesIO(bytes.fromhex(line))).read()
        answer = "ok"
    except Exception as error:
        answer = f"error: {type(error).__name__}: {error}"
    print(" ".join(answer.split())[:200].encode("ascii", "replace").decode(), flush=True)
