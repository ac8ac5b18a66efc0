from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from beam_ingest.api.component import Context
from beam_ingest.api.entities import (
    Column,
    ColumnLineage,
    LineageEdge,
    Query,
    StoredProcedure,
    StoredProcedureCode,
    Table,
    TableConstraint,
    TableUsage,
    TagLabel,
)
from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.api.outcomes import WRITTEN
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Split
from beam_ingest.connectors.openmetadata.source import MetadataSource
from beam_ingest.testing import SourceSuite
from tests.connectors.narrow import splits
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    opened,
    parents,
    server_of,
    table,
    write_with_waves,
)
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata


def catalogue() -> list[Record]:
    rich = Table(
        name="rich.table",
        display_name="Rich",
        database_schema=SCHEMA,
        description="All that a table can have",
        table_type="View",
        schema_definition="select 1",
        tags=[TagLabel(tag_fqn="PII.None")],
        columns=[
            Column(name="id", data_type="INT", constraint="PRIMARY_KEY", ordinal_position=1),
            Column(name="s", data_type="VARCHAR", data_length=3, description="short",
                   tags=[TagLabel(tag_fqn="PII.Sensitive")]),
            Column(name="r", data_type="STRUCT", data_type_display="struct",
                   children=[Column(name="a.b", data_type="ARRAY", array_data_type="INT")]),
        ],
        table_constraints=[
            TableConstraint(constraint_type="PRIMARY_KEY", columns=["id"]),
            TableConstraint(constraint_type="FOREIGN_KEY", columns=["s"],
                            referred_columns=[f"{SCHEMA}.a.id"]),
        ],
    )  # fmt: skip
    procedure = StoredProcedure(
        name="p", database_schema=SCHEMA,
        stored_procedure_code=StoredProcedureCode(language="SQL", code="select 1"),
    )  # fmt: skip
    query = Query(name="q", service="shop", query="select 2", query_used_in=[f"{SCHEMA}.a"])
    edge = LineageEdge(
        name=f'{SCHEMA}.a -> {SCHEMA}."rich.table"',
        from_fqn=f"{SCHEMA}.a",
        to_fqn=f'{SCHEMA}."rich.table"',
        source="ViewLineage",
        sql_query="select 1",
        columns_lineage=[
            ColumnLineage(from_columns=[f"{SCHEMA}.a.id"], to_column=f'{SCHEMA}."rich.table".id')
        ],
    )
    loop = LineageEdge(
        name=f'{SCHEMA}."rich.table" -> {SCHEMA}.a',
        from_fqn=f'{SCHEMA}."rich.table"',
        to_fqn=f"{SCHEMA}.a",
        source="DashboardLineage",
    )
    usage = [
        TableUsage(name=f"{SCHEMA}.a", table=f"{SCHEMA}.a", date=day, count=count)
        for day, count in (("2026-11-20", 3), ("2026-11-22", 34))
    ]
    tables = [table("a", f"{SCHEMA}.a"), rich]
    return [*parents("sales", "hr"), *tables, loop, edge, *usage, procedure, query]


def fill(fake: FakeOpenMetadata, records: list[Record]) -> None:
    with opened(context_of(fake)) as sink:
        assert write_with_waves(sink, records) == [WRITTEN] * len(records)


@contextmanager
def reading(fake: FakeOpenMetadata, **source_config: Any) -> Iterator[MetadataSource]:
    options = MetadataSource.SourceConfig.model_validate(source_config)
    source = MetadataSource(MetadataSource.Config(), context_of(fake, source_config=options))
    source.open()
    try:
        yield source
    finally:
        source.close()


def read(source: MetadataSource) -> list[Any]:
    records = (record for split in splits(source) for record in source.read(split))
    return [*source.parents(), *records]


def names(records: list[Any]) -> list[str]:
    return [record.fqn for record in records]


class TestConformance(SourceSuite):
    component = MetadataSource
    expected = catalogue()[4:]  # without the parents

    @pytest.fixture
    def context(self, fake: FakeOpenMetadata) -> Context:
        fill(fake, catalogue())
        return context_of(fake)


