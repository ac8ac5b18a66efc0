"""What a complete listing lets a sink retire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest.api.errors import RetireRefused
from beam_ingest.api.settings import RetireLimits
from beam_ingest.api.source import Scope

NAMES = st.sets(st.sampled_from([f"t{number}" for number in range(40)]))


@given(NAMES, NAMES, st.floats(0, 1), st.integers(0, 20))
def test_what_is_held_and_not_named_is_gone_unless_it_is_too_much(
    held: set[str], names: set[str], share: float, floor: int
) -> None:
    scope = Scope("s", names, limits=RetireLimits(max_share=share, floor=floor))
    gone = held - names
    if len(gone) > floor and len(gone) > share * len(held):
        with pytest.raises(RetireRefused):
            scope.gone(held)
    else:
        assert scope.gone(list(held)) == sorted(gone)


def test_an_empty_listing_does_not_delete_a_catalogue() -> None:
    with pytest.raises(RetireRefused, match="11 of 11 names would be retired"):
        Scope("s").gone([f"t{number}" for number in range(11)])


def test_a_few_may_always_be_retired() -> None:
    assert len(Scope("s").gone([f"t{number}" for number in range(10)])) == 10
