"""Which names are being written at the moment, for those who need them to be there."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class UnderWay:
    """Names that threads are writing. Thread-safe.

    Who waits must not be writing itself: two that wait for each other would wait for ever.
    """

    def __init__(self) -> None:
        self._names: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def of(self, names: Iterable[str]) -> Iterator[None]:
        """Inside it the names are under way."""
        mine = list(names)
        with self._changed:
            self._names.update(mine)
        try:
            yield
        finally:
            with self._changed:
                self._names.subtract(mine)
                for name in mine:
                    if not self._names[name]:
                        del self._names[name]
                self._changed.notify_all()

    def wait_for(self, names: Iterable[str]) -> None:
        """Wait until none of them is under way."""
        wanted = set(names)
        with self._changed:
            self._changed.wait_for(lambda: wanted.isdisjoint(self._names))
