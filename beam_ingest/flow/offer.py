"""Offering a batch to a sink: retry, and bisect, so that one bad record costs one record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.api.outcomes import (
    WRITTEN,
    Deferred,
    Outcome,
    Rejected,
    Unchanged,
    Written,
)
from beam_ingest.api.record import Record
from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.retry import RetryPolicy, retrying

_OUTCOMES = (Written, Unchanged, Deferred, Rejected)


def offer(
    sink: Sink, batch: Batch, wait: Callable[[float], bool], policy: RetryPolicy
) -> list[Outcome]:
    """One outcome a record of ``batch``, in order.

    A ``TransientError`` is tried again as ``policy`` says, then rejects the batch; any other
    error halves the batch until the records that cause it stand alone. The halves' ids are
    derived from the batch's, so they are the same when the bundle is run again.
    Raises ``FatalError`` only.
    """
    if not batch.records:
        return []
    try:
        return retrying(lambda: _checked(sink.write(batch), len(batch.records)), wait, policy)
    except FatalError:
        raise
    except TransientError as error:
        return [Rejected(str(error))] * len(batch.records)
    except OutcomeMismatch as error:
        return [Rejected(str(error))] * len(batch.records)
    except Exception as error:  # whatever a sink raises concerns its records
        if len(batch.records) == 1:
            return [Rejected(reason_of(error))]
        middle = len(batch.records) // 2
        halves = (
            (batch.records[:middle], f"{batch.id}.0"),
            (batch.records[middle:], f"{batch.id}.1"),
        )
        outcomes: list[Outcome] = []
        for records, id_ in halves:
            outcomes += offer(sink, Batch(records, id_, batch.wave), wait, policy)
        return outcomes


class OutcomeMismatch(Exception):
    """The sink answered for more or for fewer records than it was given."""


def _checked(answer: object, count: int) -> list[Outcome]:
    if answer is None:
        return [WRITTEN] * count
    outcomes: list[Outcome] = list(answer)  # type: ignore[call-overload]
    if len(outcomes) != count:
        raise OutcomeMismatch(
            f"the sink gave {len(outcomes)} outcomes for {count} records, so it is not known "
            "which were written"
        )
    for outcome in outcomes:
        if not isinstance(outcome, _OUTCOMES):
            raise OutcomeMismatch(f"the sink gave {outcome!r} where an outcome was expected")
    return outcomes


def records_of(records: Sequence[Record], outcomes: Sequence[Outcome], kind: type) -> list[Record]:
    """The records whose outcome is of ``kind``."""
    return [
        record
        for record, outcome in zip(records, outcomes, strict=True)
        if isinstance(outcome, kind)
    ]
