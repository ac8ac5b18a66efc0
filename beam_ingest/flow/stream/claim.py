"""Claiming: the messages of a pane that are not settled yet, processed and staged, durable.

What is claimed is decided: its files are published as they are until that is done, whatever an
engine delivers again, and in whatever other panes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.record import Record
from beam_ingest.flow.apply import run_processor
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.before import Before
from beam_ingest.flow.dead_letter import DeadLetter, reason_of
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.spec import ComponentSpec
from beam_ingest.flow.stage import StagedSplit
from beam_ingest.flow.stream.journal import Claim, Journal, Tally, stage_of
from beam_ingest.flow.stream.parcel import Parcel
from beam_ingest.flow.stream.spans import Spans
from beam_ingest.flow.stream.windows import Pane, Windows
from beam_ingest.flow.worker import Worker

TOO_LATE = "too late: its window had ended, and beam.allowedLateness after it too"

Get = Callable[[ComponentSpec], Any]
"""An open component by its spec. Raises what ``open`` raises."""


class Claimer:
    """Makes claims of panes, in one process. Plain Python: no engine is needed for it."""

    def __init__(self, plan: Plan, windows: Windows, run: RunDir, worker: Worker, get: Get) -> None:
        self._plan = plan
        self._windows = windows
        self._run = run
        self._worker = worker
        self._get = get
        self._before = {spec: Before() for spec in plan.processors}

    def claim(self, journal: Journal, pane: Pane) -> Claim | None:
        """What of ``pane`` is new, staged; None where nothing is. The journal knows its polls.

        Raises what ``open`` of a component raises, and ``OSError`` where the disk refuses.
        """
        parcels = [Parcel.from_bytes(data) for data in pane.parcels]
        for parcel in parcels:
            _note_poll(journal, parcel)
        numbers = Spans()
        tally = Tally(panes=1)
        number = journal.tally.panes
        id_ = f"{pane.start:015d}-{number:07d}-{journal.id}"
        ref = SplitRef(f"{journal.split.key} at {pane.start}", number, id_)
        states = [
            StagedSplit(self._run, ref, writer, primary=index == 0)
            for index, writer in enumerate(self._plan.writers)
        ]
        try:
            for batch in self._batches(ref, journal, parcels, numbers, tally):
                self._process(batch)
                for writer, state in zip(self._plan.writers, states, strict=True):
                    state.add(batch)
                    self._stage(writer, state, batch)
            if not len(numbers):
                return None
            files = {state.writer: state.end() for state in states}
            for state in states:
                state.make_durable()
                tally.ledger.add(state.ledger)
                tally.keep(state.finish_dead())
        finally:
            for state in states:
                state.abandon()  # nothing, for what has become durable
        tally.files = sum(len(chunks) for chunks in files.values())
        window = (pane.start, pane.start + self._windows.size)
        stages = {writer.name: stage_of(writer) for writer in self._plan.writers}
        return Claim(id_, window, numbers, tally, files, stages)

    def _batches(
        self, ref: SplitRef, journal: Journal, parcels: list[Parcel], numbers: Spans, tally: Tally
    ) -> Iterator[SplitBatch]:
        """The messages that are new, ``beam.batchSize`` at a time; counts them."""
        limit = self._plan.settings.batch_size
        batch = SplitBatch(ref, 0)
        for parcel in sorted(parcels, key=lambda parcel: parcel.since):
            late, too_late = set(parcel.late), set(parcel.too_late)
            for number, found in _messages(parcel):
                if number in journal.settled or number in numbers:
                    continue
                numbers.add(number, number + 1)
                tally.late += number in late
                tally.too_late += number in too_late
                self._put(batch, journal, number, found, too_late=number in too_late)
                if len(batch.records) + len(batch.dead) >= limit:
                    yield self._counted(batch)
                    batch = SplitBatch(ref, batch.seq + 1)
        yield self._counted(batch)

    def _put(
        self,
        batch: SplitBatch,
        journal: Journal,
        number: int,
        found: bytes | tuple[str, str, str],
        *,
        too_late: bool,
    ) -> None:
        step = self._plan.source.step
        if isinstance(found, tuple):
            where, why, text = found
            letter = DeadLetter.of_raw(step, why, where, text)
        elif too_late and self._windows.late == "deadLetter":
            letter = DeadLetter.of_line(step, TOO_LATE, found)
        else:
            try:
                batch.records.append(decode(found))
                return
            except Exception as error:  # an entity that the source built without validation
                letter = DeadLetter.of_line(step, reason_of(error), found)
        batch.dead.append(letter)
        name = f"{journal.split.key}, message {number}"
        batch.ledger.reason(step, letter.reason, letter.name or name)

    def _counted(self, batch: SplitBatch) -> SplitBatch:
        step, good, bad = self._plan.source.step, len(batch.records), len(batch.dead)
        counts = batch.ledger.step(step)
        counts.in_, counts.passed, counts.out, counts.failed = good + bad, good, good, bad
        self._worker.count(step, good + bad, good, bad)
        return batch

    def _process(self, batch: SplitBatch) -> None:
        for spec in self._plan.processors:
            self._worker.at(batch.split.key, spec.step)
            came, dead = len(batch.records), len(batch.dead)
            processor = self._get(spec)
            fatal = run_processor(
                processor, spec.step, batch, self._worker.wait, self._before[spec]
            )
            self._worker.count(spec.step, came, len(batch.records), len(batch.dead) - dead)
            if fatal is not None:
                raise fatal

    def _stage(self, writer: Writer, state: StagedSplit, batch: SplitBatch) -> None:
        if writer.stage is not None:
            came = len(batch.records)
            failed = state.stage(self._get(writer.stage), batch.records)
            self._worker.count(writer.stage.step, came, came - failed, failed)
            return
        # For a sink the records wait in a file too: what is offered again is the same.
        lines = []
        step = writer.target.step
        for record in batch.records:
            line = _line(record)
            if isinstance(line, str):
                state.fail(step, record, line)
                counts = state.ledger.step(step)
                counts.in_ += 1
                counts.failed += 1
            else:
                lines.append(line)
        state.add_lines(lines)


def _note_poll(journal: Journal, parcel: Parcel) -> None:
    for start, end in parcel.absent:
        journal.settled.add(start, end)
    journal.polls[parcel.until] = parcel.position


def _messages(parcel: Parcel) -> Iterator[tuple[int, bytes | tuple[str, str, str]]]:
    yield from zip(parcel.numbers, parcel.lines, strict=True)
    for number, where, why, text in parcel.unreadable:
        yield number, (where, why, text)


def _line(record: Record) -> bytes | str:
    """The record encoded, or why it cannot be."""
    try:
        return encode(record)
    except Exception as error:  # whatever it raises is that record's dead letter
        return reason_of(error)
