"""Deferred records: what sinks and bulk sinks put off, written after all else, in waves.

A wave offers everything that is left; it goes on for as long as a wave settles any record. What
is left then becomes dead letters. Waves are the work of one worker: they are small next to the
run, and a sink can only see a cycle in what it is handed together.
"""

from __future__ import annotations

from collections.abc import Iterator

from beam_ingest.flow.dead_letter import RAISED, reason_of
from beam_ingest.flow.mark import LineFile
from beam_ingest.flow.plan import Plan, Writer, deferred_step
from beam_ingest.flow.run_dir import DEFERRED, RunDir, split_ref
from beam_ingest.flow.settle import SplitState
from beam_ingest.flow.staged_files import published_of
from beam_ingest.flow.step import StepFn
from beam_ingest.flow.takers import taker_of
from beam_ingest.flow.waves import Waves
from beam_ingest.flow.write import leave_mark


class DeferredFn(StepFn):
    """Any element -> nothing; the mark of the split of deferred records."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        super().__init__(plan, writer.target)
        self.writer = writer
        self.step = deferred_step(writer)

    def process(self, _: object) -> Iterator[None]:
        """Write what the sink or the bulk sink put off."""
        self._write_deferred()
        yield from ()

    def _write_deferred(self) -> None:
        ref = split_ref(DEFERRED, 0, {})
        known = self.run.mark(ref, self.writer.name)
        files = deferred_files(self.run, self.writer)
        if not files or self.worker.is_stopping() or (known is not None and known.state == "done"):
            return
        ref.attempt = known.attempt + 1 if known else 0
        state = SplitState(self.run, ref, self.writer.name, primary=False)
        counts = state.ledger.step(self.step)
        counts.in_ = sum(file.count for file in files)
        try:
            state.error = self._offer_all(state, [file.file for file in files])
        except OSError as error:
            state.abandon()
            self.worker.disk_failed(error)
            return
        unsettled = counts.in_ - counts.passed - counts.failed
        if unsettled:
            # They stay in the deferred files, and another attempt offers them again.
            counts.failed += unsettled
            state.ledger.reason(self.step, state.error or "not settled", "", count=unsettled)
        leave_mark(self, state)

    def _offer_all(self, state: SplitState, files: list[str]) -> str | None:
        """Why the records of ``files`` are not all settled, or None."""
        try:
            taker = taker_of(self.plan, self.writer, self.component(), self.run.store)
        except RAISED as error:  # no record can survive that open() fails
            self._stop(error)
            return reason_of(error)
        waves = Waves(self, self.writer, taker, state)
        return None if waves.run(files) else "the run was stopped"


def deferred_files(run: RunDir, writer: Writer) -> list[LineFile]:
    """The files of what ``writer`` put off, as far as marks and notes of publishing name them."""
    if not run.store.names("deferred"):
        return []  # as in most runs, and found out without reading every mark
    files, staged = [], []
    for mark in run.marks(run.splits(), [writer.name]):
        if mark is not None:
            staged += mark.chunks
            files.append(mark.deferred)
    files += [note.deferred for note in published_of(run, writer, staged)]
    return [file for file in files if file is not None]
