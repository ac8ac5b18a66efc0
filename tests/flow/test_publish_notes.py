"""What a bulk sink says of a file beside its outcomes: what it left out, what commit must know,
that it makes progress.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Skipped, Written
from beam_ingest.api.bulk_sink import MOVED_EVERY
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.worker import Worker
from tests.flow.scripted import counts_of, plan_of, staged
from tests.flow.test_publish import chunk, publish_all, published

Hooks = dict[str, Callable[..., Any]]


@pytest.fixture
def plan(tmp_path: Path, hooks: Hooks) -> Plan:
    return plan_of(tmp_path, staged())


def test_what_is_skipped_is_counted_as_filtered_with_its_reason(plan: Plan, hooks: Hooks) -> None:
    hooks["publish"] = lambda file: [Skipped("no such table"), Written(), Skipped("no such table")]
    made = chunk(plan)
    publish_all(plan, made)
    found = published(plan, made)
    assert counts_of(found.ledger, "bulk") == [3, 1, 2, 0, 1, 0]
    assert found.ledger.drops == {("bulk", "no such table"): 2}
    assert found.dead is None


def test_what_a_bulk_sink_notes_is_kept_with_the_file(plan: Plan, hooks: Hooks) -> None:
    hooks["publish"] = lambda file: file.notes.update(["2026-11-21", "2026-11-20"])
    made, other = chunk(plan), chunk(plan, 2)
    publish_all(plan, made, other)
    assert published(plan, made).notes == ["2026-11-20", "2026-11-21"]
    assert RunDir(plan.run_dir).notes("bulk") == {"2026-11-20", "2026-11-21"}
    assert RunDir(plan.run_dir).notes("another") == frozenset()


@pytest.mark.parametrize(
    ("publish", "moves"),
    [
        (lambda file: [Written() for _ in file.lines()], 6),
        (lambda file: (Written() for _ in range(file.count)), 3),
        (lambda file: file.moved(), 1),
        (lambda file: None, 0),
    ],
    ids=["reads", "yields", "says so", "is silent"],
)
def test_a_publish_makes_progress_as_it_reads_and_yields(
    plan: Plan, hooks: Hooks, monkeypatch: pytest.MonkeyPatch, publish: Any, moves: int
) -> None:
    moved: list[str] = []
    monkeypatch.setattr(Worker, "moved", lambda worker: moved.append(worker.split or ""))
    hooks["publish"] = publish
    made = chunk(plan, count=2 * MOVED_EVERY + 1)
    publish_all(plan, made)
    assert moved == [made.id] * moves
