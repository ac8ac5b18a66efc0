"""YAML with lines."""

from __future__ import annotations

import re

import pytest
import yaml

from beam_ingest.config.problem import ConfigError, Problem
from beam_ingest.config.yaml_lines import parse_yaml


def broken(text: str) -> Problem:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "w.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "w.yaml"
    return problem


def test_keys_and_values_know_their_lines_and_columns() -> None:
    document = parse_yaml("a: 1\nb:\n  - c: x\n  - {d: 'lo\n  ng'}\n", "w.yaml")
    keys = {path: (place.line, place.column) for path, place in document.keys.items()}
    values = {path: (place.line, place.column) for path, place in document.values.items()}
    assert keys == {("a",): (1, 1), ("b",): (2, 1), ("b", 0, "c"): (3, 5), ("b", 1, "d"): (4, 6)}
    assert values[("a",)] == (1, 4)
    assert values[("b", 1)] == (4, 5)


def test_values_are_what_openmetadata_reads() -> None:
    text = "a: yes\nb: 0x1f\nc: 1_000\nd: 1.5\ne: ~\nf: 'no'\ng: .inf\nh: !!str 5\ni: {}\nj: []\n"
    assert parse_yaml(text, None).value == yaml.safe_load(text)


def test_dates_and_times_stay_text() -> None:
    text = "a: 2024-01-31\nb: 12:30\nc: 2024-01-31T10:00:00Z\nd: 1:30.5\n"
    assert parse_yaml(text, None).value == {
        "a": "2024-01-31", "b": "12:30", "c": "2024-01-31T10:00:00Z", "d": "1:30.5",
    }  # fmt: skip


def test_keys_are_text() -> None:
    assert parse_yaml("on: 1\n5: 2\n~: 3\n", None).value == {"on": 1, "5": 2, "~": 3}


def test_a_key_that_is_written_twice_is_a_problem_and_the_first_counts() -> None:
    document = parse_yaml("a: {x: 1, x: 2}\na: 3\n", "w.yaml")
    assert document.value == {"a": {"x": 1}}
    assert [(problem.path, problem.line, problem.hint) for problem in document.problems] == [
        ("a.x", 1, "the first is in line 1"), ("a", 2, "the first is in line 1"),
    ]  # fmt: skip


def test_aliases_and_merges_work_as_in_pyyaml() -> None:
    text = (
        "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\n"
        "one: {<<: *base, b: 9}\nall: {<<: [*more, *base], d: 5}\nlist: [*base, *base]\n"
        "nested: &n {<<: *base, e: 6}\ndeep: {<<: *n}\n"
    )
    assert parse_yaml(text, None).value == yaml.safe_load(text)


def test_merged_keys_stand_where_they_were_written() -> None:
    document = parse_yaml("a: &a\n  x: 1\nb:\n  <<: *a\n  y: 2\n", None)
    assert document.position(("b", "x")).line == 2


def test_an_alias_for_a_key_is_its_text() -> None:
    assert parse_yaml("&k name: 1\nother: {*k : 2}\n", None).value == {
        "name": 1, "other": {"name": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
        "a0: &a0 {x: 1}\n"
        + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40)),
        "[" + "x," * 60_000 + "]",
    ],
)
def test_a_document_that_grows_without_end_is_refused(text: str) -> None:
    assert "more than 50,000 values" in broken(text).message


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 50_000, "{a: " * 500, "? " * 5_000])
def test_a_document_that_is_nested_too_deeply_is_refused(text: str) -> None:
    # Our own limit, or that of the parser where it comes first.
    assert re.search("nested more than 60 levels|nesting depth|key", broken(text).message)


def test_merges_of_merges_are_followed_only_so_far() -> None:
    text = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}}}\n" for i in range(1, 5_000))
    assert "nested more than 60 levels deep" in broken(text).message


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: b: c\n", 1, 5, "mapping values are not allowed"),
        ("a: 1\n\tb: 2\n", 2, 1, "a tab character"),
        ("a: 'x\n", 2, 1, "unexpected end of stream"),
        ("a: [1, 2\nb: 3\n", 2, 2, "did not find expected ',' or ']'"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document begins here"),
        ("a: 1\nb: \x00\n", 2, 4, "a character that YAML does not allow"),
        ("a: !!python/object:os.system x\n", 1, 4, "tag !!python/object:os.system"),
        ("a: !!binary aGk=\n", 1, 4, "tag !!binary"),
        ("a: !mine {b: 1}\n", 1, 4, "tag !mine"),
        ("a: !!int x\n", 1, 4, "cannot be read as !!int"),
        ("a: !!bool x\n", 1, 4, "cannot be read as !!bool"),
        ("a: " + "9" * 5_000, 1, 4, "cannot be read as !!int"),
        ("a: &x [*x]\n", 1, 8, "no finished anchor &x"),
        ("a: *x\n", 1, 4, "no finished anchor &x"),
        ("? [a]\n: 1\n", 1, 3, "a key must be text"),
        ("a: &a [1]\n*a : 1\n", 2, 1, "a key must be text"),
        ("<<: 3\n", 1, 1, "'<<' merges a mapping"),
        ("%YAML 3.0\n---\na: 1\n", 1, 1, "incompatible"),
    ],
)
def test_a_syntax_error_is_one_problem_with_its_line(
    text: str, line: int, column: int, words: str
) -> None:
    problem = broken(text)
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\tb: 1\n", "spaces"),
        ("a: b: c\n", "quotes"),
        ("a: {b: ${C}}\n", "'${NAME}'"),
        ("a: @b\n", "quotes"),
        ("a: 'b' c\n", "quotes"),
    ],
)
def test_common_syntax_errors_come_with_advice(text: str, hint: str) -> None:
    assert hint in (broken(text).hint or "")


def test_a_quoted_merge_key_is_a_key() -> None:
    assert parse_yaml("'<<': {a: 1}\n", None).value == {"<<": {"a": 1}}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "\n\n"])
def test_an_empty_document_is_nothing(text: str) -> None:
    assert parse_yaml(text, None).value is None
