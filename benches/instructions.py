"""Compares the instruction counts of small messages with the limits in instructions.txt.

Each step runs under callgrind with 1,000 and with 11,000 iterations; the difference divided by 10,000 is
the count per iteration, independent of machine load. A count more than 10 % over its limit fails. With
--write the limits are replaced. Valgrind does not support AVX-512, so the AVX2 code is counted on all
machines.

usage: instructions.py PROGRAM [--write]
"""

import pathlib
import re
import subprocess
import sys

NUMBERS = pathlib.Path(__file__).with_suffix(".txt")
FEW, MANY = 1_000, 11_000
SLACK = 1.10


def count(program, name, runs):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, name, str(runs)]
    stderr = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stderr
    return int(re.search(r"Collected : (\d+)", stderr).group(1))


def main():
    program, write = sys.argv[1], "--write" in sys.argv[2:]
    lines = [line.split() for line in NUMBERS.read_text().splitlines() if line and not line.startswith("#")]
    failed, found = 0, []
    for name, number in lines:
        taken = (count(program, name, MANY) - count(program, name, FEW)) / (MANY - FEW)
        found.append(f"{name} {taken:.0f}")
        over = not write and taken > float(number) * SLACK
        failed += over
        print(f"{'FAIL' if over else 'ok'} {name}: {taken:.0f} instructions, limit {number} plus 10 %")
    if write:
        head = [line for line in NUMBERS.read_text().splitlines() if line.startswith("#")]
        NUMBERS.write_text("\n".join(head + found) + "\n")
    print(f"{len(lines) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
