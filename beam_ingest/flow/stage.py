"""Staging: write records, or what they add to aggregates, to files that are published later.

A chunk never mixes splits, and its boundaries depend on the split alone. Partial aggregates are
combined in memory and spilled by key shard, so memory stays flat; the merge (see ``merge``)
folds the spills.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beam_ingest.api.codec import encode
from beam_ingest.api.record import Record
from beam_ingest.api.stage import Stage
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import RAISED, reason_of
from beam_ingest.flow.durable_file import DurableFile
from beam_ingest.flow.line import line_encoder
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.names import new_names_for
from beam_ingest.flow.partials import Partials, checked_key
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.reentry import for_writer
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.settle import Committer, OrderedSplits, SplitState
from beam_ingest.flow.step import StepFn

CHUNK_BYTES = 128 * 1024 * 1024
"""A staged file is closed at the first batch that takes it over so many bytes."""
OPEN_FILES = 4
"""So many files of a split may be closed to writing and not durable yet."""


class StageFn(StepFn):
    """``SplitBatch`` -> with the last one of a split, a ``Chunk`` for each file it left."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        assert writer.stage is not None  # noqa: S101 - the graph has this step for stages only
        super().__init__(plan, writer.stage)
        self.writer = writer
        self.primary = plan.writers[0].name == writer.name

    def setup(self) -> None:
        """On the worker: threads that make files durable."""
        super().setup()
        self._committer = Committer()
        self._splits = OrderedSplits(self._state, new_names_for(self.plan, self.writer, self.run))

    def _state(self, ref: SplitRef) -> StagedSplit:
        return StagedSplit(self.run, ref, self.writer, primary=self.primary)

    def process(self, batch: SplitBatch) -> Iterator[Chunk]:
        """Stage a batch; with a split's last one, the files it left."""
        return self._process(batch)

    def _process(self, batch: SplitBatch) -> Iterator[Chunk]:
        if batch.settled:
            mark = self.run.mark(batch.split, self.writer.name)
            yield from mark.chunks if mark else ()
            return
        batch = for_writer(batch, self.writer.name)
        state = self._take(batch)
        chunks = None if state is None else self._stage(state, batch)
        if state is not None and chunks is not None and batch.last:
            self._committer.submit(lambda: self._commit(state, chunks))
            yield from chunks

    def _take(self, batch: SplitBatch) -> StagedSplit | None:
        """The split's state; None where its batches went elsewhere, which leaves no mark."""
        try:
            state = self._splits.take(batch)
        except OSError as error:
            self.worker.disk_failed(error)
            return None
        return state if isinstance(state, StagedSplit) else None

    def _stage(self, state: StagedSplit, batch: SplitBatch) -> list[Chunk] | None:
        """Stage a batch; the files of the split with its last one, None where that failed."""
        try:
            stage: Stage = self.component()
        except RAISED as error:  # no record can survive that open() fails
            state.abandon()
            self._stop(error)
            return None
        try:
            if batch.entry is not None and batch.entry.staged:
                state.stage_lines(batch.records)
                return state.end() if batch.last else []
            came, failed = len(batch.records), state.stage(stage, batch.records)
            self.worker.at(batch.split.key, self.spec.step)
            self.worker.count(self.spec.step, came, came - failed, failed)
            return state.end() if batch.last else []
        except OSError as error:
            state.abandon()
            self.worker.disk_failed(error)
        except RAISED as error:  # combine(), or an aggregate that is no JSON
            state.abandon()
            self._stop(error)
        return None

    def finish_bundle(self) -> None:
        """Wait for the disk."""
        self._committer.wait()
        super().finish_bundle()

    def teardown(self) -> None:
        """End the threads."""
        if hasattr(self, "_committer"):
            self._committer.close()
            self._splits.abandon()
        super().teardown()

    def _commit(self, state: StagedSplit, chunks: list[Chunk]) -> None:
        try:
            state.commit(chunks)
        except OSError as error:
            state.abandon()
            self.worker.disk_failed(error)
            return
        if state.primary:
            self.worker.settled(failed=state.error is not None)


