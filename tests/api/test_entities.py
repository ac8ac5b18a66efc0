"""Entities: OpenMetadata's create requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from beam_ingest.api.construct import builder
from beam_ingest.api.entities import (
    Column,
    Database,
    DatabaseSchema,
    DatabaseService,
    Entity,
    LineageEdge,
    Query,
    StoredProcedure,
    StoredProcedureCode,
    Table,
    TableUsage,
    TagLabel,
    entity_class,
)
from beam_ingest.api.record import name_of

EXAMPLES: dict[str, tuple[Entity, str]] = {
    "databaseService": (DatabaseService(name="s.1", service_type="SQLite"), '"s.1"'),
    "database": (Database(name="d", service="s"), "s.d"),
    "databaseSchema": (DatabaseSchema(name="p.q", database="s.d"), 's.d."p.q"'),
    "table": (Table(name="t", database_schema="s.d.p", columns=[]), "s.d.p.t"),
    "storedProcedure": (
        StoredProcedure(
            name="f", database_schema="s.d.p", stored_procedure_code=StoredProcedureCode()
        ),
        "s.d.p.f",
    ),
    "query": (Query(name="q", service="s", query="SELECT 1"), "s.q"),
    "tableUsage": (TableUsage(name="u", table="s.d.p.t", date="2024-01-31", count=3),
                   "s.d.p.t@2024-01-31"),
    "lineage": (LineageEdge(name="", from_fqn="s.a", to_fqn="s.b"), "s.a -> s.b"),
}  # fmt: skip


@pytest.mark.parametrize("entity_type", EXAMPLES)
def test_every_entity_has_a_type_and_a_name(entity_type: str) -> None:
    entity, fqn = EXAMPLES[entity_type]
    assert entity_class(entity_type) is type(entity)
    assert entity.fqn == fqn == name_of(entity)


def test_an_unknown_type_has_no_class() -> None:
    assert entity_class("spaceship") is None


def test_json_has_openmetadatas_names_and_no_empty_ones() -> None:
    table = Table(
        name="t",
        database_schema="s.d.p",
        columns=[Column(name="c", data_type="INT", tags=[TagLabel(tag_fqn="PII.None")])],
    )
    assert table.to_dict() == {
        "name": "t",
        "databaseSchema": "s.d.p",
        "columns": [
            {
                "name": "c",
                "dataType": "INT",
                "tags": [
                    {
                        "tagFQN": "PII.None", "source": "Classification",
                        "labelType": "Automated", "state": "Suggested",
                    }
                ],
            }
        ],
    }  # fmt: skip


def test_unknown_fields_and_values_are_refused_without_being_shown() -> None:
    for wrong in ({"nme": "geheim"}, {"dataType": "geheim", "name": "c"}):
        with pytest.raises(ValidationError) as caught:
            Column.model_validate(wrong)
        assert "geheim" not in str(caught.value)


FIELDS = {"name": "t", "databaseSchema": "s.d.p", "columns": [], "description": "é"}


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    hashes = {
        Table.model_validate(dict(order)).source_hash for order in permutations(FIELDS.items())
    }
    assert len(hashes) == 1


def test_the_hash_of_what_was_built_unvalidated_is_the_same() -> None:
    values: dict[str, Any] = {
        "name": "t",
        "database_schema": "s.d.p",
        "columns": [],
        "description": "é",
    }
    hashes = {builder(Table)(dict(order)).source_hash for order in permutations(values.items())}
    hashes |= {Table.model_construct(**values).source_hash}
    assert hashes == {Table.model_validate(FIELDS).source_hash}


def test_the_hash_does_not_depend_on_the_order_of_free_keys() -> None:
    extensions: tuple[dict[str, object], ...] = (
        {"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1}, {"a": 1},
    )  # fmt: skip
    one, other, less = (
        Table.model_validate(
            FIELDS | {"columns": [{"name": "c", "dataType": "INT", "extension": e}]}
        )
        for e in extensions
    )
    assert one.source_hash == other.source_hash
    assert one.source_hash != less.source_hash


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_the_hash_changes_with_the_content(one: str, other: str) -> None:
    tables = [
        Table(name="t", database_schema="s", columns=[], description=text) for text in (one, other)
    ]
    assert (tables[0].source_hash == tables[1].source_hash) == (one == other)


def test_the_hash_is_the_same_in_every_process() -> None:
    code = (
        "import json, sys; from beam_ingest.api.entities import Table;"
        "print(Table.model_validate(json.loads(sys.argv[1])).source_hash)"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code, json.dumps(FIELDS)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True, capture_output=True, text=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }  # fmt: skip
    assert hashes == {Table.model_validate(FIELDS).source_hash}


def test_the_hash_ignores_what_is_not_set() -> None:
    with_none = Table.model_validate(FIELDS | {"displayName": None})
    assert with_none.source_hash == Table.model_validate(FIELDS).source_hash


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"fullyQualifiedName": "a.b", "name": "b"}, "a.b"),
        ({"name": "b"}, "b"),
        ({"id": 5}, "5"),
        ({"name": ["x"]}, "(a record without a name)"),
        ({}, "(a record without a name)"),
    ],
)
def test_a_mapping_is_called_by_what_it_holds(record: dict[str, object], name: str) -> None:
    assert name_of(record) == name
