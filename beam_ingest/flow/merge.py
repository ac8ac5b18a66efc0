"""Merging: gather the descriptors of staged chunks, and fold spilled aggregates to files.

Descriptors, not records, pass the GroupByKey: the shuffle is as large as the number of files,
and a hot key is one line a split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import from_json

from beam_ingest.api.bulk_sink import MOVED_EVERY
from beam_ingest.api.stage import Stage
from beam_ingest.flow.dead_letter import RAISED
from beam_ingest.flow.line import line_encoder
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.step import StepFn

PLAIN_GROUPS = 64
"""Files that need no merging are gathered in so many groups."""


def descriptor_key(chunk: Chunk) -> str:
    """The key under which a chunk's descriptor is gathered."""
    if chunk.shard is not None:
        return f"shard-{chunk.shard}"
    return f"files-{sum(chunk.id.encode()) % PLAIN_GROUPS}"


def merged_name(writer: str, shard: int, chunks: Iterable[Chunk]) -> str:
    """The file that ``chunks`` of a shard become: another one for other parts, in any order.

    So the report can tell whether all that the marks name went into it.
    """
    parts = sorted(f"{chunk.file}@{chunk.offset}" for chunk in chunks)
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return f"staged/{writer}/merged-{shard:02d}-{digest}.jsonl"


class MergeFn(StepFn):
    """(key, chunks) -> the files to publish; the aggregates of a shard become one file."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        assert writer.stage is not None  # noqa: S101 - the graph has this step for stages only
        super().__init__(plan, writer.stage)
        self.writer = writer

    def process(self, gathered: tuple[str, Iterable[Chunk]]) -> Iterator[Chunk]:
        """Pass files on; fold a shard."""
        return self._merge(gathered[1])

    def _merge(self, gathered: Iterable[Chunk]) -> Iterator[Chunk]:
        if self.worker.is_stopping():
            return
        # A bundle that was run again has sent its descriptors twice, and a split that was read
        # again has left files that its mark no longer names.
        chunks = {chunk.id + chunk.file: chunk for chunk in gathered}
        once = [chunks[key] for key in sorted(chunks)]
        named = self.run.named_chunks(once, self.writer.name)
        yield from (chunk for chunk in named if chunk.shard is None)
        spilled = [chunk for chunk in named if chunk.shard is not None]
        if spilled:
            yield from self._folded(spilled[0].shard or 0, spilled)

    def _folded(self, shard: int, chunks: list[Chunk]) -> Iterator[Chunk]:
        self.worker.at(f"(merging shard {shard})", self.spec.step, patient=True)
        name = merged_name(self.writer.name, shard, chunks)
        known = self.run.merged(self.writer.name, shard)
        if known is not None and known.file == name:
            yield known  # folded already, from the same parts
            return
        try:
            stage: Stage = self.component()
        except RAISED as error:  # no aggregate can be made where open() fails
            self._stop(error)
            return
        try:
            yield self._fold(stage, shard, name, chunks)
        except OSError as error:
            self.worker.disk_failed(error)
        except RAISED as error:  # combine(), finish() or encode(): the file cannot be made
            self._stop(error)

    def _fold(self, stage: Stage, shard: int, name: str, chunks: list[Chunk]) -> Chunk:
        totals, encode = self._totals(stage, chunks), line_encoder(stage)
        out = self.run.store.create(name)
        try:
            for number, key in enumerate(sorted(totals)):
                if not number % MOVED_EVERY:
                    self.worker.moved()
                out.write(encode(stage.finish(key, totals[key])) + b"\n")
            out.finish()
        except BaseException:
            out.abandon()
            raise
        merged = Chunk(f"merged-{shard:02d}.{self.writer.name}", name, len(totals), out.size)
        self.run.write_merged(self.writer.name, shard, merged)
        return merged

    def _totals(self, stage: Stage, chunks: list[Chunk]) -> dict[str, Any]:
        totals: dict[str, Any] = {}
        for chunk in chunks:
            self.worker.moved()
            with self.run.store.open(chunk.file) as file:
                file.seek(chunk.offset)
                for _ in range(chunk.count):
                    key, partial = from_json(file.readline())
                    known = totals.get(key)
                    totals[key] = partial if known is None else stage.combine(known, partial)
        return totals
