"""Launching: run the graph, watch it, and end with the report, whatever the engine does.

The engine runs in a thread of its own; the main thread watches heartbeats, passes progress on and
takes signals. The report is read from the run directory: no report, no success.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.hiding import hide
from beam_ingest.api.progress import ProgressListener, ProgressSnapshot
from beam_ingest.api.report import Report
from beam_ingest.flow.build import build
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.finish import finish
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.remote_job import RemoteJob
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.signals import Signals, signals_of
from beam_ingest.flow.watch import PATIENT, Patience, Watch
from beam_ingest.flow.worker import FAILURES_HINT, ROOM_HINT, too_many_failures

GRACE = 8.0
"""Seconds from a signal until the engine is left behind; an orchestrator kills after 10."""
REMOTE_GRACE = 60.0
"""The same for a job on an engine: its workers look for a stop in their run directory."""
LOOK_EVERY = 0.5
_AFTER_DEATH = 3.0
_LAST_CHANCE = 1.0

MISSING_HINT = (
    "use an image that holds it, let it be sent (beam.workerCode: ship), or install it where the "
    "workers run"
)
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_UNWRITTEN = re.compile(
    r"the run directory .+ cannot be written: .+?(?= \[while running|$)", re.MULTILINE
)

_log = logging.getLogger(__name__)

Graph = Callable[[beam.Pipeline], object]
"""Puts a graph into a pipeline."""

engines_left_behind: list[threading.Thread] = []
"""Engines that hung and were left: their threads would keep a process from ending by itself."""


def launch(
    plan: Plan,
    runner: Any,
    options: PipelineOptions,
    *,
    patience: Patience = PATIENT,
    listener: ProgressListener | None = None,
    handle_signals: bool = False,
    remote: RemoteJob | None = None,
    cancels: Callable[[int], bool] | None = None,
) -> Report:
    """Run ``plan`` to its report. Raises nothing that is the workflow's fault.

    ``remote`` is the job where it outlives this process; then ``cancels`` is asked at a signal
    whether it ends the job. Raises ``LeftRunning`` where it does not.
    """
    run = RunDir(plan.run_dir)
    engine = _Engine(plan, runner, options, remote)
    watch = Watch(plan, run)
    asked = cancels if remote is not None else None
    with signals_of(plan, run, asked, enabled=handle_signals) as signals, _quiet_threads():
        engine.start()
        left = _attend(plan, run, engine, watch, signals, patience, listener)
    if listener is not None:
        listener(watch.look())
    return _report(plan, run, engine, left=left)


class _Engine(threading.Thread):
    """The thread that runs the pipeline; ``error`` is what it raised."""

    def __init__(
        self, plan: Plan, runner: Any, options: PipelineOptions, remote: RemoteJob | None
    ) -> None:
        super().__init__(name="engine", daemon=True)
        self._plan, self._runner, self._options = plan, runner, options
        self.remote = remote
        self.grace = REMOTE_GRACE if remote else GRACE
        self.error: BaseException | None = None
        self.hung = False
        """Whether it was left because nothing moved."""

    def run(self) -> None:
        try:
            result = submitted(
                lambda pipeline: build(pipeline, self._plan),
                self._runner, self._options, self.remote,
            )  # fmt: skip
            if self.remote is None:
                result.wait_until_finish()
            else:
                self.remote.follow(result)
        except BaseException as error:  # told by the launcher
            self.error = error


def submit(
    graph: Graph,
    runner: Any,
    options: PipelineOptions,
    remote: RemoteJob | None,
    *,
    packed: bool = False,
) -> None:
    """Hand the graph to the engine, and leave it there; ``packed``: as a file, that is awaited.

    Raises ``CannotStart`` where the engine does not take it.
    """
    try:
        with _quiet_threads():
            result = submitted(graph, runner, options, remote)
            if packed:
                result.wait_until_finish()
    except Exception as error:
        _log.debug("the engine did not take the job", exc_info=error)
        raise CannotStart(f"the engine did not take the job: {_engine_error(error)}") from None


def submitted(graph: Graph, runner: Any, options: PipelineOptions, remote: RemoteJob | None) -> Any:
    """What the engine gives for the graph; its job is noted where it outlives this process."""
    pipeline = beam.Pipeline(runner=runner, options=options)
    graph(pipeline)
    if remote is not None:
        remote.submitting()
    result = pipeline.run()
    if remote is not None:
        remote.submitted(result)
    return result


def _attend(
    plan: Plan,
    run: RunDir,
    engine: _Engine,
    watch: Watch,
    signals: Signals,
    patience: Patience,
    listener: ProgressListener | None,
) -> bool:
    """Wait for the engine; whether it had to be left behind."""
    looked = signalled = death = 0.0
    while engine.is_alive():
        engine.join(0.05)
        now = time.monotonic()
        if signals.stopping() and not signalled:
            signalled = now
        if signalled and (now - signalled > engine.grace or len(signals.came) > 1):
            break
        if now - looked < LOOK_EVERY:
            continue
        looked = now
        snapshot = watch.look()
        if listener is not None:
            listener(snapshot)
        _limit_failures(plan, run, snapshot)
        dead = watch.dead_worker()
        if dead is not None and run.store.read("report.json") is None:
            # A worker that ends with the run is gone a moment before the engine is.
            death = death or now
            if now - death > _AFTER_DEATH:
                _notice_death(run, watch)
                break
        mention(watch.long_call(patience))
        stalled = watch.stalled(patience)
        if stalled is not None:
            engine.hung = True
            stop_hung(run, watch, stalled)
            break
    else:
        _notice_death(run, watch)
        return False
    watch.kill_workers()
    if engine.remote is not None:
        engine.remote.cancel()
    engine.join(_LAST_CHANCE)
    if engine.is_alive():
        engines_left_behind.append(engine)
    return True


def mention(long_call: str | None) -> None:
    """Log where a call that may take long has stood still, if it has."""
    if long_call is not None:
        _log.warning(
            "%s; this call may take long, so the run goes on until beam.longCallTimeout", long_call
        )


def _limit_failures(plan: Plan, run: RunDir, snapshot: ProgressSnapshot) -> None:
    # Each worker stops at the limit by itself; together they may pass it before one does.
    failed = sum(step[3] for step in snapshot.steps)
    if plan.max_failures is not None and failed > plan.max_failures:
        run.request_stop(too_many_failures(plan.max_failures), 1, hint=FAILURES_HINT)


def _notice_death(run: RunDir, watch: Watch) -> None:
    watch.look()
    dead = watch.dead_worker()
    if dead is not None and run.store.read("report.json") is None:
        run.request_stop(dead, 1, hint="what is durable is kept: run it again")


def _report(plan: Plan, run: RunDir, engine: _Engine, *, left: bool) -> Report:
    data = run.store.read("report.json")
    if data is not None and not left and engine.error is None:
        return Report.model_validate_json(data)
    defect = None
    missing = _MISSING.search(str(engine.error))
    if missing is not None:
        run.request_stop(f"the workers cannot import {missing[1]}", 2, hint=MISSING_HINT)
    unwritten = _UNWRITTEN.search(str(engine.error))
    if unwritten is not None:
        hint = ROOM_HINT if os.strerror(errno.ENOSPC) in unwritten[0] else None
        run.request_stop(unwritten[0], 1, hint=hint)
    if engine.error is not None and run.stop() is None:
        defect = hide(_engine_error(engine.error))
        _log.debug("the engine broke", exc_info=engine.error)
    elif data is None and run.stop() is None:
        defect = "the engine ended without the last step of the graph"
    # What hangs, a server or a disk, is not asked for more: the next run aborts what has begun.
    alone = not engine.is_alive() and not engine.hung
    return finish(plan, run, lambda seconds: True, defect, alone=alone)


def _engine_error(error: BaseException) -> str:
    # Beam wraps what a DoFn raised in the text of the remote traceback: its last line says it.
    text = reason_of(error).strip()
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__


def stop_hung(run: RunDir, watch: Watch, stalled: tuple[str, str]) -> None:
    """Stop a run that hangs: ``stalled`` as ``Watch`` says. The workers' stacks go to the log."""
    watch.want_stacks()
    time.sleep(2 * LOOK_EVERY)
    watch.look()
    _log.error("the stacks of the workers that hang:\n%s", watch.stacks())
    run.request_stop(stalled[0], 1, hint=f"{stalled[1]} sets this limit")


@contextlib.contextmanager
def _quiet_threads() -> Iterator[None]:
    """Engine threads that end in an exception say so in the log, not as a traceback."""
    previous = threading.excepthook

    def hook(args: Any) -> None:
        _log.debug("the thread %s ended: %s", args.thread, args.exc_value)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = previous
