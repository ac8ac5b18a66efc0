"""The core benchmark: a workflow against a plain Python loop that does the same work.

Reads JSON lines of 1.25 kB (a table of 14 columns), passes them through three processors, writes
JSON lines; as mappings and as entities, with one process and with two. Also start-up and memory.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from beam_ingest.api.codec import encode
from beam_ingest.api.record import Record
from beam_ingest.testing.records import sample_mappings, sample_tables
from tests.benchmarks.measure import Usage, measure, pairs

SMALL = 20_000
CODECS = {"json": "the standard library's json", "ours": "the workflow's own codec"}


def main(folder: Path, records: int, times: int) -> bool:
    """Print the ratios; whether all are within their limits."""
    ok = True
    for kind in ("mappings", "entities"):
        data = write_records(folder, kind, records)
        for codec in ("json", "ours") if kind == "mappings" else ("ours",):
            plain = [
                sys.executable,
                "-m",
                "tests.benchmarks.plain_loop",
                data,
                "plain.jsonl",
                codec,
            ]
            for workers, limit in ((1, 1.25), (2, 0.85)):
                command = workflow(folder, data, workers)
                a, b, ratio = pairs(plain, command, folder, times)
                ok &= ratio <= limit
                print(
                    f"{records:,} {kind}, {workers} process{'es' * (workers > 1)}: "
                    f"plain loop with {CODECS[codec]} {_text(a)}; workflow {_text(b)}; "
                    f"wall ratio {ratio:.2f} (limit {limit})",
                    flush=True,
                )
        ok &= _memory(folder, kind, measure(workflow(folder, data, 1), folder))
        for name in (data, "plain.jsonl", "out.jsonl"):
            (folder / name).unlink()
    return ok & _start_up(folder)


def write_records(folder: Path, kind: str, count: int) -> str:
    """A file of sample records in ``folder``; its name."""
    records: Iterator[Record] = (
        sample_mappings(count) if kind == "mappings" else sample_tables(count)
    )
    name = f"{kind}-{count}.jsonl"
    with (folder / name).open("wb", 1 << 20) as file:
        for record in records:
            file.write(encode(record) + b"\n")
    return name


def workflow(folder: Path, data: str, workers: int) -> list[str]:
    """The command that runs the workflow over ``data``."""
    functions = ("describe", "display", "leave_out")
    config = {
        "source": {
            "type": "file",
            "serviceName": "benchmark",
            "serviceConnection": {"config": {"type": "File", "path": data}},
        },
        "processors": [{"type": f"tests.benchmarks.processors.{name}"} for name in functions],
        "sink": {"type": "file", "config": {"path": "out.jsonl"}},
        "beam": {"workers": workers},
    }
    (folder / "workflow.yaml").write_text(yaml.safe_dump(config))
    return [_program(), "run", "-c", "workflow.yaml"]


def _memory(folder: Path, kind: str, large: Usage) -> bool:
    data = write_records(folder, kind, SMALL)
    small = measure(workflow(folder, data, 1), folder)
    (folder / data).unlink()
    growth = large.peak / small.peak
    print(
        f"  peak memory: {small.peak:.0f} MB at {SMALL:,}, {large.peak:.0f} MB: "
        f"ratio {growth:.2f} (limit 1.20)"
    )
    return growth <= 1.2


def _start_up(folder: Path) -> bool:
    (folder / "tiny.jsonl").write_text('{"name": "a"}\n')
    workflow(folder, "tiny.jsonl", 1)
    ok = True
    for verb, limit in ((["--help"], 0.3), (["validate", "-c", "workflow.yaml"], 0.5)):
        walls = [measure([_program(), *verb], folder).wall for _ in range(7)]
        best, middle = min(walls), statistics.median(walls)
        ok &= best <= limit
        print(f"beam-ingest {verb[0]}: best {best:.2f} s, median {middle:.2f} s (limit {limit} s)")
    return ok


def _program() -> str:
    return str(Path(sys.executable).with_name("beam-ingest"))


def _text(usage: Usage) -> str:
    return f"{usage.wall:.1f} s wall, {usage.cpu:.1f} s CPU, {usage.peak:.0f} MB"
