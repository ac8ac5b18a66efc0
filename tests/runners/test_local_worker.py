"""A worker process says early that it is there, leaves Ctrl-C alone, and ends with its launcher."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.runners.worker import sdk_worker_main

from beam_ingest.runners import local_worker


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The signals and the log of this process, which ``main`` changes."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = logging.root.handlers[:]
    yield
    for number, handler in signals.items():
        signal.signal(number, handler)
    logging.root.handlers[:] = handlers


def test_the_first_heartbeat_comes_before_beam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def serve(argv: list[str]) -> None:
        (beat,) = (tmp_path / "heartbeats").iterdir()
        seen.append(json.loads(beat.read_bytes())["pid"])
        seen.append([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)])

    monkeypatch.setattr(sdk_worker_main, "main", serve)
    monkeypatch.setattr(local_worker, "_end_with", lambda launcher: None)
    local_worker.main(str(tmp_path))
    assert seen == [os.getpid(), [signal.SIG_IGN, signal.SIG_IGN]]


def test_the_heartbeat_needs_no_beam() -> None:
    code = "import sys, beam_ingest.runners.local_worker; print('apache_beam' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_it_ends_when_its_launcher_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([4711, 4711, 1])
    ended = threading.Event()

    class Ended(BaseException):
        pass

    def end(code: int) -> None:
        ended.set()
        raise Ended

    monkeypatch.setattr(local_worker, "CHECK_EVERY", 0)
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(Ended):
        local_worker._end_with(4711)
    assert ended.is_set()


def record(level: int, path: str) -> logging.LogRecord:
    return logging.LogRecord("name", level, path, 1, "message", (), None)


@pytest.mark.parametrize(
    ("level", "path", "shown"),
    [
        (logging.WARNING, "/x/beam_ingest/flow/read.py", True),
        (logging.INFO, "/x/beam_ingest/flow/read.py", False),
        (logging.WARNING, "/x/apache_beam/runners/common.py", False),
        (logging.ERROR, "/x/apache_beam/runners/common.py", True),
    ],
)
def test_only_what_a_reader_can_act_on_is_shown(level: int, path: str, shown: bool) -> None:
    handler, made = local_worker._log_handler(), record(level, path)
    assert (made.levelno >= handler.level and bool(handler.filter(made))) == shown
