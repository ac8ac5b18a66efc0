"""Runs of one SQL source as whole processes, and what they are compared with."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.catalogue import Shape
from tests.benchmarks.measure import Usage, measure, pairs

SAMPLE = 5_000  # tables read one by one, for a rate: enough that start-up is no matter


class Runs:
    """``connection`` makes the settings for a database; ``empty`` is one without tables."""

    def __init__(
        self, folder: Path, system: str, port: int, connection: Callable[..., Any], times: int
    ) -> None:
        self._folder, self._system, self._port = folder, system, port
        self._connection, self._times = connection, times
        self._start = 0.0

    def run(
        self, database: str, workers: int = 1, times: int | None = None, **source_config: Any
    ) -> Usage:
        """The median of some runs."""
        command = self._workflow(database, workers, **source_config)
        usages = [measure(command, self._folder) for _ in range(times or self._times)]
        return sorted(usages, key=lambda usage: usage.wall)[len(usages) // 2]

    def against_plain(self, database: str, shape: Shape) -> tuple[bool, Usage]:
        """Print both, and the ratio of the whole and of what is behind start-up."""
        plain = self._plain(database)
        a, b, ratio = pairs(plain, self._workflow(database), self._folder, self._times)
        statements = float((self._folder / "plain.jsonl.seconds").read_text())
        self._same_tables(shape)
        self._start = self.run("empty").wall
        plain_start = statistics.median(
            measure(self._plain("empty"), self._folder).wall for _ in range(self._times)
        )
        print(
            f"  plain script {_text(a)}, {statements:.1f} s of it in statements; "
            f"workflow {_text(b)}; start-up {self._start:.1f} s",
            flush=True,
        )
        ok = self.report("whole process, of the plain script", ratio, 3.0)
        behind = (b.wall - self._start) / (a.wall - plain_start)
        ok &= self.report("after start-up, of the plain script", behind, 2.0)
        ok &= self.report("peak memory, MB", b.peak, 300)
        return ok, b

    def against_inspector(
        self, url: str, shape: Shape, ours: Usage, limit: float, *, after_start_up: bool = False
    ) -> bool:
        """Print ``get_multi_*`` and the calls a table, from a sample.

        ``limit`` is how many times faster the whole process has to be, or with ``after_start_up``
        what is behind both start-ups.
        """
        script = [sys.executable, "-m", "tests.benchmarks.plain_inspector"]
        many = measure([*script, "multi", url, "inspector.jsonl"], self._folder)
        nothing = measure([*script, "single", url, "inspector.jsonl", "0"], self._folder)
        some = measure([*script, "single", url, "inspector.jsonl", str(SAMPLE)], self._folder)
        reading = (some.wall - nothing.wall) * (shape.tables + shape.views) / SAMPLE
        whole = nothing.wall + reading
        print(f"  get_multi_* {_text(many)}; one table at a time {whole:.0f} s (from {SAMPLE})")
        what = "faster than one table at a time, times"
        if not after_start_up:
            return self.report(what, -whole / ours.wall, -limit)
        self.tell(what, whole / ours.wall)
        return self.report(
            "  the same after start-up", -reading / (ours.wall - self._start), -limit
        )

    def tell(self, what: str, value: float) -> None:
        """Print a value that has no limit."""
        print(f"  {what}: {value:.2f}", flush=True)

    def report(self, what: str, value: float, limit: float) -> bool:
        """Print one value with its limit. A negative one is a lower limit."""
        word = "at least" if limit < 0 else "limit"
        print(f"  {what}: {abs(value):.2f} ({word} {abs(limit):g})", flush=True)
        return value <= limit

    def _plain(self, database: str) -> list[str]:
        module = [sys.executable, "-m", "tests.benchmarks.plain_catalogue"]
        return [*module, self._system, str(self._port), database, "plain.jsonl"]

    def _workflow(self, database: str, workers: int = 1, **source_config: Any) -> list[str]:
        config = {
            "source": {
                "type": self._system,
                "serviceName": "svc",
                "serviceConnection": {"config": self._connection(database)},
                "sourceConfig": {"config": {"type": "DatabaseMetadata", **source_config}},
            },
            "sink": {"type": "file", "config": {"path": "out.jsonl"}},
            "beam": {"workers": workers},
        }
        path = self._folder / f"{self._system}.yaml"
        path.write_text(yaml.safe_dump(config))
        return [str(Path(sys.executable).with_name("beam-ingest")), "run", "-c", path.name]

    def _same_tables(self, shape: Shape) -> None:
        for name in ("plain.jsonl", "out.jsonl"):
            with (self._folder / name).open("rb") as lines:
                count = sum(line.startswith(b'{"entityType":"table"') for line in lines)
            if count != shape.tables + shape.views:
                raise AssertionError(f"{name} has {count} tables")


def _text(usage: Usage) -> str:
    return f"{usage.wall:.1f} s wall, {usage.cpu:.1f} s CPU, {usage.peak:.0f} MB"
