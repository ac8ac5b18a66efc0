"""Include and exclude patterns, as OpenMetadata means them."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from beam_ingest.api.filters import FilterPattern, passes

PATTERNS = st.lists(st.sampled_from(["a", "^b", "c$", ".*x", "ab|cd", "A.C"]), max_size=3)
NAMES = st.text(alphabet="abcdxABC", max_size=5)


@pytest.mark.parametrize(
    ("includes", "excludes", "name", "expected"),
    [
        (None, None, "orders", True),
        ([], [], "orders", True),
        (["ord"], None, "orders", True),  # from the start, not the whole
        (["ders"], None, "orders", False),
        (["ORD"], None, "orders", True),  # in any case
        (["^ord$"], None, "orders", False),
        (["a", "ord"], None, "orders", True),
        (None, ["ord"], "orders", False),
        (["ord"], ["orders"], "orders", False),  # excludes win
        (["ord"], ["orders"], "ordering", True),
        ([".*"], ["tmp_"], "TMP_1", False),
    ],
)
def test_patterns_mean_what_they_mean_in_openmetadata(
    includes: list[str] | None, excludes: list[str] | None, name: str, expected: bool
) -> None:
    assert FilterPattern(includes=includes, excludes=excludes).passes(name) is expected


@given(PATTERNS, PATTERNS, NAMES)
def test_the_rule(includes: list[str], excludes: list[str], name: str) -> None:
    def any_of(patterns: list[str]) -> bool:
        return any(re.match(pattern, name, re.IGNORECASE) for pattern in patterns)

    expected = not any_of(excludes) and (not includes or any_of(includes))
    assert FilterPattern(includes=includes, excludes=excludes).passes(name) is expected


def test_without_a_pattern_everything_passes() -> None:
    assert passes(None, "orders")
    assert not passes(FilterPattern(excludes=["o"]), "orders")


@pytest.mark.parametrize("pattern", ["*", "(", "[a", "a{2,1}", "(?P<"])
def test_what_is_no_regular_expression_is_refused_with_advice(pattern: str) -> None:
    with pytest.raises(ValidationError, match="is not a regular expression"):
        FilterPattern(includes=[pattern])


def test_a_pattern_travels_to_workers() -> None:
    pattern = FilterPattern(includes=["a"])
    assert pattern.passes("abc")  # compiled by now
    copy = pickle.loads(pickle.dumps(pattern))
    assert copy.passes("abc")
    assert FilterPattern.model_validate_json(pattern.model_dump_json()) == FilterPattern(
        includes=["a"]
    )


def test_only_includes_and_excludes_are_keys() -> None:
    with pytest.raises(ValidationError):
        FilterPattern.model_validate({"include": ["a"]})
