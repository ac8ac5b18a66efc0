"""``make torture``: kill -9 at a hundred points of each kind of run, and what came of it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.torture.crashes import WORKFLOWS, torture


def main() -> int:
    """Run them; 1 where anything was lost, doubled or left behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--points", type=int, default=100, help="over all kinds of run")
    options = parser.parse_args()
    each = -(-options.points // len(WORKFLOWS))
    ok = True
    with tempfile.TemporaryDirectory(prefix="beam-ingest-torture-") as folder:
        for name in WORKFLOWS:
            tally = torture(name, Path(folder), each)
            print(
                f"{name}: points tried {tally.tried}, faults survived {tally.survived}, "
                f"records lost {tally.lost}, doubled {tally.doubled}",
                flush=True,
            )
            for fault in tally.faults:
                print(f"  {fault}")
            ok &= not tally.faults
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
