"""Source ``file``: JSON lines of a file, a folder or a glob."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import Literal

from pydantic import Field

from beam_ingest.api.component import Check
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Remember, Scope, Source, Split
from beam_ingest.connectors.file import listing
from beam_ingest.connectors.file.growth import Growth, Part
from beam_ingest.connectors.file.listing import Listed
from beam_ingest.connectors.file.paths import LocalPath
from beam_ingest.connectors.file.ranges import COMPRESSED, Range, records

_PACK = 1 << 20  # files so small in sum share a split: 10,000 of a kilobyte are 10 splits


class FileSource(Source):
    """JSON lines that a file sink wrote, or any JSON objects, one a line.

    A line that a file sink wrote of an entity becomes that entity, any other object a mapping.
    A line that is neither costs one dead letter that names the file and the line. Files
    that end in ``.gz`` are decompressed. A file that changes during the run fails its splits.
    With ``appended`` it remembers, file by file, how far it has come.
    """

    class Config(ConfigModel):
        """``serviceConnection.config`` of a source of type ``file``."""

        type: Literal["File"] = "File"
        path: LocalPath = Field(
            description="A file, a glob, or a folder: its .jsonl, .ndjson and .json files, also "
            ".gz, and those of its subfolders."
        )
        split_size: int = Field(
            64 << 20,
            ge=1,
            description="Larger files are read in ranges of so many bytes, in parallel. "
            "Compressed files have no ranges.",
        )
        appended: bool = Field(
            False,
            description="The files only grow: read what was appended since the last successful "
            "run, whole lines only.",
        )

    def remembers(self) -> bool:
        """With ``appended``."""
        return bool(self.config.appended)

    def splits(self) -> Iterator[Split | Scope | Remember]:
        """Ranges of large files, groups of small ones; sorted by path and position.

        Raises ``FatalError`` where the path names no file.
        """
        found = listing.files(self.config.path)
        parts: Iterable[Part] = map(_whole, found)
        if self.config.appended:
            grown = Growth(self.context.state)
            parts = (part for file in found if (part := grown.since_last(file)) is not None)
        yield from self._split_up(parts)
        if self.config.appended:
            yield from grown.remembered()

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The records of the lines that start in the split's ranges."""
        for part in split.payload["ranges"]:
            yield from records(Range(*part))

    def checks(self) -> Iterable[Check]:
        """Whether the path names files."""
        return (Check("files", self._count),)

    def _split_up(self, parts: Iterable[Part]) -> Iterator[Split]:
        pack: list[Part] = []
        room = limit = min(_PACK, self.config.split_size)
        for part in parts:
            small = part.size <= limit and not part.file.path.endswith(COMPRESSED)
            if pack and (not small or part.size > room):
                yield self._packed(pack)
                pack, room = [], limit
            if small:
                pack.append(part)
                room -= part.size
            else:
                yield from self._ranges(part)
        if pack:
            yield self._packed(pack)

    def _ranges(self, part: Part) -> Iterator[Split]:
        step = part.size if part.file.path.endswith(COMPRESSED) else self.config.split_size
        for start in range(part.start, part.end, max(step, 1)):
            end = min(start + step, part.end)
            yield self._split(part.file.name, [self._range(part.file, start, end)])

    def _packed(self, parts: list[Part]) -> Split:
        ranges = [self._range(part.file, part.start, part.end) for part in parts]
        return self._split(parts[0].file.name, ranges)

    def _split(self, name: str, ranges: list[Range]) -> Split:
        payload = {"ranges": [list(astuple(part)) for part in ranges]}
        return Split(f"{name}@{ranges[0].start}", payload)

    def _range(self, file: Listed, start: int, end: int) -> Range:
        return Range(file.path, start, end, file.size, file.mtime_ns, self.config.appended)

    def _count(self) -> str:
        found = listing.files(self.config.path)
        return f"{len(found):,} files, {sum(file.size for file in found):,} bytes"


def _whole(file: Listed) -> Part:
    return Part(file, 0, file.size)
