"""Offering a batch to a sink: retry, and bisect, so that one bad record costs one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.outcomes import (
    WRITTEN,
    Deferred,
    Outcome,
    Rejected,
    Skipped,
    Unchanged,
    Written,
)
from beam_ingest.api.sink import Batch
from beam_ingest.flow.dead_letter import RAISED, reason_of
from beam_ingest.flow.retry import RetryPolicy, retrying

_OUTCOMES = (Written, Unchanged, Deferred, Rejected, Skipped)


class TakesBatches(Protocol):
    """A sink, or what takes batches as one."""

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        """As ``Sink.write``."""


def offer(
    sink: TakesBatches,
    batch: Batch,
    wait: Callable[[float], bool],
    policy: RetryPolicy,
    fatal: Callable[[FatalError], None],
) -> list[Outcome]:
    """One outcome a record of ``batch``, in order. Raises nothing.

    A ``TransientError`` is tried again as ``policy`` says, then rejects the batch; a
    ``FatalError`` is handed to ``fatal`` and rejects it, and what is left of it is not offered.
    Any other error halves the batch until the records that cause it stand alone. The halves'
    ids are derived from the batch's, so they are the same when the bundle is run again.
    """
    met: list[FatalError] = []

    def attempt(part: Batch) -> list[Outcome]:
        count = len(part.records)
        if count == 0:
            return []
        if met:
            return [Rejected(reason_of(met[0]))] * count
        try:
            return retrying(lambda: _checked(sink.write(part), count), wait, policy)
        except FatalError as error:
            met.append(error)
            fatal(error)
            return [Rejected(reason_of(error))] * count
        except (TransientError, OutcomeMismatch) as error:
            return [Rejected(reason_of(error))] * count
        except RAISED as error:  # whatever a sink raises concerns its records
            if count == 1:
                return [Rejected(reason_of(error))]
        first, second = _halves(part)
        return attempt(first) + attempt(second)

    return attempt(batch)


class OutcomeMismatch(IngestError):
    """The sink's answer is not one outcome for each record that it was given."""


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    middle = len(batch.records) // 2
    return (
        Batch(batch.records[:middle], f"{batch.id}.0", batch.wave),
        Batch(batch.records[middle:], f"{batch.id}.1", batch.wave),
    )


def _checked(answer: object, count: int) -> list[Outcome]:
    if answer is None:
        return [WRITTEN] * count
    if not isinstance(answer, Iterable):
        raise OutcomeMismatch(f"the sink returned a {type(answer).__name__}, no outcomes")
    outcomes: list[Outcome] = list(answer)
    if len(outcomes) != count:
        raise OutcomeMismatch(
            f"the sink gave {len(outcomes)} outcomes for {count} records, so it is not known "
            "which were written"
        )
    for outcome in outcomes:
        if not isinstance(outcome, _OUTCOMES):
            raise OutcomeMismatch(f"the sink gave {outcome!r} where an outcome was expected")
    return outcomes
