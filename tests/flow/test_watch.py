"""Watching a run by its heartbeats: progress, workers that died, a run that hangs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Split
from beam_ingest.api.progress import WorkerProgress
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.watch import Patience, Watch
from tests.clock import Clock
from tests.flow.scripted import plan_of

HERE = socket.gethostname()
PATIENCE = Patience(stall=60, long_call=3600)


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(str(tmp_path))


@pytest.fixture
def watch(run: RunDir, clock: Clock) -> Watch:
    return Watch(plan_of(run.store.root), run, clock)


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits to be ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def beat(run: RunDir, worker: str = "w1", **changes: Any) -> None:
    value = {
        "worker": worker, "host": HERE, "pid": os.getpid(), "parent": os.getpid(),
        "at": 1000.0, "moved": 1000.0, "split": "part/1", "step": "out", "splits": [0, 0],
        "counts": {},
    }  # fmt: skip
    run.store.write(f"heartbeats/{worker}.json", json.dumps(value | changes).encode())


def test_before_the_first_heartbeat_the_run_is_starting(watch: Watch, clock: Clock) -> None:
    clock.now = 1002.5
    snapshot = watch.look()
    assert (snapshot.phase, snapshot.elapsed, snapshot.splits_total) == ("starting", 2.5, None)
    assert snapshot.steps == (("src", 0, 0, 0), ("out", 0, 0, 0))


def test_the_counts_of_all_workers_are_added(run: RunDir, watch: Watch, clock: Clock) -> None:
    run.write_listing([Split("a"), Split("b")], [], None)
    beat(run, "w1", splits=[1, 0], counts={"src": [10, 9, 1], "out": [9, 9, 0]}, moved=1003.0)
    beat(run, "w2", splits=[0, 1], counts={"src": [5, 5, 0], "out (deferred)": [1, 1, 0]})
    clock.now = 1004.0
    snapshot = watch.look()
    assert snapshot.phase == "running"
    assert (snapshot.splits_total, snapshot.splits_done, snapshot.splits_failed) == (3, 1, 1)
    assert snapshot.steps == (("src", 15, 14, 1), ("out", 9, 9, 0), ("out (deferred)", 1, 1, 0))
    assert snapshot.workers == (
        WorkerProgress("w1", "part/1", "out", 1.0), WorkerProgress("w2", "part/1", "out", 4.0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("split", "phase"), [("(listing)", "listing"), ("(finishing)", "finishing"), (None, "running")]
)
def test_the_phase_is_what_the_workers_do(
    run: RunDir, watch: Watch, split: str | None, phase: str
) -> None:
    beat(run, split=split)
    assert watch.look().phase == phase


def test_a_worker_with_a_clock_ahead_is_not_idle(run: RunDir, watch: Watch) -> None:
    beat(run, moved=2000.0)
    assert watch.look().workers[0].idle == 0.0


class TestADeadWorker:
    def test_is_told_with_what_it_was_at(self, run: RunDir, watch: Watch, gone: int) -> None:
        beat(run, "w1")
        beat(run, "w2", pid=gone)
        watch.look()
        assert watch.dead_worker() == (f"the local worker process {gone} died at out, split part/1")

    def test_may_have_died_before_it_did_anything(
        self, run: RunDir, watch: Watch, gone: int
    ) -> None:
        beat(run, pid=gone, split=None, step=None)
        watch.look()
        assert watch.dead_worker() == (
            f"the local worker process {gone} died at the start, split (none yet)"
        )

    def test_is_dead_also_while_nobody_has_waited_for_it(
        self, run: RunDir, watch: Watch, sleeper: subprocess.Popen[bytes]
    ) -> None:
        beat(run, pid=sleeper.pid)
        watch.look()
        assert watch.dead_worker() is None
        sleeper.kill()
        os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
        assert watch.dead_worker() is not None

    def test_is_none_elsewhere_and_not_this_process(
        self, run: RunDir, watch: Watch, gone: int
    ) -> None:
        beat(run, "w1")
        beat(run, "w2", pid=gone, host="another")
        watch.look()
        assert watch.dead_worker() is None

    def test_of_an_earlier_attempt_is_no_news(self, run: RunDir, watch: Watch, gone: int) -> None:
        # A run that is taken up again may find the heartbeat of an orphan of the one that died.
        beat(run, "old", pid=gone, parent=1)
        watch.look()
        assert watch.dead_worker() is None

    def test_that_may_not_be_asked_lives(
        self, run: RunDir, watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied(pid: int, signal: int) -> None:
            raise PermissionError

        beat(run, pid=1)
        watch.look()
        monkeypatch.setattr(os, "kill", denied)
        assert watch.dead_worker() is None


class TestKilling:
    def test_ends_the_local_workers_and_no_other_process(
        self, run: RunDir, watch: Watch, gone: int, sleeper: subprocess.Popen[bytes]
    ) -> None:
        beat(run, "this", parent=os.getppid())
        beat(run, "w2", pid=gone)
        beat(run, "w3", pid=1, host="another")
        beat(run, "w4", pid=sleeper.pid)
        watch.look()
        watch.kill_workers()
        assert sleeper.wait(10) == -9

    def test_leaves_a_process_that_got_the_number_of_an_old_worker(
        self, run: RunDir, watch: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        killed: list[int] = []
        monkeypatch.setattr(os, "kill", lambda pid, signal: killed.append(pid))
        beat(run, "old", pid=4711, parent=1)
        beat(run, "new", pid=4712)
        watch.look()
        watch.kill_workers()
        assert killed == [4712]


class TestAStall:
    def test_is_when_no_worker_has_moved(self, run: RunDir, watch: Watch, clock: Clock) -> None:
        beat(run, "w1", moved=1000.0)
        beat(run, "w2", moved=1005.0, split="part/2")
        watch.look()
        clock.now = 1064.0
        assert watch.stalled(PATIENCE) is None
        clock.now = 1065.0
        assert watch.stalled(PATIENCE) == (
            "nothing has moved for 60 s: w1 at out, split part/1, w2 at out, split part/2",
            "beam.stallTimeout",
        )

    def test_takes_longer_in_a_call_that_may_take_long(
        self, run: RunDir, watch: Watch, clock: Clock
    ) -> None:
        beat(run, "w1", moved=1000.0, split="a.out.000", patient=True)
        beat(run, "w2", moved=1000.0)
        watch.look()
        clock.now = 4599.0
        assert watch.stalled(PATIENCE) is None
        clock.now = 4600.0
        assert watch.stalled(PATIENCE) == (
            "nothing has moved for 3600 s: w1 at out, split a.out.000, w2 at out, split part/1",
            "beam.longCallTimeout",
        )

    def test_is_none_in_a_long_call_that_makes_progress(
        self, run: RunDir, watch: Watch, clock: Clock
    ) -> None:
        for hour in range(1, 24):
            beat(run, "w1", moved=1000.0 + hour * 3600, patient=True)
            watch.look()
            clock.now = 1000.0 + hour * 3600 + 3599
            assert watch.stalled(PATIENCE) is None

    def test_in_a_long_call_takes_no_less_than_elsewhere(
        self, run: RunDir, watch: Watch, clock: Clock
    ) -> None:
        beat(run, "w1", moved=1000.0, patient=True)
        watch.look()
        clock.now = 1059.0
        assert watch.stalled(Patience(stall=60, long_call=1)) is None

    def test_a_call_that_takes_long_is_mentioned_once(
        self, run: RunDir, watch: Watch, clock: Clock
    ) -> None:
        beat(run, "w1", moved=1000.0, split="a.out.000", patient=True)
        watch.look()
        clock.now = 1059.0
        assert watch.long_call(PATIENCE) is None
        clock.now = 1060.0
        assert watch.long_call(PATIENCE) == "nothing has moved for 60 s: w1 at out, split a.out.000"
        clock.now = 9000.0
        assert watch.long_call(PATIENCE) is None
        beat(run, "w1", moved=9000.0, patient=True)
        watch.look()
        clock.now = 9100.0
        assert watch.long_call(PATIENCE) is not None

    def test_is_none_before_anyone_has_begun(self, watch: Watch, clock: Clock) -> None:
        watch.look()
        clock.now = 9000.0
        assert watch.stalled(PATIENCE) is None

    def test_is_explained_by_the_stacks_of_the_workers(self, run: RunDir, watch: Watch) -> None:
        watch.want_stacks()
        assert run.store.read("heartbeats/stacks-wanted") == b""
        beat(run, "w1", stacks={"MainThread": "File x, line 1\n"})
        beat(run, "w2")
        watch.look()
        assert watch.stacks() == "--- w1, thread MainThread\nFile x, line 1\n"


def test_a_store_that_fails_for_a_moment_shows_what_was_seen_last(
    run: RunDir, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str) -> bytes:
        raise OSError("503")

    beat(run, counts={"src": [3, 3, 0]})
    watch.look()
    monkeypatch.setattr(run.store, "read", away)
    assert watch.look().steps[0] == ("src", 3, 3, 0)
    monkeypatch.setattr(run.store, "names", away)
    assert watch.look().steps[0] == ("src", 3, 3, 0)
