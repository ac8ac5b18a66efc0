"""Files of a run directory on any file system that Beam knows.

An object appears when it is closed, so that a kill leaves the old or the new. Client libraries
raise errors of their own; here they are ``OSError``, as everywhere in ``store``.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import BinaryIO, cast

from apache_beam.io.filesystems import FileSystems

from beam_ingest.flow.durable_file import DurableFile

_MIME_TYPE = "application/octet-stream"
_AT_ONCE = 32
"""Requests under way where many files are read."""
_AHEAD = 2 * _AT_ONCE


class BeamStore:
    """A folder of an object store (``gs://``, ``s3://``) or of a cluster (``hdfs://``)."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")

    def write(self, name: str, data: bytes) -> None:
        """As ``Store.write``."""
        file = self.create(name)
        file.write(data)
        file.finish()

    def write_new(self, name: str, data: bytes) -> bool:
        """As ``Store.write_new``, but two at the same moment may both write; the last stays."""
        with _os_errors(self.path(name)):
            if FileSystems.exists(self.path(name)):
                return False
        self.write(name, data)
        return True

    def read(self, name: str) -> bytes | None:
        """As ``Store.read``."""
        path = self.path(name)
        try:
            with _os_errors(path), FileSystems.open(path, _MIME_TYPE) as file:
                return cast(bytes, file.read())
        except OSError:
            # What a missing object raises, and whether in open or in read, each system decides.
            with _os_errors(path):
                if FileSystems.exists(path):
                    raise
            return None

    def read_all(self, names: Iterable[str]) -> Iterator[bytes | None]:
        """As ``Store.read_all``; no more than ``_AHEAD`` are read before they are asked for."""
        remaining = iter(names)
        # The first alone: there are client libraries that set themselves up in it, once, and
        # not from several threads.
        yield from map(self.read, islice(remaining, 1))
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="read")
        try:
            reading = deque(pool.submit(self.read, name) for name in islice(remaining, _AHEAD))
            while reading:
                yield reading.popleft().result()
                reading.extend(pool.submit(self.read, name) for name in islice(remaining, 1))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def create(self, name: str) -> DurableFile:
        """As ``Store.create``."""
        with _os_errors(self.path(name)):
            return _BeamFile(FileSystems.create(self.path(name), _MIME_TYPE), name)

    def open(self, name: str) -> BinaryIO:
        """As ``Store.open``."""
        with _os_errors(self.path(name)):
            return cast(BinaryIO, FileSystems.open(self.path(name), _MIME_TYPE))

    def path(self, name: str) -> str:
        """As ``Store.path``."""
        return f"{self.root}/{name}"

    def names(self, folder: str) -> list[str]:
        """As ``Store.names``."""
        prefix = self.path(folder) + "/"
        return sorted(path.removeprefix(prefix) for path in self._list(prefix))

    def remove(self, names: Iterable[str]) -> None:
        """As ``Store.remove``."""
        with _os_errors(self.root):
            paths = [self.path(name) for name in names]
            there = [path for path in paths if FileSystems.exists(path)]
            if there:
                FileSystems.delete(there)

    def sweep(self, folder: str, keep: frozenset[str]) -> None:
        """As ``Store.sweep``."""
        kept = {self.path(name) for name in keep}
        gone = [path for path in self._list(self.path(folder) + "/") if path not in kept]
        if gone:
            with _os_errors(self.path(folder)):
                FileSystems.delete(gone)

    def remove_all(self) -> None:
        """As ``Store.remove_all``."""
        if self._list(f"{self.root}/"):
            with _os_errors(self.root):
                FileSystems.delete([self.root])

    def _list(self, prefix: str) -> list[str]:
        with _os_errors(prefix):
            matches = FileSystems.match([prefix + "**"])
            return [found.path for match in matches for found in match.metadata_list]


class _BeamFile(DurableFile):
    def write(self, data: bytes) -> None:
        with _os_errors(self.name):
            super().write(data)

    def finish(self) -> None:
        with _os_errors(self.name):
            super().finish()

    def abandon(self) -> None:
        with contextlib.suppress(OSError), _os_errors(self.name):  # nothing counts on it
            self._stream.close()


@contextlib.contextmanager
def _os_errors(path: str) -> Iterator[None]:
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # each client library has its own
        raise OSError(f"{path}: {type(error).__name__}: {error}") from error
