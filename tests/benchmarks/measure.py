"""Measuring whole processes: wall, CPU and peak memory, and ratios of pairs run in turn.

Machines are noisy, so a result is a ratio against a baseline of the same run: the two commands
are run in turn, and the median of the pairs' ratios is what counts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process (with those it started and waited for) took: seconds, and MB at its peak."""

    wall: float
    cpu: float
    peak: float


def measure(command: Sequence[str], cwd: Path) -> Usage:
    """Run ``command``; its output is kept for the error message only."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    log = cwd / "command.log"
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(
            f"{' '.join(command)} ended with {process.returncode}:\n" + log.read_text()[-2000:]
        )
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def pairs(
    baseline: Sequence[str], command: Sequence[str], cwd: Path, times: int
) -> tuple[Usage, Usage, float]:
    """Both, in turn, ``times`` times: medians of each, and the median ratio of their walls."""
    first, second = [], []
    for _ in range(times):
        first.append(measure(baseline, cwd))
        second.append(measure(command, cwd))
    ratio = statistics.median(b.wall / a.wall for a, b in zip(first, second, strict=True))
    return _median(first), _median(second), ratio


def _median(usages: list[Usage]) -> Usage:
    return Usage(
        statistics.median(usage.wall for usage in usages),
        statistics.median(usage.cpu for usage in usages),
        statistics.median(usage.peak for usage in usages),
    )
