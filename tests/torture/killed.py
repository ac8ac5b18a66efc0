"""``python -m tests.torture.killed N ARGUMENTS``: beam-ingest, killed at its N-th change on disk.

A change is a file opened for writing, a rename, a link, a removal, a folder made or an fsync below
the current folder. With N = 0 nothing is killed and the number of changes is printed last.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from beam_ingest.cli.main import main

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Killer:
    """Counts the changes of this process, and kills it at one of them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0
        self._folder = str(Path.cwd())
        self._lock = threading.Lock()

    def start(self) -> None:
        """From here on changes are counted."""
        fsync = os.fsync

        def counted(descriptor: int) -> None:
            fsync(descriptor)
            self.changed()

        os.fsync = counted  # the one change that Python does not audit
        sys.addaudithook(self._audit)

    def changed(self) -> None:
        """One more; the last, if it is the one."""
        with self._lock:
            self.count += 1
            if self.count == self.at:
                os.kill(os.getpid(), signal.SIGKILL)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
        if (event in _CHANGES or writes) and self._is_ours(arguments[0]):
            self.changed()

    def _is_ours(self, path: Any) -> bool:
        if not isinstance(path, (str, os.PathLike)):
            return False
        text = os.fspath(path)
        return not text.startswith("/") or text.startswith(self._folder)


if __name__ == "__main__":
    killer = Killer(int(sys.argv[1]))
    sys.argv = ["beam-ingest", *sys.argv[2:]]
    killer.start()
    try:
        main()
    finally:
        print(f"changes: {killer.count}", flush=True)
