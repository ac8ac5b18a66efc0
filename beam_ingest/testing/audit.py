"""What code does to the world, seen through the interpreter's audit events.

One hook for the whole process (Python cannot remove one), and watchers that come and go. A watcher
runs inside the call it sees: what it raises is what the call raises.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

Watcher = Callable[[str, tuple[Any, ...]], None]

_watchers: list[Watcher] = []

_SIDE_EFFECTS = frozenset(
    {
        "open", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.scandir", "os.system",
        "socket.bind", "socket.connect", "socket.getaddrinfo", "sqlite3.connect",
        "subprocess.Popen", "tempfile.mkdtemp", "tempfile.mkstemp", "urllib.Request",
    }
)  # fmt: skip


def watch(watcher: Watcher) -> None:
    """Call ``watcher(event, arguments)`` at every audit event, in whatever thread it happens."""
    _install()
    _watchers.append(watcher)


def unwatch(watcher: Watcher) -> None:
    """Undo ``watch``."""
    _watchers.remove(watcher)


@contextmanager
def side_effects() -> Iterator[list[str]]:
    """The files opened, connections made and processes started by this thread, as texts."""
    seen: list[str] = []
    thread = threading.get_ident()

    def watcher(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _SIDE_EFFECTS and threading.get_ident() == thread:
            seen.append(f"{event} {arguments[0] if arguments else ''}".strip())

    watch(watcher)
    try:
        yield seen
    finally:
        unwatch(watcher)


@cache
def _install() -> None:
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for watcher in tuple(_watchers):
        watcher(event, arguments)
