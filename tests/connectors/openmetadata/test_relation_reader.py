"""Lineage and usage read back out of a server."""

from __future__ import annotations

from beam_ingest.api.record import Unreadable
from tests.connectors.openmetadata.support import SCHEMA, table
from tests.connectors.openmetadata.test_source import catalogue, fill, read, reading
from tests.servers.openmetadata import FakeOpenMetadata


def test_lineage_and_usage_are_asked_of_those_that_can_have_them(fake: FakeOpenMetadata) -> None:
    fill(fake, [*catalogue(), *(table(f"t{n}") for n in range(10))])
    fake.counted.requests.clear()
    with reading(fake, entityTypes=["table", "tableUsage"]) as source:
        assert len(read(source)) == 14
    assert fake.counted.count("GET", "/usage/") == 1, "of the one table that was used"
    fake.counted.requests.clear()
    with reading(fake, entityTypes=["lineage"]) as source:
        assert read(source) == [], "lineage is of the types that are read with it"
    with reading(fake, entityTypes=["table", "lineage"]) as source:
        assert len(read(source)) == 14
    assert fake.counted.count("GET", "/lineage/") == 12


def test_an_edge_from_what_was_deleted_is_left_with_it(fake: FakeOpenMetadata) -> None:
    fill(fake, catalogue())
    gone = fake.entity("table", f"{SCHEMA}.a")
    fake.store.delete("table", gone, hard=False, recursive=True)
    with reading(fake, entityTypes=["table", "lineage"]) as source:
        assert [record.entity_type for record in read(source)] == ["table"]


def test_lineage_of_a_kind_that_we_do_not_know_costs_one_dead_letter(
    fake: FakeOpenMetadata,
) -> None:
    fill(fake, catalogue())
    ends = f"{SCHEMA}.a", f'{SCHEMA}."rich.table"'
    fake.store.edges[ends]["source"] = "Brandnew"
    with reading(fake, entityTypes=["table", "lineage"]) as source:
        (unreadable,) = [each for each in read(source) if isinstance(each, Unreadable)]
    assert unreadable.where == f"lineage {ends[0]} -> {ends[1]}"
    assert unreadable.why.startswith("source: ")


def test_what_is_to_be_indexed_is_read_without_them(fake: FakeOpenMetadata) -> None:
    fill(fake, catalogue())
    fake.counted.requests.clear()
    with reading(fake, type="MetadataToElasticSearch") as source:
        assert {record.entity_type for record in read(source)} == {
            "databaseService", "database", "databaseSchema", "table", "storedProcedure", "query",
        }  # fmt: skip
    assert fake.counted.count("GET", "/lineage/") == 0
