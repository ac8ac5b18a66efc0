"""Bulk sinks: what publishes staged files to an external system."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar, Literal

from beam_ingest.api.codec import decode
from beam_ingest.api.component import Component
from beam_ingest.api.outcomes import Outcome, Retired
from beam_ingest.api.record import Record
from beam_ingest.api.sink import Token
from beam_ingest.api.source import Scope

MOVED_EVERY = 1000
"""Lines or outcomes after which a publish is known to make progress."""


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One staged file: lines, each a record that the stage encoded.

    ``id`` is the same in every attempt and sorts in the order in which splits were listed;
    ``count`` is the number of lines; ``path`` is any path that Beam's FileSystems knows. ``wave``
    is 0, and counts up from 1 where the file holds lines that were ``Deferred``: of any files,
    in the order in which these were listed.
    """

    id: str
    path: str
    count: int
    opener: Callable[[], BinaryIO]
    wave: int = 0
    notes: set[str] = field(default_factory=set, compare=False)
    """What ``publish`` puts here is kept with what came of the file, for ``commit``; not of a
    wave."""
    moved: Callable[[], None] = field(default=lambda: None, compare=False)
    """To be called now and then by a ``publish`` that takes long and neither reads lines nor
    yields outcomes meanwhile: after ``beam.longCallTimeout`` without it the run is stopped."""

    def lines(self) -> Iterator[bytes]:
        """The lines without their line breaks."""
        with self.opener() as file:
            for number, line in enumerate(file):
                if not number % MOVED_EVERY:
                    self.moved()
                yield line.rstrip(b"\n")

    def records(self) -> Iterator[Record]:
        """The records, decoded: entities where the line is an entity's, mappings otherwise."""
        return map(decode, self.lines())


@dataclass(frozen=True, slots=True)
class Tally:
    """What a run has published: so many lines taken and refused, of ``files``."""

    taken: int
    refused: int
    files: Sequence[StagedFile]


class BulkSink(Component):
    """Publishes staged files, each an idempotent upsert of all that is in it."""

    kind: ClassVar[str] = "bulk-sink"
    commit_on: ClassVar[Literal["success", "completed"]] = "success"
    """``success``: commit only a run that counts as one (an alias is swapped), abort others.
    ``completed``: commit whenever the run came to its end, whatever its status; an
    interrupted or stopped run is aborted."""

    notes: frozenset[str] = frozenset()
    """In ``commit``: the notes of all files that were published, by whom and when ever."""

    def publish(self, file: StagedFile) -> Iterable[Outcome] | None:
        """Publish one file; again after a fault, with the same effect.

        One outcome a line, in order; None: all written. ``Deferred`` lines come again after all
        files, in files of their own (``wave``), for as long as a wave settles any of them.
        ``TransientError`` is tried again; another exception fails the file, which stays, and in
        a wave halves it until the one bad line is found.
        """
        raise NotImplementedError(f"{type(self).__name__}.publish")

    def retire(self, scope: Scope) -> Retired | None:
        """As ``Sink.retire``."""
        return None

    def begin(self) -> Token:
        """Once a run, before the first publish; deterministic and idempotent by ``run_id``."""
        return None

    def verify(self, token: Token, tally: Tally) -> None:
        """Before ``commit``: see that all is there that was published. Idempotent.

        Raises ``NotComplete`` where it is not: the run is then aborted, and has failed.
        """

    def commit(self, token: Token) -> None:
        """Make what was published visible. Idempotent."""

    def abort(self, token: Token) -> None:
        """Leave what was visible before; remove what ``begin`` made. Idempotent."""

    def replaces(self) -> str | None:
        """As ``Sink.replaces``."""
        return None if type(self).commit is BulkSink.commit else "what earlier runs have written"

    def no_stream(self) -> str | None:
        """Why it cannot be the end of an unbounded run, or None; asked before ``open``.

        Such a run begins once and never commits: what is published has to count at once.
        Default: None without a ``commit`` of its own.
        """
        if type(self).commit is BulkSink.commit:
            return None
        return "what it publishes counts from its commit on, and an unbounded run has none"
