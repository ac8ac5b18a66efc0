"""A file of a run directory while it is being written."""

from __future__ import annotations

import contextlib
from typing import BinaryIO


class DurableFile:
    """A file being written. It is there, under its name, only after ``finish``."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self.name = name
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        self._stream.write(data)
        self.size += len(data)

    def finish(self) -> None:
        """Make it durable and close it. May be called once, also from another thread."""
        self._stream.close()

    def abandon(self) -> None:
        """Close it without caring. May be called twice, and after ``finish`` has failed."""
        with contextlib.suppress(OSError):  # a full disk shows again here; nothing counts on it
            self._stream.close()
