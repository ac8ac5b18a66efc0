"""JSON with lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.config.json_lines import parse_json
from beam_ingest.config.problem import ConfigError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 0, 3, "\t"]), st.booleans())
def test_the_value_is_what_json_reads(value: object, indent: int | str | None, plain: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=plain)
    assert parse_json(text, None).value == value


def test_keys_know_their_lines_and_columns() -> None:
    document = parse_json('{"a": 1,\n  "b": [{"c\\"": "{\\n"},\n {"d": null}]}', "w.json")
    keys = {path: (place.line, place.column) for path, place in document.keys.items()}
    assert keys == {
        ("a",): (1, 2), ("b",): (2, 3), ("b", 0, 'c"'): (2, 10), ("b", 1, "d"): (3, 3),
    }  # fmt: skip


def test_a_key_that_is_written_twice_is_a_problem() -> None:
    (problem,) = parse_json('{"a": 1,\n"a": 2}', "w.json").problems
    assert (problem.line, problem.message) == (2, "the key 'a' is written twice")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": }', 1, "not valid JSON"),
        ('{"a": 1\n"b": 2}', 2, "not valid JSON"),
        ("", 1, "not valid JSON"),
        ('"x', 1, "not valid JSON"),
        ("[" * 100_000 + "]" * 100_000, None, "nested more than"),
        ("[" * 100 + "]" * 100, 1, "nested more than"),
        ("[" + "0," * 60_000 + "0]", 1, "more than 50,000 values"),
        ("9" * 5_000, None, "not valid JSON"),
    ],
)
def test_what_is_no_json_is_one_problem(text: str, line: int | None, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_json(text, "w.json")
    (problem,) = caught.value.problems
    assert problem.line == line
    assert words in problem.message
