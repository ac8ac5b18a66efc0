"""Windows: which one a message falls into, and when a pane of it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Late = Literal["publish", "deadLetter"]


@dataclass(frozen=True, slots=True)
class Windows:
    """Fixed windows; times are in milliseconds since the epoch, as engines keep them.

    ``late`` says what becomes of a message that comes more than ``lateness`` after its window's
    end. A pane is published at the window's end, and before it after ``count`` messages,
    ``bytes``, or ``delay`` after its first message, whichever comes first.
    """

    size: int
    lateness: int = 0
    late: Late = "publish"
    count: int | None = None
    bytes: int | None = None
    delay: int | None = None

    def start_of(self, at: int) -> int:
        """The start of the window that ``at`` falls into."""
        return at - at % self.size

    def is_late(self, start: int, watermark: int) -> bool:
        """Whether the window from ``start`` on has ended."""
        return start + self.size <= watermark

    def is_too_late(self, start: int, watermark: int) -> bool:
        """Whether the window from ``start`` on takes no more messages."""
        return start + self.size + self.lateness <= watermark

    def is_due(self, count: int, size: int) -> bool:
        """Whether a pane of ``count`` messages and ``size`` bytes is published at once."""
        return (self.count is not None and count >= self.count) or (
            self.bytes is not None and size >= self.bytes
        )


def millis(seconds: float) -> int:
    """Whole milliseconds of ``seconds``, rounded down; the ends of time stay representable."""
    return int(max(MIN_MILLIS, min(MAX_MILLIS, seconds * 1000)) // 1)


MIN_MILLIS = -(2**53)
MAX_MILLIS = 2**53
"""About 285,000 years: further than any watermark, and exact in a float."""


@dataclass(frozen=True, slots=True)
class Pane:
    """What is published of one window of a partition at once: parcels, encoded."""

    partition: str
    start: int
    parcels: Sequence[bytes]
