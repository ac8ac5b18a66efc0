"""Sweeping removes what no mark names, and only where that is sure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from beam_ingest.flow.fold import Fold
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.sweep import sweep
from tests.flow.memory_files import OBJECTS

FILES = [f"{folder}/{name}" for folder in ("staged", "dead", "deferred") for name in ("a", "b")]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return filled(RunDir(str(tmp_path)))


@pytest.fixture
def remote() -> Iterator[RunDir]:
    yield filled(RunDir("mem://bucket/run"))
    OBJECTS.clear()


def filled(run: RunDir) -> RunDir:
    for file in [*FILES, "marks/m.json"]:
        run.store.write(file, b"x")
    return run


def folded() -> Fold:
    return Fold(staged_files={"staged/a"}, dead_files=["dead/a"], deferred_files={"deferred/a"})


def left(run: RunDir) -> list[str]:
    return [file for file in [*FILES, "marks/m.json"] if run.store.read(file) is not None]


def test_what_no_mark_names_goes(run: RunDir) -> None:
    sweep(run, folded(), published=False)
    assert left(run) == ["staged/a", "dead/a", "deferred/a", "marks/m.json"]


def test_what_is_published_goes_too_but_never_a_dead_letter(run: RunDir) -> None:
    sweep(run, folded(), published=True)
    assert left(run) == ["dead/a", "marks/m.json"]


def test_nothing_goes_where_another_worker_may_still_write(remote: RunDir) -> None:
    sweep(remote, folded(), published=True)
    assert left(remote) == [*FILES, "marks/m.json"]


def test_nothing_goes_after_a_listing_that_broke_off(run: RunDir) -> None:
    made = folded()
    made.listing_error = "it broke off"
    sweep(run, made, published=False)
    assert left(run) == [*FILES, "marks/m.json"]