class StagedSplit(SplitState):
    """One attempt at a split, with the files it is staged into."""

    def __init__(self, run: RunDir, ref: SplitRef, writer: Writer, *, primary: bool) -> None:
        super().__init__(run, ref, writer.name, primary=primary)
        self.step = writer.stage.step if writer.stage else ""
        self._store = run.store
        self._made = 0
        self._closed: list[DurableFile] = []
        self._chunks: list[Chunk] = []
        self._open: DurableFile | None = None
        self._lines = 0
        self._origins: list[list[Any]] = []
        self._partials = Partials()

    def stage(self, stage: Stage, records: list[Record]) -> int:
        """Stage ``records``; the number of them that failed.

        Raises ``OSError`` where the disk refuses, and what ``combine`` raises: an aggregate
        that cannot be combined is no single record's fault.
        """
        if type(stage).keyed is Stage.keyed:
            lines, failed = self._encode(stage, records)
        else:
            lines, failed = self._aggregate(stage, records)
        self.add_lines(lines)
        counts = self.ledger.step(self.step)
        counts.in_ += len(records)
        counts.failed += failed
        counts.passed += len(records) - failed
        counts.out += len(lines)
        if self._partials.is_full():
            self._spill()
        return failed

    def stage_lines(self, records: list[Record]) -> None:
        """Stage what a stage made in the run that is replayed; this one's has no part in it."""
        self.add_lines([encode(record) for record in records])

    def add_lines(self, lines: list[bytes]) -> None:
        """Stage what is encoded already; nothing is counted."""
        if lines:
            self._write(lines)

    def end(self) -> list[Chunk]:
        """Close what is open; the files of the split."""
        if self._partials:
            self._spill()
        self._roll()
        return self._chunks

    def make_durable(self) -> None:
        """Make the files durable, after ``end``."""
        for file in self._closed:
            file.finish()

    def commit(self, chunks: list[Chunk]) -> None:
        """Make the files durable, then leave the mark."""
        self.make_durable()
        self.leave_mark(chunks)

    def abandon(self) -> None:
        """Forget this attempt; nothing names its files."""
        super().abandon()
        for file in [*self._closed, *([self._open] if self._open else [])]:
            file.abandon()

    def _encode(self, stage: Stage, records: list[Record]) -> tuple[list[bytes], int]:
        lines: list[bytes] = []
        encoded = line_encoder(stage)
        for record in records:
            try:
                lines.append(encoded(record))
            except RAISED as error:  # whatever it raises is that record's dead letter
                self._fail(record, error)
        return lines, len(records) - len(lines)

    def _aggregate(self, stage: Stage, records: list[Record]) -> tuple[list[bytes], int]:
        lines: list[bytes] = []
        failed = 0
        encoded = line_encoder(stage)
        for record in records:
            try:
                added = [(checked_key(key), partial) for key, partial in stage.keyed(record)]
                own = [encoded(partial) for key, partial in added if key is None]
            except RAISED as error:  # whatever it raises is that record's dead letter
                failed += 1
                self._fail(record, error)
                continue
            lines += own
            self._partials.add(stage, added)
        return lines, failed

    def _fail(self, record: Record, error: BaseException) -> None:
        hint = getattr(error, "hint", None)
        self.fail(self.step, record, reason_of(error), hint, self.origin)

    def _write(self, lines: list[bytes]) -> None:
        if self._open is None:
            self._open = self._store.create(self._name("jsonl"))
            self._lines = 0
        self._open.write(b"\n".join(lines) + b"\n")
        self._lines += len(lines)
        if self.origin is not None:
            self._origins += [self.origin.to_json()] * len(lines)
        if self._open.size >= CHUNK_BYTES:
            self._roll()

    def _name(self, kind: str) -> str:
        name = f"{self.ref.id}.{self.ref.attempt}.{self._made:03d}.{kind}"
        return f"staged/{self.writer}/{name}"

    def _roll(self) -> None:
        if self._open is not None:
            id_ = f"{self.ref.id}.{self.writer}.{self._made:03d}"
            chunk = Chunk(id_, self._open.name, self._lines, self._open.size)
            chunk.origins, self._origins = self._origins or None, []
            self._chunks.append(chunk)
            self._close(self._open)
            self._open = None

    def _close(self, file: DurableFile) -> None:
        self._made += 1
        self._closed.append(file)
        # The last ones are made durable in the background; a large split would hold too many.
        while len(self._closed) > OPEN_FILES:
            self._closed.pop(0).finish()

    def _spill(self) -> None:
        self._roll()
        file = self._open = self._store.create(self._name("spill"))
        for shard, lines in self._partials.drain():
            offset = file.size
            file.write(b"\n".join(lines) + b"\n")
            id_ = f"{self.ref.id}.{self.writer}.{self._made:03d}.{shard:02d}"
            chunk = Chunk(id_, file.name, len(lines), file.size - offset, shard, offset)
            self._chunks.append(chunk)
        self._open = None
        self._close(file)
