"""Settling a split: gather what its batches say, keep its dead letters, and leave its mark.

Everything a mark names is durable before the mark: staged chunks, dead letters, deferred
records. A split whose last batch was not seen, or whose batches did not come in order (a runner
that broke the fusion), leaves no mark, and a split without a mark is a failure of the run.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from beam_ingest.api.record import Record
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.durable_file import DurableFile
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Chunk, LineFile, Mark
from beam_ingest.flow.names import NewNames, new_names_file
from beam_ingest.flow.origin import Origin, with_origin
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import Store

CUT_OFF = "the run was stopped before all records were settled"


class LineWriter:
    """A file of lines that is made when the first one comes."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._file: DurableFile | None = None
        self._count = 0

    def add(self, line: bytes) -> None:
        """Append a line, its line break included."""
        if self._file is None:
            self._file = self._store.create(self._name)
        self._file.write(line)
        self._count += 1

    def finish(self) -> LineFile | None:
        """Make it durable; None where there was no line."""
        if self._file is None:
            return None
        self._file.finish()
        return LineFile(self._name, self._count)

    def abandon(self) -> None:
        """Close it; nothing names it. May be called twice, and after ``finish`` has failed."""
        if self._file is not None:
            self._file.abandon()


class SplitState:
    """What one writer knows of one attempt at a split. Guarded by its lock: writes are threaded."""

    def __init__(self, run: RunDir, ref: SplitRef, writer: str, *, primary: bool) -> None:
        self._run = run
        self.ref = ref
        self.writer = writer
        self.ledger = Ledger()
        self.error: str | None = None
        self.cut_off = False
        """Whether records failed while the run was being stopped: then the split is not done."""
        self.remember: dict[str, Any] = {}
        self.next_seq = 0
        self.lock = threading.Lock()
        self.primary = primary
        self.abandoned = False
        self.names: NewNames | None = None
        self._new_names: list[tuple[str, str, str]] = []
        self.origin: Origin | None = None
        """Of a replay: the letter that the batch taken in last is of."""
        name = f"{ref.id}.{writer}.{ref.attempt}.jsonl"
        self._dead = LineWriter(run.store, f"dead/{name}")
        self._deferred = LineWriter(run.store, f"deferred/{name}")

    def add(self, batch: SplitBatch) -> None:
        """Take in what came with a batch. Only the first writer counts the steps before it."""
        with self.lock:
            self.next_seq = batch.seq + 1
            self.origin = batch.origin
            self.cut_off = self.cut_off or batch.cut_off
            if self.primary:
                self.ledger.add(batch.ledger)
                for letter in batch.dead:
                    self._keep(letter, batch.origin)
            if self.names is not None:
                self._new_names += self.names.of(batch.records)
            if batch.last:
                self.error = batch.error
                self.remember = batch.remember if self.primary else {}
                if batch.error is not None and self.primary:
                    self.ledger.reason("(split)", batch.error, self.ref.key)

    def fail(
        self,
        step: str,
        record: Record,
        reason: str,
        hint: str | None = None,
        origin: Origin | None = None,
    ) -> None:
        """Make ``record`` a dead letter of ``step``; the caller holds the lock and counts."""
        letter = DeadLetter.of(step, reason, record)
        self._keep(letter, origin)
        self.ledger.reason(step, reason, letter.name, hint=hint)

    def bury(self, letter: DeadLetter, origin: Origin | None = None) -> None:
        """Keep the dead letter of what was no record; the caller holds the lock and counts."""
        self._keep(letter, origin)
        self.ledger.reason(letter.step, letter.reason, letter.name)

    def defer(self, line: bytes, origin: Origin | None = None) -> None:
        """Keep a record, encoded, for after all splits; the caller holds the lock and counts."""
        self._deferred.add(with_origin(line, origin) + b"\n")

    def finish_dead(self) -> LineFile | None:
        """Make the dead letters durable: all of them, once."""
        return self._dead.finish()

    def leave_mark(self, chunks: Iterable[Chunk] = ()) -> None:
        """Make durable what this split left, then say so."""
        if self.cut_off and self.error is None:
            self.error = CUT_OFF
            if self.primary:
                self.ledger.reason("(split)", self.error, self.ref.key)
        dead, deferred = self.finish_dead(), self._deferred.finish()
        if self._new_names:
            file = new_names_file(self.ref.id, self.writer)
            self._run.store.write(file, json.dumps(self._new_names).encode())
        mark = Mark(
            self.ref.key,
            self.ref.index,
            self.writer,
            self.ref.attempt,
            "done" if self.error is None else "failed",
            self.error,
            self.ledger,
            list(chunks),
            dead,
            deferred,
            self.remember if self.error is None else {},
        )
        self._run.write_mark(self.ref, mark)

    def abandon(self) -> None:
        """Forget this attempt: it leaves no mark. Requests of it may still be under way."""
        with self.lock:
            self.abandoned = True
            self._dead.abandon()
            self._deferred.abandon()

    def _keep(self, letter: DeadLetter, origin: Origin | None) -> None:
        self._dead.add(letter.again(origin).to_line(self.ref.key))


class OrderedSplits:
    """The splits a writer is in the middle of, each with its batches in order."""

    def __init__(
        self, make: Callable[[SplitRef], SplitState], names: NewNames | None = None
    ) -> None:
        self._make = make
        self._names = names
        self._states: dict[str, SplitState] = {}

    def take(self, batch: SplitBatch) -> SplitState | None:
        """The state that ``batch`` belongs to, or None where batches before it are missing.

        Raises ``OSError`` where its dead letters cannot be written. What was missed or failed
        once leaves no mark, whatever comes after it.
        """
        ref = batch.split
        known = self._states.pop(ref.id, None)
        if batch.seq == 0:
            if known is not None:
                known.abandon()  # another attempt, or the same bundle again
            known = self._make(ref)
            known.names = self._names
        elif known is not None and not _continues(known, batch):
            known.abandon()
        if known is None or known.abandoned:
            return None
        try:
            known.add(batch)
        except OSError:
            known.abandon()
            raise
        if not batch.last:
            self._states[ref.id] = known
        return known

    def abandon(self) -> None:
        """Forget them all."""
        for state in self._states.values():
            state.abandon()
        self._states.clear()


def _continues(state: SplitState, batch: SplitBatch) -> bool:
    return state.ref.attempt == batch.split.attempt and state.next_seq == batch.seq


class Committer:
    """Leaves marks in the background: fsync takes milliseconds, and many can be under way."""

    THREADS = 4
    AHEAD = 64
    """How many marks may be under way before the writer waits."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.THREADS, thread_name_prefix="commit")
        self._futures: list[Future[None]] = []

    def submit(self, commit: Callable[[], None]) -> None:
        """Have ``commit`` called; raises what an earlier one raised."""
        self._futures.append(self._pool.submit(commit))
        if len(self._futures) >= self.AHEAD:
            self.wait()

    def wait(self) -> None:
        """Wait until all are done; raises what one of them raised."""
        futures, self._futures = self._futures, []
        for future in wait(futures).done:
            future.result()

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=True)
