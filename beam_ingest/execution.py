"""Executing a plan: its directory made or taken up, then its engine, to the end or left there.

Nothing here imports Beam before it is called.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from beam_ingest.api.progress import ProgressListener
from beam_ingest.api.report import Report
from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.model import WorkflowConfig

Made = TypeVar("Made")

if TYPE_CHECKING:
    from beam_ingest.flow.launch import Graph
    from beam_ingest.flow.plan import Plan
    from beam_ingest.flow.remembered import How
    from beam_ingest.runners.options import Engine


@dataclass(frozen=True, slots=True)
class Submitted:
    """A run that was left to its engine: ``place`` is where its job is, for a reader.

    ``jar`` is the file that the job was packed into, where nothing was started.
    """

    run_id: str
    run_dir: str
    place: str | None
    jar: str | None = None


@contextlib.contextmanager
def begun(
    config: WorkflowConfig,
    plan: Plan,
    state_name: str,
    make: Callable[[Plan], Made],
    *,
    resumed: bool,
    state: How,
) -> Iterator[tuple[Plan, Made]]:
    """The run directory made or taken up, its lock held; what a dead run began is aborted.

    ``make`` gives what runs the plan, before anything is written. Raises ``CannotStart``
    where the run cannot start; then nothing was written.
    """
    from beam_ingest.flow.dead_runs import abort_dead_runs
    from beam_ingest.flow.prepare import prepare_run
    from beam_ingest.flow.remembered import recalled
    from beam_ingest.flow.resume import resume_run

    document = config.document
    with recalled(plan, config.beam.work_dir, state_name, document, state) as plan:
        made = make(plan)
        lock = (resume_run if resumed else prepare_run)(plan, document)
        try:
            if not plan.dry_run:
                abort_dead_runs(plan, document, lambda seconds: True)
            yield plan, made
        finally:
            lock.release()


def runs(
    config: WorkflowConfig,
    plan: Plan,
    *,
    listener: ProgressListener | None,
    handle_signals: bool,
    cancels: Callable[[int], bool] | None,
    nursery: str | None,
) -> Callable[[], Report]:
    """What runs ``plan`` to its end. Raises ``CannotStart`` for what cannot be run so."""
    if plan.windows is not None:
        from beam_ingest.runners.stream import stream_runner

        return stream_runner(config, plan, listener, handle_signals=handle_signals)
    from beam_ingest.runners.options import engine_for

    engine = engine_for(config, plan.run_id, plan.run_dir, plan.attempt, nursery)
    return lambda: run_to_end(
        config.beam, plan, engine,
        listener=listener, handle_signals=handle_signals, cancels=cancels,
    )  # fmt: skip


def run_to_end(
    beam: BeamBlock,
    plan: Plan,
    engine: Engine,
    *,
    listener: ProgressListener | None,
    handle_signals: bool,
    cancels: Callable[[int], bool] | None = None,
) -> Report:
    """Run ``plan`` on ``engine``, and watch it to its end. Parameters as those of ``launch``."""
    from beam_ingest.flow.launch import launch
    from beam_ingest.flow.watch import Patience
    from beam_ingest.runners.local import secrets_for_workers

    workers = beam.workers if beam.is_local else 1
    with secrets_for_workers(workers), engine.surroundings():
        return launch(
            plan,
            engine.runner,
            engine.options,
            patience=Patience(beam.stall_timeout, beam.long_call_timeout),
            listener=listener,
            handle_signals=handle_signals,
            remote=engine.remote(plan.run_dir),
            cancels=None if beam.is_local else cancels,
        )


def hand_over(plan: Plan, engine: Engine) -> Submitted:
    """Submit ``plan``, and leave it to its engine. Raises ``CannotStart`` where that fails, and
    what keeps an unbounded run from beginning."""
    from beam_ingest.flow.launch import submit

    remote = engine.remote(plan.run_dir)
    with engine.surroundings():
        graph, packed = _graph_of(plan), engine.jar is not None
        submit(graph, engine.runner, engine.options, remote, packed=packed)
    place = remote.client.place() if remote is not None else engine.jar
    return Submitted(plan.run_id, plan.run_dir, place, engine.jar)


def _graph_of(plan: Plan) -> Graph:
    if plan.windows is None:
        from beam_ingest.flow.build import build

        return lambda pipeline: build(pipeline, plan)
    from beam_ingest.flow.stream.build import build_stream
    from beam_ingest.flow.stream.launch import begin_stream

    windows, partitions = plan.windows, begin_stream(plan)
    return lambda pipeline: build_stream(pipeline, plan, windows, partitions)


def settle(plan: Plan, before: dict[str, Any], document: dict[str, Any]) -> Report:
    """End a run that nobody works in any more: abort what it has begun, write its report.

    ``before`` is its ``run.json``. Raises ``CannotStart`` where somebody works in it, and where
    ``plan``, of ``document``, is of another workflow: that has begun other things elsewhere.
    """
    from beam_ingest.flow.finish import finish
    from beam_ingest.flow.lock import RunLock
    from beam_ingest.flow.resume import RESUMABLE
    from beam_ingest.flow.run_dir import RunDir
    from beam_ingest.flow.same_workflow import check_same_workflow
    from beam_ingest.flow.stream.launch import end_stream

    check_same_workflow(plan, before, document, "name its own, as it was, by -c")
    plan = replace(plan, started_at=before["startedAt"], attempt=before["attempt"])
    run = RunDir(plan.run_dir)
    lock = RunLock(run)
    lock.take()
    try:
        if plan.windows is not None:
            return end_stream(plan)
        if run.stop() is None:
            # It died, and may have read all: without this it would be committed, and what its
            # listing did not know then retired.
            run.request_stop("cancelled", 130, hint=RESUMABLE)
        return finish(plan, run, lambda seconds: True)
    finally:
        lock.release()
