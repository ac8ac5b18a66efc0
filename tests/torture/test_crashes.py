"""The short form of ``make torture``: the same crashes at a few points."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.crashes import WORKFLOWS, torture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

POINTS = {False: 2, True: 1}
"""By whether the machine dies too."""


@pytest.mark.parametrize("power", [False, True], ids=["kill -9", "power cut"])
@pytest.mark.parametrize("name", list(WORKFLOWS))
def test_a_run_that_was_killed_ends_like_one_that_was_not(
    tmp_path: Path, name: str, power: bool
) -> None:
    points = POINTS[power]
    tally = torture(name, tmp_path, points, power=power)
    assert tally.faults == []
    assert (tally.tried, tally.survived, tally.lost, tally.doubled) == (points, points, 0, 0)
    assert tally.resumed == points
