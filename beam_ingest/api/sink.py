"""Sinks: what writes records to an external system, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from beam_ingest.api.component import Component
from beam_ingest.api.outcomes import Outcome, Retired
from beam_ingest.api.record import Record
from beam_ingest.api.source import Scope

Token = dict[str, Any] | None
"""What ``begin`` made, JSON-able: an index name, a transaction id. Holds no secret."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one split, to be written together.

    ``id`` is the same when a bundle is run again, so it can serve as an idempotency key.
    ``wave`` is 0, and counts up from 1 as deferred records are offered again.
    """

    records: Sequence[Record]
    id: str
    wave: int = 0


class Sink(Component):
    """Writes batches. Thread-safe: called from up to ``beam.concurrency`` threads a worker."""

    kind: ClassVar[str] = "sink"

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        """Write ``batch``, idempotently: the same batch may come again.

        One outcome a record, in order; None: all written. Too few or too many outcomes fail
        the batch. Where it raises, the framework tries again (``TransientError``), stops
        (``FatalError``), or halves the batch until the one bad record is found.
        Does not change the records.
        """
        raise NotImplementedError(f"{type(self).__name__}.write")

    def retire(self, scope: Scope) -> Retired | None:
        """Retire what the system holds in ``scope`` and ``scope.names`` does not name.

        Use ``scope.gone(held)``, which keeps to the configured share. None: nothing was retired.
        Called after all records, only where the listing was complete and no split failed.
        """
        return None

    def begin(self) -> Token:
        """Once a run, before the first write; deterministic and idempotent by ``run_id``."""
        return None

    def commit(self, token: Token) -> None:
        """Once a run, after everything, if the run counts as a success. Idempotent."""

    def abort(self, token: Token) -> None:
        """Instead of ``commit``; also called by a later run for one that died. Idempotent."""

    def replaces(self) -> str | None:
        """What ``commit`` would put this run's records in place of, for a message; else None.

        Asked before a replay, whose records are a handful, on a component that is not open: what
        would replace the whole by them is refused. Default: None without a ``commit`` of its own.
        """
        return None if type(self).commit is Sink.commit else "what earlier runs have written"

    def no_stream(self) -> str | None:
        """Why it cannot be the end of an unbounded run, or None; asked before ``open``.

        Such a run begins once and never commits: what is published has to count at once.
        Default: None without a ``commit`` of its own.
        """
        if type(self).commit is Sink.commit:
            return None
        return "what it publishes counts from its commit on, and an unbounded run has none"


class StagedSink(Component):
    """A sink that is a stage and a bulk sink underneath, so that there is one durable path.

    ``stage`` and ``bulk_sink`` name their types; ``stage_config`` and ``bulk_config`` derive
    their configurations (as in YAML) from this one's.
    """

    kind: ClassVar[str] = "sink"
    stage: ClassVar[str]
    bulk_sink: ClassVar[str]

    def stage_config(self) -> dict[str, Any]:
        """The configuration of the stage."""
        return {}

    def bulk_config(self) -> dict[str, Any]:
        """The configuration of the bulk sink."""
        return {}
