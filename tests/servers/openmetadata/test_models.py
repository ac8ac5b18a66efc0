"""The fake and the connector agree with the models that OpenMetadata publishes, in both ways.

What the connector sends is what their create requests allow; what the fake answers, and the
connector so learns to read, is what their entities are.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from beam_ingest.api.entities import ColumnJoin, ColumnLineage, LineageEdge, Query, TableUsage
from beam_ingest.api.outcomes import WRITTEN, Retired
from beam_ingest.api.settings import RetireLimits
from beam_ingest.api.source import Scope
from beam_ingest.connectors.openmetadata.pipeline_status import PipelineStatus
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    opened,
    server_of,
    table,
    write_with_waves,
)
from tests.connectors.openmetadata.test_pipeline_status import report
from tests.connectors.openmetadata.test_source import catalogue
from tests.servers import openmetadata_models
from tests.servers.openmetadata import FakeOpenMetadata
from tests.servers.openmetadata.message import Reply

HERE = Path(__file__).parent

_REQUESTS = {
    "PUT /v1/services/databaseServices": "api.services.createDatabaseService:"
    "CreateDatabaseServiceRequest",
    "PUT /v1/databases": "api.data.createDatabase:CreateDatabaseRequest",
    "PUT /v1/databaseSchemas": "api.data.createDatabaseSchema:CreateDatabaseSchemaRequest",
    "PUT /v1/tables": "api.data.createTable:CreateTableRequest",
    "PUT /v1/storedProcedures": "api.data.createStoredProcedure:CreateStoredProcedureRequest",
    "PUT /v1/queries": "api.data.createQuery:CreateQueryRequest",
    "PUT /v1/lineage": "api.lineage.addLineage:AddLineageRequest",
    "POST /v1/usage/table/": "type.usageRequest:UsageRequest",
    "joins": "entity.data.table:TableJoins",
    "pipelineStatus": "entity.services.ingestionPipelines.ingestionPipeline:PipelineStatus",
    "deleteStale": "type.bulkDeleteStaleRequest:BulkDeleteStaleRequest",
}  # fmt: skip
_ENTITIES = {
    "databaseService": "entity.services.databaseService:DatabaseService",
    "database": "entity.data.database:Database",
    "databaseSchema": "entity.data.databaseSchema:DatabaseSchema",
    "table": "entity.data.table:Table",
    "storedProcedure": "entity.data.storedProcedure:StoredProcedure",
    "query": "entity.data.query:Query",
}


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python with the published models; skips where they cannot be had."""
    return openmetadata_models.python()


def faults(python: Path, values: list[tuple[str, Any]]) -> list[str]:
    lines = "".join(json.dumps(value) + "\n" for value in values)
    script = HERE / "validate.py"
    ended = subprocess.run([python, script], input=lines, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-1000:]
    found: list[str] = json.loads(ended.stdout)
    return found


def test_the_fake_is_strict_by_the_published_models(python: Path) -> None:
    script = HERE / "generate_schema.py"
    ended = subprocess.run([python, script], check=True, capture_output=True, text=True)
    assert ended.stdout == (HERE / "schema.json").read_text()


def model_of(method: str, path: str) -> str:
    last = path.rpartition("/")[2]
    for key in ("joins", "pipelineStatus", "deleteStale"):
        if last == key:
            return _REQUESTS[key]
    path = "/v1/usage/table/" if path.startswith("/v1/usage/table/") else path
    return _REQUESTS[f"{method} {path.removesuffix('/bulk')}"]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> tuple[FakeOpenMetadata, list[tuple[str, Any]]]:
    """A server, and every request with a body that it was sent, each with its model."""
    fake = FakeOpenMetadata("2.0.7")
    bodies: list[tuple[str, Any]] = []
    original = fake.respond

    def respond(method: str, target: str, headers: dict[str, str], body: bytes) -> Reply | None:
        if body:
            value = from_json(body)
            path = target.partition("?")[0].removeprefix("/api")
            model = model_of(method, path)
            bodies.extend((model, each) for each in (value if isinstance(value, list) else [value]))
        return original(method, target, headers, body)

    monkeypatch.setattr(fake, "respond", respond)
    return fake, bodies


def test_what_the_connector_sends_is_what_the_server_takes(
    python: Path, sent: tuple[FakeOpenMetadata, list[tuple[str, Any]]]
) -> None:
    fake, bodies = sent
    names = f"{SCHEMA}.a", f'{SCHEMA}."rich.table"'
    edge = LineageEdge(
        name="e", from_fqn=names[0], to_fqn=names[1], source="ViewLineage", sql_query="select 1",
        columns_lineage=[
            ColumnLineage(from_columns=[f"{names[0]}.id"], to_column=f"{names[1]}.id", function="f")
        ],
    )  # fmt: skip
    usage = TableUsage(
        name="u", table=names[0], date="2026-11-22", count=3,
        joins=[ColumnJoin(column=f"{names[0]}.id", joined_with=f"{names[1]}.id", join_count=2)],
        queries=[Query(name="used", service="shop", query="select 3", used_by=["ann"],
                       query_date=1, duration=0.5, exclude_usage=False)],
    )  # fmt: skip
    with fake:
        fake.add("user", "ann")
        fake.add("ingestionPipeline", "nightly")
        owned = table("owned", owners=[{"type": "user", "name": "ann"}])
        stale = [table(f"stale{n:02}") for n in range(30)]
        with opened(context_of(fake)) as sink:
            records = [*catalogue(), owned, edge, usage, *stale]
            assert write_with_waves(sink, records) == [WRITTEN] * len(records)
        with opened(context_of(fake)) as sink:
            kept = [name for name in fake.names("table") if "stale" not in name]
            limits = RetireLimits(max_share=1)
            assert sink.retire(Scope(SCHEMA, kept, limits=limits)) == Retired(30)
        PipelineStatus(server_of(fake), "nightly", "r1").ended(report())
    assert {model for model, _ in bodies} == set(_REQUESTS.values())
    assert faults(python, bodies) == []


def test_what_the_fake_answers_is_what_the_server_shows(python: Path) -> None:
    with FakeOpenMetadata("2.0.7") as fake, opened(context_of(fake)) as sink:
        write_with_waves(sink, catalogue())
        shown = [
            (model, entity)
            for type_, model in _ENTITIES.items()
            for page in sink.connection.client.pages(
                COLLECTIONS[type_], fields=COLLECTIONS[type_].fields
            )
            for entity in page.items
        ]
    assert {model for model, _ in shown} == set(_ENTITIES.values())
    assert faults(python, shown) == []


def test_the_validation_finds_faults(python: Path) -> None:
    (fault,) = faults(python, [("type.usageRequest:UsageRequest", {"date": "x", "nosuch": 1})])
    assert "nosuch" in fault
