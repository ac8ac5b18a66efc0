"""Records as JSON lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.entities import Column, LineageEdge, Table
from beam_ingest.api.errors import RecordError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)
MAPPINGS = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), VALUES, max_size=4)


@given(MAPPINGS)
def test_a_mapping_comes_back(record: dict[str, Any]) -> None:
    line = encode(record)
    assert b"\n" not in line
    assert decode(line) == record
    assert json.loads(line) == record


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_line_is_a_record_or_a_record_error(line: bytes | str) -> None:
    try:
        assert isinstance(decode(line), dict)
    except RecordError as error:
        assert str(error)


@given(VALUES, VALUES, MAPPINGS)
def test_any_mapping_that_looks_like_an_entity_is_a_record_or_a_record_error(
    entity_type: Any, body: Any, more: dict[str, Any]
) -> None:
    record = more | {"entityType": entity_type, "entity": body}
    try:
        decode(json.dumps(record))
    except RecordError as error:
        assert "not a valid" in str(error)


TABLE = Table(
    name="a.b",
    database_schema="svc.db.public",
    columns=[Column(name="id", data_type="INT", constraint="PRIMARY_KEY")],
    description="zwölf\n\N{GRINNING FACE}",
)


def test_an_entity_comes_back() -> None:
    line = encode(TABLE)
    assert b"\n" not in line
    assert decode(line) == TABLE
    assert json.loads(line) == {
        "entityType": "table",
        "fullyQualifiedName": 'svc.db.public."a.b"',
        "entity": {
            "name": "a.b",
            "databaseSchema": "svc.db.public",
            "columns": [{"name": "id", "dataType": "INT", "constraint": "PRIMARY_KEY"}],
            "description": "zwölf\n\N{GRINNING FACE}",
        },
    }


def test_an_entity_that_was_not_validated_is_written_the_same() -> None:
    built = Table.model_construct(
        name="a.b",
        database_schema="svc.db.public",
        columns=[Column.model_construct(name="id", data_type="INT", constraint="PRIMARY_KEY")],
        description=TABLE.description,
    )
    assert encode(built) == encode(TABLE)


def test_an_entity_that_was_built_wrongly_is_an_error_and_no_line() -> None:
    with pytest.raises(RecordError, match="cannot be written as JSON"):
        encode(Table.model_construct(name="t", database_schema="s", columns=["id"]))  # type: ignore[list-item]


def test_a_computed_hash_is_left_out() -> None:
    line = json.loads(encode(TABLE))
    line["entity"]["sourceHash"] = TABLE.source_hash
    assert decode(json.dumps(line)) == TABLE


def test_an_unknown_entity_type_is_a_mapping() -> None:
    record = {"entityType": "spaceship", "entity": {"name": "x"}}
    assert decode(json.dumps(record)) == record


def test_a_broken_entity_names_the_field_and_not_the_value() -> None:
    line = {"entityType": "table", "entity": {"name": "t", "columns": [{"name": 5}]}}
    with pytest.raises(RecordError, match=r"not a valid table: databaseSchema: Field required"):
        decode(json.dumps(line))


def test_every_entity_type_comes_back() -> None:
    edge = LineageEdge(name="", from_fqn="a.b", to_fqn="c.d")
    assert decode(encode(edge)) == edge


def test_what_is_no_number_becomes_null() -> None:
    assert encode({"a": float("nan"), "b": float("-inf")}) == b'{"a":null,"b":null}'


def circular() -> dict[str, Any]:
    record: dict[str, Any] = {}
    record["self"] = record
    return record


@pytest.mark.parametrize(
    "record", [{"a": object()}, {"a": "\ud800"}, {"\ud800": 1}, {"a": b"\xff"}, circular()]
)
def test_what_json_cannot_hold_is_a_record_error(record: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match="cannot be written as JSON"):
        encode(record)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[1]", "an array"), ('"x"', "a string"), ("5", "a number"), ("true", "a boolean"),
        ("null", "null"), ("", "not a JSON object"), ("{", "not a JSON object"),
        ('{"a":1}{', "trailing"), (b"\xff", "not a JSON object"), ("[" * 10_000, "recursion"),
    ],
)  # fmt: skip
def test_what_is_no_record_says_what_it_is(line: str | bytes, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        decode(line)
