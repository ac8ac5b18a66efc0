"""The staged files of a writer: what its marks' chunks come to, and what was published of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from beam_ingest.flow.mark import Chunk, Published
from beam_ingest.flow.merge import merged_name
from beam_ingest.flow.plan import Writer
from beam_ingest.flow.run_dir import RunDir


@dataclass(slots=True)
class StagedFiles:
    """``files`` are to be published; ``unmerged`` shards of aggregates have none yet.

    A shard that was merged without a part, one that the engine lost or that was read again
    since, counts as not merged.
    """

    files: list[Chunk] = field(default_factory=list)
    unmerged: int = 0


def staged_files_of(run: RunDir, writer: Writer, chunks: Sequence[Chunk]) -> StagedFiles:
    """The files that ``chunks``, those of all marks of ``writer``, come to."""
    found = StagedFiles([chunk for chunk in chunks if chunk.shard is None])
    parts: dict[int, list[Chunk]] = {}
    for chunk in chunks:
        if chunk.shard is not None:
            parts.setdefault(chunk.shard, []).append(chunk)
    for shard in sorted(parts):
        merged = run.merged(writer.name, shard)
        if merged is None or merged.file != merged_name(writer.name, shard, parts[shard]):
            found.unmerged += 1
        else:
            found.files.append(merged)
    return found


def published_of(run: RunDir, writer: Writer, chunks: Sequence[Chunk]) -> Iterator[Published]:
    """What became of those files, as far as they were published."""
    found = published(run, staged_files_of(run, writer, chunks).files)
    return (note for note in found if note is not None)


def published(run: RunDir, chunks: Sequence[Chunk]) -> Iterator[Published | None]:
    """What became of these very files; None where it was another attempt's under the same id."""
    for chunk, note in zip(chunks, run.all_published(c.id for c in chunks), strict=True):
        yield note if note is not None and note.file == chunk.file else None
