"""The run directory is the truth: everything that must survive is in it, and read from it.

::

    run.json  lock  splits.json  scopes.jsonl  stop  report.json
    marks/<split>.<writer>.json     staged/  merged/  published/  dead/  deferred/
    renamed/  tokens/<component>.json  retired/<writer>.json  heartbeats/<worker>.json
    replays/<run id>.json
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from beam_ingest.api.hiding import hide
from beam_ingest.api.report import RetireReport
from beam_ingest.api.source import Scope, Split
from beam_ingest.flow.batch import SplitRef
from beam_ingest.flow.mark import Chunk, Mark, Published
from beam_ingest.flow.store import Store, store_of

_log = logging.getLogger(__name__)

T = TypeVar("T")

PARENTS = "@parents"
"""The split that is made of the source's parents."""
DEFERRED = "@deferred"
"""The split that is made of the records that sinks put off."""


class RunDir:
    """Names and formats of a run directory's files. Cheap to make anywhere from its path."""

    def __init__(self, path: str) -> None:
        self.store: Store = store_of(path)
        self._unwritten: dict[str, Any] | None = None

    # What is to be read.

    def write_listing(
        self,
        splits: list[Split],
        scopes: list[Scope],
        error: str | None,
        remember: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """The splits and scopes, in the order listed; ``error`` where the listing broke off.

        All scopes' names go to one file, before the listing that says where each one's are: a
        file each would cost a catalogue of thousands of schemas more than reading it.
        """
        places: list[list[Any]] = []
        if scopes:
            file = self.store.create("scopes.jsonl")
            try:
                for scope in scopes:
                    line = _scope_line(scope)
                    places.append([scope.fqn, scope.entity_type, file.size, len(line)])
                    file.write(line)
            except BaseException:
                file.abandon()
                raise
            file.finish()
        listing = {
            "error": error,
            "splits": [[split.key, split.payload] for split in splits],
            "scopes": places,
            **({"remember": dict(remember)} if remember else {}),
        }
        self.store.write("splits.json", json.dumps(listing, separators=(",", ":")).encode())

    def listing(self) -> dict[str, Any] | None:
        """What ``write_listing`` wrote, or None.

        ``error``, ``splits``, ``scopes``, and ``remember`` where there is something.
        """
        data = self.store.read("splits.json")
        return None if data is None else json.loads(data)

    def splits(self) -> Iterator[SplitRef]:
        """The parents and the listed splits, in order."""
        yield split_ref(PARENTS, 0, {})
        for index, (key, payload) in enumerate((self.listing() or {"splits": []})["splits"], 1):
            yield split_ref(key, index, payload)

    def scopes(self) -> Iterator[Scope]:
        """The scopes that were listed, one in memory at a time."""
        if (self.listing() or {"scopes": []})["scopes"]:
            with self.store.open("scopes.jsonl") as file:
                yield from map(_scope, file)

    def scope_places(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Where in ``scopes.jsonl`` each scope is, by its FQN and entity type: offset, length."""
        listed = (self.listing() or {"scopes": []})["scopes"]
        return {(fqn, entity_type): (offset, size) for fqn, entity_type, offset, size in listed}

    def scope_at(self, offset: int, length: int) -> Scope:
        """The scope at one of ``scope_places``."""
        with self.store.open("scopes.jsonl") as file:
            file.seek(offset)
            return _scope(file.read(length))

    # What was done.

    def write_mark(self, ref: SplitRef, mark: Mark) -> None:
        """Say what became of a split. All that the mark names is durable before."""
        self.store.write(mark_name(ref, mark.writer), mark.to_bytes())

    def mark(self, ref: SplitRef, writer: str) -> Mark | None:
        """What ``writer`` said of a split, or None."""
        return self._parsed(mark_name(ref, writer), Mark.from_bytes)

    def marks(self, refs: Iterable[SplitRef], writers: Sequence[str]) -> Iterator[Mark | None]:
        """``mark`` of every split and, of each, every writer."""
        names = [mark_name(ref, writer) for ref in refs for writer in writers]
        return self._all_parsed(names, Mark.from_bytes)

    def named_chunks(self, chunks: Sequence[Chunk], writer: str) -> list[Chunk]:
        """Those that the marks of their splits still name: no later attempt replaced them."""
        names = {f"marks/{chunk.id.partition('.')[0]}.{writer}.json": None for chunk in chunks}
        marks = self._all_parsed(list(names), Mark.from_bytes)
        named = {chunk.file for mark in marks if mark is not None for chunk in mark.chunks}
        return [chunk for chunk in chunks if chunk.file in named]

    def write_merged(self, writer: str, shard: int, chunk: Chunk) -> None:
        """The staged file that the aggregates of a shard became."""
        value = json.dumps([chunk.id, chunk.file, chunk.count, chunk.size])
        self.store.write(f"merged/{writer}.{shard}.json", value.encode())

    def merged(self, writer: str, shard: int) -> Chunk | None:
        """The merged file of a shard, or None."""
        return self._parsed(
            f"merged/{writer}.{shard}.json", lambda data: Chunk(*json.loads(data)[:4])
        )

    def write_published(self, published: Published) -> None:
        """Say what became of a staged file."""
        name = f"published/{published.id}.json"
        self.store.write(name, published.to_bytes())

    def published(self, file_id: str) -> Published | None:
        """What became of a staged file, or None."""
        return self._parsed(f"published/{file_id}.json", Published.from_bytes)

    def all_published(self, file_ids: Iterable[str]) -> Iterator[Published | None]:
        """``published`` of each."""
        names = [f"published/{file_id}.json" for file_id in file_ids]
        return self._all_parsed(names, Published.from_bytes)

    def notes(self, writer: str) -> frozenset[str]:
        """All that was noted while files were published."""
        names = self.store.names("published")
        found = self.all_published(name.removesuffix(".json") for name in names)
        return frozenset(
            note for each in found if each and each.writer == writer for note in each.notes
        )

    def write_retired(self, writer: str, retired: RetireReport) -> None:
        """What a writer has retired in all attempts at the end of the run."""
        self.store.write(f"retired/{writer}.json", retired.model_dump_json().encode())

    def retired(self, writer: str) -> RetireReport:
        """What ``write_retired`` wrote, or nothing."""
        data = self.store.read(f"retired/{writer}.json")
        return RetireReport() if data is None else RetireReport.model_validate_json(data)

    def _parsed(self, name: str, parse: Callable[[bytes], T]) -> T | None:
        """What a file says, or None where it is not there.

        One that cannot be read says nothing: what it stood for is done again. We never write
        half a file; an upload that broke off, or a disk that lost power, may leave one.
        """
        return self._parse(name, self.store.read(name), parse)

    def _all_parsed(self, names: list[str], parse: Callable[[bytes], T]) -> Iterator[T | None]:
        for name, data in zip(names, self.store.read_all(names), strict=True):
            yield self._parse(name, data, parse)

    def _parse(self, name: str, data: bytes | None, parse: Callable[[bytes], T]) -> T | None:
        if data is None:
            return None
        try:
            return parse(data)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            _log.warning("%s is damaged, and counts as missing: %s", self.store.path(name), error)
            return None

    # How the run ends.

    def request_stop(self, reason: str, exit_code: int, *, hint: str | None = None) -> None:
        """Ask all workers to stop; the first reason stays. Raises nothing.

        Where the reason cannot be written it is logged, and ``stop`` of this object tells it:
        others see what is left undone, which has no mark and so fails the run.
        """
        value = {"reason": hide(reason), "exitCode": exit_code, "hint": hint and hide(hint)}
        try:
            self.store.write_new("stop", json.dumps(value).encode())
        except OSError as error:
            self._unwritten = self._unwritten or value
            _log.error("%s; and that cannot be written down: %s", reason, error)

    def stop(self) -> dict[str, Any] | None:
        """``reason``, ``exitCode`` and ``hint`` of the stop that was asked for, or None."""
        data = self.store.read("stop")
        return self._unwritten if data is None else json.loads(data)

    def write_token(self, component: str, state: str, token: Any) -> None:
        """Remember how far a component's begin and commit have come."""
        value = {"state": state, "token": token}
        self.store.write(f"tokens/{component}.json", json.dumps(value).encode())

    def token(self, component: str) -> tuple[str, Any]:
        """``(state, token)``; the state of a component that never began is empty."""
        data = self.store.read(f"tokens/{component}.json")
        if data is None:
            return "", None
        value = json.loads(data)
        return value["state"], value["token"]


def split_ref(key: str, index: int, payload: dict[str, Any], attempt: int = 0) -> SplitRef:
    """The split as the run knows it. ``id`` is a file name, and sorts as the listing does."""
    return SplitRef(key, index, f"{index:07d}-{_hash(key)}", payload, attempt)


def mark_name(ref: SplitRef, writer: str) -> str:
    """The file of a writer's part of the mark of a split."""
    return f"marks/{ref.id}.{writer}.json"


def _scope_line(scope: Scope) -> bytes:
    value = [scope.fqn, scope.entity_type, scope.failed, sorted(scope.names)]
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _scope(line: bytes) -> Scope:
    fqn, entity_type, failed, names = json.loads(line)
    return Scope(fqn, names, entity_type, failed)


def _hash(text: str) -> str:
    # A name from a record never becomes a file name: no traversal, no length limit.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
