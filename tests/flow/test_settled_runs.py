"""A run that died is ended: what it has begun is taken back, whatever it had come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import CannotStart
from beam_ingest.execution import settle
from beam_ingest.flow.prepare import write_run
from beam_ingest.flow.resume import read_run
from beam_ingest.flow.run_dir import RunDir
from tests.flow.ended import Calls, begun, run_of

Hooks = dict[str, Callable[..., Any]]
DOCUMENT: dict[str, Any] = {"source": {"type": "x"}, "sink": {"type": "y"}}


def test_what_died_after_all_was_read_is_neither_committed_nor_retires(
    tmp_path: Path, hooks: Hooks
) -> None:
    plan, calls = run_of(tmp_path), Calls(hooks)
    write_run(RunDir(plan.run_dir), plan, DOCUMENT)
    begun(plan, {"index": "i"})
    report = settle(plan, read_run(plan.run_dir), DOCUMENT)
    assert calls.made == [("abort", {"index": "i"}), "close"]
    assert (report.status, report.exit_code) == ("failed", 130)
    assert report.sentence == "The run was stopped: cancelled."


def test_another_workflow_ends_no_run(tmp_path: Path, hooks: Hooks) -> None:
    plan, calls = run_of(tmp_path), Calls(hooks)
    write_run(RunDir(plan.run_dir), plan, DOCUMENT)
    begun(plan, {"index": "i"})
    before = read_run(plan.run_dir)
    with pytest.raises(CannotStart, match=r"is not the one that r1 ran: sink\.type changed"):
        settle(plan, before, {**DOCUMENT, "sink": {"type": "z"}})
    other = replace(plan, source=replace(plan.source, config='{"path":"elsewhere"}'))
    with pytest.raises(CannotStart, match="what variables or --set give to src changed"):
        settle(other, before, DOCUMENT)
    assert calls.made == []
    assert RunDir(plan.run_dir).store.read("report.json") is None
