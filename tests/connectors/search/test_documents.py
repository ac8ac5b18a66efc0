"""A search document of an entity, beside the one that a real server made of the same table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.codec import encode
from beam_ingest.api.entities import (
    Column,
    Database,
    DatabaseSchema,
    DatabaseService,
    EntityReference,
    LineageEdge,
    StoredProcedure,
    StoredProcedureCode,
    Table,
    TableUsage,
    TagLabel,
)
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record
from beam_ingest.connectors.search.documents import document_of
from beam_ingest.connectors.search.lines import document_line
from tests.connectors.search.support import SCHEMA, table

DATA = Path(__file__).parents[2] / "data" / "search"
SHOWN = json.loads((DATA / "search_document_of_a_table.json").read_text())["_source"]
OF_THE_SERVER = {"id", "version", "updatedAt", "updatedBy", "serviceType"}
"""What only a server knows of an entity."""


def document(record: Record) -> dict[str, Any]:
    found = document_of(record)
    assert found is not None
    return found


def shown_table() -> Table:
    """The create request of the table that the server's document is of."""
    columns = [
        Column.model_validate({k: v for k, v in column.items() if k != "fullyQualifiedName"})
        for column in SHOWN["columns"]
    ]
    return Table(
        name="customers",
        database_schema="ing_types.types.sales",
        description=SHOWN["description"],
        table_type="Regular",
        columns=columns,
        schema_definition=SHOWN["schemaDefinition"],
    )


def test_a_table_has_the_fields_of_the_server_and_their_values() -> None:
    ours = document(shown_table())
    assert set(SHOWN) - set(ours) == OF_THE_SERVER
    assert set(ours) - set(SHOWN) == set()
    differing = {key for key in ours if ours[key] != SHOWN[key]}
    # The recording was cut to four columns; references lack the ids and what the parents hold;
    # the source's hash is of our own make.
    assert differing == {
        "columnNames", "columnNamesFuzzy", "service", "database", "databaseSchema", "sourceHash",
        "fqnParts",
    }  # fmt: skip
    assert sorted(ours["fqnParts"]) == sorted(SHOWN["fqnParts"])
    for key in ("service", "database", "databaseSchema"):
        assert ours[key].items() <= SHOWN[key].items()
    assert ours["columnNames"] == SHOWN["columnNames"][:4]


def test_the_hash_of_the_name_is_the_servers() -> None:
    assert document(shown_table())["fqnHash"] == SHOWN["fqnHash"]


def test_nested_columns_are_flattened_by_their_path() -> None:
    street = Column(name="street", data_type="TEXT", description="and number")
    address = Column(name="address", data_type="STRUCT", children=[street])
    found = document(Table(name="t", database_schema=SCHEMA, columns=[address]))
    assert found["columnNames"] == ["address", "address.street"]
    assert found["columnNamesFuzzy"] == "address address.street"
    (child,) = found["columns"][0]["children"]
    assert child["fullyQualifiedName"] == "shop.db.sales.t.address.street"
    assert found["descriptionSources"] == {"Ingested": 1}
    assert found["columnDescriptionStatus"] == "INCOMPLETE"


def test_the_tier_is_apart_from_the_tags_and_columns_add_theirs() -> None:
    pii = TagLabel(tag_fqn="PII.Sensitive", label_type="Manual")
    term = TagLabel(tag_fqn="Words.customer", source="Glossary")
    column = Column(name="id", data_type="INT", tags=[pii, term])
    tags = [TagLabel(tag_fqn="Tier.Tier1"), pii]
    found = document(Table(name="t", database_schema=SCHEMA, columns=[column], tags=tags))
    assert found["tier"]["tagFQN"] == "Tier.Tier1"
    assert [tag["tagFQN"] for tag in found["tags"]] == ["PII.Sensitive", "Words.customer"]
    assert found["classificationTags"] == ["PII.Sensitive"]
    assert found["glossaryTags"] == ["Words.customer"]
    assert found["tagSources"] == {"Manual": 1, "Automated": 1}
    assert found["tierSources"] == {"Automated": 1}


