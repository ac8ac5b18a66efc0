"""The SQL benchmarks: whole runs against a plain script with the same statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.benchmarks import catalogue
from tests.benchmarks.catalogue import Shape
from tests.benchmarks.sql_runs import Runs
from tests.servers.mariadb import PASSWORD, mariadb_server
from tests.servers.postgres import PostgresServer, postgres_server

TWENTY, ONE = Shape(), Shape(schemas=1)
WIDE = Shape(20_000, 0, 20, same_names=True)
NARROW = Shape(20_000, 0, 4_000, same_names=True)
LARGE = Shape(100_000, 5_000)


def postgres(folder: Path, times: int) -> bool:
    """10,000 tables and 500 views, in 20 schemas or one; 20,000 tables in 20 or 4,000."""
    with running(postgres_server) as server:
        shapes = (("twenty", TWENTY), ("one", ONE), ("wide", WIDE), ("narrow", NARROW))
        runs = _postgres_runs(folder, server, times, shapes)
        ok, twenty = runs.against_plain("twenty", TWENTY)
        two = runs.run("twenty", workers=2)
        ok &= runs.report("two processes, of one", two.wall / twenty.wall, 1.0)
        one = runs.run("one")
        spread = abs(one.wall / twenty.wall - 1)
        ok &= runs.report("one schema instead of 20, change of the wall", spread, 0.15)
        wide, narrow = runs.run("wide"), runs.run("narrow")
        ok &= runs.report("20,000 in 4,000 schemas, of 20,000 in 20", narrow.wall / wide.wall, 1.5)
        counts = [_statements(runs, server, name) for name in ("wide", "narrow")]
        what = f"  statements ({counts[1]} of {counts[0]})"
        ok &= runs.report(what, counts[1] / counts[0], 1.5)
        two = runs.run("wide", workers=2)
        runs.tell("20,000 with two processes, of one", two.wall / wide.wall)
        ok &= runs.against_inspector(_url(server), TWENTY, twenty, 4.0)
        few = runs.run("twenty", tableFilterPattern={"includes": ["^t00000"]})
        beyond = few.wall - runs.run("empty").wall
        return ok & runs.report("10 of 10,000 tables, seconds beyond start-up", beyond, 1.5)


def postgres_large(folder: Path, times: int) -> bool:
    """100,000 tables and 5,000 views in 20 schemas: some minutes to make them."""
    with running(postgres_server) as server:
        shapes = (("twenty", TWENTY), ("large", LARGE))
        runs = _postgres_runs(folder, server, min(times, 2), shapes)
        ok, large = runs.against_plain("large", LARGE)
        small, start = runs.run("twenty"), runs.run("empty").wall
        ok &= runs.report(
            "a table of 100,000, of one of 10,000, after start-up",
            (large.wall - start) / (small.wall - start) / 10, 1.25,
        )  # fmt: skip
        growth = (large.peak - small.peak) / (LARGE.tables - TWENTY.tables) * 1024
        ok &= runs.report("memory for the name of a table, kB", growth, 1.0)
        two = runs.run("large", workers=2)
        ok &= runs.report("two processes, of one", two.wall / large.wall, 0.9)
        return ok & runs.against_inspector(_url(server, "large"), LARGE, large, 4.0)


def mariadb(folder: Path, times: int) -> bool:
    """10,000 tables and 500 views in 20 schemas."""
    with running(mariadb_server) as server:
        server.execute(catalogue.mariadb(TWENTY))

        def connection(database: str, **keys: Any) -> dict[str, Any]:
            schemas = "^s0" if database == "twenty" else "^nothing$"
            return server.connection(schemaFilterPattern={"includes": [schemas]}, **keys)

        runs = Runs(folder, "mariadb", server.port, connection, times)
        ok, twenty = runs.against_plain("twenty", TWENTY)
        url = f"mariadb+pymysql://tester:{PASSWORD}@127.0.0.1:{server.port}/"
        # On loopback SHOW CREATE TABLE, which SQLAlchemy sends a table, takes no longer than
        # what information_schema does for the same table: the statements alone, which are what
        # the server itself takes, leave no more than start-up to gain.
        return ok & runs.against_inspector(url, TWENTY, twenty, 4.0, after_start_up=True)


def _postgres_runs(
    folder: Path, server: PostgresServer, times: int, shapes: tuple[tuple[str, Shape], ...]
) -> Runs:
    server.database("empty")
    for name, shape in shapes:
        make_database(server, name, shape)
    return Runs(folder, "postgres", server.port, server.connection, times)


def make_database(server: PostgresServer, name: str, shape: Shape) -> None:
    """A database ``name`` with a catalogue of that shape."""
    server.database(name)
    with server.connect(name) as connection:
        for piece in catalogue.postgres(shape):
            connection.execute(piece)
        connection.execute("VACUUM ANALYZE")


def _url(server: PostgresServer, database: str = "twenty") -> str:
    return f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{server.port}/{database}"


def _statements(runs: Runs, server: PostgresServer, database: str) -> int:
    with server.statements("postgres") as found:
        runs.run(database, times=1)
    return len(found)


S = TypeVar("S")


@contextmanager
def running(start: Callable[[], Iterator[S]]) -> Iterator[S]:
    """What ``start`` gives, while this lasts."""
    server = start()
    try:
        yield next(server)
    finally:
        server.close()  # type: ignore[attr-defined]
