"""Before the graph: a run has an identity, a directory of its own, and the lock of it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.lock import RunLock, is_locked
from beam_ingest.flow.prepare import new_run_id, prepare_run
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.same_workflow import given
from tests.flow.memory_files import OBJECTS
from tests.flow.scripted import plan_of


@pytest.fixture(params=["local", "mem"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunDir]:
    yield RunDir(str(tmp_path / "run") if request.param == "local" else "mem://bucket/run")
    OBJECTS.clear()


def test_run_ids_sort_by_time_and_are_file_names() -> None:
    early, late = new_run_id(lambda: 1_767_323_045.0), new_run_id(lambda: 1_767_323_046.0)
    assert re.fullmatch(r"20260102T030405Z-[0-9a-f]{4}", early)
    assert early < late


def test_the_directory_says_what_is_run(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "runs" / "r1", attempt=3)
    prepare_run(plan, {"source": {"type": "x"}}).release()
    assert json.loads((tmp_path / "runs/r1/run.json").read_bytes()) == {
        "runId": "r1", "startedAt": "2026-01-02T03:04:05.000Z", "attempt": 3,
        "workflowFile": "w.yaml", "workflow": {"source": {"type": "x"}}, "given": given(plan),
    }  # fmt: skip


def test_a_directory_that_holds_a_run_is_refused(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    prepare_run(plan, {}).release()
    with pytest.raises(CannotStart, match="holds a run already"):
        prepare_run(plan, {"another": True})
    assert json.loads((tmp_path / "run.json").read_bytes())["workflow"] == {}


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotStart, match="cannot be made: Not a directory") as caught:
        prepare_run(plan_of(tmp_path / "file" / "run"), {})
    assert "beam.workDir" in (caught.value.hint or "")


def test_a_run_that_cannot_be_written_down_gives_the_lock_back(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(store: Any, name: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(run.store), "write", full)
        with pytest.raises(CannotStart, match="No space left"):
            prepare_run(plan_of(run.store.root), {})
    assert not is_locked(run)
    lock = RunLock(run)
    lock.take()
    lock.release()


class TestTheLock:
    def test_is_held_by_one(self, run: RunDir) -> None:
        lock = RunLock(run)
        assert not is_locked(run)
        lock.take()
        assert is_locked(run)
        with pytest.raises(CannotStart, match=r"another run works in .*: process \d+ on "):
            RunLock(run).take()
        lock.release()
        assert not is_locked(run)
        lock.release()

    def test_can_be_taken_again(self, run: RunDir) -> None:
        for _ in range(2):
            lock = RunLock(run)
            lock.take()
            lock.release()
        assert not is_locked(run)

    def test_is_not_given_up_by_one_that_does_not_hold_it(self, run: RunDir) -> None:
        holder, other = RunLock(run), RunLock(run)
        holder.take()
        other.release()
        assert is_locked(run)
        holder.release()

    def test_names_an_unknown_holder_too(self, run: RunDir) -> None:
        lock = RunLock(run)
        lock.take()
        if "://" in run.store.root:
            (name,) = run.store.names("lock")
            run.store.write(f"lock/{name}", b"{")
        else:
            Path(run.store.path("lock")).write_bytes(b"{")
        with pytest.raises(CannotStart, match=r"process \? on \?"):
            RunLock(run).take()
        lock.release()


class TestTheLockOfAnObjectStore:
    @pytest.fixture
    def run(self) -> Iterator[RunDir]:
        yield RunDir("mem://bucket/runs/r1")
        OBJECTS.clear()

    def test_of_two_at_the_same_moment_never_both_have_it(
        self, run: RunDir, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names, other = run.store.names, RunLock(run)

        def meanwhile(folder: str) -> list[str]:
            monkeypatch.setattr(run.store, "names", names)
            with pytest.raises(CannotStart):
                other.take()  # it sees the object that the first one has written
            return names(folder)

        monkeypatch.setattr(run.store, "names", meanwhile)
        RunLock(run).take()
        assert len(names("lock")) == 1

    def test_of_a_run_that_died_here_is_taken_over(self, run: RunDir) -> None:
        gone = subprocess.Popen(["true"])
        gone.wait()
        owner = {"host": socket.gethostname(), "pid": gone.pid}
        run.store.write("lock/dead", json.dumps(owner).encode())
        lock = RunLock(run)
        lock.take()
        assert run.store.read("lock/dead") is None
        lock.release()

    def test_of_a_run_elsewhere_is_left_and_named(self, run: RunDir) -> None:
        run.store.write("lock/far", json.dumps({"host": "far", "pid": 1}).encode())
        with pytest.raises(CannotStart, match="process 1 on far") as caught:
            RunLock(run).take()
        assert "mem://bucket/runs/r1/lock/far" in (caught.value.hint or "")
        assert run.store.names("lock") == ["far"]
