"""The short form of ``make torture``: the same crashes at a few points."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.crashes import WORKFLOWS, torture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KINDS = [(name, 1, power) for name in WORKFLOWS for power in (False, True)]
TWO_WORKERS = [("file", 2, False), ("file", 2, True)]
POINTS = {False: 2, True: 1}
"""By whether the machine dies too."""


@pytest.mark.parametrize(("name", "workers", "power"), KINDS + TWO_WORKERS)
def test_a_run_that_was_killed_ends_like_one_that_was_not(
    tmp_path: Path, name: str, workers: int, power: bool
) -> None:
    points = POINTS[power]
    tally = torture(name, tmp_path, points, workers=workers, power=power)
    assert tally.faults == []
    assert (tally.tried, tally.survived, tally.lost, tally.doubled) == (points, points, 0, 0)
    assert tally.resumed == points
