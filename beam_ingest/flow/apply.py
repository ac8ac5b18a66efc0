"""Applying a processor to a batch, record by record. Plain Python: a preview uses it too."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from beam_ingest.api.entities import Entity
from beam_ingest.api.errors import Drop, FatalError, RecordError, TransientError
from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record, name_of
from beam_ingest.flow.batch import SplitBatch
from beam_ingest.flow.before import Before, as_it_was
from beam_ingest.flow.dead_letter import RAISED, DeadLetter, reason_of
from beam_ingest.flow.retry import GaveUp, RetryPolicy, retrying

_RECORD = (dict, Entity)
_met: set[type] = {dict}
"""The types of records met: asking ``isinstance`` of a model is slow, and asked of every record."""


def run_processor(
    processor: Processor,
    step: str,
    batch: SplitBatch,
    wait: Callable[[float], bool],
    before: Before,
) -> FatalError | None:
    """Pass the records of ``batch`` through ``processor``, in place, and keep its ledger.

    ``before`` belongs to the processor: what fails is kept as it came.

    After a ``FatalError``, which is returned, the records from that one on are dead letters.
    """
    records = batch.records
    out: list[Record] = []
    process: Callable[[Record], Any] = processor.process
    filtered = failed = 0
    fatal: FatalError | None = None
    kept = before.keep(records)
    for number, record in enumerate(records):
        outputs: list[Record] | None
        if fatal is not None:
            outputs = None
            _dead(batch, step, record, fatal, None)
        else:
            try:
                made = process(record)
                # The common case first: one record of one.
                if type(made) in _met:
                    out.append(made)
                    continue
                outputs = _outputs(made)
            except RAISED as error:  # whatever a processor raises concerns this record
                outputs, failure = _settle(
                    processor, step, batch, record, kept[number], error, wait
                )
                if isinstance(failure, FatalError):
                    fatal = failure
        if outputs is None:
            failed += 1
        elif outputs:
            out.extend(outputs)
        else:
            filtered += 1
    before.failed = before.failed or failed > 0
    counts = batch.ledger.step(step)
    counts.in_ += len(records)
    counts.filtered += filtered
    counts.failed += failed
    counts.passed += len(records) - filtered - failed
    counts.out += len(out)
    if len(out) != len(records):
        batch.size = batch.size * len(out) // len(records)
    batch.records = out
    return fatal


def fail_all(batch: SplitBatch, step: str, reason: str) -> None:
    """Make dead letters of all records of ``batch``."""
    counts = batch.ledger.step(step)
    counts.in_ += len(batch.records)
    counts.failed += len(batch.records)
    for record in batch.records:
        batch.dead.append(DeadLetter.of(step, reason, record))
        batch.ledger.reason(step, reason, name_of(record))
    batch.records = []
    batch.size = 0


def _outputs(made: Any) -> list[Record]:
    if made is None:
        return []
    if isinstance(made, _RECORD):
        _met.add(type(made))
        return [made]
    if isinstance(made, (list, tuple, Generator)):
        # A generator is drained before anything goes on: outputs are held until it has ended.
        outputs = list(made)
        for output in outputs:
            if not isinstance(output, _RECORD):
                raise RecordError(f"the processor made a {type(output).__name__}, no record")
        return outputs
    raise RecordError(f"the processor returned a {type(made).__name__}, no record")


def _settle(
    processor: Processor,
    step: str,
    batch: SplitBatch,
    record: Record,
    kept: bytes | None,
    error: BaseException,
    wait: Callable[[float], bool],
) -> tuple[list[Record] | None, BaseException | None]:
    """What comes of ``record`` after ``error``: its outputs, [] for filtered, None for failed.

    With that, the error that it failed with, which another try may have replaced.
    """
    if isinstance(error, TransientError):
        pending = [error]

        def call() -> list[Record]:
            if pending:  # the try that has failed already counts as the first
                raise pending.pop()
            return _outputs(processor.process(as_it_was(record, kept)))

        try:
            return retrying(call, wait, RetryPolicy()), None
        except RAISED as failure:  # as in run_processor
            error = failure
    if isinstance(error, Drop):
        if error.why:
            batch.ledger.dropped(step, error.why)
        return [], None
    _dead(batch, step, record, error, kept)
    return None, error


def _dead(
    batch: SplitBatch, step: str, record: Record, error: BaseException, kept: bytes | None
) -> None:
    reason = reason_of(error)
    attempts = error.tries if isinstance(error, GaveUp) else 1
    letter = DeadLetter.of(step, reason, as_it_was(record, kept), attempts=attempts)
    batch.dead.append(letter)
    batch.ledger.reason(step, reason, letter.name, hint=getattr(error, "hint", None))
