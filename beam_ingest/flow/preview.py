"""A preview: the first records after the processors, in this process, without Beam or a sink."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Remember, Source, Split
from beam_ingest.flow.apply import run_processor
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.before import Before

_log = logging.getLogger(__name__)


def preview(
    source: Source, processors: Sequence[tuple[str, Processor]], limit: int
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


def _records(source: Source) -> Iterator[Record]:
    yield from source.parents()
    for split in source.splits():
        if not isinstance(split, Split):
            continue
        for record in source.read(split):
            if isinstance(record, Unreadable):
                _log.warning("%s: %s", record.where, record.why)
            elif not isinstance(record, Remember):
                yield record
