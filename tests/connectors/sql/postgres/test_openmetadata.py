"""The same entities as OpenMetadata's own ingestion, field by field."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api import fqn
from beam_ingest.api.entities import DatabaseSchema, Table
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.sql.reading import Read, make, read_all
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.server

DATA = Path(__file__).parents[3] / "data" / "openmetadata-oracle"
SERVICE, DATABASE = "ing_small_t4", "small"
BY_THE_SERVER = ("entityStatus", "service", "serviceType", "database", "databaseSchema")
"""What the server adds to a create request: references to parents, a status."""
OTHERWISE_HERE = {f"{SERVICE}.{DATABASE}.information_schema"}
"""The one deliberate difference that this catalogue shows (docs/connectors/postgres.md)."""


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    text = gzip.decompress((DATA / "small.entities.json.gz").read_bytes())
    entities: dict[str, Any] = json.loads(text)
    return entities


@pytest.fixture(scope="module")
def read(postgres: PostgresServer) -> Read:
    script = gzip.decompress((DATA / "small.sql.gz").read_bytes()).decode()
    postgres.database(DATABASE, script)
    return read_all(make(PostgresSource, postgres.connection(DATABASE), service=SERVICE))


def as_stored(entity: Table | DatabaseSchema) -> dict[str, Any]:
    """Our request as the server would give it back, without what it adds by itself."""
    found = entity.to_dict()
    found["fullyQualifiedName"] = entity.fqn
    for column in found.get("columns", ()):
        column["fullyQualifiedName"] = fqn.join(entity.fqn, column["name"])
    return without_servers_own(found)


def without_servers_own(entity: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entity.items() if key not in BY_THE_SERVER}


def test_every_table_and_view_is_the_same(read: Read, stored: dict[str, Any]) -> None:
    theirs = {t["fullyQualifiedName"]: without_servers_own(t) for t in stored["tables"]}
    ours = {name: as_stored(table) for name, table in read.tables.items()}
    assert len(theirs) == 630
    assert sorted(ours) == sorted(theirs)
    for name, table in theirs.items():
        assert ours[name] == table


def test_every_schema_is_the_same_but_information_schema(
    read: Read, stored: dict[str, Any]
) -> None:
    theirs = {s["fullyQualifiedName"]: without_servers_own(s) for s in stored["schemas"]}
    ours = {s.fqn: as_stored(s) for s in read.parents if isinstance(s, DatabaseSchema)}
    assert set(theirs) - set(ours) == OTHERWISE_HERE
    assert ours == {name: s for name, s in theirs.items() if name not in OTHERWISE_HERE}


def test_each_table_is_in_the_schema_it_is_stored_in(read: Read, stored: dict[str, Any]) -> None:
    for table in stored["tables"]:
        ours = read.tables[table["fullyQualifiedName"]]
        assert ours.database_schema == table["databaseSchema"]["fullyQualifiedName"]