def test_what_is_read_and_written_again_is_the_same(fake: FakeOpenMetadata) -> None:
    fill(fake, catalogue())
    with reading(fake) as source:
        exported = read(source)
    with FakeOpenMetadata() as other:
        fill(other, exported)
        with reading(other) as source:
            assert read(source) == exported
        for type_, fqn in [("table", f'{SCHEMA}."rich.table"'), ("storedProcedure", f"{SCHEMA}.p")]:
            assert state(other, type_, fqn) == state(fake, type_, fqn)
        assert edges(other) == edges(fake)
        assert other.store.usage == fake.store.usage
    assert len(exported) == len(catalogue())


def edges(fake: FakeOpenMetadata) -> dict[tuple[str, str], dict[str, Any]]:
    changing = ("createdAt", "updatedAt")
    return {
        ends: {key: value for key, value in details.items() if key not in changing}
        for ends, details in fake.store.edges.items()
    }


def state(fake: FakeOpenMetadata, type_: str, fqn: str) -> dict[str, Any]:
    changing = ("id", "version", "updatedAt", "changeDescription")
    entity = fake.entity(type_, fqn)
    return {key: value for key, value in entity.items() if key not in changing}


def test_owners_travel_by_name(fake: FakeOpenMetadata) -> None:
    fake.add("user", "ann")
    fill(fake, [*parents(), table("t", owners=[{"type": "user", "name": "ann"}])])
    with reading(fake, entityTypes=["table"]) as source:
        (read_table,) = read(source)
    assert [(owner.type, owner.name, owner.id) for owner in read_table.owners] == [
        ("user", "ann", None)
    ]


def test_only_the_types_that_were_asked_for_are_read(fake: FakeOpenMetadata) -> None:
    fill(fake, catalogue())
    with reading(fake, entityTypes=["databaseSchema", "query"]) as source:
        assert names(read(source)) == ["shop.db.hr", "shop.db.sales", "shop.q"]


def test_filters_choose_by_name(fake: FakeOpenMetadata) -> None:
    fill(fake, [*catalogue(), table("b", schema="shop.db.hr"), table("ab", schema="shop.db.hr")])
    options = {
        "entityTypes": ["databaseSchema", "table", "storedProcedure"],
        "schemaFilterPattern": {"includes": ["hr"]},
        "tableFilterPattern": {"excludes": ["^b$"]},
    }
    with reading(fake, **options) as source:
        assert names(read(source)) == ["shop.db.hr", "shop.db.hr.ab"]


@pytest.mark.parametrize(
    ("include", "found"), [("deleted", ["a"]), ("non-deleted", ["b"]), ("all", ["a", "b"])]
)
def test_deleted_ones_are_read_if_asked_for(
    fake: FakeOpenMetadata, include: str, found: list[str]
) -> None:
    fill(fake, [*parents(), table("a"), table("b")])
    gone = fake.entity("table", f"{SCHEMA}.a")
    fake.store.delete("table", gone, hard=False, recursive=True)
    with reading(fake, entityTypes=["table"], include=include) as source:
        records = list(source.read(Split("x", {"type": "table", "containers": [{}]})))
    assert names(records) == [f"{SCHEMA}.{name}" for name in found]


def test_fewer_fields_can_be_asked_for(fake: FakeOpenMetadata) -> None:
    fill(fake, catalogue())
    with reading(fake, entityTypes=["table"], fields=["tags"]) as source:
        rich = next(record for record in read(source) if record.name == "rich.table")
    assert rich.schema_definition is None
    assert rich.tags[0].tag_fqn == "PII.None"