def test_a_name_with_a_dot_is_one_part() -> None:
    found = document(table("a.b"))
    assert found["fullyQualifiedName"] == 'shop.db.sales."a.b"'
    assert found["name"] == "a.b"
    assert 'sales."a.b"' in found["fqnParts"]
    assert '"a.b"' not in found["fqnParts"]
    assert found["databaseSchema"]["fullyQualifiedName"] == SCHEMA


def test_parents_and_procedures_have_documents_too() -> None:
    service = DatabaseService(
        name="shop", service_type="Postgres", connection={"config": {"hostPort": "db:5432"}}
    )
    found = document(service)
    assert (found["entityType"], found["serviceType"]) == ("databaseService", "Postgres")
    assert "connection" not in found
    assert "service" not in found
    database = document(Database(name="db", service="shop", description="all of it"))
    assert database["service"]["fullyQualifiedName"] == "shop"
    assert database["descriptionStatus"] == "COMPLETE"
    schema = document(DatabaseSchema(name="sales", database="shop.db"))
    assert schema["database"]["type"] == "database"
    assert "databaseSchema" not in schema
    code = StoredProcedureCode(language="SQL", code="SELECT 1")
    procedure = StoredProcedure(name="p", database_schema=SCHEMA, stored_procedure_code=code)
    found = document(procedure)
    assert found["storedProcedureCode"] == {"language": "SQL", "code": "SELECT 1"}
    assert found["databaseSchema"]["name"] == "sales"


def test_owners_and_custom_properties_are_kept() -> None:
    owner = EntityReference(type="team", name="sales", fully_qualified_name="sales")
    found = document(table("t", owners=[owner], extension={"rows": 3, "note": "new", "raw": True}))
    assert found["owners"] == [{"type": "team", "name": "sales", "fullyQualifiedName": "sales"}]
    assert found["customPropertiesTyped"] == [
        {"name": "rows", "longValue": 3},
        {"name": "note", "stringValue": "new"},
        {"name": "raw", "stringValue": "True"},
    ]


def test_an_entity_of_another_type_is_its_create_request() -> None:
    body = {"name": "orders", "service": "kafka", "partitions": 3}
    found = document({"entityType": "topic", "fullyQualifiedName": "kafka.orders", "entity": body})
    assert found["entityType"] == "topic"
    assert found["partitions"] == 3
    assert found["service"] == "kafka"


def test_a_table_as_a_mapping_is_checked_and_is_the_same() -> None:
    record = table("t")
    mapping = json.loads(encode(record))
    assert document(mapping) == document(record)
    del mapping["entity"]["columns"]
    with pytest.raises(RecordError, match="not a valid table: columns"):
        document_of(mapping)


def test_lineage_and_usage_have_no_document() -> None:
    edge = LineageEdge(name="a -> b", from_fqn="shop.db.sales.a", to_fqn="shop.db.sales.b")
    usage = TableUsage(name="u", table="shop.db.sales.a", date="2026-01-01", count=1)
    assert document_of(edge) is None
    assert document_of(usage) is None


def test_a_mapping_that_is_no_entity_is_refused() -> None:
    with pytest.raises(RecordError, match="it is no entity"):
        document_of({"name": "a", "text": "b"})


def test_a_line_begins_with_what_its_id_is_made_of() -> None:
    found = document_line(encode(document(table("t"))))
    assert found is not None
    assert found[0] == f"table:{document(table('t'))['fqnHash']}"
    assert found[1].startswith(b'{"fqnHash":"')


def test_a_line_of_an_entity_becomes_its_document() -> None:
    assert document_line(encode(table("t"))) == document_line(encode(document(table("t"))))


def test_a_table_and_a_procedure_of_one_name_have_two_ids() -> None:
    code = StoredProcedureCode(code="SELECT 1")
    procedure = StoredProcedure(name="t", database_schema=SCHEMA, stored_procedure_code=code)
    ids = [document_line(encode(each)) for each in (table("t"), procedure)]
    assert ids[0] is not None
    assert ids[1] is not None
    assert ids[0][0] != ids[1][0]
