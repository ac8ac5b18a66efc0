"""What is known of a run while it runs: read from heartbeats and marks, shown by ``report``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WorkerProgress:
    """One worker process: what it works on, and since when (seconds) nothing moved."""

    worker: str
    split: str | None
    step: str | None
    idle: float = 0.0


@dataclass(frozen=True, slots=True)
class ProgressSnapshot:
    """The counts so far. ``splits_total`` is None until the listing has ended.

    ``steps`` are (name, in, out, failed) in the order of the graph.
    """

    phase: str
    elapsed: float
    splits_total: int | None = None
    splits_done: int = 0
    splits_failed: int = 0
    steps: tuple[tuple[str, int, int, int], ...] = ()
    workers: tuple[WorkerProgress, ...] = field(default=())


ProgressListener = Callable[[ProgressSnapshot], None]
"""Called about twice a second from the launching process, and once more at the end."""
