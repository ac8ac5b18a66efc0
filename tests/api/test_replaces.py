"""A sink that commits counts as one that replaces, unless it says otherwise."""

from __future__ import annotations

import pytest

from beam_ingest import BulkSink, Context, Sink
from beam_ingest.api.sink import Token


class Swaps(BulkSink):
    def commit(self, token: Token) -> None:
        """Swap the alias."""


class Commits(Sink):
    def commit(self, token: Token) -> None:
        """End the transaction."""


class Begins(Sink):
    def begin(self) -> Token:
        return None


class Upserts(Commits):
    def replaces(self) -> str | None:
        return None


@pytest.mark.parametrize(
    ("cls", "replaces"),
    [(Sink, False), (BulkSink, False), (Begins, False), (Upserts, False), (Swaps, True),
     (Commits, True)],
)  # fmt: skip
def test_a_commit_of_its_own_replaces(cls: type[Sink | BulkSink], replaces: bool) -> None:
    assert (cls(cls.Config(), Context()).replaces() is not None) is replaces