def test_a_field_that_an_older_server_lacks_is_left_out(fake: FakeOpenMetadata) -> None:
    fill(fake, catalogue())
    body = {"code": 400, "message": "Invalid field name tablePartition"}
    fake.faults.add("/v1/tables$", method="GET", after=1, status=400, body=body)
    with reading(fake, entityTypes=["table"]) as source:
        assert len(read(source)) == 2
    asked = [seen.query["fields"] for seen in fake.counted.requests if "fields" in seen.query]
    assert "tablePartition" in asked[-2]
    assert "tablePartition" not in asked[-1]


def test_a_large_database_is_split_by_its_schemas(fake: FakeOpenMetadata) -> None:
    tables = [table(f"t{n}", schema=f"shop.db.{s}") for s in ("sales", "hr") for n in range(30)]
    fill(fake, [*parents("sales", "hr"), *tables])
    with reading(fake, entityTypes=["table"], pageSize=10) as source:
        splits = list(source.splits())
        assert len(read(source)) == 60
    assert [split.payload["containers"] for split in splits if isinstance(split, Split)] == [
        [{"databaseSchema": "shop.db.hr"}, {"databaseSchema": "shop.db.sales"}]
    ]


def test_a_database_of_small_schemas_is_read_by_its_pages(fake: FakeOpenMetadata) -> None:
    schemas = [f"s{n}" for n in range(30)]
    tables = [table(f"t{n}", schema=f"shop.db.{s}") for s in schemas for n in range(2)]
    fill(fake, [*parents(*schemas), *tables])
    fake.counted.requests.clear()
    with reading(fake, entityTypes=["table"], pageSize=10) as source:
        assert len(read(source)) == 60
    assert fake.counted.count("GET", "/tables") == 7  # the total, and six pages


def test_other_types_are_mappings_with_their_create_request(fake: FakeOpenMetadata) -> None:
    fake.add("databaseService", "shop", serviceType="Postgres")
    fake.add("topic", "clicks", partitions=3)
    with reading(fake, entityTypes=["topic"]) as source:
        assert read(source) == [
            {
                "entityType": "topic",
                "fullyQualifiedName": "clicks",
                "entity": {"name": "clicks", "partitions": 3},
            }
        ]


def test_an_entity_that_our_models_do_not_know_costs_one_dead_letter(
    fake: FakeOpenMetadata,
) -> None:
    fill(fake, [*parents(), table("a"), table("b")])
    fake.entity("table", f"{SCHEMA}.a")["tableType"] = "Brandnew"
    with reading(fake, entityTypes=["table"]) as source:
        first, second = read(source)
    assert isinstance(first, Unreadable)
    assert (first.where, first.why.partition(":")[0]) == (f"table {SCHEMA}.a", "tableType")
    assert second.name == "b"


def test_a_list_that_breaks_off_fails_the_split(fake: FakeOpenMetadata) -> None:
    fill(fake, [*parents(), *(table(f"t{n}") for n in range(30))])
    fake.faults.add("/v1/tables$", method="GET", after=1, status=200, body={"paging": {}})
    with (
        reading(fake, entityTypes=["table"], pageSize=10) as source,
        pytest.raises(TransientError, match="answered with no list"),
    ):
        list(source.read(Split("x", {"type": "table", "containers": [{}]})))


def test_another_server_than_the_workflows_can_be_read(fake: FakeOpenMetadata) -> None:
    fill(fake, catalogue())
    with FakeOpenMetadata() as own:
        config = MetadataSource.Config.model_validate(
            {"hostPort": fake.url, "securityConfig": {"jwtToken": BOT_TOKEN}}
        )
        source = MetadataSource(config, Context(server=server_of(own)))
        source.open()
        assert len(read(source)) == len(catalogue())
        assert next(iter(source.checks())).run() == f"{fake.url}, OpenMetadata 1.12.6"
        source.close()
        assert own.counted.requests == []


def test_without_any_server_it_says_what_to_add() -> None:
    with pytest.raises(FatalError, match="names no OpenMetadata server"):
        MetadataSource(MetadataSource.Config(), Context()).open()


def test_an_unknown_type_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no entity type 'tables'; there are: chart, "):
        MetadataSource.SourceConfig.model_validate({"entityTypes": ["tables"]})
