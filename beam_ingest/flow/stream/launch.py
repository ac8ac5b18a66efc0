"""Launching an unbounded run: partitions, begin, engine, and in the end the report.

The first SIGTERM or Ctrl-C drains: no more is read, every window is closed, published and
acknowledged, and the run ends as a success if that was all. The second one stops at once; what is
not published is not acknowledged, and a run that is resumed goes on there.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from types import FrameType

from beam_ingest.api.errors import CannotStart, FatalError, IngestError, TransientError
from beam_ingest.api.progress import ProgressListener
from beam_ingest.api.report import Report
from beam_ingest.api.source import StreamSource
from beam_ingest.flow import worker as workers
from beam_ingest.flow.begin import begin
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.launch import mention, stop_hung
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.resume import DRAIN
from beam_ingest.flow.retry import RetryPolicy, retrying
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.step import OpenedOnce
from beam_ingest.flow.stream.engine import Engine
from beam_ingest.flow.stream.journal import (
    Journal,
    gone_journals,
    listed_journals,
    partition_id,
    read_end,
)
from beam_ingest.flow.stream.pane import Panes
from beam_ingest.flow.stream.read import Partition
from beam_ingest.flow.stream.report import write_report
from beam_ingest.flow.stream.windows import Windows
from beam_ingest.flow.watch import PATIENT, Patience, Watch
from beam_ingest.flow.worker import FAILURES_HINT, Worker, stop_here, too_many_failures

LOOK_EVERY = 0.5
_GRACE = 5.0
"""Seconds that an engine has to end by itself after a stop, or when all is drained."""

_log = logging.getLogger(__name__)


def launch_stream(
    plan: Plan,
    engine: Engine,
    *,
    patience: Patience = PATIENT,
    listener: ProgressListener | None = None,
    handle_signals: bool = False,
) -> Report:
    """Run ``plan`` until it is drained or stopped. Raises nothing that is the workflow's fault."""
    run = RunDir(plan.run_dir)
    assert plan.windows is not None  # noqa: S101 - asked by the caller
    worker = workers.enter(plan.run_dir, plan.max_failures)
    defect: str | None = None
    try:
        try:
            partitions = _begun(plan, plan.windows, run, worker)
        except Exception as error:  # whatever a component raises: the run cannot start
            code = 3 if isinstance(error, (FatalError, TransientError)) else 1
            run.request_stop(reason_of(error), code, hint=getattr(error, "hint", None))
        else:
            with _signals(plan, run, enabled=handle_signals) as signals:
                engine.start(plan, plan.windows, partitions)
                defect = _attend(plan, run, engine, partitions, signals, patience, listener)
            _settle_rest(plan, plan.windows, run, worker, partitions)
    finally:
        workers.leave(worker)
    return write_report(plan, run, defect)


def begin_stream(plan: Plan) -> list[Partition]:
    """What comes before the engine, for who leaves the run to it: the partitions, listed and kept,
    after every writer has begun, and what an attempt before had begun is published.

    Raises what a component raises, and ``IngestError`` where what is to be published cannot be.
    """
    assert plan.windows is not None  # noqa: S101 - asked by the caller
    run = RunDir(plan.run_dir)
    worker = workers.enter(plan.run_dir, plan.max_failures)
    try:
        partitions = _begun(plan, plan.windows, run, worker)
    finally:
        workers.leave(worker)
    if (stop := run.stop()) is not None:
        raise IngestError(stop["reason"], hint=stop["hint"])
    return partitions


def end_stream(plan: Plan) -> Report:
    """The report of a run whose engine is gone. Of one that was drained the source is told so:
    when its last messages were settled, it may have been away."""
    assert plan.windows is not None  # noqa: S101 - asked by the caller
    run = RunDir(plan.run_dir)
    worker = workers.enter(plan.run_dir, plan.max_failures)
    try:
        journals = listed_journals(run, run.listing())
        partitions = [journal.partition() for journal in journals]
        if _all_drained(run, partitions):
            _settle_rest(plan, plan.windows, run, worker, partitions)
    finally:
        workers.leave(worker)
    return write_report(plan, run, None)


