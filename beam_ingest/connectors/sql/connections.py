"""Connections of one worker process: at most ``threads`` at a time, shared by its readers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from beam_ingest.api.errors import TransientError


class Connection(Protocol):
    """What the pool asks of a driver's connection."""

    def close(self) -> object:
        """Close it; never raises for one that is broken."""


C = TypeVar("C", bound=Connection)


class Unreachable(TransientError):
    """The server does not answer.

    Before anything was read this is a wrong host, and fatal; after that it is a restart.
    """


class Pool(Generic[C]):
    """Lends connections, one database at a time each.

    ``connect`` opens one; ``reusable`` makes a returned one ready for the next borrower (ends
    its transaction), or says that it is broken.
    """

    def __init__(
        self, connect: Callable[[str], C], reusable: Callable[[C], bool], limit: int
    ) -> None:
        self._connect, self._reusable = connect, reusable
        self._permits = threading.BoundedSemaphore(limit)
        self.limit = limit
        """How many may be lent at a time."""
        self._lock = threading.Lock()
        self._idle: list[tuple[str, C]] = []
        self._open = 0
        self.has_connected = False
        """Whether the server ever let this process in."""

    @contextmanager
    def borrowed(self, database: str) -> Iterator[C]:
        """A connection to ``database``. Waits while ``limit`` are lent; do not nest."""
        with self._permits:
            connection = self._take(database)
            whole = False
            try:
                yield connection
                whole = True
            finally:
                # After an error too the connection may be good: only the statement failed.
                self._give_back(database, connection, whole or self._reusable(connection))

    def close(self) -> None:
        """Close all that are not lent."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._open -= len(idle)
        for _, connection in idle:
            connection.close()

    def _take(self, database: str) -> C:
        with self._lock:
            for index, (name, connection) in enumerate(self._idle):
                if name == database:
                    del self._idle[index]
                    return connection
            spare = self._idle.pop(0)[1] if self._idle and self._open == self.limit else None
            self._open += spare is None
        if spare is not None:
            spare.close()
        try:
            connection = self._connect(database)
        except BaseException:
            with self._lock:
                self._open -= 1
            raise
        self.has_connected = True
        return connection

    def _give_back(self, database: str, connection: C, good: bool) -> None:
        if good and self._reusable(connection):
            with self._lock:
                self._idle.append((database, connection))
            return
        connection.close()
        with self._lock:
            self._open -= 1


_pools: dict[Hashable, tuple[Pool, int]] = {}  # type: ignore[type-arg]
_pools_lock = threading.Lock()


def shared_pool(key: Hashable, make: Callable[[], Pool[C]]) -> Pool[C]:
    """The pool of ``key`` in this process; made by the first of its users."""
    key = (os.getpid(), key)
    with _pools_lock:
        pool, users = _pools.get(key) or (make(), 0)
        _pools[key] = (pool, users + 1)
        return pool


def release_pool(key: Hashable) -> None:
    """One user less; after the last one the connections are closed."""
    key = (os.getpid(), key)
    with _pools_lock:
        pool, users = _pools[key]
        if users > 1:
            _pools[key] = (pool, users - 1)
            return
        del _pools[key]
    pool.close()
