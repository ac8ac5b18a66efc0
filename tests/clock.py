"""A clock that moves only when a test moves it, or when something waits by it."""

from __future__ import annotations


class Clock:
    """``now`` in seconds, which calling it gives. Waiting takes no time; ``waits`` notes it."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
