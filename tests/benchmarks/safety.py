"""What safety costs, and what it saves: the core's workflow without it, and killed and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml

from tests.benchmarks import core
from tests.benchmarks.measure import ROOT, measure, pairs

OVERHEAD = 1.05
RESUMED = 0.60
SPLIT_BYTES = 16 << 20
"""So large are the splits of the run that is killed: one of them is lost each time."""


def overhead(folder: Path, records: int, times: int) -> bool:
    """The core benchmark's workflow as it is, and with everything off that can be."""
    data = core.write_records(folder, "mappings", records)
    safe = core.workflow(folder, data, 1)
    careless = [sys.executable, "-m", "tests.benchmarks.careless", *safe[1:]]
    a, b, ratio = pairs(careless, safe, folder, times)
    print(
        f"{records:,} mappings: without safety {a.wall:.1f} s, with it {b.wall:.1f} s: "
        f"ratio {ratio:.2f} (limit {OVERHEAD})",
        flush=True,
    )
    return ratio <= OVERHEAD


def resume(folder: Path, records: int, times: int) -> bool:
    """A run that is killed at half of its time, resumed; against a whole one."""
    data = core.write_records(folder, "mappings", records)
    command = core.workflow(folder, data, 1)
    workflow = yaml.safe_load((folder / "workflow.yaml").read_text())
    workflow["source"]["serviceConnection"]["config"]["splitSize"] = SPLIT_BYTES
    (folder / "workflow.yaml").write_text(yaml.safe_dump(workflow))
    ratios = []
    for _ in range(times):
        whole = measure(command, folder).wall
        size = (folder / "out.jsonl").stat().st_size
        (folder / "out.jsonl").unlink()
        _killed(command, folder, whole / 2)
        resumed = measure([*command, "--resume", "latest"], folder).wall
        assert (folder / "out.jsonl").stat().st_size == size, "the resumed run wrote something else"
        ratios.append(resumed / whole)
        print(
            f"{records:,} mappings: whole {whole:.1f} s; killed with -9 at half of that, then "
            f"resumed in {resumed:.1f} s: ratio {resumed / whole:.2f} (limit {RESUMED})",
            flush=True,
        )
    return sorted(ratios)[len(ratios) // 2] <= RESUMED


def _killed(command: list[str], folder: Path, after: float) -> None:
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(after)
    if process.poll() is not None:
        raise RuntimeError("the run had ended before it was killed")
    process.send_signal(signal.SIGKILL)
    process.wait()
