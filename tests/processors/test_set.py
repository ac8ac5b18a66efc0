"""The set processor: fields, tags and owners by rules, on entities and mappings."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from beam_ingest import Context, Record, RecordError
from beam_ingest.api.entities import Column, EntityReference
from beam_ingest.processors.set import SetProcessor
from tests.processors.records import database, edge, table, tag


def opened(*rules: dict[str, Any]) -> SetProcessor:
    processor = SetProcessor(SetProcessor.Config.model_validate({"rules": rules}), Context())
    processor.open()
    return processor


def changed(record: Record, *rules: dict[str, Any]) -> Any:
    return opened(*rules).process(record)


@pytest.mark.parametrize("name", ["displayName", "display_name"])
def test_a_field_is_set_by_its_json_name_or_its_attribute_name(name: str) -> None:
    assert changed(table(), {"set": {name: "Orders"}}) == table(display_name="Orders")


def test_a_field_of_a_mapping_is_set_with_dots_into_it() -> None:
    assert changed({"n": 1, "a": {"b": 1}}, {"set": {"x": [1], "a.c": 2, "d.e.f": 3}}) == {
        "n": 1,
        "x": [1],
        "a": {"b": 1, "c": 2},
        "d": {"e": {"f": 3}},
    }


def test_a_key_inside_a_field_that_takes_any_keys_is_set() -> None:
    rule = {"set": {"extension.cost.centre": 7}}
    assert changed(table(), rule) == table(extension={"cost": {"centre": 7}})
    assert changed(table(extension={"a": 1}), rule) == table(
        extension={"a": 1, "cost": {"centre": 7}}
    )


def test_set_overwrites_and_set_if_missing_does_not() -> None:
    old = {"description": "old"}
    for record in (table(**old), dict(old)):
        assert changed(record, {"setIfMissing": {"description": "new"}}) == record
    assert changed(table(**old), {"set": {"description": "new"}}) == table(description="new")
    assert changed(table(), {"setIfMissing": {"description": "new"}}) == table(description="new")
    assert changed({"a": {}}, {"setIfMissing": {"a.b": 1}}) == {"a": {"b": 1}}
    assert changed({"a": {"b": 0}}, {"setIfMissing": {"a.b": 1}}) == {"a": {"b": 0}}


def test_a_value_is_made_what_the_field_holds() -> None:
    made = changed(table(), {"set": {"tags": [{"tagFQN": "A.B"}]}})
    assert made == table(tags=[tag("A.B")])
    assert changed(table(description="x"), {"set": {"description": None}}) == table()


def test_tags_are_added_once() -> None:
    rule = {"addTags": ["A.B", {"tagFQN": "G.t", "source": "Glossary"}]}
    made = changed(changed(table(tags=[tag("Z.Z"), tag("A.B")]), rule), rule)
    assert [(each.tag_fqn, each.source) for each in made.tags] == [
        ("Z.Z", "Classification"),
        ("A.B", "Classification"),
        ("G.t", "Glossary"),
    ]
    made = changed(changed({"tags": [{"tagFQN": "A.B"}]}, rule), rule)
    assert [each["tagFQN"] for each in made["tags"]] == ["A.B", "G.t"]
    assert changed({}, rule)["tags"][0]["labelType"] == "Automated"


def test_a_tag_or_an_owner_that_a_rule_lists_twice_is_added_once() -> None:
    owner = {"type": "user", "name": "ann"}
    rule = {"addTags": ["A.B", "C.D", {"tagFQN": "A.B"}], "addOwners": [owner, owner]}
    made = changed(table(), rule)
    assert [each.tag_fqn for each in made.tags] == ["A.B", "C.D"]
    assert [each.name for each in made.owners] == ["ann"]
    made = changed({}, rule)
    assert [each["tagFQN"] for each in made["tags"]] == ["A.B", "C.D"]
    assert len(made["owners"]) == 1


def test_owners_are_added_once_by_their_fully_qualified_name() -> None:
    rule = {"addOwners": [{"type": "team", "name": "a.b"}, {"type": "user", "id": "7"}]}
    team = EntityReference(type="team", name="a.b", fully_qualified_name='"a.b"')
    user = EntityReference(type="user", id="7")
    assert changed(changed(table(), rule), rule).owners == [team, user]
    held = {"owners": [{"type": "team", "fullyQualifiedName": '"a.b"'}]}
    assert changed(held, rule)["owners"] == [held["owners"][0], user.to_dict()]


def test_columns_are_changed_by_name_and_fields_also_inside_columns() -> None:
    columns = [
        Column(name="id", data_type="INT"),
        Column(name="who", data_type="STRUCT", children=[Column(name="email", data_type="TEXT")]),
    ]
    rule = {
        "columns": [
            {"match": {"name": {"includes": ["email$"]}}, "addTags": ["PII.Sensitive"]},
            {
                "match": {"fields": [{"field": "dataType", "equals": "INT"}]},
                "set": {"description": "A number."},
                "setIfMissing": {"displayName": "Number"},
            },
        ]
    }
    made = changed(table(columns=columns), rule)
    assert made.columns[0].description == "A number."
    assert made.columns[0].display_name == "Number"
    assert made.columns[1].tags is None
    assert made.columns[1].children[0].tags == [tag("PII.Sensitive")]
    record = {"columns": [{"name": "x", "children": [{"name": "email"}]}]}
    assert changed(record, rule)["columns"][0]["children"][0]["tags"][0]["tagFQN"] == (
        "PII.Sensitive"
    )


def test_column_rules_leave_records_without_columns_alone() -> None:
    rule = {"columns": [{"set": {"description": "x"}}]}
    for record in (database(), edge(), {"n": 1}):
        before = copy.deepcopy(record)
        assert changed(record, rule) == before


def test_only_records_that_match_are_changed_and_later_rules_see_earlier_ones() -> None:
    rules: list[dict[str, Any]] = [
        {"match": {"entityType": "table"}, "set": {"description": "a table"}},
        {
            "match": {"fields": [{"field": "description", "equals": "a table"}]},
            "addTags": ["Tier.Tier1"],
        },
    ]
    assert changed(table(), *rules).tags == [tag("Tier.Tier1")]
    assert changed(database(), *rules) == database()


def test_records_share_no_part_of_a_value() -> None:
    processor = opened(
        {"set": {"extension": {"a": [1]}}, "addTags": ["A.B"], "setIfMissing": {"domains": ["d"]}}
    )
    one: Any = processor.process(table())
    other: Any = processor.process(table())
    one.extension["a"].append(2)
    one.tags[0].tag_fqn = "X.Y"
    one.domains.append("e")
    assert other == table(extension={"a": [1]}, tags=[tag("A.B")], domains=["d"])
    assert processor.process(table()) == other


def test_the_tags_a_record_came_with_are_not_changed_in_place() -> None:
    held = [tag("A.B")]
    changed(table(tags=held), {"addTags": ["C.D"]})
    assert held == [tag("A.B")]


@pytest.mark.parametrize(
    ("rule", "record", "message"),
    [
        (
            {"set": {"description": 5}},
            table(),
            "description of a Table cannot be set to 5: Input should be",
        ),
        (
            {"set": {"tableType": "x"}},
            table(),
            "tableType of a Table cannot be set to 'x': Input should",
        ),
        ({"set": {"tableType": "View"}}, database(), r"a Database has no field 'tableType'.*match"),
        ({"set": {"tags.x": 1}}, table(), "'tags' of a Table takes no keys such as 'x'"),
        ({"addTags": ["A.B"]}, edge(), r"a LineageEdge has no field 'tags'.*match\.entityType"),
        ({"addTags": ["A.B"]}, {"tags": "A"}, "tags is no list but 'A'"),
        ({"set": {"a.b": 1}}, {"a": 3}, r"a\.b cannot be set: 'a' holds 3, no mapping"),
        (
            {"columns": [{"set": {"dataType": "x"}}]},
            table(),
            "dataType of a Column cannot be set to",
        ),
        ({"columns": [{"set": {"x": 1}}]}, {"columns": {"a": 1}}, "columns is no list but {'a'"),
        ({"columns": [{"set": {"x": 1}}]}, {"columns": [1]}, "columns holds 1, which is no column"),
    ],
)
def test_a_record_that_does_not_take_the_change_says_why(
    rule: dict[str, Any], record: Record, message: str
) -> None:
    processor = opened(rule)
    for _ in range(2):
        with pytest.raises(RecordError, match=message):
            processor.process(record)


TABLES = {"match": {"entityType": "table"}}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "at least 1 item"),
        ([{}], "give set, setIfMissing, addTags, addOwners or columns"),
        ([{"columns": [{}]}], "each of columns needs set, setIfMissing or addTags"),
        ([{"match": {}, "addTags": ["A"]}], "it is empty; leave it out"),
        ([{"set": {"a.": 1}}], "'a.' is no field name"),
        ([{"addOwners": [{"type": "user"}]}], "an owner needs a name, a fullyQualifiedName or an"),
        ([{"addOwners": [{"type": "user", "name": " "}]}], "an owner needs a name, a fullyQual"),
        ([{"addTags": ["A.B", ""]}], "a tag needs a tagFQN: it is empty"),
        ([{"addTags": [{"tagFQN": " "}]}], "a tag needs a tagFQN: it is empty"),
        ([{"columns": [{"addTags": [""]}]}], "a tag needs a tagFQN: it is empty"),
        ([{"match": {"name": {}}, "addTags": ["A"]}], "it is empty; leave it out"),
        ([TABLES | {"set": {"descripton": "x"}}], "no field 'descripton'; did you mean 'descripti"),
        ([TABLES | {"set": {"description": 5}}], "description of a Table cannot be set to 5: Inp"),
        ([TABLES | {"columns": [{"set": {"dataTyp": "x"}}]}], "a Column has no field 'dataTyp'"),
        (
            [TABLES | {"columns": [{"match": {"fields": [{"field": "typ", "exists": True}]},
                                    "addTags": ["A.B"]}]}],
            "a Column has no field 'typ'",
        ),
        (
            [{"match": {"entityType": "database"}, "columns": [{"addTags": ["A.B"]}]}],
            "a Database has no field 'columns'",
        ),
        ([{"match": {"entityType": "lineage"}, "addTags": ["A.B"]}], "no field 'tags'"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_before_the_run(rules: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SetProcessor.Config.model_validate({"rules": rules})
    assert message in str(caught.value)
