"""``python -m tests.benchmarks [--records N] [--times N]``: all benchmarks, with their limits.

Exits with 1 where a limit is broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import core, sql


def main() -> int:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3, help="pairs of runs of each comparison")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="beam-ingest-bench-") as folder:
        ok = core.main(Path(folder), options.records, options.times)
        ok &= sql.main(Path(folder), options.times)
    print("all within their limits" if ok else "NOT all within their limits")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
