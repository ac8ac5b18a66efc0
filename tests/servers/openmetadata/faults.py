"""Scripted faults: what goes wrong, for which requests, and how often."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass
class Fault:
    """Goes wrong ``times`` times (None: always) after ``after`` matching requests went well.

    ``status`` answers instead of the server, with ``body`` and ``headers``. ``cut`` closes the
    connection, before the request has any effect or after. ``delay`` seconds pass first.
    ``rows`` fail single rows of a bulk, by position: (status, message).
    """

    path: str
    method: str | None = None
    after: int = 0
    times: int | None = 1
    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: Literal["before", "after"] | None = None
    delay: float = 0.0
    rows: dict[int, tuple[int, str]] = field(default_factory=dict)
    happened: int = 0
    _seen: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is struck; counts it."""
        if self.method not in (None, method) or not re.search(self.path, path):
            return False
        self._seen += 1
        if self._seen <= self.after or (self.times is not None and self.happened >= self.times):
            return False
        self.happened += 1
        return True


class Faults:
    """The faults of a server; the first that fits strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, path: str, **options: Any) -> Fault:
        """Script a fault."""
        fault = Fault(path, **options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """From now on all goes well."""
        with self._lock:
            self._faults.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(method, path)), None)
