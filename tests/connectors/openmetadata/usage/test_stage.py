"""What the stage ``table-usage`` makes of parsed queries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.component import Context
from beam_ingest.api.errors import RecordError
from beam_ingest.connectors.openmetadata.usage import partials
from beam_ingest.connectors.openmetadata.usage.stage import TableUsageStage
from tests.connectors.openmetadata.usage.support import parsed, staged


def lines(kind: str, *records: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in staged(*records) if line["kind"] == kind]


def test_a_table_and_day_is_one_line_with_every_spelling() -> None:
    found = lines(
        "tableUsage",
        parsed("select * from orders"),
        parsed("select * from Sales.ORDERS where id = 1", userName="bob", duration=80),
        parsed("select * from sales.orders where id = 2", count=4, duration=None),
        parsed("select * from orders", analysisDate="2026-11-21", databaseSchema=None),
    )
    assert [(line["date"], line["name"]) for line in found] == [
        ("2026-11-20", "orders"), ("2026-11-21", "orders"),
    ]  # fmt: skip
    session = {"dialect": "postgres", "sessionDatabase": "types"}
    assert found[0]["uses"] == [
        {"tables": [{**session, "table": ["", "", "orders"], "searchPath": ["sales"]}], "count": 1},
        {"tables": [{**session, "table": ["", "sales", "orders"], "searchPath": []}], "count": 5},
    ]
    assert found[0]["users"] == {"ann": 5, "bob": 1}
    assert [slow["duration"] for slow in found[0]["slowest"]] == [80.0, 12.5]


def test_a_query_counts_once_whatever_it_calls_the_table() -> None:
    (line,) = lines("tableUsage", parsed("select * from orders a, sales.orders b"))
    assert [(len(use["tables"]), use["count"]) for use in line["uses"]] == [(2, 1)]


def test_the_slowest_queries_are_kept_and_no_more() -> None:
    queries = [
        parsed(f"select c{n} from orders", duration=duration)
        for n in range(30)
        for duration in (n, n / 2)
    ]
    (line,) = lines("tableUsage", *queries)
    assert [slow["duration"] for slow in line["slowest"]] == [float(n) for n in range(29, 19, -1)]
    assert len({slow["fingerprint"] for slow in line["slowest"]}) == partials.SLOWEST


def test_users_and_statements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partials, "USERS", 5)
    monkeypatch.setattr(partials, "STATEMENTS", 3)
    queries = [
        parsed(f"insert into order_notes (note) select c{n} from orders", userName=f"u{n:02d}")
        for n in range(20)
    ]
    (of_orders, *_) = (line for line in lines("tableUsage", *queries) if line["name"] == "orders")
    assert of_orders["users"] == {f"u{n:02d}": 1 for n in range(5)}
    assert of_orders["uses"][0]["count"] == 20
    (lineage,) = lines("queryLineage", *queries)
    assert len(lineage["statements"]) == 3


def test_what_cannot_be_parsed_is_a_line_with_its_reason_and_count() -> None:
    (line,) = staged(parsed("no sql 'at all'", count=3), parsed("no sql 'at 2'", userName="bob"))
    assert line["kind"] == "unparsedQuery"
    assert line["reason"].startswith("not understood at line 1")
    assert (line["query"], line["count"], line["users"]) == ("no sql ?", 4, {"ann": 3, "bob": 1})


def test_a_query_without_tables_leaves_nothing() -> None:
    assert staged(parsed("select 1"), parsed("vacuum"), parsed("begin")) == []


def test_a_record_that_was_not_parsed_is_stored_as_it_is() -> None:
    stage = TableUsageStage(TableUsageStage.Config(), Context())
    stage.open()
    assert list(stage.keyed({"query": "select 1"})) == [(None, {"query": "select 1"})]


def test_a_record_without_a_day_is_that_records_fault() -> None:
    with pytest.raises(RecordError, match="analysisDate, the day it counts for"):
        staged(parsed("select * from orders", analysisDate=None))


def test_the_folder_that_filename_names_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "query_usage" / "of_the_user.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    config = TableUsageStage.Config(filename=str(kept.parent))
    stage = TableUsageStage(config, Context())
    stage.open()
    list(stage.keyed(parsed("select * from orders")))
    stage.close()
    assert [path.name for path in kept.parent.iterdir()] == ["of_the_user.txt"]
