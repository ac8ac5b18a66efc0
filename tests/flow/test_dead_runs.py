"""What a dead run has begun is aborted by the next run of its workflow; a live run is left."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow.dead_runs import abort_dead_runs
from beam_ingest.flow.lock import RunLock, is_locked
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.prepare import prepare_run
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import ScriptedSink, plan_of, sink

Hooks = dict[str, Callable[..., Any]]

DOCUMENT = {"source": {"type": "x"}}


class Forgetful(ScriptedSink):
    """Aborts nothing."""

    abort = ScriptedSink.__mro__[1].abort  # type: ignore[attr-defined]


def dead_run(root: Path, run_id: str = "r0", state: str = "begun", **changes: Any) -> RunDir:
    plan = plan_of(root / "runs" / run_id, **{"run_id": run_id, **changes})
    prepare_run(plan, DOCUMENT).release()
    run = RunDir(plan.run_dir)
    run.write_token("out", state, {"index": run_id})
    return run


def this_run(root: Path, *writers: Any) -> Plan:
    return plan_of(root / "runs" / "r1", *writers)


def abort(plan: Plan, document: dict[str, Any] | None = None) -> list[str]:
    return abort_dead_runs(plan, document or DOCUMENT, lambda seconds: True)


@pytest.fixture
def aborted(hooks: Hooks) -> list[Any]:
    seen: list[Any] = []
    hooks["abort"] = seen.append
    hooks["begin"] = lambda: {"index": "begun again"}
    return seen


@pytest.mark.parametrize(
    ("state", "token"), [("begun", {"index": "r0"}), ("beginning", {"index": "begun again"})]
)
def test_what_was_begun_is_aborted_once(
    tmp_path: Path, aborted: list[Any], state: str, token: Any
) -> None:
    run = dead_run(tmp_path, state=state)
    assert abort(this_run(tmp_path)) == ["r0"]
    assert abort(this_run(tmp_path)) == []
    assert aborted == [token]
    assert run.token("out")[0] == "aborted"


@pytest.mark.parametrize("state", ["committed", "aborted", "refused"])
def test_what_has_ended_is_left(tmp_path: Path, aborted: list[Any], state: str) -> None:
    dead_run(tmp_path, state=state)
    assert abort(this_run(tmp_path)) == []
    assert aborted == []


def test_a_run_that_lives_is_left(tmp_path: Path, aborted: list[Any]) -> None:
    lock = RunLock(dead_run(tmp_path))
    lock.take()
    assert abort(this_run(tmp_path)) == []
    lock.release()
    assert abort(this_run(tmp_path)) == ["r0"]


def test_this_run_is_left(tmp_path: Path, aborted: list[Any]) -> None:
    dead_run(tmp_path, "r1")
    assert abort(this_run(tmp_path)) == []


def test_runs_of_another_workflow_or_machine_are_left(tmp_path: Path, aborted: list[Any]) -> None:
    run = dead_run(tmp_path)
    assert abort(this_run(tmp_path), {"source": {"type": "y"}}) == []
    owner = {"host": f"not-{socket.gethostname()}", "pid": 1}
    Path(run.store.path("lock")).write_text(json.dumps(owner))
    assert abort(this_run(tmp_path)) == []
    Path(run.store.path("lock")).write_text("{")
    assert abort(this_run(tmp_path)) == []


def test_a_sink_that_aborts_nothing_is_not_asked(tmp_path: Path, hooks: Hooks) -> None:
    dead_run(tmp_path)
    assert abort(this_run(tmp_path, sink(cls=Forgetful))) == []


def test_object_stores_are_not_searched(tmp_path: Path, aborted: list[Any]) -> None:
    assert abort(plan_of("mem://bucket/runs/r1")) == []


def test_the_component_is_that_of_the_dead_run(tmp_path: Path, hooks: Hooks) -> None:
    dead_run(tmp_path)
    plan = this_run(tmp_path)
    assert plan.writers[0].target.for_run("r0").build().context.run_id == "r0"
    assert plan.writers[0].target.build().context.run_id == "r1"


@pytest.mark.parametrize("where", ["open", "abort", "close"])
def test_what_cannot_be_aborted_does_not_keep_this_run_from_running(
    tmp_path: Path, hooks: Hooks, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: Any) -> None:
        raise ConnectionError("refused")

    run = dead_run(tmp_path)
    hooks[where] = breaks
    abort(this_run(tmp_path))
    assert "ConnectionError: refused" in caplog.text
    assert not is_locked(run)
    assert run.token("out")[0] == ("aborted" if where == "close" else "begun")


def test_a_directory_that_may_not_be_locked_is_left(
    tmp_path: Path, aborted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(lock: RunLock) -> None:
        raise PermissionError(13, "Permission denied")

    dead_run(tmp_path)
    monkeypatch.setattr(RunLock, "take", denied)
    assert abort(this_run(tmp_path)) == []
