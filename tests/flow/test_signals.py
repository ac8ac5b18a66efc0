"""The first signal ends a run, or leaves its job, as it is answered; nobody is asked twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from beam_ingest.api.errors import LeftRunning
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.signals import signals_of
from tests.flow.scripted import plan_of


class Asked:
    """Whoever is asked whether a job is to be stopped; notes the signals."""

    def __init__(self, *, stop: bool) -> None:
        self.signals: list[int] = []
        self._stop = stop

    def __call__(self, given: int) -> bool:
        self.signals.append(given)
        return self._stop


def test_a_run_of_this_process_is_asked_to_stop_at_once(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    with signals_of(plan_of(tmp_path), run, None, enabled=True) as signals:
        assert not signals.stopping()
        os.kill(os.getpid(), signal.SIGINT)
        stop = run.stop()
        assert stop is not None
        assert (stop["reason"], stop["exitCode"]) == ("stopped by SIGINT", 130)
        assert signals.stopping()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_job_on_an_engine_is_left_where_that_is_wanted(
    tmp_path: Path, number: signal.Signals
) -> None:
    run, asked = RunDir(str(tmp_path)), Asked(stop=False)
    with signals_of(plan_of(tmp_path), run, asked, enabled=True) as signals:
        os.kill(os.getpid(), number)
        with pytest.raises(LeftRunning) as caught:
            signals.stopping()
    assert (caught.value.exit_code, run.stop(), asked.signals) == (128 + number, None, [number])


def test_a_job_on_an_engine_is_stopped_where_that_is_wanted(tmp_path: Path) -> None:
    run, asked = RunDir(str(tmp_path)), Asked(stop=True)
    with signals_of(plan_of(tmp_path), run, asked, enabled=True) as signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert run.stop() is None
        assert signals.stopping()
        assert signals.stopping()
    assert len(asked.signals) == 1
    assert run.stop() is not None
