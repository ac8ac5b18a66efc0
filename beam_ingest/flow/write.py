"""Writing: hand batches to a sink, settle every record by its outcome, leave the split's mark.

Requests of several batches are in flight at once, up to ``beam.concurrency`` a worker. A split's
mark is written by whichever request of it answers last, not at the end of the bundle: on some
runners that comes after everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from beam_ingest.api.errors import FatalError
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected, Unchanged
from beam_ingest.api.record import Record
from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.offer import offer
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.retry import RetryPolicy
from beam_ingest.flow.settle import OrderedSplits, SplitState
from beam_ingest.flow.step import StepFn


class WriteFn(StepFn):
    """``SplitBatch`` -> nothing; the run directory holds what came of it."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        super().__init__(plan, writer.target)
        self.writer = writer
        self.primary = plan.writers[0].name == writer.name

    def setup(self) -> None:
        """On the worker: threads for the requests."""
        super().setup()
        self._pool = ThreadPoolExecutor(
            self.plan.settings.concurrency, thread_name_prefix=f"write {self.spec.step}"
        )
        self._flying: set[Future[None]] = set()
        self._splits = OrderedSplits(self._state)

    def _state(self, ref: SplitRef) -> SplitState:
        return SplitState(self.run, ref, self.writer.name, primary=self.primary)

    def process(self, batch: SplitBatch) -> Iterator[None]:
        """Write a batch."""
        if batch.settled:
            return
        state = self._splits.take(batch)
        if state is None:
            return  # batches before it went elsewhere: no mark, and so a failure of the run
        with state.lock:
            state.pending += 1
        if len(self._flying) >= self.plan.settings.concurrency:
            done, self._flying = wait(self._flying, return_when=FIRST_COMPLETED)
            _raise(done)
        self._flying.add(self._pool.submit(self._write, state, batch))
        yield from ()

    def finish_bundle(self) -> None:
        """Wait for the answers."""
        flying, self._flying = self._flying, set()
        _raise(wait(flying).done)

    def teardown(self) -> None:
        """End the threads."""
        if hasattr(self, "_pool"):
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._splits.abandon()
        super().teardown()

    def _write(self, state: SplitState, batch: SplitBatch) -> None:
        ref, records = state.ref, batch.records
        if records:
            self.worker.at(ref.key, self.spec.step)
            id_ = f"{self.plan.run_id}/{ref.id}/{ref.attempt}/{batch.seq}"
            outcomes = self._outcomes(Batch(records, id_))
            failed = settle(state, self.spec.step, records, outcomes)
            self.worker.count(self.spec.step, len(records), len(records) - failed, failed)
        with state.lock:
            state.pending -= 1
            complete = state.ended and state.pending == 0
        if complete:
            leave_mark(self, state)

    def _outcomes(self, batch: Batch) -> Sequence[Outcome]:
        try:
            sink: Sink = self.component()
            return offer(sink, batch, self.worker.wait, RetryPolicy())
        except FatalError as error:
            self.worker.fatal(error)
            return [Rejected(str(error))] * len(batch.records)
        except Exception as error:  # no record can survive that open() fails
            self._stop(error)
            return [Rejected(reason_of(error))] * len(batch.records)


def settle(
    state: SplitState, step: str, records: Sequence[Record], outcomes: Sequence[Outcome]
) -> int:
    """Count the outcomes into the split's ledger; the number of records that failed."""
    failed = deferred = unchanged = 0
    with state.lock:
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(outcome, Rejected):
                failed += 1
                state.fail(step, record, outcome.why)
            elif isinstance(outcome, Deferred):
                deferred += 1
                state.defer(record)
            elif isinstance(outcome, Unchanged):
                unchanged += 1
        counts = state.ledger.step(step)
        counts.in_ += len(records)
        counts.failed += failed
        counts.passed += len(records) - failed
        counts.out += len(records) - failed - deferred
        counts.unchanged += unchanged
    return failed


def leave_mark(step: StepFn, state: SplitState) -> None:
    """Leave the mark of a split; what the disk refuses stops the run."""
    try:
        state.leave_mark()
        if state.primary:
            step.worker.settled(failed=state.error is not None)
    except OSError as error:
        step.worker.request_stop(f"the run directory cannot be written: {error}", 1)


def _raise(done: set[Future[None]]) -> None:
    for future in done:
        future.result()
