"""The folder in which one run's published files wait until they are committed together.

It is beside the target, hidden, and named for the run: ``.out.jsonl.parts-<run id>``. Every
step can be stopped at any point and done again::

    files/<id>      a published file: a hard link to the staged one, or a copy
    counts/<id>     its number of lines; put in place before the file
    scratch/        what is being written
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.file import disk

_COMMITTED = ".committed"


@dataclass(frozen=True, slots=True)
class Part:
    """A published file: where it waits, and its number of lines."""

    path: Path
    count: int


class Parts:
    """The parts of one run; ``folder`` is the one that ``begin`` chose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._done = folder.with_name(folder.name + _COMMITTED)

    @property
    def scratch(self) -> Path:
        """A folder for files that are being written."""
        return self.folder / "scratch"

    @property
    def mode(self) -> int:
        """The mode of a new file under the umask of this process."""
        return self.folder.stat().st_mode & 0o666

    def create(self) -> None:
        """Make the folder, if there is none yet: durably, since what is published is not
        published again after the machine has died.
        """
        for name in ("files", "counts", "scratch"):
            disk.make_folder(self.folder / name)

    def exist(self) -> bool:
        """Whether there is something to commit: not before ``create``, nor after ``finish``."""
        return self.folder.is_dir()

    def add(self, file: StagedFile) -> None:
        """Take ``file`` over, instead of one of the same id that was there before."""
        if file.id in ("", ".", "..") or "/" in file.id or "\0" in file.id:
            raise FatalError(f"the staged file's id {file.id!r} cannot be a file name")
        if not self.scratch.is_dir():
            raise FatalError(
                f"the folder {self.folder} of this run is not there",
                hint="all workers must see the same folder, and nothing else may remove it",
            )
        temporary = self.scratch / uuid4().hex
        with temporary.open("wb") as count:
            count.write(str(file.count).encode("ascii"))
            count.flush()
            os.fsync(count.fileno())
        temporary.replace(self.folder / "counts" / file.id)
        disk.sync_folder(self.folder / "counts")
        target = self.folder / "files" / file.id
        disk.put(file.path, target, temporary, opener=file.opener)
        disk.sync_folder(target.parent)

    def __iter__(self) -> Iterator[Part]:
        """The parts in the order of their ids: parents first, then splits as they were listed."""
        for path in sorted((self.folder / "files").iterdir()):
            count = (self.folder / "counts" / path.name).read_text(encoding="ascii")
            yield Part(path, int(count))

    def finish(self) -> None:
        """All parts are in the target: forget them, at once and then one by one."""
        disk.remove_tree(self._done)
        if self.exist():
            self.folder.rename(self._done)
            # Before any of them goes: half of the parts are never to be taken for all.
            disk.sync_folder(self.folder.parent)
        disk.remove_tree(self._done)

    def remove(self) -> None:
        """Forget the parts without having used them."""
        disk.remove_tree(self._done)
        disk.remove_tree(self.folder)
