"""What the steps share in one process: the heartbeat, the stop, the counts."""

from __future__ import annotations

import gc
import json
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError
from beam_ingest.flow import worker as workers
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.worker import Worker
from tests.clock import Clock

NAME = f"{socket.gethostname()}-{os.getpid()}"


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def worker(tmp_path: Path, clock: Clock) -> Worker:
    return Worker(str(tmp_path), 2, clock)


def beat(tmp_path: Path) -> dict[str, Any]:
    value = json.loads((tmp_path / "heartbeats" / f"{NAME}.json").read_bytes())
    assert isinstance(value, dict)
    return value


def full(*_: Any, **__: Any) -> Any:
    raise OSError(28, "No space left on device")


def test_the_form_of_a_heartbeat(worker: Worker, clock: Clock, tmp_path: Path) -> None:
    worker.at("part/1", "out")
    worker.count("src", 5, 4, 1)
    worker.count("src", 5, 5, 0)
    worker.settled(failed=False)
    worker.settled(failed=True)
    clock.now = 107.5
    worker.heartbeat()
    assert (tmp_path / "heartbeats" / f"{NAME}.json").read_text() == json.dumps(
        {
            "worker": NAME, "host": socket.gethostname(), "pid": os.getpid(),
            "parent": os.getppid(), "at": 107.5, "moved": 100.0,
            "split": "part/1", "step": "out", "splits": [1, 1],
            "counts": {"src": [10, 9, 1]},
        }
    )  # fmt: skip


def test_work_moves_the_clock_and_counting_alone_does_not(
    worker: Worker, clock: Clock, tmp_path: Path
) -> None:
    clock.now = 110.0
    worker.at("a", "src")
    clock.now = 120.0
    worker.count("src", 1, 1, 0)
    worker.heartbeat()
    assert beat(tmp_path)["moved"] == 110.0
    worker.settled(failed=False)
    worker.heartbeat()
    assert beat(tmp_path)["moved"] == 120.0


def test_a_call_that_may_take_long_is_told_until_the_next(worker: Worker, tmp_path: Path) -> None:
    worker.at("file-1", "out", patient=True)
    worker.heartbeat()
    assert beat(tmp_path)["patient"] is True
    worker.at("part/1", "src")
    worker.heartbeat()
    assert "patient" not in beat(tmp_path)


def test_a_long_call_that_says_so_moves_and_so_does_one_that_waits_to_try_again(
    worker: Worker, clock: Clock, tmp_path: Path
) -> None:
    worker.at("file-1", "out", patient=True)
    clock.now = 5000.0
    worker.moved()
    worker.heartbeat()
    assert beat(tmp_path)["moved"] == 5000.0
    clock.now = 9000.0
    worker.wait(0)
    worker.heartbeat()
    assert beat(tmp_path)["moved"] == 9000.0


def test_stacks_are_told_when_they_are_asked_for(worker: Worker, tmp_path: Path) -> None:
    worker.heartbeat()
    assert "stacks" not in beat(tmp_path)
    RunDir(str(tmp_path)).store.write("heartbeats/stacks-wanted", b"")
    worker.heartbeat()
    assert "test_stacks_are_told" in beat(tmp_path)["stacks"]["MainThread"]


def test_a_stop_asked_for_elsewhere_is_seen_at_the_next_heartbeat(
    worker: Worker, tmp_path: Path
) -> None:
    worker.heartbeat()
    assert not worker.is_stopping()
    RunDir(str(tmp_path)).request_stop("enough", 1)
    worker.heartbeat()
    assert worker.is_stopping()
    assert worker.wait(60) is True


def test_waiting_is_for_as_long_as_was_asked(worker: Worker) -> None:
    assert worker.wait(0) is False


def test_a_fatal_error_stops_the_run_with_its_message(worker: Worker, tmp_path: Path) -> None:
    worker.fatal(FatalError("wrong password", hint="check it"))
    worker.fatal(FatalError("and more"))
    assert worker.is_stopping()
    assert RunDir(str(tmp_path)).stop() == {
        "reason": "wrong password", "exitCode": 3, "hint": "check it",
    }  # fmt: skip


