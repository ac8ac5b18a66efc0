"""Fully qualified names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.api import fqn

NAMES = st.text(alphabet=st.sampled_from("ab.\"' é😀") | st.characters(codec="utf-8"), max_size=8)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_what_was_built_can_be_split(names: list[str]) -> None:
    assert fqn.split(fqn.build(*names)) == names


@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
def test_joining_is_building(parents: list[str], name: str) -> None:
    parent = fqn.build(*parents)
    joined = fqn.join(parent, name)
    assert joined == (fqn.build(*parents, name) if parent else fqn.build(name))
    assert fqn.split(joined)[-1] == name


@given(st.lists(NAMES, min_size=2, max_size=5))
def test_the_parent_is_all_but_the_last(names: list[str]) -> None:
    assert fqn.parent_of(fqn.build(*names)) == fqn.build(*names[:-1])


@given(NAMES)
def test_a_quoted_part_is_unquoted(name: str) -> None:
    assert fqn.unquote(fqn.quote(name)) == name


@given(st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, min_size=1, max_size=3))
def test_different_names_have_different_fqns(one: list[str], other: list[str]) -> None:
    assert (fqn.build(*one) == fqn.build(*other)) == (one == other)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["svc", "db", "t"], "svc.db.t"),
        (["svc", "a.b"], 'svc."a.b"'),
        (["svc", 'a"b'], 'svc."a""b"'),
        (["svc", "a b"], "svc.a b"),
        (["a.b", "c"], '"a.b".c'),
    ],
)
def test_only_dots_and_quotes_are_quoted(names: list[str], text: str) -> None:
    assert fqn.build(*names) == text
    assert fqn.split(text) == names


@pytest.mark.parametrize("text", ['a."b', '"a"b', 'a"b.c', '"a""', '"'])
def test_what_is_not_well_formed_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="quote"):
        fqn.split(text)


@given(st.text(alphabet='ab."', max_size=12))
def test_a_well_formed_text_is_the_fqn_of_its_names_or_says_why_not(text: str) -> None:
    try:
        names = fqn.split(text)
    except ValueError:
        return
    assert fqn.split(fqn.build(*names)) == names


def test_a_top_level_name_has_no_parent() -> None:
    assert fqn.parent_of("svc") == ""
    assert fqn.join("", "a.b") == '"a.b"'
