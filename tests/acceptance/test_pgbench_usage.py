"""A real PostgreSQL under pgbench: its usage in OpenMetadata, by its log and by its statistics.

What is counted is compared with what pgbench did: it inserts a row of history a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.workflow import Workflow
from tests.connectors.openmetadata.usage.support import counts
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.server, pytest.mark.slow]

DATABASE, SERVICE = "pgbench_usage", "warehouse"
RUNS = (("simple", 20), ("extended", 15), ("prepared", 10))
"""Protocols, and transactions of each of two clients."""


@dataclass
class Benched:
    """A server after pgbench, and what it logged meanwhile."""

    server: PostgresServer
    log: bytes
    expected: dict[str, int]


@pytest.fixture(scope="module")
def benched(logging_postgres: PostgresServer) -> Iterator[Benched]:
    server = logging_postgres
    server.database(DATABASE, "CREATE EXTENSION pg_stat_statements")
    server.pgbench(DATABASE, "-i", "-q", "-n")
    file = server.data / "log" / "query.csv"
    before = file.stat().st_size
    with server.connect(DATABASE) as connection:
        connection.execute(f"ALTER DATABASE {DATABASE} SET log_statement = 'all'")
        connection.execute("SELECT pg_stat_statements_reset()")
    for protocol, transactions in RUNS:
        server.pgbench(DATABASE, "-n", "-c", "2", "-t", str(transactions), "-M", protocol)
    with server.connect() as connection:
        connection.execute(f"ALTER DATABASE {DATABASE} RESET log_statement")
    with server.connect(DATABASE) as connection:
        # By a statement that the source takes for its own, so that it is not counted itself.
        rows = connection.execute("SELECT /* beam-ingest */ count(*) FROM pgbench_history")
        ((done,),) = rows.fetchall()
    assert done == sum(2 * transactions for _, transactions in RUNS)
    table = f"{SERVICE}.{DATABASE}.public.pgbench_"
    yield Benched(
        server,
        file.read_bytes()[before:],
        {
            f"{table}accounts": 2 * done,  # an UPDATE and a SELECT
            f"{table}branches": done + len(RUNS),  # each run of pgbench first counts them
            f"{table}history": done,
            f"{table}tellers": done,
        },
    )
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture
def fake(benched: Benched, tmp_path: Path) -> Iterator[FakeOpenMetadata]:
    """OpenMetadata with what a metadata workflow found in the database."""
    with FakeOpenMetadata() as running:
        document = workflow(benched, running, tmp_path / "metadata", "postgres", {
            "type": "DatabaseMetadata",
        })  # fmt: skip
        document["sink"] = {"type": "metadata-rest", "config": {}}
        Workflow.from_config(document).run().raise_for_status()
        yield running


def workflow(
    benched: Benched, fake: FakeOpenMetadata, folder: Path, type_: str, read: dict[str, Any]
) -> dict[str, Any]:
    return {
        "source": {
            "type": type_,
            "serviceName": SERVICE,
            "serviceConnection": {"config": benched.server.connection(DATABASE)},
            "sourceConfig": {"config": read},
        },
        "workflowConfig": {
            "openMetadataServerConfig": {
                "hostPort": fake.url,
                "authProvider": "openmetadata",
                "securityConfig": {"jwtToken": BOT_TOKEN},
            }
        },
        "beam": {"workDir": str(folder)},
    }


def usage(
    benched: Benched, fake: FakeOpenMetadata, folder: Path, **read: Any
) -> tuple[dict[str, int], Any]:
    """The counts that OpenMetadata's own workflow ends in, over all days, and the report."""
    read = {"type": "DatabaseUsage", "queryLogDuration": 1, **read}
    document = workflow(benched, fake, folder / "runs", "postgres-usage", read)
    document |= {
        "processor": {"type": "query-parser", "config": {}},
        "stage": {"type": "table-usage", "config": {"filename": "/tmp/postgres_usage"}},
        "bulkSink": {"type": "metadata-usage", "config": {"filename": "/tmp/postgres_usage"}},
    }
    report = Workflow.from_config(document).run()
    return {table: sum(days.values()) for table, days in counts(fake).items()}, report


def test_the_csvlog_ends_in_the_right_counts(
    benched: Benched, fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    log = tmp_path / "query.csv"
    log.write_bytes(benched.log)
    found, report = usage(benched, fake, tmp_path, queryLogFilePath=str(log))
    assert found == benched.expected
    assert report.status == "success", report.sentence


def test_pg_stat_statements_ends_in_the_right_counts(
    benched: Benched, fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    found, report = usage(benched, fake, tmp_path)
    assert found == benched.expected
    assert report.status == "success", report.sentence
