"""The processor ``query-parser``: what a logged query gets, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from beam_ingest import Context, RecordError
from beam_ingest.lineage.query import Query
from beam_ingest.processors import query_parsing
from beam_ingest.processors.query_parser import QueryParserProcessor


def processor(**config: Any) -> QueryParserProcessor:
    made = QueryParserProcessor(QueryParserProcessor.Config.model_validate(config), Context())
    made.open()
    return made


def parse(query: str, dialect: str = "postgres", **config: Any) -> dict[str, Any]:
    record: Any = processor(**config).process({"query": query, "dialect": dialect})
    parsed: dict[str, Any] = record["parsed"]
    return parsed


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were parsed."""
    seen: list[str] = []

    def counted(text: str, *rest: Any) -> Any:
        seen.append(text)
        return Query(text, *rest)

    monkeypatch.setattr(query_parsing, "Query", counted)
    return seen


def test_a_query_gets_what_it_does() -> None:
    found = parse("select c.email from s.customers c join orders o on o.cid = c.id where qty > 5")
    assert found.pop("fingerprint")
    assert found == {
        "maskedQuery":
            "select c.email from s.customers c join orders o on o.cid = c.id where qty > ?",
        "unparsed": None,
        "tables": [["", "s", "customers"], ["", "", "orders"]],
        "reads": [0, 1],
        "writes": [],
        "columns": [["email", "id"], ["cid"]],
        "joins": [[[[1, "cid"]], [[0, "id"]]]],
        "lineageQuery": None,
    }  # fmt: skip


def test_what_flows_is_kept_without_its_literals() -> None:
    found = parse("insert into t (a, b) select x, 'secret' from u where d > 5 -- why")
    assert (found["reads"], found["writes"]) == ([0], [1])
    assert found["tables"] == [["", "", "u"], ["", "", "t"]]
    assert found["lineageQuery"] == "insert into t (a, b) select x, '?' from u where d > 0"
    assert "secret" not in str(found)


def test_queries_of_one_shape_are_parsed_once_and_share_what_is_found(parses: list[str]) -> None:
    step = processor()
    records: list[Any] = [
        step.process({"query": f"SELECT * FROM t WHERE id = {n}", "dialect": "postgres"})
        for n in range(100)
    ]
    assert len(parses) == 1
    assert all(record["parsed"] is records[0]["parsed"] for record in records)


def test_a_dialect_is_part_of_a_shape(parses: list[str]) -> None:
    step = processor()
    for dialect in ("postgres", "mysql", ""):
        step.process({"query": "select 1 from t", "dialect": dialect})
    assert len(parses) == 3


def test_what_was_not_met_for_long_is_forgotten(parses: list[str]) -> None:
    step = processor(cacheSize=2)
    for table in ("a", "b", "a", "c", "a", "b"):
        step.process({"query": f"select * from {table}", "dialect": "postgres"})
    assert [text[-1] for text in parses] == ["a", "b", "c", "b"]
    assert len(step._cache) == 2


@pytest.mark.parametrize(
    ("query", "config", "reason"),
    [
        ("this is not sql 34", {}, "not understood at line 1, column 18"),
        ("", {}, "there is no statement in it"),
        ("select " + "x, " * 50 + "x from t", {"maxQueryLength": 100}, "longer than 100 char"),
        ("select ((((((1))))))", {"maxDepth": 5}, "nested deeper than 5 levels"),
        ("select " + "f(x), " * 200 + "1", {"maxSteps": 1_000}, "it takes too long"),
    ],
)
def test_what_cannot_be_parsed_goes_on_with_its_reason(
    query: str, config: dict[str, Any], reason: str
) -> None:
    found = parse(query, **config)
    assert found["unparsed"].startswith(reason)
    assert (found["tables"], found["lineageQuery"]) == ([], None)


def test_a_dialect_that_nobody_knows_is_a_reason() -> None:
    assert parse("select 1", "klingon")["unparsed"] == "sqlglot knows no dialect 'klingon'"


def test_a_monstrous_query_stops_nothing_and_is_kept_short() -> None:
    found = parse("select " + "(" * 1_000_000)
    assert found["unparsed"] == "longer than 100000 characters"
    assert len(found["maskedQuery"]) <= 20_000


def test_other_records_pass() -> None:
    assert processor().process({"name": "x"}) == {"name": "x"}


def test_a_query_that_is_no_text_is_that_records_fault() -> None:
    with pytest.raises(RecordError, match="query is a text, not int"):
        processor().process({"query": 5})
