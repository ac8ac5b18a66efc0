"""Source ``file``: JSON lines of a file, a folder or a glob."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from typing import Literal

from pydantic import Field

from beam_ingest.api.component import Check
from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Scope, Source, Split
from beam_ingest.connectors.file import listing
from beam_ingest.connectors.file.listing import Listed
from beam_ingest.connectors.file.paths import LocalPath
from beam_ingest.connectors.file.ranges import COMPRESSED, Range, records

_PACK = 1 << 20  # files so small in sum share a split: 10,000 of a kilobyte are 10 splits


class FileSource(Source):
    """JSON lines that a file sink wrote, or any JSON objects, one a line.

    A line that a file sink wrote of an entity becomes that entity, any other object a mapping.
    A line that is neither costs one dead letter that names the file and the line. Files
    that end in ``.gz`` are decompressed. A file that changes during the run fails its splits.
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

    def splits(self) -> Iterator[Split | Scope]:
        """Ranges of large files, groups of small ones; sorted by path and position.

        Raises ``FatalError`` where the path names no file.
        """
        pack: list[Listed] = []
        room = limit = min(_PACK, self.config.split_size)
        for file in listing.files(self.config.path):
            small = file.size <= limit and not file.path.endswith(COMPRESSED)
            if pack and (not small or file.size > room):
                yield _packed(pack)
                pack, room = [], limit
            if small:
                pack.append(file)
                room -= file.size
            else:
                yield from self._ranges(file)
        if pack:
            yield _packed(pack)

    def read(self, split: Split) -> Iterator[Record | Unreadable]:
        """The records of the lines that start in the split's ranges."""
        for part in split.payload["ranges"]:
            yield from records(Range(*part))

    def checks(self) -> Iterable[Check]:
        """Whether the path names files."""
        return (Check("files", self._count),)

    def _ranges(self, file: Listed) -> Iterator[Split]:
        step = file.size if file.path.endswith(COMPRESSED) else self.config.split_size
        for start in range(0, file.size, max(step, 1)):
            yield _split(file.name, [_range(file, start, min(start + step, file.size))])

    def _count(self) -> str:
        found = listing.files(self.config.path)
        return f"{len(found):,} files, {sum(file.size for file in found):,} bytes"


def _packed(files: list[Listed]) -> Split:
    return _split(files[0].name, [_range(file, 0, file.size) for file in files])


def _split(name: str, ranges: list[Range]) -> Split:
    return Split(f"{name}@{ranges[0].start}", {"ranges": [list(astuple(part)) for part in ranges]})


def _range(file: Listed, start: int, end: int) -> Range:
    return Range(file.path, start, end, file.size, file.mtime_ns)
