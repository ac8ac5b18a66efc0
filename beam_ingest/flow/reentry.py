"""Where the records of a replay come from and re-enter, noted on their batches."""

from __future__ import annotations

from dataclasses import replace

from beam_ingest.flow.batch import SplitBatch
from beam_ingest.flow.origin import Entry, Origin


def trace(batch: SplitBatch) -> None:
    """Note on a batch of a replay where its record comes from, by its place in the split."""
    payload = batch.split.payload
    if payload and batch.seq < len(payload["lines"]):
        line, attempts = payload["lines"][batch.seq], payload["attempts"][batch.seq]
        batch.origin = Origin(payload["file"], line, attempts)
        batch.entry = Entry(*payload["entry"])


def for_writer(batch: SplitBatch, writer: str) -> SplitBatch:
    """``batch``, without its records where they are another writer's."""
    if batch.entry is None or batch.entry.writer in (None, writer):
        return batch
    return replace(batch, records=[], size=0)
