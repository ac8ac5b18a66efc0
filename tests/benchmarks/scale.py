"""The scale benchmark: time against workers where every query waits, and what a split costs.

From the costs follows the estimate for a million tables on a hundred workers (docs/scale.md).
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.catalogue import Shape
from tests.benchmarks.measure import measure
from tests.engines.same import catalogue, lines, to_file, totals
from tests.servers.flink import JobServer, job_server
from tests.servers.postgres import PostgresServer, postgres_server

WORKERS = (1, 2, 4, 8)
WAIT = 0.05
SPLITS = 640
MANY = 20_000
AT_LEAST = 6.0
"""So many times faster do eight workers on Flink read than one."""


def main(folder: Path, times: int) -> bool:
    """Print the times; whether they are within their limits."""
    print(f"scale: {SPLITS} queries that wait {WAIT * 1000:g} ms each")
    flink, databases = job_server(), postgres_server()
    try:
        server = next(flink)
        bench = Bench(folder, times)
        ok = bench.against_workers("local processes", lambda workers: {"workers": workers})
        ok &= bench.against_workers("Flink", server.beam, at_least=AT_LEAST)
        bench.costs()
        return ok & _same(folder, next(databases), server)
    finally:
        flink.close()  # type: ignore[attr-defined]
        databases.close()  # type: ignore[attr-defined]


class Bench:
    """Whole runs of the waiting source."""

    def __init__(self, folder: Path, times: int) -> None:
        self._folder, self._times = folder, times

    def against_workers(self, name: str, beam: Any, at_least: float = 0.0) -> bool:
        """Print the time of each number of workers, from the listing to the last split."""
        walls = {w: self._wall(beam(w), splits=SPLITS, wait=WAIT) for w in WORKERS}
        text = ", ".join(f"{workers}: {wall:.1f} s" for workers, wall in walls.items())
        ratio = walls[1] / walls[WORKERS[-1]]
        print(f"  {name}, from the listing to the last split, by workers: {text}")
        print(f"  {name}, {WORKERS[-1]} workers, times faster: {ratio:.2f} (at least {at_least:g})")
        return ratio >= at_least

    def costs(self) -> None:
        """Print what a split and a record cost one local process, and the estimate from them."""
        many = self._wall({}, splits=MANY // 10, wait=0.0)
        few = self._wall({}, splits=10, wait=0.0, records=MANY)
        a_record = few / (10 * MANY)
        a_split = many / (MANY // 10) - 10 * a_record
        print(f"  a split costs {a_split * 1000:.2f} ms, a record {a_record * 1e6:.0f} us")
        hours = estimate(a_split, a_record)
        print(f"  1,000,000 tables in splits of 200, 100 workers: {hours * 60:.1f} minutes")

    def _wall(self, beam: dict[str, Any], **source: Any) -> float:
        config = {
            "source": {
                "type": "tests.benchmarks.waiting.Waiting", "serviceName": "s", "config": source,
            },
            "sink": {"type": "file", "config": {"path": "out.jsonl"}},
            "beam": beam,
        }  # fmt: skip
        (self._folder / "scale.yaml").write_text(yaml.safe_dump(config))
        command = [str(Path(sys.executable).with_name("beam-ingest")), "run", "-c", "scale.yaml"]
        walls = []
        for _ in range(self._times):
            measure(command, self._folder)
            walls.append(self._read())
        return statistics.median(walls)

    def _read(self) -> float:
        """Seconds from the listing to the last mark of the last run, which is removed."""
        (run_dir,) = (self._folder / "runs").glob("*/")
        marks = max(mark.stat().st_mtime for mark in (run_dir / "marks").iterdir())
        wall = marks - (run_dir / "splits.json").stat().st_mtime
        shutil.rmtree(run_dir)
        return wall


def estimate(
    a_split: float,
    a_record: float,
    *,
    tables: int = 1_000_000,
    tables_a_split: int = 200,
    query: float = 2.0,
    workers: int = 100,
) -> float:
    """Hours, from the seconds that a split, its ``query`` and a record take."""
    splits = tables / tables_a_split
    return (splits * (a_split + query) + tables * a_record) / workers / 3600


def _same(folder: Path, server: PostgresServer, flink: JobServer) -> bool:
    """10,500 relations on the local runner and on Flink: the same bytes, the same totals."""
    from beam_ingest.workflow import Workflow

    database = catalogue(server, Shape())
    reports = {}
    for name, beam in {"local": {}, "flink": flink.beam(workers=4)}.items():
        config = to_file(server, database, folder / f"{name}.jsonl", dict(beam))
        reports[name] = Workflow.from_config(config).run()
    same = totals(reports["local"]) == totals(reports["flink"])
    same &= lines(folder / "local.jsonl") == lines(folder / "flink.jsonl")
    sizes = split_sizes(Path(reports["flink"].run_dir))
    print(f"  10,500 relations, local and Flink alike: {same}")
    print(f"  splits: {len(sizes)}, of {min(sizes)} to {max(sizes)} records")
    return same


def split_sizes(run_dir: Path) -> list[int]:
    """How many records each split had that was no parent, by the marks."""
    sizes = []
    for mark in sorted((run_dir / "marks").glob("*.json")):
        value = json.loads(mark.read_text())
        if value["split"] != "@parents":
            sizes.append(next(iter(value["ledger"]["steps"].values()))[0])
    return sizes
