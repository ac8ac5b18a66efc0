"""A disk that is full, cannot rename, or tears writes: under one folder, in this process."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from beam_ingest.testing.audit import unwatch, watch

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


class DiskFault:
    """While it is on, file operations under ``under`` fail, in every thread.

    ``full``: opening a file for writing and making a folder raise ``OSError(ENOSPC)``; what is
    open already can be written. ``rename``: renaming and replacing raise ``OSError(EIO)``.
    ``torn``: a file that is put in place, by renaming or linking it, holds the first half of its
    bytes, and nobody is told: as after a loss of power, or an upload that broke off.
    """

    def __init__(self, kind: Literal["full", "rename", "torn"], under: str | Path) -> None:
        self._kind = kind
        self._under = Path(os.path.abspath(under))  # noqa: PTH100 - resolve() would follow links
        self._on = False

    def start(self) -> None:
        """Break the disk; again: no effect."""
        if not self._on:
            self._on = True
            watch(self._watcher)

    def stop(self) -> None:
        """Repair the disk; again: no effect."""
        if self._on:
            self._on = False
            unwatch(self._watcher)

    def __enter__(self) -> DiskFault:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _watcher(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._kind == "torn":
            if event in ("os.rename", "os.link") and self._is_under(arguments[1]):
                _tear(arguments[0])
        elif self._kind == "rename":
            if event == "os.rename" and any(map(self._is_under, arguments[:2])):
                raise OSError(errno.EIO, os.strerror(errno.EIO), os.fsdecode(arguments[0]))
        elif self._writes(event, arguments) and self._is_under(arguments[0]):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fsdecode(arguments[0]))

    @staticmethod
    def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return bool(arguments[2] & _WRITING)
        return event == "os.mkdir"

    def _is_under(self, path: object) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False  # a file descriptor
        absolute = Path(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100
        return absolute == self._under or self._under in absolute.parents


def _tear(path: str | bytes | os.PathLike[str]) -> None:
    file = Path(os.fsdecode(path))
    if file.is_file():
        os.truncate(file, file.stat().st_size // 2)
