"""The waves in which deferred records are offered, each of all that the one before has left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from beam_ingest.api.errors import RecordError
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected, Skipped, Unchanged
from beam_ingest.api.sink import Batch
from beam_ingest.flow.dead_letter import DeadLetter, reason_of
from beam_ingest.flow.offer import offer
from beam_ingest.flow.origin import Origin, split_origin, with_origin
from beam_ingest.flow.plan import Writer, deferred_step
from beam_ingest.flow.retry import RetryPolicy
from beam_ingest.flow.settle import LineWriter, SplitState
from beam_ingest.flow.step import StepFn
from beam_ingest.flow.takers import Taker

WAVE_RECORDS = 5_000
"""So many deferred records are offered together."""

_Held = tuple[Any, Origin | None]
"""What the taker made of a line, and the letter that it comes from in a replay."""


class Waves:
    """The waves of one run of ``step``. Raises ``OSError`` where the run directory fails."""

    def __init__(self, step: StepFn, writer: Writer, taker: Taker, state: SplitState) -> None:
        self._step = step
        self._writer = writer.name
        self._name = deferred_step(writer)
        self._taker = taker
        self._state = state
        self._counts = state.ledger.step(self._name)

    def run(self, files: list[str]) -> bool:
        """Offer the lines of ``files``, and again what is put off again; whether to the end."""
        wave = 1
        while files:
            left = LineWriter(self._step.run.store, f"deferred/wave-{wave}.{self._writer}.jsonl")
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
        """Offer the lines of ``files`` once; how many they were."""
        came = 0
        for held in self._held(files):
            if self._step.worker.is_stopping():
                break
            outcomes = self._offer([item for item, _ in held], wave, came)
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
                            yield self._taker.decode(line), origin
                        except RecordError as error:
                            # Sources build entities unvalidated; here they are validated.
                            why, line = reason_of(error), line.rstrip(b"\n")
                            self._fail(DeadLetter.of_line(self._name, why, line), origin)

        held = each()
        while part := list(islice(held, WAVE_RECORDS)):
            yield part

    def _offer(self, items: list[Any], wave: int, offset: int) -> list[Outcome]:
        step = self._step
        step.worker.at(f"(wave {wave} of deferred records)", step.spec.step, patient=True)
        batch = Batch(items, f"{step.plan.run_id}/{self._state.ref.id}/{wave}/{offset}", wave)
        return offer(self._taker, batch, step.worker.wait, RetryPolicy(), step.worker.fatal)

    def _settle(
        self, held: list[_Held], outcomes: list[Outcome], left: LineWriter, whys: list[str]
    ) -> None:
        counts = self._counts
        before = counts.passed, counts.failed
        for (item, origin), outcome in zip(held, outcomes, strict=True):
            if isinstance(outcome, Deferred):
                left.add(with_origin(self._taker.encode(item), origin) + b"\n")
                whys.append(outcome.why)
            elif isinstance(outcome, Rejected):
                self._fail(self._taker.letter(item, outcome.why), origin)
            elif isinstance(outcome, Skipped):
                counts.filtered += 1
                self._state.ledger.dropped(self._name, outcome.why)
            else:
                counts.passed += 1
                counts.out += 1
                counts.unchanged += isinstance(outcome, Unchanged)
        passed, failed = counts.passed - before[0], counts.failed - before[1]
        self._step.worker.count(self._name, passed + failed, passed, failed)

    def _give_up(self, files: list[str], whys: list[str]) -> None:
        reasons = iter(whys)
        for held in self._held(files):
            for item, origin in held:
                why = next(reasons) or "put off for good"
                self._fail(self._taker.letter(item, why), origin)

    def _fail(self, letter: DeadLetter, origin: Origin | None) -> None:
        self._state.bury(letter, origin)
        self._counts.failed += 1
