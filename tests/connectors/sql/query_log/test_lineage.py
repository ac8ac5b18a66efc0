"""Edges from log files, without a database to ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Context, Unreadable
from beam_ingest.api.entities import LineageEdge
from beam_ingest.api.query_log_config import DatabaseLineage
from beam_ingest.connectors.sql.query_log.lineage import QueryLogLineageSource
from beam_ingest.testing import SourceSuite
from tests.connectors.narrow import splits
from tests.connectors.sql.query_log.support import csv_text, row

INSERT = "INSERT INTO totals (sum) SELECT o.qty FROM sales.orders o"


def log(folder: Path, *rows: list[str]) -> Path:
    file = folder / "log.csv"
    file.write_text(csv_text(rows))
    return file


def read(path: Path, dialect: str = "postgres", **options: Any) -> list[Any]:
    reader = QueryLogLineageSource(
        QueryLogLineageSource.Config(dialect=dialect),
        Context("w", "r", DatabaseLineage(query_log_file_path=str(path), **options)),
    )
    return [record for split in splits(reader) for record in reader.read(split)]


def pairs(records: list[Any]) -> list[tuple[str, str]]:
    return [(each.from_fqn, each.to_fqn) for each in records if isinstance(each, LineageEdge)]


def test_tables_are_taken_to_be_there_as_they_are_written(tmp_path: Path) -> None:
    file = log(tmp_path, row(INSERT, database_name="shop"))
    assert pairs(read(file)) == [("w.shop.sales.orders", "w.shop.public.totals")]


def test_a_name_without_a_schema_is_in_that_of_the_log(tmp_path: Path) -> None:
    file = log(tmp_path, row(INSERT, database_name="shop", schema_name="stage"))
    assert pairs(read(file, "mysql")) == [("w.shop.sales.orders", "w.shop.stage.totals")]


def test_a_statement_that_makes_a_view_is_an_edge_too(tmp_path: Path) -> None:
    file = log(tmp_path, row("CREATE VIEW v AS SELECT id FROM t", database_name="shop"))
    assert pairs(read(file)) == [("w.shop.public.t", "w.shop.public.v")]


def test_a_bad_row_is_one_unreadable_and_the_others_give_their_edges(tmp_path: Path) -> None:
    file = log(tmp_path, ["", "ann"], row(INSERT, database_name="shop"))
    bad, edge = read(file)
    assert isinstance(bad, Unreadable)
    assert isinstance(edge, LineageEdge)


def test_without_query_lineage_nothing_is_read(tmp_path: Path) -> None:
    file = log(tmp_path, row(INSERT, database_name="shop"))
    assert read(file, process_query_lineage=False) == []


class TestQueryLogLineage(SourceSuite):
    component = QueryLogLineageSource
    config = {"dialect": "postgres"}

    @pytest.fixture
    def source_config(self, tmp_path: Path) -> dict[str, Any]:
        file = log(tmp_path, row(INSERT, database_name="shop"))
        return {"type": "DatabaseLineage", "queryLogFilePath": str(file)}
