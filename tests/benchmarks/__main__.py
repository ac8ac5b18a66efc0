"""``python -m tests.benchmarks [--only NAME…] [--records N] [--times N]``: with their limits.

``--only sql`` runs all whose names begin with that. Exits with 1 where a limit is broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import core, openmetadata, safety, scale, search, sql, usage

Benchmark = Callable[[Path, argparse.Namespace], bool]
"""Prints its numbers, each with its limit, working in a folder of its own; whether all hold."""

BENCHMARKS: dict[str, Benchmark] = {
    "core": lambda folder, options: core.main(folder, options.records, options.times),
    "safety": lambda folder, options: safety.overhead(folder, options.records, options.times),
    "resume": lambda folder, options: safety.resume(folder, options.records, options.times),
    "sql-postgres": lambda folder, options: sql.postgres(folder, options.times),
    "sql-postgres-large": lambda folder, options: sql.postgres_large(folder, options.times),
    "sql-mariadb": lambda folder, options: sql.mariadb(folder, options.times),
    "search": lambda folder, options: search.main(folder, options.times),
    "scale": lambda folder, options: scale.main(folder, options.times),
    "usage": lambda folder, options: usage.main(folder, options.records, options.times),
    "openmetadata": lambda folder, options: openmetadata.main(folder, options.times),
}


def main() -> int:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3, help="pairs of runs of each comparison")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=", ".join(BENCHMARKS))
    options = parser.parse_args()
    chosen = [name for name in BENCHMARKS if name.startswith(tuple(options.only or [""]))]
    if not chosen:
        parser.error(f"there is no such benchmark; there are {', '.join(BENCHMARKS)}")
    ok = True
    for name in chosen:
        print(f"== {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="beam-ingest-bench-") as folder:
            ok &= BENCHMARKS[name](Path(folder), options)
    print("all within their limits" if ok else "NOT all within their limits")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
