"""A file system for Beam that is a dictionary: ``mem://…``, as strict as an object store.

An object appears when it is closed. A missing one is noticed at the first read, with an error of
the client library's own, as Google's does.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem

OBJECTS: dict[str, bytes] = {}


class ClientError(Exception):
    """What the client library raises; no ``OSError``."""


class _Upload(io.BytesIO):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def write(self, data: Any) -> int:
        if "refused" in self._path:
            raise ClientError("403 no permission to write")
        return super().write(data)

    def close(self) -> None:
        if not self.closed:
            OBJECTS[self._path] = self.getvalue()
            super().close()
            if "broken" in self._path:
                raise ClientError("503 the upload broke off")


class _Download(io.BytesIO):
    def __init__(self, path: str) -> None:
        super().__init__(OBJECTS.get(path, b""))
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        if self._path not in OBJECTS:
            raise ClientError("404 no such object")
        if "unreadable" in self._path:
            raise ClientError("403 no permission to read")
        return super().read(size)


class MemoryFileSystem(FileSystem):
    @classmethod
    def scheme(cls) -> str:
        return "mem"

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join((basepath.rstrip("/"), *paths))

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        raise BeamIOError("an object store has no folders")

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        for path in sorted(OBJECTS):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(OBJECTS[path]))

    def create(self, path: str, mime_type: str = "", compression_type: str = "") -> Any:
        if "denied" in path:
            raise ClientError("403 no permission to create")
        return _Upload(path)

    def open(self, path: str, mime_type: str = "", compression_type: str = "") -> Any:
        return _Download(path)

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        raise BeamIOError("not used")

    rename = copy

    def exists(self, path: str) -> bool:
        return path in OBJECTS

    def size(self, path: str) -> int:
        return len(OBJECTS[path])

    def last_updated(self, path: str) -> float:
        raise BeamIOError("not used")

    metadata = checksum = last_updated

    def delete(self, paths: list[str]) -> None:
        missing = {path: KeyError(path) for path in paths if path not in OBJECTS}
        if missing:
            raise BeamIOError("Delete operation failed", missing)
        for path in paths:
            del OBJECTS[path]
