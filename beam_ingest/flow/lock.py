"""The lock that keeps two runs out of one run directory.

On this machine it is an ``flock`` on the file ``lock``: the kernel lets go of it when its holder
dies, however it dies, so no lock is ever stale. Elsewhere it is an object that the run removes;
one that a dead run left has to be removed by hand, which the error says.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import LocalStore


class RunLock:
    """The lock of one run directory, held from ``take`` to ``release``.

    ``taken`` is what a message says where another one holds it.
    """

    def __init__(self, run: RunDir, taken: str = "") -> None:
        self._run = run
        self._says = taken or f"another run works in {run.store.root}"
        self._descriptor: int | None = None
        self._taken = False

    def take(self) -> None:
        """Take the lock. Raises ``CannotStart`` where another run holds it."""
        if not isinstance(self._run.store, LocalStore):
            if not self._run.store.write_new("lock", _owner()):
                raise CannotStart(
                    f"{self._says}: {self._held_by()}",
                    hint=f"if that run is dead, remove {self._run.store.path('lock')}",
                )
            self._taken = True
            return
        path = self._run.store.path("lock")
        os.makedirs(self._run.store.root, mode=0o700, exist_ok=True)  # noqa: PTH103 - with a mode
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise CannotStart(
                f"{self._says}: {self._held_by()}",
                hint="wait for it, or end it",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, _owner(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of it; nothing where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        elif self._taken:
            self._run.store.remove(["lock"])
            self._taken = False

    def _held_by(self) -> str:
        data = self._run.store.read("lock")
        try:
            owner: dict[str, Any] = json.loads(data or b"{}")
        except ValueError:
            owner = {}
        return f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"


def is_locked(run: RunDir) -> bool:
    """Whether a run works in the directory at this moment; on another store: whether it says so."""
    if not isinstance(run.store, LocalStore):
        return run.store.read("lock") is not None
    try:
        descriptor = os.open(run.store.path("lock"), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _owner() -> bytes:
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode()
