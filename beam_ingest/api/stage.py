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

    def expand(self, combined: Iterable[tuple[str, Partial]]) -> Iterable[tuple[str, Partial]]:
        """What combined partials, by key, add to the keys that are merged. Default: as they are.

        For records that feed many keys each: ``keyed`` gives one key to all that are alike, and
        what they come to together is spread once, before it leaves the worker. ``combined`` can
        be gone through once. What comes of it is combined by key, so one key may come several
        times, and is not expanded again; a stage adds up here what would come often.
        """
        return combined

    def finish(self, key: str, partial: Partial) -> Record:
        """The record of a key from all that was combined. Default: the partial."""
        return partial  # type: ignore[no-any-return]

    def encode(self, record: Record) -> bytes:
        """One line of the file, without its line break. Default: JSON (``api.codec``)."""
        return encode(record)
