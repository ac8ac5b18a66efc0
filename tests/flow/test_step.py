"""A step's life on a worker: its component is opened once, and closed whatever happens."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError, TransientError
from beam_ingest.flow import worker as workers
from beam_ingest.flow.process import ProcessFn
from beam_ingest.flow.retry import GaveUp
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import (
    ScriptedProcessor,
    batch,
    bundle,
    counts_of,
    plan_of,
    records,
    set_up,
    spec,
)

Hooks = dict[str, Callable[..., Any]]


def step(root: Path) -> ProcessFn:
    return ProcessFn(plan_of(root), spec(ScriptedProcessor, "processor", "p"))


def raising(*errors: BaseException) -> Callable[[], None]:
    left = list(errors)

    def does() -> None:
        if left:
            raise left.pop(0)

    return does


def test_a_component_is_opened_on_first_use_and_once(tmp_path: Path, hooks: Hooks) -> None:
    opened: list[int] = []
    hooks["open"] = lambda: opened.append(1)
    with set_up(step(tmp_path)) as fn:
        assert opened == []
        threads = [threading.Thread(target=fn.component) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert opened == [1]


def test_it_is_closed_at_the_end_and_the_run_is_left(tmp_path: Path, hooks: Hooks) -> None:
    closed: list[int] = []
    hooks["close"] = lambda: closed.append(1)
    with set_up(step(tmp_path)) as fn:
        fn.component()
    assert closed == [1]
    assert workers._workers == {}
    fn.teardown()
    assert closed == [1]


def test_a_close_that_raises_is_told_and_the_run_is_left(
    tmp_path: Path, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    hooks["close"] = raising(RuntimeError("already gone"))
    with set_up(step(tmp_path)) as fn:
        fn.component()
    assert workers._workers == {}
    assert caplog.messages == ["p: close: RuntimeError: already gone"]


def test_an_open_that_fails_is_closed_and_its_own_error_passes(
    tmp_path: Path, hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    hooks["open"] = raising(ConnectionError("refused"))
    hooks["close"] = raising(AttributeError("no attribute 'connection'"))
    with set_up(step(tmp_path)) as fn, pytest.raises(ConnectionError, match="refused"):
        fn.component()
    assert caplog.messages == ["p: close: AttributeError: no attribute 'connection'"]


def test_a_server_that_is_away_for_a_moment_is_waited_for(tmp_path: Path, hooks: Hooks) -> None:
    hooks["open"] = raising(*[TransientError("starting", retry_after=0)] * 3)
    with set_up(step(tmp_path)) as fn:
        assert isinstance(fn.component(), ScriptedProcessor)


def test_a_server_that_stays_away_is_given_up_once(tmp_path: Path, hooks: Hooks) -> None:
    tries: list[int] = []

    def away() -> None:
        tries.append(1)
        raise TransientError("starting", retry_after=0)

    hooks["open"] = away
    with set_up(step(tmp_path)) as fn, pytest.raises(GaveUp, match=r"\(tried 6 times\)"):
        fn.component()
    assert len(tries) == 6


def test_a_step_travels_as_plain_values(tmp_path: Path, hooks: Hooks) -> None:
    sent = step(tmp_path)
    came = pickle.loads(pickle.dumps(sent))
    assert (came.plan, came.spec) == (sent.plan, sent.spec)
    assert set(vars(came)) == {"plan", "spec"}


def test_a_step_that_was_never_set_up_can_be_torn_down(tmp_path: Path) -> None:
    step(tmp_path).teardown()


class TestProcessing:
    def test_changes_the_batch_in_place(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["process"] = lambda record: {**record, "seen": True}
        with set_up(step(tmp_path)) as fn:
            (made,) = bundle(fn, batch(0, records(2)))
            assert fn.worker.counts == {"p": [2, 2, 0]}
        assert made.records == [{"name": "r0", "seen": True}, {"name": "r1", "seen": True}]

    def test_passes_a_batch_without_records_untouched(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["open"] = raising(AssertionError("opened for nothing"))
        with set_up(step(tmp_path)) as fn:
            (made,) = bundle(fn, batch(3, [], last=True, error="it broke"))
        assert (made.last, made.error, "p" in made.ledger.steps) == (True, "it broke", False)

    @pytest.mark.parametrize(
        ("error", "reason", "code"),
        [
            (FatalError("wrong key"), "wrong key", 3),
            (OSError("no such model"), "p: OSError: no such model", 1),
        ],
    )
    def test_stops_the_run_when_open_fails_and_loses_no_record(
        self, tmp_path: Path, hooks: Hooks, error: Exception, reason: str, code: int
    ) -> None:
        hooks["open"] = raising(error)
        with set_up(step(tmp_path)) as fn:
            (made,) = bundle(fn, batch(0, records(2)))
            assert fn.worker.counts == {"p": [2, 0, 2]}
        assert (made.records, len(made.dead)) == ([], 2)
        assert counts_of(made.ledger, "p") == [2, 0, 0, 2, 0, 0]
        stop = RunDir(str(tmp_path)).stop() or {}
        assert (stop["reason"], stop["exitCode"]) == (reason, code)

    def test_stops_the_run_for_a_fatal_error(self, tmp_path: Path, hooks: Hooks) -> None:
        def process(record: Any) -> Any:
            raise FatalError("the licence has run out")

        hooks["process"] = process
        with set_up(step(tmp_path)) as fn:
            (made,) = bundle(fn, batch(0, records(3)))
        assert len(made.dead) == 3
        assert (RunDir(str(tmp_path)).stop() or {})["reason"] == "the licence has run out"
