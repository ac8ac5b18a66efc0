from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from beam_ingest.api.entities import (
    ColumnJoin,
    ColumnLineage,
    LineageEdge,
    Query,
    Table,
    TableUsage,
)
from beam_ingest.api.outcomes import WRITTEN, Deferred
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    opened,
    parents,
    table,
    write,
    write_with_waves,
)
from tests.servers.openmetadata import FakeOpenMetadata


def edge(start: str, end: str, *mappings: tuple[list[str], str]) -> LineageEdge:
    return LineageEdge(
        name=f"{start} -> {end}",
        from_fqn=f"{SCHEMA}.{start}",
        to_fqn=f"{SCHEMA}.{end}",
        source="ViewLineage",
        sql_query=f"select * from {start}",
        columns_lineage=[
            ColumnLineage(
                from_columns=[f"{SCHEMA}.{start}.{name}" for name in sources],
                to_column=f"{SCHEMA}.{end}.{target}",
            )
            for sources, target in mappings
        ],
    )


def stored(fake: FakeOpenMetadata, start: str, end: str) -> dict[str, Any]:
    details: dict[str, Any] = fake.store.edges[f"{SCHEMA}.{start}", f"{SCHEMA}.{end}"]
    return details


def test_lineage_is_written_after_all_tables_with_its_columns(fake: FakeOpenMetadata) -> None:
    lineage = edge("t", "v", (["id", "ref"], "id"))
    with opened(context_of(fake)) as sink:
        outcomes = write_with_waves(sink, [*parents(), lineage, table("t"), table("v")])
    assert outcomes == [WRITTEN] * 6
    details = stored(fake, "t", "v")
    assert details["source"] == "ViewLineage"
    assert details["sqlQuery"] == "select * from t"
    assert details["columnsLineage"] == [
        {"fromColumns": [f"{SCHEMA}.t.id", f"{SCHEMA}.t.ref"], "toColumn": f"{SCHEMA}.v.id"}
    ]


def test_a_column_that_is_not_there_costs_its_mapping_only(
    fake: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    lineage = edge("t", "v", (["id", "nosuch"], "id"), (["ref"], "nosuch"))
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t"), table("v"))
        assert write(sink, lineage, wave=1) == [WRITTEN]
    assert stored(fake, "t", "v")["columnsLineage"] == [
        {"fromColumns": [f"{SCHEMA}.t.id"], "toColumn": f"{SCHEMA}.v.id"}
    ]
    assert "a column that is not there" in caplog.text


def test_an_edge_without_an_end_waits_and_says_for_what(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t"))
        (outcome,) = write_with_waves(sink, [edge("t", "nosuch")])
    assert outcome == Deferred(f"the table {SCHEMA}.nosuch is not on the server")


def test_ids_come_from_a_list_and_are_asked_once(fake: FakeOpenMetadata) -> None:
    tables: list[Table] = [table(f"t{n}") for n in range(20)]
    edges = [edge(f"t{n}", f"t{n + 1}") for n in range(19)]
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), *tables)
        assert write(sink, *edges, wave=1) == [WRITTEN] * 19
        assert write(sink, *edges, wave=2) == [WRITTEN] * 19
    gets = [
        seen.path
        for seen in fake.counted.requests
        if "/tables" in seen.path and seen.method == "GET"
    ]
    assert gets == ["/v1/tables"]
    assert fake.counted.count("PUT", "/lineage") == 38


def test_few_ids_are_asked_by_name(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t"), table("odd/name?"))
        assert write(sink, edge("t", "odd/name?"), wave=1) == [WRITTEN]
    assert fake.counted.count("GET", "/tables/name/") == 2


@pytest.fixture
def in_november() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata(clock=datetime(2026, 11, 25, tzinfo=UTC).timestamp) as server:
        yield server


def test_usage_sets_the_count_of_the_day_and_may_be_written_again(
    in_november: FakeOpenMetadata,
) -> None:
    fake = in_november
    usage = TableUsage(
        name="u",
        table=f"{SCHEMA}.t",
        date="2026-11-22",
        count=17,
        joins=[
            ColumnJoin(column=f"{SCHEMA}.t.id", joined_with=f"{SCHEMA}.u.id", join_count=3),
            ColumnJoin(column=f"{SCHEMA}.t.id", joined_with=f"{SCHEMA}.u.ref", join_count=1),
        ],
        queries=[Query(name="abc", service="shop", query="select 1", exclude_usage=False)],
    )
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t"), table("u"))
        assert write(sink, usage) == [WRITTEN]
        assert write(sink, usage) == [WRITTEN]
    assert fake.store.usage == {(f"{SCHEMA}.t", "2026-11-22"): 17}
    (joins,) = fake.store.joins.values()
    assert joins == [
        {
            "columnName": "id",
            "joinedWith": [
                {"fullyQualifiedName": f"{SCHEMA}.u.id", "joinCount": 3},
                {"fullyQualifiedName": f"{SCHEMA}.u.ref", "joinCount": 1},
            ],
        }
    ]
    table_id = fake.entity("table", f"{SCHEMA}.t")["id"]
    assert fake.entity("query", "shop.abc")["queryUsedIn"] == [{"id": table_id, "type": "table"}]


def test_a_query_knows_its_tables(fake: FakeOpenMetadata) -> None:
    query = Query(name="q", service="shop", query="select 2", query_used_in=[f"{SCHEMA}.t"])
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        assert write(sink, query) == [Deferred(f"the table {SCHEMA}.t is not on the server")]
        write(sink, table("t"))
        assert write(sink, query, wave=1) == [WRITTEN]
    assert [u["type"] for u in fake.entity("query", "shop.q")["queryUsedIn"]] == ["table"]
