"""Files of a run directory, on this machine or anywhere Beam's FileSystems reaches.

Whatever is written here is written so that a kill at any moment leaves the old or the new.
Locally: a temporary file, fsync, rename, fsync of the folder. On an object store an object
appears when it is closed. Folders are private (0700), files too (0600).
"""

from __future__ import annotations

import contextlib
import io
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

_TEMPORARY = ".tmp-"


class Store(Protocol):
    """The files below one root, by relative names with ``/``."""

    root: str

    def write(self, name: str, data: bytes) -> None:
        """Replace ``name`` by ``data``: durable and whole when this returns."""

    def write_new(self, name: str, data: bytes) -> bool:
        """``write`` unless ``name`` exists; whether it was written. The first one wins."""

    def read(self, name: str) -> bytes | None:
        """The content, or None where there is no such file."""

    def create(self, name: str) -> DurableFile:
        """A new file to stream into; it counts only once a mark names it."""

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


class DurableFile:
    """A file being written; ``finish`` makes it durable."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self.name = name
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        self._stream.write(data)
        self.size += len(data)

    def finish(self) -> None:
        """Flush to the disk and close. May be called once, also from another thread."""
        try:
            self._stream.flush()
            descriptor = _descriptor(self._stream)
            if descriptor is not None:
                os.fsync(descriptor)
        finally:
            self._stream.close()

    def abandon(self) -> None:
        """Close without caring; what was written is swept."""
        with contextlib.suppress(OSError):  # a full disk shows again here; nothing counts on it
            self._stream.close()


def store_of(root: str) -> Store:
    """The store of a run directory."""
    return BeamStore(root) if "://" in root else LocalStore(root)


class LocalStore:
    """A folder of this machine."""

    def __init__(self, root: str) -> None:
        self.root = str(Path(root).absolute())

    def write(self, name: str, data: bytes) -> None:
        temporary = self._temporary(name, data)
        temporary.replace(self.path(name))
        _sync_folder(temporary.parent)

    def write_new(self, name: str, data: bytes) -> bool:
        temporary = self._temporary(name, data)
        try:
            os.link(temporary, self.path(name))
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        _sync_folder(temporary.parent)
        return True

    def read(self, name: str) -> bytes | None:
        try:
            return Path(self.path(name)).read_bytes()
        except FileNotFoundError:
            return None

    def create(self, name: str) -> DurableFile:
        return DurableFile(self._new(Path(self.path(name))), name)

    def open(self, name: str) -> BinaryIO:
        return Path(self.path(name)).open("rb")

    def path(self, name: str) -> str:
        return os.path.join(self.root, name)  # noqa: PTH118 - called for every file of a run

    def names(self, folder: str) -> list[str]:
        try:
            found = os.listdir(self.path(folder))  # noqa: PTH208 - names only
        except FileNotFoundError:
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

    def _temporary(self, name: str, data: bytes) -> Path:
        target = Path(self.path(name))
        temporary = target.parent / f"{_TEMPORARY}{uuid.uuid4().hex}"
        try:
            with self._new(temporary) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    @staticmethod
    def _new(path: Path) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o600)
        return os.fdopen(descriptor, "wb", buffering=1 << 18)


class BeamStore:
    """A folder of any file system that Beam knows (``gs://``, ``s3://``, ``hdfs://``)."""

    def __init__(self, root: str) -> None:
        from apache_beam.io.filesystems import FileSystems

        self.root = root.rstrip("/")
        self._systems = FileSystems

    def write(self, name: str, data: bytes) -> None:
        with self._systems.create(self.path(name), "application/octet-stream") as file:
            file.write(data)

    def write_new(self, name: str, data: bytes) -> bool:
        if self._systems.exists(self.path(name)):
            return False
        self.write(name, data)
        return True

    def read(self, name: str) -> bytes | None:
        try:
            with self.open(name) as file:
                return file.read()
        except (FileNotFoundError, OSError):
            if self._systems.exists(self.path(name)):
                raise
            return None

    def create(self, name: str) -> DurableFile:
        return DurableFile(self._systems.create(self.path(name), "application/octet-stream"), name)

    def open(self, name: str) -> BinaryIO:
        return cast(BinaryIO, self._systems.open(self.path(name), "application/octet-stream"))

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def names(self, folder: str) -> list[str]:
        prefix = self.path(folder) + "/"
        return sorted(path.removeprefix(prefix) for path in self._list(prefix))

    def remove(self, names: Iterable[str]) -> None:
        there = [self.path(name) for name in names if self._systems.exists(self.path(name))]
        if there:
            self._systems.delete(there)

    def sweep(self, folder: str, keep: frozenset[str]) -> None:
        kept = {self.path(name) for name in keep}
        gone = [path for path in self._list(self.path(folder) + "/") if path not in kept]
        if gone:
            self._systems.delete(gone)

    def _list(self, prefix: str) -> Iterator[str]:
        for match in self._systems.match([prefix + "**"]):
            for metadata in match.metadata_list:
                yield metadata.path


def _descriptor(stream: Any) -> int | None:
    try:
        return cast(int, stream.fileno())
    except (AttributeError, io.UnsupportedOperation):  # an object store's stream has none
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
