"""Offering a batch to a sink: retry, and bisect, so that one bad record costs one record."""

from __future__ import annotations

from collections.abc import Callable

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.api.outcomes import (
    WRITTEN,
    Deferred,
    Outcome,
    Rejected,
    Unchanged,
    Written,
)
from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.retry import RetryPolicy, retrying

_OUTCOMES = (Written, Unchanged, Deferred, Rejected)


def offer(
    sink: Sink,
    batch: Batch,
    wait: Callable[[float], bool],
    policy: RetryPolicy,
    fatal: Callable[[FatalError], None],
) -> list[Outcome]:
    """One outcome a record of ``batch``, in order. Raises nothing.

    A ``TransientError`` is tried again as ``policy`` says, then rejects the batch; a
    ``FatalError`` is handed to ``fatal`` and rejects it; any other error halves the batch until
    the records that cause it stand alone. The halves' ids are derived from the batch's, so they
    are the same when the bundle is run again.
    """
    count = len(batch.records)
    if count == 0:
        return []
    try:
        return retrying(lambda: _checked(sink.write(batch), count), wait, policy)
    except FatalError as error:
        fatal(error)
        return [Rejected(str(error))] * count
    except (TransientError, OutcomeMismatch) as error:
        return [Rejected(str(error))] * count
    except Exception as error:  # whatever a sink raises concerns its records
        if count == 1:
            return [Rejected(reason_of(error))]
    outcomes: list[Outcome] = []
    middle = count // 2
    for number, part in enumerate((batch.records[:middle], batch.records[middle:])):
        half = Batch(part, f"{batch.id}.{number}", batch.wave)
        outcomes += offer(sink, half, wait, policy, fatal)
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
