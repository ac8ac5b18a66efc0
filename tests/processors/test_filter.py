"""The filter processor: what goes on and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from beam_ingest import Context, Drop, Record
from beam_ingest.processors.filter import FilterProcessor
from tests.processors.records import database, edge, table, tag

VIEW = {"entityType": "dashboard", "name": "v", "fullyQualifiedName": "svc.v", "kind": "view"}


def opened(**config: Any) -> FilterProcessor:
    processor = FilterProcessor(FilterProcessor.Config.model_validate(config), Context())
    processor.open()
    return processor


def goes_on(record: Record, **config: Any) -> bool:
    try:
        assert opened(**config).process(record) is record
    except Drop:
        return False
    return True


def condition(**test: Any) -> dict[str, Any]:
    return {"keep": {"fields": [test]}}


@pytest.mark.parametrize(
    ("match", "record", "matches"),
    [
        ({"entityType": "table"}, table(), True),
        ({"entityType": "table"}, database(), False),
        ({"entityType": ["database", "table"]}, database(), True),
        ({"entityType": "dashboard"}, VIEW, True),
        ({"entityType": "dashboard"}, {"n": 1}, False),
        ({"name": {"includes": ["ORD"]}}, table(), True),
        ({"name": {"includes": ["ders"]}}, table(), False),
        ({"name": {"excludes": ["ord"]}}, table(), False),
        ({"name": {"includes": ["v"]}}, VIEW, True),
        ({"name": {"includes": [".*"]}}, {"n": 1}, False),
        ({"name": {"excludes": ["x"]}}, {"n": 1}, True),
        ({"fqn": {"includes": [r"svc\.db\.public\."]}}, table(), True),
        ({"fqn": {"includes": [r"svc\.v$"]}}, VIEW, True),
        ({"fqn": {"includes": ["a"]}}, {"fqn": "a.b"}, True),
        ({"fqn": {"includes": ["a"]}}, edge(), True),
        ({"entityType": "table", "name": {"includes": ["x"]}}, table(), False),
        ({"entityType": "table", "name": {"includes": ["o"]}}, table(), True),
    ],
)
def test_type_name_and_fqn_match_as_openmetadatas_filters_do(
    match: dict[str, Any], record: Record, matches: bool
) -> None:
    assert goes_on(record, keep=match) is matches
    assert goes_on(record, drop=match) is not matches


@pytest.mark.parametrize(
    ("test", "record", "matches"),
    [
        ({"field": "tableType", "equals": "View"}, table(table_type="View"), True),
        ({"field": "table_type", "equals": "View"}, table(table_type="View"), True),
        ({"field": "tableType", "in": ["View", "Local"]}, table(table_type="Local"), True),
        ({"field": "tableType", "in": ["View", "Local"]}, table(), False),
        ({"field": "tableType", "notIn": ["View"]}, table(table_type="View"), False),
        ({"field": "tableType", "notIn": ["View"]}, table(), True),
        ({"field": "description", "matches": "temp"}, table(description="Temporary"), True),
        ({"field": "description", "matches": "temp"}, table(description="a temp"), False),
        ({"field": "description", "exists": True}, table(), False),
        ({"field": "description", "exists": False}, table(), True),
        ({"field": "tags.tagFQN", "in": ["PII.X"]}, table(tags=[tag("A.B"), tag("PII.X")]), True),
        ({"field": "tags.tagFQN", "notIn": ["PII.X"]}, table(tags=[tag("PII.X")]), False),
        ({"field": "columns.dataType", "equals": "TEXT"}, table(), True),
        ({"field": "columns.dataType", "equals": "DATE"}, table(), False),
        ({"field": "columns.tags.tagFQN", "exists": False}, table(), True),
        ({"field": "extension.cost.year", "equals": 3}, table(extension={"cost": {"year": 3}}), 1),
        ({"field": "tableType", "exists": True}, database(), False),
        ({"field": "kind", "equals": "view"}, VIEW, True),
        ({"field": "kind.deeper", "exists": True}, VIEW, False),
        ({"field": "rows.n", "in": [2]}, {"rows": [{"n": 1}, {"n": 2}]}, True),
        ({"field": "flags", "equals": True}, {"flags": [False, True]}, True),
    ],
)
def test_conditions_on_fields(test: dict[str, Any], record: Record, matches: bool) -> None:
    assert goes_on(record, keep={"fields": [test]}) is bool(matches)


def test_all_conditions_must_hold() -> None:
    both = [{"field": "n", "equals": 1}, {"field": "m", "equals": 2}]
    assert goes_on({"n": 1, "m": 2}, keep={"fields": both})
    assert not goes_on({"n": 1, "m": 3}, keep={"fields": both})


def test_records_of_other_types_go_on_untouched() -> None:
    config: dict[str, Any] = {"entityType": "table", "keep": {"name": {"includes": ["orders"]}}}
    assert goes_on(table(), **config)
    assert not goes_on(table("customers"), **config)
    assert goes_on(database(), **config)


def test_what_is_kept_and_matches_drop_does_not_go_on() -> None:
    config = {"keep": {"entityType": "table"}, "drop": {"name": {"includes": ["tmp_"]}}}
    assert goes_on(table(), **config)
    assert not goes_on(table("tmp_orders"), **config)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"keep": {"entityType": "database"}}, "it does not match what is kept"),
        ({"drop": {"entityType": "table"}}, "it matches what is dropped"),
        ({"drop": {"entityType": "table"}, "reason": "not ours"}, "not ours"),
    ],
)
def test_a_dropped_record_has_a_reason(config: dict[str, Any], reason: str) -> None:
    with pytest.raises(Drop) as caught:
        opened(**config).process(table())
    assert caught.value.why == reason


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "give keep, drop, or both"),
        ({"keep": {}}, "it is empty; leave it out"),
        ({"drop": {"name": None}}, "it is empty; leave it out"),
        ({"keep": {"entityType": "tables"}}, "no entity type 'tables'; did you mean 'table'?"),
        ({"keep": {"name": {"includes": ["("]}}}, "'(' is not a regular expression"),
        (condition(field="a", matches="("), "'(' is not a regular expression"),
        (condition(field="a"), "give exactly one of equals, in, notIn, matches, exists"),
        (condition(field="a", equals=1, exists=True), "give exactly one of"),
        (condition(field="a..b", equals=1), "'a..b' is no field name"),
        (
            {"keep": {"entityType": "table", "fields": [{"field": "tabelType", "exists": True}]}},
            "a Table has no field 'tabelType'; did you mean 'tableType'?",
        ),
        (
            {"entityType": "table", "drop": {"fields": [{"field": "tags.tagFqn", "exists": True}]}},
            "a TagLabel has no field 'tagFqn'; did you mean 'tagFQN'?",
        ),
        (
            {"entityType": "table", "drop": {"fields": [{"field": "name.x", "exists": True}]}},
            "'name' of a Table has no fields",
        ),
    ],
)
def test_a_mistake_is_found_before_the_run(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FilterProcessor.Config.model_validate(config)
    assert message in str(caught.value)


EMPTY: list[tuple[dict[str, Any], str]] = [
    ({"fields": []}, "fields"),
    ({"name": {}}, "name"),
    ({"name": {"includes": []}}, "name"),
    ({"fqn": {"includes": [], "excludes": []}}, "fqn"),
    ({"entityType": []}, "entityType"),
    ({"entityType": "table", "fields": []}, "fields"),
]


@pytest.mark.parametrize("kind", ["keep", "drop"])
@pytest.mark.parametrize(("match", "key"), EMPTY)
def test_what_says_nothing_is_refused_at_its_key_and_not_taken_for_everything(
    kind: str, match: dict[str, Any], key: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        FilterProcessor.Config.model_validate({kind: match})
    (error,) = caught.value.errors()
    assert error["loc"] == (kind, key)
    assert "it is empty; leave it out where everything is meant" in error["msg"]


@pytest.mark.parametrize("test", ["in", "notIn"])
def test_a_condition_on_no_values_is_refused(test: str) -> None:
    with pytest.raises(ValidationError, match="in and notIn need at least one value"):
        FilterProcessor.Config.model_validate(condition(field="n", **{test: []}))


def test_a_pattern_of_excludes_alone_says_something() -> None:
    only: dict[str, Any] = {"drop": {"name": {"includes": [], "excludes": ["orders"]}}}
    assert goes_on(table(), **only)
    assert not goes_on(table("customers"), **only)
