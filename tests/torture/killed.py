"""``python -m tests.torture.killed N FOLDERS ARGUMENTS``: beam-ingest, killed at a change on disk.

With FOLDERS (``runs,out``; ``-`` for none) the whole machine dies with it: below them only what
was synced survives.

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
from tests.torture.power import ForgetfulDisk

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Killer:
    """Counts the changes of this process, and kills it at one of them."""

    def __init__(self, at: int, disk: ForgetfulDisk | None = None) -> None:
        self.at = at
        self._disk = disk
        self.count = 0
        self._folder = str(Path.cwd())
        self._lock = threading.RLock()  # what the disk does is seen here too
        self._dying = False

    def start(self) -> None:
        """From here on changes are counted."""
        fsync = os.fsync

        def counted(descriptor: int) -> None:
            fsync(descriptor)
            with self._lock:
                if self._disk is not None and not self._dying:
                    self._disk.synced(descriptor)
            self.changed()

        # The one change that Python does not audit; we call it with numbers only.
        os.fsync = counted  # type: ignore[assignment]
        sys.addaudithook(self._audit)

    def changed(self) -> None:
        """One more; the last, if it is the one."""
        with self._lock:
            if self._dying:
                return
            self.count += 1
            if self.count == self.at:
                self._dying = True
                if self._disk is not None:
                    self._disk.cut()
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
    at, folders = int(sys.argv[1]), sys.argv[2]
    watched = [Path.cwd() / name for name in folders.split(",")] if folders != "-" else []
    killer = Killer(at, ForgetfulDisk(*watched) if watched else None)
    sys.argv = ["beam-ingest", *sys.argv[3:]]
    killer.start()
    try:
        main()
    finally:
        print(f"changes: {killer.count}", flush=True)
