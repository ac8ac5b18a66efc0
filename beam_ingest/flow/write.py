"""Writing: hand batches to a sink, settle every record by its outcome, leave the split's mark.

Requests of several batches are in flight at once, up to ``beam.concurrency`` a worker. A split's
mark is written by whichever request of it answers last, not at the end of the bundle: on some
runners that comes after everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from beam_ingest.api.codec import encode
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected, Skipped, Unchanged
from beam_ingest.api.record import Record
from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import RAISED, reason_of
from beam_ingest.flow.names import new_names_for
from beam_ingest.flow.offer import offer
from beam_ingest.flow.origin import Origin
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.reentry import for_writer
from beam_ingest.flow.retry import RetryPolicy
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.settle import OrderedSplits, SplitState
from beam_ingest.flow.step import StepFn

REQUEST_BYTES = 4 * 1024 * 1024
"""A batch handed to a sink is closed when its records come to about so many bytes."""


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
        self._splits = OrderedSplits(self._state, new_names_for(self.plan, self.writer, self.run))

    def _state(self, ref: SplitRef) -> SplitState:
        return Outgoing(self.run, ref, self.writer.name, primary=self.primary)

    def process(self, batch: SplitBatch) -> Iterator[None]:
        """Write a batch, together with those of its split that follow, up to ``beam.batchSize``."""
        batch = for_writer(batch, self.writer.name)
        state = self._take(batch)
        if isinstance(state, Outgoing):
            for records in state.gather(batch, self.plan.settings.batch_size):
                self._submit(state, records)
            if batch.last:
                self._submit(state, [], last=True)
        yield from ()

    def _take(self, batch: SplitBatch) -> SplitState | None:
        """The split's state; None where its batches went elsewhere, which leaves no mark."""
        try:
            return None if batch.settled else self._splits.take(batch)
        except OSError as error:
            self.worker.disk_failed(error)
            return None

    def _submit(self, state: Outgoing, records: list[Record], *, last: bool = False) -> None:
        with state.lock:
            state.sent = last
            state.pending += 1
            number, state.requests = state.requests, state.requests + 1
        origins = state.take_origins(len(records))
        if len(self._flying) >= self.plan.settings.concurrency:
            done, self._flying = wait(self._flying, return_when=FIRST_COMPLETED)
            _raise(done)
        self._flying.add(self._pool.submit(self._write, state, records, origins, number))

    def finish_bundle(self) -> None:
        """Wait for the answers."""
        flying, self._flying = self._flying, set()
        _raise(wait(flying).done)
        super().finish_bundle()

    def teardown(self) -> None:
        """End the threads."""
        if hasattr(self, "_pool"):
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._splits.abandon()
        super().teardown()

    def _write(
        self, state: Outgoing, records: list[Record], origins: list[Origin | None], number: int
    ) -> None:
        ref = state.ref
        stopped = False
        if records:
            self.worker.at(ref.key, self.spec.step)
            id_ = f"{self.plan.run_id}/{ref.id}/{ref.attempt}/{number}"
            outcomes = self._outcomes(Batch(records, id_))
            try:
                failed = settle(state, self.spec.step, records, outcomes, origins)
            except OSError as error:
                state.abandon()
                self.worker.disk_failed(error)
                return
            # What failed because the run ends is not settled: the split is to be read again.
            stopped = failed > 0 and self.worker.is_stopping()
            self.worker.count(self.spec.step, len(records), len(records) - failed, failed)
        with state.lock:
            state.cut_off = state.cut_off or stopped
            state.pending -= 1
            complete = state.sent and state.pending == 0 and not state.abandoned
        if complete:
            leave_mark(self, state)

    def _outcomes(self, batch: Batch) -> Sequence[Outcome]:
        try:
            sink: Sink = self.component()
        except RAISED as error:  # no record can survive that open() fails
            self._stop(error)
            return [Rejected(reason_of(error))] * len(batch.records)
        return offer(sink, batch, self.worker.wait, RetryPolicy(), self.worker.fatal)


class Outgoing(SplitState):
    """One attempt at a split on its way to a sink.

    ``pending`` requests are under way; ``sent`` says that the last one has been submitted.
    """

    def __init__(self, run: RunDir, ref: SplitRef, writer: str, *, primary: bool) -> None:
        super().__init__(run, ref, writer, primary=primary)
        self.pending = 0
        self.requests = 0
        self.sent = False
        self._held: list[Record] = []
        self._origins: list[Origin | None] = []
        self._size = 0

    def gather(self, batch: SplitBatch, limit: int) -> Iterator[list[Record]]:
        """The records to be written now: of this batch and those held from before it.

        The cuts depend on the split alone, so they are the same when a bundle is run again.
        """
        self._held += batch.records
        if batch.origin is not None:
            self._origins += [batch.origin] * len(batch.records)
        self._size += batch.size
        while len(self._held) >= limit:
            yield self._held[:limit]
            self._held = self._held[limit:]
            self._size = self._size * len(self._held) // (len(self._held) + limit)
        if self._held and (batch.last or self._size >= REQUEST_BYTES):
            held, self._held, self._size = self._held, [], 0
            yield held

    def take_origins(self, count: int) -> list[Origin | None]:
        """Of the next ``count`` records that ``gather`` gave: all None but in a replay."""
        taken, self._origins = self._origins[:count], self._origins[count:]
        return taken or [None] * count


def settle(
    state: SplitState,
    step: str,
    records: Sequence[Record],
    outcomes: Sequence[Outcome],
    origins: Sequence[Origin | None],
) -> int:
    """Count the outcomes into the split's ledger; the number of records that failed.

    Raises ``OSError`` where a dead letter or a deferred record cannot be written. An attempt
    that was abandoned meanwhile (the split is read again) counts nothing any more.
    """
    failed = deferred = unchanged = skipped = 0
    with state.lock:
        if state.abandoned:
            return 0
        for record, outcome, origin in zip(records, outcomes, origins, strict=True):
            if isinstance(outcome, Rejected):
                failed += 1
                state.fail(step, record, outcome.why, origin=origin)
            elif isinstance(outcome, Deferred):
                why = _defer(state, record, origin)
                deferred += why is None
                failed += why is not None
                if why is not None:
                    state.fail(step, record, why, origin=origin)
            elif isinstance(outcome, Skipped):
                skipped += 1
                state.ledger.dropped(step, outcome.why)
            elif isinstance(outcome, Unchanged):
                unchanged += 1
        counts = state.ledger.step(step)
        counts.in_ += len(records)
        counts.failed += failed
        counts.filtered += skipped
        counts.passed += len(records) - failed - skipped
        counts.out += len(records) - failed - skipped - deferred
        counts.unchanged += unchanged
    return failed


def leave_mark(step: StepFn, state: SplitState) -> None:
    """Leave the mark of a split; what the disk refuses stops the run."""
    try:
        state.leave_mark()
    except OSError as error:
        state.abandon()
        step.worker.disk_failed(error)
        return
    if state.primary:
        step.worker.settled(failed=state.error is not None)


def _defer(state: SplitState, record: Record, origin: Origin | None) -> str | None:
    """Keep a record for later; why that cannot be done, or None."""
    try:
        line = encode(record)
    except Exception as error:  # what cannot be written down cannot be offered again
        return f"put off, but it cannot be kept: {reason_of(error)}"
    state.defer(line, origin)
    return None


def _raise(done: set[Future[None]]) -> None:
    for future in done:
        future.result()
