"""Reading: list the splits, then stream each as batches with their ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from beam_ingest.api.entities import Entity
from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Remember, Source, Split
from beam_ingest.flow.batch import BATCH_BYTES, Sizer, SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import RAISED, DeadLetter, reason_of
from beam_ingest.flow.listing import Listing, fault_of_remember
from beam_ingest.flow.reentry import trace
from beam_ingest.flow.retry import GaveUp, RetryPolicy, retrying
from beam_ingest.flow.run_dir import PARENTS, split_ref
from beam_ingest.flow.step import StepFn


class ListSplitsFn(StepFn):
    """Any element -> the splits of the source, as ``SplitRef``; the listing is on disk before.

    A listing that is complete already (a bundle run again, a resumed run) is not made again.
    """

    def process(self, _: object) -> Iterator[SplitRef]:
        """List the work."""
        known = self.run.listing()
        if (known is None or known["error"] is not None) and not self.worker.is_stopping():
            self._list()
        for ref in self.run.splits():
            if ref.key != PARENTS:
                yield ref

    def _list(self) -> None:
        self.worker.at("(listing)", self.spec.step)
        found, stopping = Listing(), self.worker.is_stopping
        try:
            retrying(
                lambda: found.collect(self.component().splits(), stopping),
                self.worker.wait,
                RetryPolicy(),
            )
        except FatalError as fatal:
            self.worker.fatal(fatal)
            found.error = reason_of(fatal)
        except RAISED as failure:  # whatever a source raises ends its listing, not the run
            found.error = reason_of(failure)
        try:
            self.run.write_listing(found.splits, found.scopes, found.error, found.remember)
        except OSError as error:
            self.worker.disk_failed(error)


class ReadFn(StepFn):
    """``SplitRef`` -> the batches of the split, in order; the last says how it ended."""

    def process(self, ref: SplitRef) -> Iterator[SplitBatch]:
        """Read a split; nothing where the run was asked to stop before."""
        return self._read(ref)

    def _read(self, ref: SplitRef) -> Iterator[SplitBatch]:
        if self.worker.is_stopping():
            return
        marks = [self.run.mark(ref, writer.name) for writer in self.plan.writers]
        attempts = {mark.attempt if mark and mark.state == "done" else None for mark in marks}
        if len(attempts) == 1 and None not in attempts:
            yield SplitBatch(ref, 0, last=True, settled=True)
            return
        attempt = 1 + max((mark.attempt for mark in marks if mark), default=-1)
        self.worker.at(ref.key, self.spec.step)
        policy = RetryPolicy()
        failures = 0
        while True:
            reader = _Reader(self, replace(ref, attempt=attempt))
            try:
                yield from reader.batches()
                return
            except FatalError as error:
                self.worker.fatal(error)
                yield reader.end(reason_of(error))
                return
            except TransientError as error:
                failures += 1
                if isinstance(error, GaveUp):
                    yield reader.end(reason_of(error))
                    return
                last = failures == policy.tries
                if last or self.worker.wait(policy.delay(failures, error, _half)):
                    yield reader.end(reason_of(GaveUp(error, failures)))
                    return
                attempt += 1
            except RAISED as error:  # whatever a source raises fails the split
                yield reader.end(reason_of(error))
                return


class _Reader:
    """One attempt at one split."""

    def __init__(self, step: ReadFn, ref: SplitRef) -> None:
        self._step = step
        self._ref = ref
        self._batch = SplitBatch(ref, 0)
        self._remembered: dict[str, Any] = {}

    def batches(self) -> Iterator[SplitBatch]:
        """The batches of the attempt, the last one included."""
        step = self._step
        limit = 1 if step.plan.replays else step.plan.settings.batch_size
        source: Source = step.component()
        key = self._ref.key
        records: Iterator[Any] = (
            source.parents() if key == PARENTS else source.read(Split(key, self._ref.payload))
        )
        size_of = Sizer()
        batch = self._batch
        held, size = batch.records, 0
        stopping = step.worker.is_stopping
        fine: set[type] = {
            dict
        }  # the types met that are records: asking isinstance of a model is slow
        for record in records:
            if stopping():
                batch.size = size
                yield self.end("the run was stopped")
                return
            if type(record) in fine or _is_record(record, fine):
                held.append(record)
                size += size_of(record)
            elif isinstance(record, Remember):
                self._remember(record)
            else:
                size += self._unreadable(record)
            if size >= BATCH_BYTES or len(held) >= limit or len(batch.dead) >= limit:
                batch.size = size
                yield self._close(batch)
                batch = self._batch = SplitBatch(self._ref, batch.seq + 1)
                held, size = batch.records, 0
        batch.size = size
        yield self.end(None)

    def end(self, error: str | None) -> SplitBatch:
        """The last batch: what was read since the one before, and how the split ended."""
        self._batch.last = True
        self._batch.error = error
        self._batch.remember = self._remembered if error is None else {}
        return self._close(self._batch)

    def _close(self, batch: SplitBatch) -> SplitBatch:
        if self._step.plan.replays:
            trace(batch)
        counts = batch.ledger.step(self._step.spec.step)
        good, bad = len(batch.records), len(batch.dead)
        counts.in_ = good + bad
        counts.passed = counts.out = good
        counts.failed = bad
        self._step.worker.at(self._ref.key, self._step.spec.step)
        self._step.worker.count(self._step.spec.step, good + bad, good, bad)
        return batch

    def _remember(self, found: Remember) -> None:
        fault = fault_of_remember(found)
        if fault is not None:
            raise IngestError(fault)
        self._remembered[found.key] = found.value

    def _unreadable(self, found: Unreadable | Record) -> int:
        """Make it a dead letter; the bytes that it holds in memory."""
        step = self._step.spec.step
        if isinstance(found, Unreadable):
            letter = DeadLetter.of_raw(step, found.why, found.where, found.raw)
        else:
            why = f"the source yielded a {type(found).__name__}, which is no record"
            letter = DeadLetter.of_raw(step, why, self._ref.key, found)
        self._batch.dead.append(letter)
        self._batch.ledger.reason(step, letter.reason, letter.name)
        return len(letter.raw or "")


def parents_ref() -> SplitRef:
    """The split that is made of the source's parents."""
    return split_ref(PARENTS, 0, {})


def _half() -> float:
    return 0.5


def _is_record(found: object, fine: set[type]) -> bool:
    if not isinstance(found, (dict, Entity)):
        return False
    fine.add(type(found))
    return True
