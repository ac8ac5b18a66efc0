"""Fingerprints: the source hashes of what the last complete run wrote, kept in ``beam.workDir``.

Beside them stands which containers it cleaned up, so that what these hold is known as well: an
entity that was left there unwritten has an empty hash.

::

    fingerprints/<server and service>/current.jsonl      of the last run that was a success
    fingerprints/<server and service>/<run id>/*.jsonl   of a run under way, one file a process
    fingerprints/<server and service>/<run id>/*.began   what that process began with
    fingerprints/<server and service>/doubt/<run id>     it has written to the server (see doubt)

A process appends what it is about to send, and what the server has answered for; ``commit``
makes one file of them and puts it in place by rename. Where a run has written and did not
commit, nothing is trusted until another has.
"""

from __future__ import annotations

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
from beam_ingest.connectors.openmetadata.doubt import Doubt, folder_of, sync, unusable

Fingerprint = tuple[str, str, str]
"""Entity type, FQN, source hash."""

_CURRENT = "current.jsonl"
_CLEAN = "clean "
"""Before the entity type: the name is of a container that holds no others of that type."""
_SENDING = "?"
"""As a hash: it is being sent, so what the server holds is not known."""
_NOT_SENT = "-"
"""As a hash: it was not taken after all."""


class Fingerprints:
    """Those of one server and one service, in one run. Thread-safe.

    ``begin_to_write`` is to be called before anything is sent. Raises ``FatalError`` where
    ``work_dir`` cannot be used.
    """

    def __init__(self, work_dir: str, server: str, service: str, run_id: str) -> None:
        if "://" in work_dir:
            raise FatalError(
                f"beam.skipUnchanged: local cannot keep its fingerprints in {work_dir}",
                hint="use a folder that all workers share, or skipUnchanged: server",
            )
        self._folder = folder_of(work_dir, server, service)
        self._parts = self._folder / (run_id or "no-run")
        self._part: BinaryIO | None = None
        self._inside: defaultdict[tuple[str, str], set[str]] | None = None
        self._lock = threading.Lock()
        self.doubt = Doubt(self._folder, run_id)
        try:
            # With parts the run goes on, here or after it was killed: they say what it has sent.
            goes_on = self._parts.is_dir()
            self._own = _together(self._parts) if goes_on else {}
            self._others = self.doubt.seen - ({self._parts.name} if goes_on else set())
            self._found = _identity(self._folder / _CURRENT)
            self._known = {} if self._others else _last(self._folder / _CURRENT)
        except OSError as error:
            raise unusable(self._folder, error) from None

    def holds(self, type_: str, name: str, source_hash: str) -> bool:
        """Whether the entity was written with that hash: by this run, else by the last complete."""
        key = type_, name
        return (self._own if key in self._own else self._known).get(key) == source_hash

    def sending(self, type_: str, names: Iterable[str]) -> None:
        """These are about to be sent: until ``add`` or ``not_taken`` nobody knows what is there."""
        lines = [(type_, name, _SENDING) for name in names]
        self._own.update({(type_, name): hash_ for type_, name, hash_ in lines})
        self.add(lines)

    def not_taken(self, type_: str, names: Iterable[str]) -> None:
        """These were not written: refused, or put off."""
        self.add([(type_, name, _NOT_SENT) for name in names])

    def add(self, written: Iterable[Fingerprint]) -> None:
        """The server holds these now."""
        lines = list(written)
        for type_, name, hash_ in lines:
            if (type_, name) in self._own:
                self._own[type_, name] = hash_
        if lines:
            self._append(b"".join(to_json(each) + b"\n" for each in lines))

    def begin_to_write(self) -> None:
        """Called before each request that changes the server; the first is noted on disk."""
        if self._part is None:
            self._append(b"")  # so that a commit knows what this process began with
        self.doubt.note()

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
        found = _together(self._parts)
        making = self._folder / f"{_CURRENT}.{uuid.uuid4().hex}"
        superseded, alone = self._began_with()
        if found == self._known and not self._others:  # nothing has changed, as in most runs
            self._settle(superseded, alone=alone)
            return
        try:
            with making.open("wb") as file:
                for (type_, name), hash_ in sorted(found.items()):
                    file.write(to_json((type_, name, hash_)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            making.replace(self._folder / _CURRENT)
            sync(self._folder)  # the notes and the parts are removed next, in this order
        except OSError as error:
            making.unlink(missing_ok=True)
            raise unusable(self._folder, error) from None
        self._known, self._inside = found, None
        self._settle(superseded, alone=alone)

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
        self.doubt.close()

    def _append(self, lines: bytes) -> None:
        with self._lock:
            try:
                if self._part is None:
                    self._parts.mkdir(parents=True, exist_ok=True)
                    part = self._parts / f"{uuid.uuid4().hex}.jsonl"
                    began = to_json([sorted(self._others), self._found])
                    part.with_suffix(".began").write_bytes(began)
                    self._part = part.open("ab")
                self._part.write(lines)
                self._part.flush()
            except OSError as error:
                raise unusable(self._parts, error) from None

    def _began_with(self) -> tuple[set[str], bool]:
        """Whose notes all processes of this run had seen, and whether no other run has committed.

        What one of them had not seen, it trusted: that it did not overwrite.
        """
        began = [_json(part.with_suffix(".began")) for part in self._parts.glob("*.jsonl")]
        notes = [set(each[0]) for each in began]
        now = _identity(self._folder / _CURRENT)
        return set.intersection(*notes) if notes else set(), all(each[1] == now for each in began)

    def _settle(self, superseded: set[str], *, alone: bool) -> None:
        # Another run that has committed since this began may have overwritten what it wrote.
        try:
            if alone:
                self.close()
                self.doubt.clear(superseded)
        except OSError as error:
            raise unusable(self._folder, error) from None
        self.abort()


def _together(parts: Path) -> dict[tuple[str, str], str]:
    """What the files of a run's processes say; an empty hash where they do not agree."""
    said: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for part in parts.glob("*.jsonl"):
        for key, hash_ in _last(part).items():
            said[key].add(hash_)
    found: dict[tuple[str, str], str] = {}
    for key, hashes in said.items():
        known = hashes - {_NOT_SENT, ""}
        if len(known) == 1 and _SENDING not in known:
            (found[key],) = known
        elif known or "" in hashes:
            found[key] = ""
    return found


def _last(path: Path) -> dict[tuple[str, str], str]:
    return {(type_, name): hash_ for type_, name, hash_ in _read(path)}


def _identity(path: Path) -> list[int]:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [found.st_ino, found.st_mtime_ns, found.st_size]


def _json(path: Path) -> tuple[list[str], list[int]]:
    try:
        notes, current = from_json(path.read_bytes())
    except (OSError, ValueError):
        return [], [-1]  # lost where the machine died: then nothing is superseded
    return notes, current


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
