"""A preview: the first records after the processors, in this process, without Beam or a sink."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Remember, Source, Split, StreamSource
from beam_ingest.flow.apply import run_processor
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.before import Before

_MOST_POLLS = 1_000
"""So often a partition is polled at most, should it be filled faster than it is read."""

_log = logging.getLogger(__name__)


def preview(
    source: Source | StreamSource, processors: Sequence[tuple[str, Processor]], limit: int
) -> Iterator[Record]:
    """The first ``limit`` records of an open source after open processors, with their step names.

    A record that fails is logged and left out. Raises what the source raises, and ``FatalError``.
    """
    if limit <= 0:
        return
    for record in _records(source):
        batch = SplitBatch(SplitRef("preview", 0, "preview"), 0, [record])
        for step, processor in processors:
            fatal = run_processor(processor, step, batch, lambda seconds: False, Before())
            if fatal is not None:
                raise fatal
        for letter in batch.dead:
            _log.warning("%s: %s failed: %s", letter.step, letter.name, letter.reason)
        yield from batch.records[:limit]
        limit -= len(batch.records)
        if limit <= 0:
            return  # before another one is read, which may take its time


def _records(source: Source | StreamSource) -> Iterator[Record]:
    for found in _polled(source) if isinstance(source, StreamSource) else _read(source):
        if isinstance(found, Unreadable):
            _log.warning("%s: %s", found.where, found.why)
        elif not isinstance(found, Remember):
            yield found


def _read(source: Source) -> Iterator[Record | Unreadable | Remember]:
    yield from source.parents()
    for split in source.splits():
        if isinstance(split, Split):
            yield from source.read(split)


def _polled(source: StreamSource) -> Iterator[Record | Unreadable]:
    """What the partitions hold now; a stream that is asked has to come to an end."""
    for partition in source.partitions():
        position = source.start(partition)
        for _ in range(_MOST_POLLS):
            poll = source.poll(partition, position)
            yield from (timed.record for timed in poll.records)
            if not poll.records:
                break
            position = poll.position