def _begun(plan: Plan, windows: Windows, run: RunDir, worker: Worker) -> list[Partition]:
    source = OpenedOnce(plan.source, worker)
    opened = [(writer, OpenedOnce(writer.target, worker)) for writer in plan.writers]
    try:
        for writer, target in opened:
            begin(run, writer.name, target.get(), worker.wait)
            # Of an unbounded run nothing is committed, and so nothing is aborted either.
            run.write_token(writer.name, "unbounded", run.token(writer.name)[1])
        partitions = retrying(lambda: _listed(run, source.get()), worker.wait, RetryPolicy())
    finally:
        for _, target in opened:
            target.close()
        source.close()
    _finish_begun(plan, windows, run, worker, partitions, gone_journals(run, run.listing()))
    kept = (Journal.read(run, partition.id) for partition in partitions)
    return [journal.partition() for journal in kept if journal is not None]


def _listed(run: RunDir, source: StreamSource) -> list[Partition]:
    """The partitions, each with a journal; those that an earlier attempt listed stay."""
    splits = list(source.partitions())
    if len({split.key for split in splits}) != len(splits):
        raise CannotStart("the source lists partitions of the same key")
    partitions = []
    for split in splits:
        id_ = partition_id(split.key)
        journal = Journal.read(run, id_)
        if journal is None:
            journal = Journal(id_, split, source.start(split))
            journal.write(run)
        partitions.append(journal.partition())
    run.write_listing(splits, [], None)
    return partitions


def _attend(
    plan: Plan,
    run: RunDir,
    engine: Engine,
    partitions: Sequence[Partition],
    signals: list[int],
    patience: Patience,
    listener: ProgressListener | None,
) -> str | None:
    """Wait until the engine has ended or has nothing left to do; what broke it, or None."""
    watch, leaving = Watch(plan, run), 0.0
    while not engine.wait(LOOK_EVERY):
        snapshot = watch.look()
        if listener is not None:
            listener(snapshot)
        failed = sum(step[3] for step in snapshot.steps)
        if plan.max_failures is not None and failed > plan.max_failures:
            run.request_stop(too_many_failures(plan.max_failures), 1, hint=FAILURES_HINT)
        # Not while an engine waits for machines: then none but this process has a heartbeat.
        begun = any(worker.split is not None for worker in snapshot.workers)
        mention(watch.long_call(patience))
        stalled = watch.stalled(patience) if begun else None
        if stalled is not None and run.stop() is None:
            stop_hung(run, watch, stalled)
            engine.leave()
            return None
        if len(signals) > 1 or run.stop() is not None or _all_drained(run, partitions):
            leaving = leaving or time.monotonic()
            if time.monotonic() - leaving > _GRACE:
                engine.leave()
                return None
    if engine.error is not None and run.stop() is None:
        _log.debug("the engine broke", exc_info=engine.error)
        return reason_of(engine.error).strip().rpartition("\n")[2]
    return None


def _all_drained(run: RunDir, partitions: Sequence[Partition]) -> bool:
    return all(_is_drained(run, partition.id) for partition in partitions)


def _is_drained(run: RunDir, id_: str) -> bool:
    end = read_end(run, id_)
    if end is None:  # as long as it is read: the journal is looked at in the end only
        return False
    journal = Journal.read(run, id_)
    return journal is not None and journal.is_settled_to(end)


def _settle_rest(
    plan: Plan, windows: Windows, run: RunDir, worker: Worker, partitions: Sequence[Partition]
) -> None:
    """Tell the source once more what is settled: it may have been away when it was told."""
    if run.stop() is None:
        _finish_begun(plan, windows, run, worker, partitions)


def _finish_begun(
    plan: Plan,
    windows: Windows,
    run: RunDir,
    worker: Worker,
    partitions: Sequence[Partition],
    gone: Sequence[Journal] = (),
) -> None:
    panes = Panes(plan, windows, run, worker)
    try:
        for journal in gone:
            panes.finish_gone(journal.id)
        for partition in partitions:
            panes.finish(partition.id)
    finally:
        panes.close()


@contextlib.contextmanager
def _signals(plan: Plan, run: RunDir, *, enabled: bool) -> Iterator[list[int]]:
    """The signals that came; the first drains, the second stops."""
    came: list[int] = []
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield came
        return

    def take(number: int, _: FrameType | None) -> None:
        came.append(number)
        if len(came) == 1:
            run.store.write(DRAIN, signal.Signals(number).name.encode())
            return
        name = signal.Signals(number).name
        run.request_stop(f"stopped by {name}", 128 + number, hint="--resume goes on from here")
        stop_here(plan.run_dir)

    previous = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
