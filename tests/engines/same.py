"""Two runs of one workflow held against each other: the same records, the same totals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from beam_ingest.api.report import Report
from tests.benchmarks.catalogue import Shape, postgres
from tests.flow.workflows import check
from tests.servers.postgres import PostgresServer

SMALL = Shape(tables=60, views=3, schemas=3)
RELATIONS = SMALL.tables + SMALL.views


def catalogue(server: PostgresServer, shape: Shape = SMALL) -> str:
    """A database of that shape on the server; its name."""
    name = f"engines_{shape.tables}"
    server.database(name)
    with server.connect(name) as connection:
        for piece in postgres(shape):
            connection.execute(piece)
        connection.execute("VACUUM ANALYZE")
    return name


def to_file(
    server: PostgresServer, database: str, out: Path, beam: dict[str, Any], **connection: Any
) -> dict[str, Any]:
    """The workflow: the catalogue as JSON lines."""
    return {
        "source": {
            "type": "postgres",
            "serviceName": "svc",
            "serviceConnection": {"config": server.connection(database, **connection)},
            "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        },
        "sink": {"type": "file", "config": {"path": str(out)}},
        "beam": {"workDir": str(out.parent / "runs"), **beam},
    }


def lines(path: Path) -> list[bytes]:
    """The lines of a file in an order that does not depend on the run."""
    return sorted(path.read_bytes().splitlines())


def totals(report: Report) -> dict[str, Any]:
    """What a report says that must not depend on where it was run."""
    check(report)
    assert report.status == "success", report.to_json()
    return report.model_dump(
        include={"status", "exit_code", "sentence", "steps", "splits", "files", "dead_letters"}
    )
