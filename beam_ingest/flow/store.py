"""Files of a run directory, on this machine or anywhere Beam's FileSystems reaches.

Whatever is written here is written so that a kill at any moment leaves the old or the new.
Locally: a temporary file, fsync, rename, fsync of the folder. On an object store an object
appears when it is closed. Folders are private (0700), files too (0600).
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from beam_ingest.flow.durable_file import DurableFile

_TEMPORARY = ".tmp-"
_NOT_THERE = (FileNotFoundError, NotADirectoryError)
"""What reading raises where there is no such file; the second below what is a file itself."""
_UNKNOWN_HERE = (errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""What file systems answer that know no links or no sync of folders: shared and FAT ones."""


class Store(Protocol):
    """The files below one root, by relative names with ``/``.

    What cannot be read or written raises ``OSError``, whatever a client library raises.
    """

    root: str

    def write(self, name: str, data: bytes) -> None:
        """Replace ``name`` by ``data``: durable and whole when this returns."""

    def write_new(self, name: str, data: bytes) -> bool:
        """``write`` unless ``name`` exists; whether it was written. The first one wins."""

    def read(self, name: str) -> bytes | None:
        """The content, or None where there is no such file."""

    def read_all(self, names: Iterable[str]) -> Iterator[bytes | None]:
        """``read`` of each name, in order; several at once where each is a request."""

    def create(self, name: str) -> DurableFile:
        """A new file to stream into: there under its name when it is finished, and whole."""

    def open(self, name: str) -> BinaryIO:
        """The content as a stream. Raises ``FileNotFoundError``."""

    def path(self, name: str) -> str:
        """The whole path of ``name``."""

    def names(self, folder: str) -> list[str]:
        """The names in ``folder``, sorted; only for folders whose listing nothing depends on."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove what is there of ``names``."""

    def sweep(self, folder: str, keep: frozenset[str]) -> None:
        """Remove everything in ``folder`` that ``keep`` does not name."""

    def remove_all(self) -> None:
        """Remove the root with everything below it; nothing where it is not there."""


def store_of(root: str) -> Store:
    """The store of a run directory."""
    if "://" not in root:
        return LocalStore(root)
    from beam_ingest.flow.beam_store import BeamStore

    return BeamStore(root)


class LocalStore:
    """A folder of this machine."""

    def __init__(self, root: str) -> None:
        self.root = str(Path(root).absolute())

    def write(self, name: str, data: bytes) -> None:
        self._filled(name, data).finish()

    def write_new(self, name: str, data: bytes) -> bool:
        return self._filled(name, data).finish_first()

    def read(self, name: str) -> bytes | None:
        try:
            return Path(self.path(name)).read_bytes()
        except _NOT_THERE:
            return None

    def read_all(self, names: Iterable[str]) -> Iterator[bytes | None]:
        return map(self.read, names)

    def create(self, name: str) -> DurableFile:
        return self._create(name)

    def open(self, name: str) -> BinaryIO:
        return Path(self.path(name)).open("rb")

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)  # noqa: PTH118 - called for every file of a run

    def names(self, folder: str) -> list[str]:
        try:
            found = os.listdir(self.path(folder))  # noqa: PTH208 - names only
        except _NOT_THERE:
            return []
        return sorted(name for name in found if not name.startswith(_TEMPORARY))

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            Path(self.path(name)).unlink(missing_ok=True)

    def sweep(self, folder: str, keep: frozenset[str]) -> None:
        for base, _, files in os.walk(self.path(folder)):
            for file in files:
                path = Path(base, file)
                if str(path.relative_to(self.root)) not in keep:
                    path.unlink(missing_ok=True)

    def remove_all(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def sweep_temporary(self, folders: Iterable[str]) -> None:
        """Remove what a kill in the middle of a ``write`` has left in ``folders``."""
        for folder in folders:
            for path in Path(self.path(folder)).glob(f"{_TEMPORARY}*"):
                path.unlink(missing_ok=True)

    def _create(self, name: str) -> _LocalFile:
        path = Path(self.path(name))
        try:
            return _LocalFile(path, name)
        except FileNotFoundError:
            make_folder(path.parent, Path(self.root))
            return _LocalFile(path, name)

    def _filled(self, name: str, data: bytes) -> _LocalFile:
        file = self._create(name)
        try:
            file.write(data)
        except OSError:
            file.abandon()
            raise
        return file


class _LocalFile(DurableFile):
    """Has a temporary name until it is finished: the same name may be written twice at once."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = os.open(self._temporary, flags, 0o600)
        super().__init__(os.fdopen(descriptor, "wb", buffering=1 << 18), name)

    def finish(self) -> None:
        try:
            self._sync()
            self._temporary.replace(self._path)
        except OSError:
            self.abandon()
            raise
        _sync_folder(self._path.parent)

    def finish_first(self) -> bool:
        """``finish``, unless the name is taken; whether it was free."""
        try:
            self._sync()
            self._link()
        except FileExistsError:
            return False
        finally:
            self.abandon()
        _sync_folder(self._path.parent)
        return True

    def _link(self) -> None:
        try:
            os.link(self._temporary, self._path)
        except OSError as error:
            if error.errno not in _UNKNOWN_HERE:
                raise
            # No links on this file system: two at the same moment may both be the first.
            if self._path.exists():
                raise FileExistsError(str(self._path)) from None
            self._temporary.replace(self._path)

    def abandon(self) -> None:
        super().abandon()
        self._temporary.unlink(missing_ok=True)

    def _sync(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()


def make_folder(folder: Path, root: Path) -> None:
    """Make ``folder`` and what is missing above it, durably; below the root they are private."""
    if folder.is_dir():
        return
    make_folder(folder.parent, root)
    private = folder == root or root in folder.parents
    try:
        folder.mkdir(mode=0o700 if private else 0o777, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN_HERE:
            raise
    finally:
        os.close(descriptor)
