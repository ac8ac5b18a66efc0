"""Settling: publish what is claimed, and only then count its messages as done.

A claim is published until that is done: a system that is away for hours holds the run up, and
costs nothing. What a system refuses for good is a dead letter; a file that it refuses as a whole
stops the run, and the claim waits in the journal for the run to be resumed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.outcomes import Deferred, Rejected, Skipped, Unchanged
from beam_ingest.api.sink import Batch
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.offer import offer
from beam_ingest.flow.plan import Plan, Writer, deferred_step
from beam_ingest.flow.publish import PublishFailed, publish_file
from beam_ingest.flow.retry import RetryPolicy
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.settle import LineWriter
from beam_ingest.flow.stream.claim import Get
from beam_ingest.flow.stream.journal import Claim, Journal, Tally
from beam_ingest.flow.takers import Taker, taker_of
from beam_ingest.flow.worker import Worker

PATIENCE = RetryPolicy(tries=1_000_000)
"""A stream waits for a system that is away, for as long as the run lasts."""
KEPT_PANES = 1_000
"""So many panes of a partition keep their reports; the totals are the journal's."""


class Stopped(IngestError):
    """The run is being stopped: nothing is settled, and nothing is lost."""


class Settler:
    """Publishes claims, in one process."""

    def __init__(self, plan: Plan, run: RunDir, worker: Worker, get: Get) -> None:
        self.plan = plan
        self.run = run
        self.worker = worker
        self._get = get

    def settle(self, journal: Journal, *, is_read: bool = True) -> None:
        """Publish the journal's claim and count its messages; the journal is written.

        A claim that was made for other writers is taken back; not where nobody reads the partition
        again, ``is_read`` being false. Raises ``Stopped`` where the run is being stopped,
        ``OSError`` where the disk refuses, and what a component raises that concerns no single
        record. The claim then stays.
        """
        claim = journal.claim
        if claim is None:
            return
        if not claim.fits(self.plan.writers):
            if is_read:
                self._take_back(journal, claim)
            return
        published = Tally()
        for writer in self.plan.writers:
            for chunk in claim.files[writer.name]:
                self.worker.at(claim.id, writer.target.step, patient=True)
                if writer.bulk is not None:
                    self._publish(writer, chunk, published)
                else:
                    self._offers(writer, chunk, published).offer(chunk.file, deferred=False)
        total = Tally()
        total.add(claim.tally)
        total.add(published)
        journal.settled.merge(claim.numbers)
        journal.tally.add(total)
        journal.claim = None
        journal.write(self.run)
        self._report(journal, claim, total)
        self.run.store.remove(_staged(claim))

    def _take_back(self, journal: Journal, claim: Claim) -> None:
        # The workflow has another sink by now. None of these messages is settled, and the source
        # was not told of them: they are read again, and claimed anew.
        journal.claim = None
        journal.write(self.run)
        self.run.store.remove([*_staged(claim), *(file.file for file in claim.tally.dead)])

    def _offers(self, writer: Writer, chunk: Chunk, tally: Tally) -> _Offers:
        taker = taker_of(self.plan, writer, self._get(writer.target), self.run.store)
        return _Offers(self, writer, chunk, taker, tally)

    def _publish(self, writer: Writer, chunk: Chunk, tally: Tally) -> None:
        def get() -> object:
            return self._get(writer.target)

        if self.worker.is_stopping():
            raise Stopped("the run is being stopped")
        try:
            worker, store = self.worker, self.run.store
            done = publish_file(get, store, writer, chunk, worker.wait, PATIENCE, worker.moved)
        except PublishFailed as failure:
            if self.worker.is_stopping() and not isinstance(failure.error, FatalError):
                raise Stopped("the run is being stopped") from failure
            raise failure.error from None
        tally.ledger.add(done.ledger)
        tally.keep(done.dead)
        failed = done.ledger.failed
        self.worker.count(writer.target.step, chunk.count, chunk.count - failed, failed)
        if done.deferred is not None:
            self._offers(writer, chunk, tally).offer(done.deferred.file, deferred=True)
            self.run.store.remove([done.deferred.file])

    def _report(self, journal: Journal, claim: Claim, tally: Tally) -> None:
        number = journal.tally.panes - 1
        value = {
            "partition": journal.split.key,
            "window": claim.window,
            "pane": claim.id,
            "numbers": claim.numbers.to_json(),
            **tally.to_json(),
        }
        name = f"windows/{journal.id}.{number:08d}.json"
        self.run.store.write(name, json.dumps(value, separators=(",", ":")).encode())
        self.run.store.remove([f"windows/{journal.id}.{number - KEPT_PANES:08d}.json"])


