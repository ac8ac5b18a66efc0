"""A catalogue that is read over connections."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from beam_ingest.connectors.sql.catalogue import Catalogue, Reading
from beam_ingest.connectors.sql.connections import Connection, Pool, release_pool, shared_pool

C = TypeVar("C", bound=Connection)


class PooledCatalogue(Catalogue, Generic[C]):
    """Shares ``pool`` with the catalogues of the same ``key`` in this process."""

    def __init__(self, reading: Reading, key: Hashable, make: Callable[[], Pool[C]]) -> None:
        super().__init__(reading)
        self.pool = shared_pool(key, make)
        self._key = key
        self._closed = False

    def has_connected(self) -> bool:
        """Whether a connection was ever made."""
        return self.pool.has_connected

    def close(self) -> None:
        """Let go of the pool."""
        if not self._closed:
            self._closed = True
            release_pool(self._key)
