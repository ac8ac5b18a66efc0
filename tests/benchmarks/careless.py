"""``python -m tests.benchmarks.careless ARGUMENTS``: beam-ingest without what makes it safe.

Nothing is synced to the disk, no heartbeat is written, no record is kept as it came, and no lock is
taken. What is left of it, marks and their ledgers, is what the report is made of.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any

from beam_ingest.cli.main import main
from beam_ingest.flow.before import Before
from beam_ingest.flow.worker import Worker


def _nothing(*_: Any, **__: Any) -> None:
    return None


if __name__ == "__main__":
    os.fsync = _nothing
    fcntl.flock = _nothing
    Worker.heartbeat = _nothing  # type: ignore[method-assign]
    Before.keep = lambda self, records: [None] * len(records)  # type: ignore[method-assign]
    main()
