"""Which files a path names: a file, a folder or a glob."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from beam_ingest.api.errors import FatalError
from beam_ingest.api.files import status_of
from beam_ingest.connectors.file import manifest
from beam_ingest.connectors.file.paths import resolved

SUFFIXES = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
"""What is read of a folder. A file or a glob names its files itself."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as it was when it was listed; ``name`` is unique among those of one path."""

    name: str
    path: str
    size: int
    mtime_ns: int


def files(path: str) -> list[Listed]:
    """The files that ``path`` names, sorted by path.

    A folder stands for the files in it and in its subfolders that end in one of ``SUFFIXES``,
    without those whose name, or whose folder's name, begins with a dot or an underscore; a
    folder with a manifest (a file sink's shards) stands for what the manifest names. A glob
    matches hidden names only where it spells out the dot. Links to folders are not followed.
    Raises ``FatalError`` where there is no file, or a folder cannot be listed.
    """
    full = resolved(path)
    if full.is_dir():
        found = sorted(_in_folder(full))
        if not found:
            raise FatalError(
                f"the folder {full} holds no file that ends in {', '.join(SUFFIXES)}",
                hint=f"a glob reads other files: {full}/*",
            )
        return _listed(found, full)
    if full.exists():
        return _listed([full], full.parent)
    if not glob.has_magic(str(full)):
        raise FatalError(
            f"there is no file or folder {full}", hint="check source.serviceConnection.config.path"
        )
    found = sorted(_matching(full))
    if not found:
        raise FatalError(
            f"no file matches {full}", hint="check source.serviceConnection.config.path"
        )
    return _listed(found, Path(os.path.commonpath([file.parent for file in found])))


def _in_folder(root: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise FatalError(f"the folder {error.filename} cannot be listed: {error.strerror}")

    for name, subfolders, names in os.walk(root, onerror=refuse):
        subfolders[:] = [sub for sub in subfolders if not sub.startswith((".", "_"))]
        folder = Path(name)
        shards = manifest.read(folder) if manifest.NAME in names else None
        if shards is not None:
            yield from (folder / shard.name for shard in shards.files)
        else:
            for file in names:
                if file.endswith(SUFFIXES) and not file.startswith((".", "_")):
                    yield folder / file


def _matching(pattern: Path) -> Iterator[Path]:
    parts = pattern.parts
    first = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:first])
    hidden_too = any(part.startswith(".") for part in parts[first:])
    for file in base.glob("/".join(parts[first:])):
        hidden = any(part.startswith(".") for part in file.relative_to(base).parts)
        if (hidden_too or not hidden) and file.is_file():
            yield file


def _listed(found: Iterable[Path], root: Path) -> list[Listed]:
    listed = []
    for path in found:
        status = status_of(path)
        name = path.relative_to(root).as_posix()
        listed.append(Listed(name, str(path), status.st_size, status.st_mtime_ns))
    return listed
