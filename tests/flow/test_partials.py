"""When partial aggregates are spilled."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from pydantic_core import from_json

from beam_ingest.api.component import Context
from beam_ingest.api.stage import Stage
from beam_ingest.flow import partials as module
from beam_ingest.flow.partials import Partials


class Lists(Stage):
    def combine(self, a: list[str], b: list[str]) -> list[str]:
        return a + b


STAGE = Lists(None, Context())


def test_few_and_large_keys_are_spilled_by_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WEIGH_AFTER", 10)
    monkeypatch.setattr(module, "SPILL_BYTES", 1_000)
    partials = Partials()
    for number in range(9):
        partials.add(STAGE, [("hot", [f"{number:0200d}"])])
    assert not partials.is_full()  # not weighed yet
    partials.add(STAGE, [("hot", ["x"])])
    assert partials.is_full()
    drained = dict(line for _, lines in partials.drain() for line in [(len(lines), lines[0])])
    assert list(drained) == [1]
    assert len(partials) == 0
    assert not partials.is_full()


def test_small_ones_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WEIGH_AFTER", 10)
    partials = Partials()
    for number in range(1_000):
        partials.add(STAGE, [(str(number), []), (None, ["stored as it is"])])
    assert not partials.is_full()
    assert len(partials) == 1_000


class Spreads(Lists):
    """One key for records that are alike, spread over letters before it is spilled."""

    def expand(self, combined: Iterable[tuple[str, list[str]]]) -> Iterable[tuple[str, list[str]]]:
        for key, partial in sorted(combined):
            for letter in key:
                yield letter, partial


def test_what_is_alike_is_spread_once_before_it_is_spilled() -> None:
    stage = Spreads(None, Context())
    partials = Partials()
    for number in range(3):
        partials.add(stage, [("ab", [f"x{number}"]), ("bc", ["y"])])
    assert len(partials) == 2
    lines = [from_json(line) for _, found in partials.drain() for line in found]
    x, y = ["x0", "x1", "x2"], ["y", "y", "y"]
    assert sorted(lines) == [["a", x], ["b", x], ["b", y], ["c", y]]
    assert len(partials) == 0
