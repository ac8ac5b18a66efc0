"""Records as they came to a processor, kept for as long as one of them may fail.

A processor may change a record in place and raise then. What is tried again, and what a dead letter
holds, is the record as it was. Keeping costs a tenth of a run, so it is done for the first records
of a worker, and from the first failure on: only a processor whose first failure comes late, and
that had changed that very record before it raised, leaves the one letter with its change in it.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record

FIRST = 1_000
"""So many records of each step and worker are kept, whether any fails or not."""


class Before:
    """What one processor has been given in one worker."""

    def __init__(self) -> None:
        self.failed = False
        self._seen = 0

    def keep(self, records: Sequence[Record]) -> list[bytes | None]:
        """What each of ``records`` can be made of again; None where it is not kept."""
        if not self.failed:
            if self._seen >= FIRST:
                return [None] * len(records)
            self._seen += len(records)
        return [_kept(record) for record in records]


def as_it_was(record: Record, kept: bytes | None) -> Record:
    """``record`` made anew of what was kept; itself where nothing was."""
    if kept is None:
        return record
    if isinstance(record, dict):
        return pickle.loads(kept)  # type: ignore[no-any-return]  # noqa: S301 - our own bytes
    try:
        return decode(kept)
    except RecordError:  # a source's entities are not validated, and this one is no valid one
        return record


def _kept(record: Record) -> bytes | None:
    try:
        # A mapping holds anything; a model is ten times faster as JSON, and loses nothing by it.
        return pickle.dumps(record, protocol=5) if isinstance(record, dict) else encode(record)
    except Exception:  # what a mapping holds, or a property of an entity, may raise anything
        return None
