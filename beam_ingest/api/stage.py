"""Stages: what stores records in files, one each or aggregated by key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from beam_ingest.api.codec import encode
from beam_ingest.api.component import Component
from beam_ingest.api.record import Record

Partial = Any
"""A part of an aggregate, JSON-able (it is spilled to files); for key None a record."""


class Stage(Component):
    """Stores records in files that a bulk sink publishes."""

    kind: ClassVar[str] = "stage"

    def keyed(self, record: Record) -> Iterable[tuple[str | None, Partial]]:
        """What ``record`` adds, by key; one record may feed many keys.

        Key None: store the partial, a record, as it is. Default: ``[(None, record)]``.
        """
        return ((None, record),)

    def combine(self, a: Partial, b: Partial) -> Partial:
        """Both together. Associative and commutative; may change and return ``a``."""
        raise NotImplementedError(f"{type(self).__name__}.combine")

    def expand(self, key: str, partial: Partial) -> Iterable[tuple[str, Partial]]:
        """What a combined partial adds to the keys that are merged. Default: to its own.

        For records that feed many keys each: ``keyed`` gives one key to all that are alike, and
        what they come to together is spread once, before it leaves the worker. What comes of it
        is combined by key, and not expanded again.
        """
        return ((key, partial),)

    def finish(self, key: str, partial: Partial) -> Record:
        """The record of a key from all that was combined. Default: the partial."""
        return partial  # type: ignore[no-any-return]

    def encode(self, record: Record) -> bytes:
        """One line of the file, without its line break. Default: JSON (``api.codec``)."""
        return encode(record)
