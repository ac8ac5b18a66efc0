"""Fingerprints: the source hashes of what the last complete run wrote, kept in ``beam.workDir``.

Beside them stands which containers it cleaned up, so that what these hold is known as well: an
entity that was left there unwritten has an empty hash.

::

    fingerprints/<server and service>/current.jsonl      of the last run that was a success
    fingerprints/<server and service>/<run id>/*.jsonl   of a run under way, one file a process

A process appends what the server has answered for; ``commit`` makes one file of them and puts it
in place by rename. So a run that is killed changes nothing that is trusted.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic_core import from_json, to_json

from beam_ingest.api import fqn
from beam_ingest.api.errors import FatalError

Fingerprint = tuple[str, str, str]
"""Entity type, FQN, source hash."""

_CURRENT = "current.jsonl"
_CLEAN = "clean "
"""Before the entity type: the name is of a container that holds no others of that type."""


class Fingerprints:
    """Those of one server and one service, in one run. Thread-safe.

    Raises ``FatalError`` where ``work_dir`` cannot be used.
    """

    def __init__(self, work_dir: str, server: str, service: str, run_id: str) -> None:
        if "://" in work_dir:
            raise FatalError(
                f"beam.skipUnchanged: local cannot keep its fingerprints in {work_dir}",
                hint="use a folder that all workers share, or skipUnchanged: server",
            )
        key = hashlib.sha256(f"{server}\n{service}".encode()).hexdigest()[:16]
        self._folder = Path(work_dir) / "fingerprints" / key
        self._parts = self._folder / (run_id or "no-run")
        self._part: BinaryIO | None = None
        self._inside: defaultdict[tuple[str, str], set[str]] | None = None
        self._lock = threading.Lock()
        try:
            self._known = {
                (type_, name): hash_ for type_, name, hash_ in _read(self._folder / _CURRENT)
            }
        except OSError as error:
            raise _unusable(self._folder, error) from None

    def holds(self, type_: str, name: str, source_hash: str) -> bool:
        """Whether the last complete run wrote the entity with that hash."""
        return self._known.get((type_, name)) == source_hash

    def add(self, written: Iterable[Fingerprint]) -> None:
        """The server holds these now."""
        lines = b"".join(to_json(each) + b"\n" for each in written)
        if not lines:
            return
        with self._lock:
            try:
                if self._part is None:
                    self._parts.mkdir(parents=True, exist_ok=True)
                    self._part = (self._parts / f"{uuid.uuid4().hex}.jsonl").open("ab")
                self._part.write(lines)
                self._part.flush()
            except OSError as error:
                raise _unusable(self._parts, error) from None

    def contents(self, type_: str, container: str) -> set[str] | None:
        """The names of what the last complete run left in a container.

        None where it did not clean up there: then the container may hold more.
        """
        if (_CLEAN + type_, container) not in self._known:
            return None
        with self._lock:
            if self._inside is None:
                self._inside = defaultdict(set)
                for known, name in self._known:
                    self._inside[known, fqn.parent_of(name)].add(name)
        return self._inside.get((type_, container), set())

    def cleaned(self, type_: str, container: str, unwritten: Iterable[str]) -> None:
        """A container holds what this run wrote, what it found unchanged, and ``unwritten``."""
        self.add([(_CLEAN + type_, container, ""), *((type_, name, "") for name in unwritten)])

    def commit(self) -> None:
        """From now on trust what this run wrote, and that alone. Idempotent."""
        if not self._parts.is_dir():
            return
        found: dict[tuple[str, str], str] = {}
        for part in sorted(self._parts.glob("*.jsonl")):
            for type_, name, hash_ in _read(part):
                if hash_ or (type_, name) not in found:
                    found[type_, name] = hash_
        making = self._folder / f"{_CURRENT}.{uuid.uuid4().hex}"
        if found == self._known:  # nothing has changed, as in most runs
            self.abort()
            return
        try:
            with making.open("wb") as file:
                for (type_, name), hash_ in sorted(found.items()):
                    file.write(to_json((type_, name, hash_)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            making.replace(self._folder / _CURRENT)
            _sync(self._folder)  # the parts are removed next
        except OSError as error:
            making.unlink(missing_ok=True)
            raise _unusable(self._folder, error) from None
        self._known, self._inside = found, None
        self.abort()

    def abort(self) -> None:
        """Forget what this run wrote. Idempotent."""
        self.close()
        shutil.rmtree(self._parts, ignore_errors=True)  # left behind it is only unused

    def close(self) -> None:
        """End the file of this process."""
        with self._lock:
            if self._part is not None:
                self._part.close()
                self._part = None


def _read(path: Path) -> Iterator[Fingerprint]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                type_, name, source_hash = from_json(line)
            except (TypeError, ValueError):
                continue  # cut or lost where a process or the machine died: sent once more
            yield type_, name, source_hash


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM):
            raise
    finally:
        os.close(descriptor)


def _unusable(path: Path, error: OSError) -> FatalError:
    return FatalError(
        f"fingerprints cannot be kept in {path}: {error.strerror}",
        hint="check beam.workDir, or use skipUnchanged: server",
    )
