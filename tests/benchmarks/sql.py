"""The SQL benchmark: whole runs against a plain script with the same statements."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks import catalogue
from tests.benchmarks.catalogue import Shape
from tests.benchmarks.measure import Usage, measure, pairs
from tests.servers.mariadb import PASSWORD, MariadbServer, mariadb_server
from tests.servers.postgres import PostgresServer, postgres_server

TWENTY, ONE = Shape(), Shape(schemas=1)
WIDE, NARROW = Shape(20_000, 0, 20), Shape(20_000, 0, 4_000)
SAMPLE = 500  # tables read one by one, for a rate


def main(folder: Path, times: int) -> bool:
    """Print the ratios; whether all are within their limits."""
    ok = True
    with _server(postgres_server) as server:
        ok &= _postgres(folder, server, times)
    with _server(mariadb_server) as server:
        ok &= _mariadb(folder, server, times)
    return ok


def _postgres(folder: Path, server: PostgresServer, times: int) -> bool:
    print("PostgreSQL")
    server.database("empty")
    for name, shape in (("twenty", TWENTY), ("one", ONE), ("wide", WIDE), ("narrow", NARROW)):
        _fill(server, name, shape)
    bench = Bench(folder, "postgres", server.port, server.connection, times)
    ok, twenty = bench.against_plain("twenty", TWENTY)
    one = bench.run("one")
    spread = abs(one.wall / twenty.wall - 1)
    ok &= bench.report("one schema instead of 20, change of the wall", spread, 0.15)
    wide, narrow = bench.run("wide"), bench.run("narrow")
    two = bench.run("wide", workers=2)
    ok &= bench.report("20,000 with two processes, of one", two.wall / wide.wall, 1.0)
    ok &= bench.report("20,000 in 4,000 schemas, of 20,000 in 20", narrow.wall / wide.wall, 1.5)
    counts = [_statements(bench, server, name) for name in ("wide", "narrow")]
    ok &= bench.report(f"  statements ({counts[1]} of {counts[0]})", counts[1] / counts[0], 1.5)
    url = f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{server.port}/twenty"
    ok &= bench.against_inspector(url, TWENTY, twenty, 4.0)
    few = bench.run("twenty", tableFilterPattern={"includes": ["^t00000"]})
    empty = bench.run("empty")
    return ok & bench.report(
        "10 of 10,000 tables, seconds beyond start-up", few.wall - empty.wall, 1.5
    )


def _mariadb(folder: Path, server: MariadbServer, times: int) -> bool:
    print("MariaDB")
    server.execute(catalogue.mariadb(TWENTY))

    def connection(database: str, **keys: Any) -> dict[str, Any]:
        schemas = "^s0" if database == "twenty" else "^nothing$"
        return server.connection(schemaFilterPattern={"includes": [schemas]}, **keys)

    bench = Bench(folder, "mariadb", server.port, connection, times)
    ok, twenty = bench.against_plain("twenty", TWENTY)
    url = f"mariadb+pymysql://tester:{PASSWORD}@127.0.0.1:{server.port}/"
    # On loopback MariaDB answers SHOW CREATE TABLE, which SQLAlchemy sends a table, in 0.2 ms,
    # less than information_schema takes for the same; what it costs is a round trip each.
    return ok & bench.against_inspector(url, TWENTY, twenty, 1.0)


class Bench:
    """Runs of one system's source, whole processes."""

    def __init__(
        self, folder: Path, system: str, port: int, connection: Callable[..., Any], times: int
    ) -> None:
        self._folder, self._system, self._port = folder, system, port
        self._connection, self._times = connection, times

    def run(self, database: str, workers: int = 1, **source_config: Any) -> Usage:
        """The median of some runs."""
        command = self._workflow(database, workers, **source_config)
        usages = [measure(command, self._folder) for _ in range(self._times)]
        return sorted(usages, key=lambda usage: usage.wall)[len(usages) // 2]

    def against_plain(self, database: str, shape: Shape) -> tuple[bool, Usage]:
        """Print both, and the ratio of the whole and of what is behind start-up."""
        plain = self._plain(database)
        a, b, ratio = pairs(plain, self._workflow(database), self._folder, self._times)
        self._same_tables(shape)
        start = self.run("empty").wall
        plain_start = statistics.median(
            measure(self._plain("empty"), self._folder).wall for _ in range(self._times)
        )
        print(f"  plain script {_text(a)}; workflow {_text(b)}; start-up {start:.1f} s")
        ok = self.report("whole process, of the plain script", ratio, 3.0)
        behind = (b.wall - start) / (a.wall - plain_start)
        ok &= self.report("after start-up, of the plain script", behind, 2.0)
        ok &= self.report("peak memory, MB", b.peak, 300)
        return ok, b

    def against_inspector(self, url: str, shape: Shape, ours: Usage, times_faster: float) -> bool:
        """Print ``get_multi_*`` and the calls a table, from a sample."""
        script = [sys.executable, "-m", "tests.benchmarks.plain_inspector"]
        many = measure([*script, "multi", url, "inspector.jsonl"], self._folder)
        nothing = measure([*script, "single", url, "inspector.jsonl", "0"], self._folder)
        some = measure([*script, "single", url, "inspector.jsonl", str(SAMPLE)], self._folder)
        whole = nothing.wall + (some.wall - nothing.wall) * (shape.tables + shape.views) / SAMPLE
        print(f"  get_multi_* {_text(many)}; one table at a time {whole:.0f} s (from {SAMPLE})")
        return self.report(
            "faster than one table at a time, times", -whole / ours.wall, -times_faster
        )

    def report(self, what: str, value: float, limit: float) -> bool:
        """Print one value with its limit. A negative one is a lower limit."""
        word = "at least" if limit < 0 else "limit"
        print(f"  {what}: {abs(value):.2f} ({word} {abs(limit):g})")
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
            lines = (self._folder / name).read_bytes().splitlines()
            count = sum(line.startswith(b'{"entityType":"table"') for line in lines)
            if count != shape.tables + shape.views:
                raise AssertionError(f"{name} has {count} tables")


def _fill(server: PostgresServer, database: str, shape: Shape) -> None:
    server.database(database)
    with server.connect(database) as connection:
        for piece in catalogue.postgres(shape):
            connection.execute(piece)
        connection.execute("VACUUM ANALYZE")


def _statements(bench: Bench, server: PostgresServer, database: str) -> int:
    with server.statements("postgres") as found:
        bench.run(database)
    return sum("FROM " in statement for statement in found)


@contextmanager
def _server(start: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    running = start()
    try:
        yield next(running)
    finally:
        running.close()  # type: ignore[attr-defined]


def _text(usage: Usage) -> str:
    return f"{usage.wall:.1f} s wall, {usage.cpu:.1f} s CPU, {usage.peak:.0f} MB"