def _staged(claim: Claim) -> list[str]:
    return [chunk.file for chunks in claim.files.values() for chunk in chunks]


class _Offers:
    """The lines of one file on their way to a sink, and what was put off, again in waves."""

    def __init__(
        self, settler: Settler, writer: Writer, chunk: Chunk, taker: Taker, tally: Tally
    ) -> None:
        self._plan, self._run, self._worker = settler.plan, settler.run, settler.worker
        self._writer = writer
        self._chunk = chunk
        self._taker = taker
        self._tally = tally
        name = f"dead/{chunk.id}.{writer.target.step}.offered.jsonl"
        self._dead = LineWriter(settler.run.store, name)

    def offer(self, file: str, *, deferred: bool) -> None:
        """Offer the lines of ``file``; ``deferred``: they were put off before.

        What came of them goes to the tally. Raises as ``Settler.settle``.
        """
        try:
            left: list[tuple[Any, str]] = []
            for number, items in enumerate(self._batches(file)):
                if deferred:
                    left += [(item, "") for item in items]
                else:
                    left += self._wave(items, str(number), 0)
            self._waves(left)
            self._tally.keep(self._dead.finish())
        except BaseException:
            self._dead.abandon()
            raise

    def _waves(self, left: list[tuple[Any, str]]) -> None:
        """Offer what was put off again, for as long as a wave settles any of it."""
        wave = 1
        while left:
            came, left = len(left), self._wave([item for item, _ in left], "0", wave)
            if len(left) == came:
                self._fail(deferred_step(self._writer), left)
                return
            wave += 1

    def _batches(self, file: str) -> Iterator[list[Any]]:
        with self._run.store.open(file) as lines:
            while part := list(islice(lines, self._plan.settings.batch_size)):
                yield [self._taker.decode(line) for line in part]

    def _wave(self, items: list[Any], number: str, wave: int) -> list[tuple[Any, str]]:
        """What is put off once more; a wave counts only what it has settled."""
        step = deferred_step(self._writer) if wave else self._writer.target.step
        id_ = f"{self._plan.run_id}/{self._chunk.id}/{wave}/{number}"
        batch = Batch(items, id_, wave)
        outcomes = offer(self._taker, batch, self._worker.wait, PATIENCE, self._worker.fatal)
        if self._worker.is_stopping():
            raise Stopped("the run is being stopped")
        left: list[tuple[Any, str]] = []
        rejected: list[tuple[Any, str]] = []
        unchanged = skipped = 0
        for item, outcome in zip(items, outcomes, strict=True):
            if isinstance(outcome, Deferred):
                left.append((item, outcome.why))
            elif isinstance(outcome, Rejected):
                rejected.append((item, outcome.why))
            elif isinstance(outcome, Skipped):
                skipped += 1
                self._tally.ledger.dropped(step, outcome.why)
            else:
                unchanged += isinstance(outcome, Unchanged)
        counts = self._tally.ledger.step(step)
        passed = len(items) - len(rejected) - skipped - (len(left) if wave else 0)
        counts.in_ += passed + skipped
        counts.passed += passed
        counts.filtered += skipped
        counts.out += len(items) - len(rejected) - len(left) - skipped
        counts.unchanged += unchanged
        self._worker.count(step, passed, passed, 0)
        self._fail(step, rejected)
        return left

    def _fail(self, step: str, items: list[tuple[Any, str]]) -> None:
        counts = self._tally.ledger.step(step)
        counts.in_ += len(items)
        counts.failed += len(items)
        for item, why in items:
            letter = self._taker.letter(item, why or "put off for good")
            letter.step = step
            self._dead.add(letter.to_line(self._chunk.id))
            self._tally.ledger.reason(step, letter.reason, letter.name)
        self._worker.count(step, len(items), 0, len(items))
