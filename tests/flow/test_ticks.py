"""Polling: the same run at each tick, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.report import Report
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.ticks import KEPT, run_ticks


def report(number: int, exit_code: int = 0, folder: Path = Path("/none")) -> Report:
    status: Any = "failed" if exit_code else "success"
    return Report(
        run_id=f"r{number}", run_dir=str(folder / f"r{number}"), status=status,
        exit_code=exit_code, sentence=f"tick {number}", started_at="", ended_at="",
    )  # fmt: skip


class Polled:
    """Ticks that take ``lasting`` seconds each and end as ``codes`` say; then a signal comes."""

    def __init__(self, *codes: Any, lasting: float = 1.0, folder: Path = Path("/none")) -> None:
        self.codes, self.lasting, self.folder = list(codes), lasting, folder
        self.now, self.number = 0.0, 0
        self.began: list[float] = []
        self.told: list[str] = []

    def tick(self) -> Report:
        self.began.append(self.now)
        self.now += self.lasting
        code = self.codes.pop(0)
        self.number += 1
        if isinstance(code, Exception):
            raise code
        made = report(self.number, code, self.folder)
        Path(made.run_dir).mkdir() if self.folder != Path("/none") else None
        return made

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return not self.codes

    def run(self, every: float = 60.0) -> Report:
        told: Callable[[Report], None] = lambda made: self.told.append(made.sentence)  # noqa: E731
        return run_ticks(self.tick, every, told=told, clock=lambda: self.now, wait=self.wait)


def test_ticks_begin_so_often_whatever_they_take() -> None:
    polled = Polled(0, 0, 0, lasting=20)
    assert polled.run().sentence == "tick 3"
    assert polled.began == [0, 60, 120]


def test_one_that_is_late_begins_at_once_and_never_beside_another() -> None:
    polled = Polled(0, 0, lasting=90)
    polled.run()
    assert polled.began == [0, 90]


def test_one_that_fails_is_told_and_the_next_goes_on() -> None:
    polled = Polled(0, 1, CannotStart("no disk"), 0)
    assert polled.run().exit_code == 0
    assert polled.told == ["tick 1", "tick 2", "tick 4"]


def test_the_last_one_says_how_it_ends() -> None:
    assert Polled(0, 1).run().exit_code == 1


def test_a_signal_during_one_ends_it_with_what_was_before() -> None:
    polled = Polled(0, 143, 0)
    assert polled.run().sentence == "tick 1"
    assert polled.codes == [0]


def test_a_signal_that_comes_when_one_is_done_ends_it_too(tmp_path: Path) -> None:
    polled = Polled(0, 0, folder=tmp_path)

    def tick() -> Report:
        made = polled.tick()
        RunDir(made.run_dir).request_stop("stopped by SIGTERM", 143)
        return made

    assert run_ticks(tick, 60, clock=lambda: 0.0, wait=polled.wait).sentence == "tick 1"
    assert polled.codes == [0]


def test_a_mistake_is_told_at_once() -> None:
    with pytest.raises(CannotStart, match="no such option"):
        Polled(CannotStart("no such option"), 0).run()


def test_a_first_one_that_cannot_connect_is_the_last_but_a_later_one_is_not() -> None:
    polled = Polled(3, 0)
    assert (polled.run().exit_code, polled.number) == (3, 1)
    assert Polled(0, 3, 0).run().exit_code == 0


def test_only_the_last_directories_are_kept_and_those_of_failures(tmp_path: Path) -> None:
    polled = Polled(*[0, 1, *[0] * (KEPT + 2)], folder=tmp_path)
    polled.run()
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {"r2", *(f"r{n}" for n in range(5, 5 + KEPT))}
