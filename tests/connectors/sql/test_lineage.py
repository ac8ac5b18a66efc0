"""Edges to views as a source gives them, on a SQLite file."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot.errors import ParseError

from beam_ingest.connectors.sql.sqlite.source import SqliteSource
from tests.connectors.sql.reading import Read, make, read_all

MAIN = "svc.default.main"
SCRIPT = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT);
CREATE TABLE "or.der" (id INTEGER, customer INTEGER, price REAL);
CREATE VIEW spend AS SELECT c.email, sum(price) AS total FROM Customer c
    JOIN "or.der" o ON o.customer = c.id GROUP BY 1;
CREATE VIEW everything AS SELECT * FROM spend;
CREATE VIEW constant AS SELECT 1 AS one;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.executescript(SCRIPT)
    connection.close()
    return tmp_path / "shop.db"


def read(path: Path, source_config: dict[str, Any] | None = None, **keys: Any) -> Read:
    return read_all(make(SqliteSource, {"databaseMode": str(path), **keys}, source_config))


def test_an_edge_names_table_view_and_columns(path: Path) -> None:
    edges = read(path).edges
    assert set(edges) == {
        f"{MAIN}.customer -> {MAIN}.spend",
        f'{MAIN}."or.der" -> {MAIN}.spend',
        f"{MAIN}.spend -> {MAIN}.everything",
    }
    edge = edges[f'{MAIN}."or.der" -> {MAIN}.spend'].to_dict()
    assert edge.pop("sqlQuery").startswith("CREATE VIEW spend AS SELECT")
    assert edge == {
        "name": f'{MAIN}."or.der" -> {MAIN}.spend',
        "fromFqn": f'{MAIN}."or.der"', "toFqn": f"{MAIN}.spend",
        "fromType": "table", "toType": "table", "source": "ViewLineage",
        "columnsLineage": [
            {"fromColumns": [f'{MAIN}."or.der".price'], "toColumn": f"{MAIN}.spend.total"}
        ],
    }  # fmt: skip


def test_a_star_is_followed_through_a_view(path: Path) -> None:
    edge = read(path).edges[f"{MAIN}.spend -> {MAIN}.everything"]
    assert [c.to_column for c in edge.columns_lineage or ()] == [
        f"{MAIN}.everything.email", f"{MAIN}.everything.total",
    ]  # fmt: skip


def test_no_edge_starts_at_what_is_not_read(path: Path) -> None:
    found = read(path, {"tableFilterPattern": {"excludes": ["customer"]}})
    assert f"{MAIN}.customer -> {MAIN}.spend" not in found.edges
    assert f'{MAIN}."or.der" -> {MAIN}.spend' in found.edges
    assert not read(path, {"includeTables": False}).edges
    assert not read(path, {"includeViews": False}).edges


def test_lineage_can_be_turned_off(path: Path) -> None:
    assert not read(path, supportsViewLineageExtraction=False).edges


def test_a_definition_that_is_not_understood_is_a_warning(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIEW odd AS SELECT id FROM customer")
    connection.commit()
    connection.close()
    with caplog.at_level(logging.WARNING), pytest.MonkeyPatch.context() as patch:
        patch.setattr("beam_ingest.lineage.view_columns.sqlglot.parse_one", _refuse_odd)
        found = read(path)
    assert f"{MAIN}.odd: no lineage, its definition is not understood: odd syntax" in caplog.text
    assert f"{MAIN}.odd" in found.tables
    assert len(found.edges) == 3


def _refuse_odd(definition: str, dialect: str) -> Any:
    if " odd " in definition:
        raise ParseError("odd syntax\nat line 1")
    return sqlglot.parse(definition, dialect=dialect)[0]
