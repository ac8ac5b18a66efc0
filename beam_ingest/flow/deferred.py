"""Deferred records: what sinks put off, written after all splits, in waves.

A wave offers everything that is left; it goes on for as long as a wave settles any record. What
is left then becomes dead letters. Waves are the work of one worker: they are small next to the
run, and a sink can only see a cycle in what it is handed together.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.errors import RecordError
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected, Unchanged
from beam_ingest.api.record import Record
from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.dead_letter import DeadLetter, reason_of
from beam_ingest.flow.mark import LineFile
from beam_ingest.flow.offer import offer
from beam_ingest.flow.origin import Origin, split_origin, with_origin
from beam_ingest.flow.plan import Plan, Writer, deferred_step
from beam_ingest.flow.retry import RetryPolicy
from beam_ingest.flow.run_dir import DEFERRED, split_ref
from beam_ingest.flow.settle import LineWriter, SplitState
from beam_ingest.flow.step import StepFn
from beam_ingest.flow.write import leave_mark

WAVE_RECORDS = 5_000
"""So many deferred records are offered together."""


class DeferredFn(StepFn):
    """Any element -> nothing; the mark of the split of deferred records."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        super().__init__(plan, writer.target)
        self.writer = writer
        self.step = deferred_step(writer)

    def process(self, _: object) -> Iterator[None]:
        """Write what the sink put off."""
        self._write_deferred()
        yield from ()

    def _write_deferred(self) -> None:
        ref = split_ref(DEFERRED, 0, {})
        known = self.run.mark(ref, self.writer.name)
        files = self._files()
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
            sink: Sink = self.component()
        except Exception as error:  # no record can survive that open() fails
            self._stop(error)
            return reason_of(error)
        return None if _Waves(self, sink, state).run(files) else "the run was stopped"

    def _files(self) -> list[LineFile]:
        marks = (self.run.mark(ref, self.writer.name) for ref in self.run.splits())
        return [mark.deferred for mark in marks if mark and mark.deferred]


_Held = tuple[Record, Origin | None]


class _Waves:
    """The waves of one run of the step. Raises ``OSError`` where the run directory fails."""

    def __init__(self, step: DeferredFn, sink: Sink, state: SplitState) -> None:
        self._step = step
        self._sink = sink
        self._state = state
        self._counts = state.ledger.step(step.step)

    def run(self, files: list[str]) -> bool:
        """Offer the records of ``files``, and again what is put off again; whether to the end."""
        wave = 1
        while files:
            name = f"deferred/wave-{wave}.{self._step.writer.name}.jsonl"
            left = LineWriter(self._step.run.store, name)
            whys: list[str] = []
            try:
                came = self._wave(files, wave, left, whys)
                if self._step.worker.is_stopping():
                    left.abandon()
                    return False
                remains = left.finish()
            except BaseException:
                left.abandon()
                raise
            files = [remains.file] if remains else []
            if files and len(whys) == came:
                self._give_up(files, whys)
                return True
            wave += 1
        return True

    def _wave(self, files: list[str], wave: int, left: LineWriter, whys: list[str]) -> int:
        """Offer the records of ``files`` once; how many they were."""
        came = 0
        for held in self._held(files):
            if self._step.worker.is_stopping():
                break
            outcomes = self._offer([record for record, _ in held], wave, came)
            came += len(held)
            self._settle(held, outcomes, left, whys)
        return came

    def _held(self, files: list[str]) -> Iterator[list[_Held]]:
        def each() -> Iterator[_Held]:
            for file in files:
                with self._step.run.store.open(file) as stream:
                    for text in stream:
                        origin, line = split_origin(text)
                        try:
                            yield decode(line), origin
                        except RecordError as error:
                            # Sources build entities unvalidated; here they are validated.
                            self._bury(line, error, origin)

        held = each()
        while part := list(islice(held, WAVE_RECORDS)):
            yield part

    def _bury(self, line: bytes, error: RecordError, origin: Origin | None) -> None:
        letter = DeadLetter.of_line(self._step.step, reason_of(error), line.rstrip(b"\n"))
        self._state.bury(letter, origin)
        self._counts.failed += 1

    def _offer(self, records: list[Record], wave: int, offset: int) -> list[Outcome]:
        step = self._step
        step.worker.at(f"(wave {wave} of deferred records)", step.step, patient=True)
        id_ = f"{step.plan.run_id}/{self._state.ref.id}/{wave}/{offset}"
        batch = Batch(records, id_, wave)
        return offer(self._sink, batch, step.worker.wait, RetryPolicy(), step.worker.fatal)

    def _settle(
        self,
        held: list[_Held],
        outcomes: list[Outcome],
        left: LineWriter,
        whys: list[str],
    ) -> None:
        counts = self._counts
        before = counts.passed, counts.failed
        for (record, origin), outcome in zip(held, outcomes, strict=True):
            if isinstance(outcome, Deferred):
                left.add(with_origin(encode(record), origin) + b"\n")
                whys.append(outcome.why)
            elif isinstance(outcome, Rejected):
                self._state.fail(self._step.step, record, outcome.why, origin=origin)
                counts.failed += 1
            else:
                counts.passed += 1
                counts.out += 1
                counts.unchanged += isinstance(outcome, Unchanged)
        passed, failed = counts.passed - before[0], counts.failed - before[1]
        self._step.worker.count(self._step.step, passed + failed, passed, failed)

    def _give_up(self, files: list[str], whys: list[str]) -> None:
        reasons = iter(whys)
        for held in self._held(files):
            for record, origin in held:
                why = next(reasons) or "put off for good"
                self._state.fail(self._step.step, record, why, origin=origin)
                self._counts.failed += 1
