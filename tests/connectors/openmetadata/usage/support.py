"""What the tests of usage share: a catalogue on the server, and workflows over a log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.api.component import Context
from beam_ingest.connectors.openmetadata.usage.stage import TableUsageStage
from beam_ingest.processors.query_parser import QueryParserProcessor
from beam_ingest.testing.exercise import expanded
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata

ORACLE = Path(__file__).parents[3] / "data" / "openmetadata-oracle"
SERVICE, DATABASE = "ing_types", "types"

TYPES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sales": {
        "customers": ("id", "email", "name"),
        "orders": ("id", "line", "customer_id", "qty"),
        "order_notes": ("order_id", "order_line", "note"),
        "v_spend": ("id", "email", "n", "total"),
    },
    "hr": {"emp": ("id", "boss_id", "dept")},
    "Odd Schema": {"weird.name": ("id", "col.with.dot")},
}
"""The catalogue behind the oracle's log, as its README tells it."""


def november() -> float:
    """A clock: the day on which the oracle's log was published."""
    return datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def fill(
    fake: FakeOpenMetadata,
    schemas: Mapping[str, Mapping[str, Iterable[str]]] = TYPES,
    service: str = SERVICE,
    database: str = DATABASE,
    service_type: str = "Postgres",
) -> None:
    """Put tables on the server."""
    fake.add("databaseService", service, serviceType=service_type)
    fake.add("database", database, service=service)
    for schema, tables in schemas.items():
        fake.add("databaseSchema", schema, database=f"{service}.{database}")
        inside = fqn.build(service, database, schema)
        for table, columns in tables.items():
            fake.add(
                "table",
                table,
                databaseSchema=inside,
                columns=[{"name": name, "dataType": "INT"} for name in columns],
            )


def usage_workflow(
    fake: FakeOpenMetadata, log: Path, folder: Path, service: str = SERVICE, **beam: Any
) -> dict[str, Any]:
    """OpenMetadata's usage workflow over a log file, as its users have it."""
    return {
        "source": {
            "type": "query-log-usage",
            "serviceName": service,
            "serviceConnection": {"config": {"type": "Postgres"}},
            "sourceConfig": {"config": {"type": "DatabaseUsage", "queryLogFilePath": str(log)}},
        },
        "processor": {"type": "query-parser", "config": {}},
        "stage": {"type": "table-usage", "config": {"filename": "/tmp/query_usage"}},
        "bulkSink": {"type": "metadata-usage", "config": {"filename": "/tmp/query_usage"}},
        "workflowConfig": {
            "openMetadataServerConfig": {
                "hostPort": fake.url,
                "authProvider": "openmetadata",
                "securityConfig": {"jwtToken": BOT_TOKEN},
            }
        },
        "beam": {"workDir": str(folder / "runs"), **beam},
    }


def counts(fake: FakeOpenMetadata) -> dict[str, dict[str, int]]:
    """By table and day, what the server holds."""
    found: dict[str, dict[str, int]] = {}
    for (table, day), count in fake.store.usage.items():
        found.setdefault(table, {})[day] = count
    return found


def joins(fake: FakeOpenMetadata) -> dict[str, dict[tuple[str, str], int]]:
    """By table, how often a column was joined with another, over all days."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    for (table, _), joined in fake.store.joins.items():
        for column in joined:
            for other in column["joinedWith"]:
                key = column["columnName"], other["fullyQualifiedName"]
                into = found.setdefault(table, {})
                into[key] = into.get(key, 0) + other["joinCount"]
    return found


def oracle() -> dict[str, Any]:
    """What OpenMetadata's own workflow left in a real server."""
    loaded: dict[str, Any] = json.loads((ORACLE / "usage.results.json").read_text())
    return loaded


def logged(query: str, **keys: Any) -> dict[str, Any]:
    """A logged query, as a source of query logs yields it."""
    return {
        "query": query,
        "serviceName": SERVICE,
        "databaseName": DATABASE,
        "databaseSchema": "sales",
        "userName": "ann",
        "startTime": "2026-11-20T08:00:00.000+00:00",
        "endTime": "2026-11-20T08:00:01.000+00:00",
        "analysisDate": "2026-11-20",
        "aborted": False,
        "duration": 12.5,
        "count": 1,
        "dialect": "postgres",
        "where": "log.csv:2",
        **keys,
    }


def parsed(query: str, **keys: Any) -> dict[str, Any]:
    """A logged query that has passed ``query-parser``."""
    processor = QueryParserProcessor(QueryParserProcessor.Config(), Context())
    processor.open()
    record = processor.process(logged(query, **keys))
    assert isinstance(record, dict)
    return record


def staged(*records: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines that ``table-usage`` makes of parsed queries, by key."""
    stage = TableUsageStage(TableUsageStage.Config(), Context())
    stage.open()
    totals: dict[str, Any] = {}
    for record in records:
        for key, partial in stage.keyed(dict(record)):
            assert key is not None
            partial = json.loads(json.dumps(partial))
            totals[key] = stage.combine(totals[key], partial) if key in totals else partial
    totals = expanded(stage, totals)
    return [dict(stage.finish(key, totals[key])) for key in sorted(totals)]
