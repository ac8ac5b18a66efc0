"""Launching with an engine that does what a function says, in a run that is at its end."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult, PipelineRunner

from beam_ingest.api.report import Report
from beam_ingest.flow import launch as launching
from beam_ingest.flow.finish import finish
from beam_ingest.flow.launch import launch
from beam_ingest.flow.mark import Mark
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import plan_of


class Engine(PipelineRunner):
    """An engine that does what a function says."""

    def __init__(self, does: Callable[[], object]) -> None:
        self._does = does

    def run_pipeline(self, pipeline: Any, options: Any) -> PipelineResult:
        self._does()
        return Done("DONE")


class Done(PipelineResult):
    def wait_until_finish(self, duration: Any = None) -> str:
        return "DONE"


def ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A run whose marks are all there; only the engine's end is missing."""
    monkeypatch.setattr(launching, "build", lambda pipeline, plan: None)
    monkeypatch.setattr(launching, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(launching, "_LAST_CHANCE", 0.0)
    made = plan_of(folder)
    run = RunDir(made.run_dir)
    run.write_listing([], [], None)
    for ref in run.splits():
        run.write_mark(ref, Mark(ref.key, ref.index, "out", 0, "done"))
    return made


def opened() -> Iterator[threading.Event]:
    """What an engine that hangs waits for; opened at the end, so that its thread ends."""
    made = threading.Event()
    yield made
    made.set()
    for thread in launching.engines_left_behind:
        thread.join(10)
    launching.engines_left_behind.clear()


def finishing(plan: Plan) -> Callable[[], object]:
    return lambda: finish(plan, RunDir(plan.run_dir), lambda seconds: False)


def run_with(plan: Plan, does: Callable[[], object], **options: Any) -> Report:
    return launch(plan, Engine(does), PipelineOptions([]), **options)


def beat(plan: Plan, **changes: Any) -> None:
    value = {
        "worker": "w1", "host": launching.__name__, "pid": 1, "parent": 1, "at": 0.0, "moved": 0.0,
        "split": "part/1", "step": "out", "splits": [0, 0], "counts": {},
    }  # fmt: skip
    name = f"heartbeats/{changes.get('worker', 'w1')}.json"
    RunDir(plan.run_dir).store.write(name, json.dumps(value | changes).encode())


def with_dead_worker(plan: Plan) -> Plan:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    beat(plan, host=socket.gethostname(), pid=process.pid, parent=os.getpid(), moved=time.time())
    return plan
