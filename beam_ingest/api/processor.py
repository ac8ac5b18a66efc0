"""Processors: what every record passes through, in the configured order."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar

from beam_ingest.api.component import Component
from beam_ingest.api.record import Record

Processed = Record | list[Record] | Generator[Record, Any, Any] | None


class Processor(Component):
    """Makes of one record one, several, or none.

    May change and return the record it was given. Keeps no state between records: records
    come in any order, on any worker, and again after a fault.
    """

    kind: ClassVar[str] = "processor"

    def process(self, record: Record) -> Processed:
        """The record to go on with; a list or generator of several; None: filtered.

        ``raise Drop(why)`` filters too, with a reason. ``RecordError`` and anything unexpected
        make this record a dead letter, and nothing of it goes on: outputs of one record are
        held until its ``process`` has ended. ``TransientError`` is tried again.
        """
        raise NotImplementedError(f"{type(self).__name__}.process")
