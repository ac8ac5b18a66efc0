"""``make torture``: kill runs of each kind at a hundred points, and say what came of it.

Every kind of run, in one process and in two workers, has one of its processes killed with -9, and
has its machine die: then only what was synced survives.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.crashes import WORKFLOWS, Tally, torture


def main() -> int:
    """Run them; 1 where anything was lost, doubled or left behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--points", type=int, default=100, help="over all kinds of run")
    parser.add_argument("--minutes", type=float, default=30, help="begin no point after so many")
    options = parser.parse_args()
    kinds = list(itertools.product(WORKFLOWS, (1, 2), (False, True)))
    until = time.monotonic() + 60 * options.minutes
    whole = Tally()
    with tempfile.TemporaryDirectory(prefix="beam-ingest-torture-") as folder:
        for number, (name, workers, power) in enumerate(kinds):
            # As many points of each kind as there are, the first kinds one more.
            points = (options.points + len(kinds) - 1 - number) // len(kinds)
            tally = torture(name, Path(folder), points, workers=workers, power=power, until=until)
            _print(f"{name}, workers {workers}, {'power cut' if power else 'kill -9'}", tally)
            for fault in tally.faults:
                print(f"  {fault}")
            whole.add(tally)
    _print("all", whole)
    if whole.tried < options.points:
        print(f"NOT all {options.points} points were tried in {options.minutes:g} minutes")
    return 0 if not whole.faults and whole.tried == options.points else 1


def _print(what: str, tally: Tally) -> None:
    print(
        f"{what}: points tried {tally.tried}, of them in a worker {tally.outlived}, "
        f"resumed {tally.resumed}, "
        f"faults survived {tally.survived}, "
        f"records lost {tally.lost}, doubled {tally.doubled}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