def test_a_fatal_error_that_says_nothing_is_named(worker: Worker, tmp_path: Path) -> None:
    worker.fatal(FatalError(""))
    assert (RunDir(str(tmp_path)).stop() or {})["reason"] == "FatalError"


def test_too_many_failures_stop_the_run(worker: Worker, tmp_path: Path) -> None:
    worker.count("src", 9, 7, 2)
    assert RunDir(str(tmp_path)).stop() is None
    worker.count("out", 1, 0, 1)
    worker.count("out", 1, 0, 1)
    assert RunDir(str(tmp_path)).stop() == {
        "reason": "more than 2 records have failed", "exitCode": 1,
        "hint": "beam.maxFailures sets this limit",
    }  # fmt: skip


def test_a_stop_that_cannot_be_written_down_stops_this_process(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker.run.store, "write_new", full)
    with caplog.at_level(logging.ERROR):
        worker.disk_failed(OSError(28, "No space left on device"))
    assert worker.is_stopping()
    assert caplog.messages == [
        "the run directory cannot be written: [Errno 28] No space left on device; "
        "and that cannot be written down: [Errno 28] No space left on device"
    ]


@pytest.mark.parametrize("method", ["read", "write"])
def test_a_heartbeat_that_fails_is_no_failure(
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    monkeypatch.setattr(worker.run.store, method, full)
    with caplog.at_level(logging.WARNING):
        worker.heartbeat()
    assert caplog.messages == ["no heartbeat: [Errno 28] No space left on device"]


def test_a_full_disk_does_not_hide_a_stop(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    RunDir(str(tmp_path)).request_stop("enough", 1)
    monkeypatch.setattr(worker.run.store, "write", full)
    worker.heartbeat()
    assert worker.is_stopping()


class TestTheWorkerOfAProcess:
    Hooks = dict[str, Callable[..., Any]]

    @pytest.mark.usefixtures("hooks")
    def test_is_shared_by_the_steps_of_a_run_until_the_last_leaves(self, tmp_path: Path) -> None:
        one, two = (workers.enter(str(tmp_path), None) for _ in range(2))
        assert one is two
        workers.leave(one)
        assert workers.enter(str(tmp_path), None) is one
        workers.leave(one)
        workers.leave(one)
        again = workers.enter(str(tmp_path), None)
        assert again is not one
        workers.leave(again)

    @pytest.mark.usefixtures("hooks")
    def test_gives_its_first_heartbeat_at_once_and_the_last_at_the_end(
        self, tmp_path: Path
    ) -> None:
        one = workers.enter(str(tmp_path), None)
        assert beat(tmp_path)["split"] is None
        one.at("part", "src")
        workers.leave(one)
        assert beat(tmp_path)["split"] == "part"

    @pytest.mark.usefixtures("hooks")
    def test_can_be_told_to_stop_from_its_process(self, tmp_path: Path) -> None:
        workers.stop_here(str(tmp_path))
        one = workers.enter(str(tmp_path), None)
        workers.stop_here(str(tmp_path))
        assert one.is_stopping()
        workers.leave(one)

    @pytest.mark.usefixtures("hooks")
    def test_that_cannot_start_is_not_left_behind_half_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Worker, "start", full)
            with pytest.raises(OSError, match="No space"):
                workers.enter(str(tmp_path), None)
        one = workers.enter(str(tmp_path), None)
        assert (one.users, one._thread.is_alive()) == (1, True)
        workers.leave(one)

    def test_tunes_the_garbage_collector_while_it_works(self, tmp_path: Path) -> None:
        before = gc.get_threshold()
        outer = workers.enter(str(tmp_path / "1"), None)
        inner = workers.enter(str(tmp_path / "2"), None)
        assert gc.get_threshold() == (100_000, 50, 100)
        assert gc.get_freeze_count() > 0
        workers.leave(inner)
        assert gc.get_threshold() == (100_000, 50, 100)
        workers.leave(outer)
        assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)

    def test_beats_in_the_background(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workers, "INTERVAL", 0.001)
        worker = Worker(str(tmp_path), None)
        worker.start()
        RunDir(str(tmp_path)).request_stop("enough", 1)
        assert worker.wait(10) is True
        worker.end()
        assert not worker._thread.is_alive()
