"""The lock that keeps two runs out of one run directory.

On this machine it is an ``flock`` on the file ``lock``: the kernel lets go of it when its holder
dies, however it dies, so no lock is ever stale. Elsewhere each run that wants it writes an object
below ``lock/`` and has it where it then sees no other one: of two at the same moment each sees
the other's, or the later one does, so never both go on. The run removes its own; one that a dead
run of this machine left is recognised, another has to be removed by hand, which the error says.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import LocalStore, Store, make_folder
from beam_ingest.flow.under_way import at_work

_FOLDER = "lock"
"""Where the objects are, on a store that has no locks of its own."""


class RunLock:
    """The lock of one run directory, held from ``take`` to ``release``.

    ``taken`` is what a message says where another one holds it.
    """

    def __init__(self, run: RunDir, taken: str = "") -> None:
        self._run = run
        self._says = taken or f"another run works in {run.store.root}"
        self._descriptor: int | None = None
        self._object: str | None = None

    def take(self) -> None:
        """Take the lock.

        Raises ``CannotStart`` where another run holds it, or where its job is still at work on
        an engine, whose launcher has let go of the lock or died.
        """
        if isinstance(self._run.store, LocalStore):
            self._take_here()
        else:
            self._take_there()
        why = at_work(self._run)
        if why is not None:
            self.release()
            raise CannotStart(
                f"{self._says}: {why}",
                hint=f"beam-ingest status {self._run.store.root} watches it, cancel ends it",
            )

    def _take_there(self) -> None:
        store = self._run.store
        self._object = f"{_FOLDER}/{uuid.uuid4().hex}"
        store.write(self._object, _owner())
        for name in store.names(_FOLDER):
            other = f"{_FOLDER}/{name}"
            if other == self._object:
                continue
            owner = _owner_of(store.read(other))
            if _has_died(owner):
                store.remove([other])
                continue
            self.release()
            raise CannotStart(
                f"{self._says}: {_who(owner)}",
                hint=f"if that run is dead, remove {store.path(other)}",
            )

    def _take_here(self) -> None:
        path = self._run.store.path("lock")
        # The first thing of a run: were its folder's name not synced, the machine's death would
        # take the whole run away, whatever is synced inside.
        make_folder(Path(self._run.store.root), Path(self._run.store.root))
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise CannotStart(
                f"{self._says}: {_who(_owner_of(self._run.store.read('lock')))}",
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
        elif self._object is not None:
            self._run.store.remove([self._object])
            self._object = None


def is_locked(run: RunDir) -> bool:
    """Whether a run works in the directory at this moment; on another store: whether it says so."""
    if not isinstance(run.store, LocalStore):
        return bool(run.store.names(_FOLDER))
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


@contextlib.contextmanager
def locked(store: Store, name: str) -> Iterator[None]:
    """Wait for the lock ``name`` and hold it, against threads and processes of this machine.

    On another store than a folder there is none. Raises ``OSError``.
    """
    if not isinstance(store, LocalStore):
        yield
        return
    descriptor = os.open(store.path(name), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _owner() -> bytes:
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode()


def _owner_of(lock: bytes | None) -> dict[str, Any]:
    try:
        owner: dict[str, Any] = json.loads(lock or b"{}")
    except ValueError:
        owner = {}
    return owner


def _who(owner: dict[str, Any]) -> str:
    return f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"


def _has_died(owner: dict[str, Any]) -> bool:
    """Whether that run was of this machine and its process is gone; elsewhere nobody can know."""
    if owner.get("host") != socket.gethostname():
        return False
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return True
    except (KeyError, TypeError, OSError):
        return False
    return False
