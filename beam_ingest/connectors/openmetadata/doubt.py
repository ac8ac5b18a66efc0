"""Doubt: notes of the runs that have written to the server, until a commit says what it holds.

::

    fingerprints/<server and service>/doubt/<run id>

A run of any mode, also a replay, makes its note before the first request that changes anything.
A run that was committed removes it. What stays is of a run that failed or died, or of one that
is still at it: what an earlier run has left may have been overwritten.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from beam_ingest.api.errors import FatalError


def folder_of(work_dir: str, server: str, service: str) -> Path:
    """Where the fingerprints of one server and one service are, and the notes beside them."""
    key = hashlib.sha256(f"{server}\n{service}".encode()).hexdigest()[:16]
    return Path(work_dir) / "fingerprints" / key


class Doubt:
    """The notes in ``folder``, for one process of one run. Thread-safe.

    ``seen`` are the other notes that were there when this was made. Raises ``FatalError`` where
    the folder cannot be used.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self._folder = folder / "doubt"
        self._own = run_id or "no-run"
        self._held: int | None = None
        self._lock = threading.Lock()
        try:
            self.seen = frozenset(note.name for note in self._folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):  # told when there is something to note
            self.seen = frozenset()
        except OSError as error:
            raise unusable(self._folder, error) from None

    def note(self) -> None:
        """What is trusted is in doubt from now on; on disk when this returns. Cheap when noted."""
        if self._held is not None:
            return
        with self._lock:
            if self._held is None:
                try:
                    self._held = self._make()
                except OSError as error:
                    raise unusable(self._folder, error) from None

    def clear(self, superseded: Iterable[str]) -> None:
        """Remove the own note, and those of ``superseded`` whose runs write no more."""
        self.close()
        for name in superseded:
            with contextlib.suppress(FileNotFoundError):
                _remove(self._folder / name)
        (self._folder / self._own).unlink(missing_ok=True)
        if self._folder.is_dir():
            sync(self._folder)

    def close(self) -> None:
        """This process writes no more."""
        with self._lock:
            if self._held is not None:
                os.close(self._held)
                self._held = None

    def _make(self) -> int:
        path = self._folder / self._own
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            held = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _share(held)
                os.fsync(held)
                for folder in (self._folder, *self._folder.parents[:3]):
                    sync(folder)
                if _is_at(path, held):  # else a commit has just removed it
                    return held
            except OSError:
                os.close(held)
                raise
            os.close(held)


def sync(folder: Path) -> None:
    """What was renamed, made or removed in ``folder`` survives the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM):
            raise
    finally:
        os.close(descriptor)


def unusable(path: Path, error: OSError) -> FatalError:
    """What is raised where a folder of fingerprints cannot be used."""
    return FatalError(
        f"fingerprints cannot be kept in {path}: {error.strerror}",
        hint="check beam.workDir, or use skipUnchanged: server",
    )


def _share(held: int) -> None:
    # All processes of a run hold its note; a system that ends one lets go of it.
    with contextlib.suppress(OSError):  # a folder without locks
        fcntl.flock(held, fcntl.LOCK_SH)


def _remove(path: Path) -> None:
    held = os.open(path, os.O_RDWR)
    try:
        if _is_alone(held):
            path.unlink()
    finally:
        os.close(held)


def _is_alone(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _is_at(path: Path, held: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(held).st_ino
    except FileNotFoundError:
        return False
