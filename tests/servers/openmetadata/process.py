"""The fake in a process of its own, so that it takes no time from what is measured.

``python -m tests.servers.openmetadata.process --seconds-per-row 0.01`` prints its URL and runs
until its standard input ends. ``GET /api/fake/summary`` says what it was asked.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.openmetadata.message import Reply
from tests.servers.openmetadata.server import FakeOpenMetadata

_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class RunningFake:
    """The URL (``hostPort``) of a fake in another process."""

    url: str

    def summary(self) -> dict[str, Any]:
        """What it was asked so far: see ``summary``."""
        with urllib.request.urlopen(f"{self.url}/fake/summary", timeout=30) as answer:
            loaded: dict[str, Any] = json.load(answer)
            return loaded


@contextmanager
def running_fake(version: str = "1.12.6", seconds_per_row: float = 0.0) -> Iterator[RunningFake]:
    """A fake in a process of its own."""
    command = [sys.executable, "-m", __name__, "--version", version]
    process = subprocess.Popen(
        [*command, "--seconds-per-row", str(seconds_per_row)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield RunningFake(process.stdout.readline().strip())
        finally:
            process.stdin.close()


def summary(fake: FakeOpenMetadata) -> dict[str, Any]:
    """Entities by type, requests by method and path (how many, first and last at which second),
    how often tables were sent, the simulated time."""
    requests: dict[str, int] = {}
    spans: dict[str, tuple[float, float]] = {}
    for seen in fake.counted.requests:
        collection = "/".join(seen.path.split("/")[:4])
        key = f"{seen.method} {collection}"
        requests[key] = requests.get(key, 0) + 1
        at = round(seen.at - fake.counted.requests[0].at, 2)
        spans[key] = (spans.get(key, (at, at))[0], at)
    sent: dict[str, int] = {}
    for name, times in fake.counted.sent.items():
        if name.count(".") > 2:
            sent[str(times)] = sent.get(str(times), 0) + 1
    return {
        "entities": {type_: len(fake.names(type_)) for type_ in fake.store.entities},
        "edges": len(fake.store.edges),
        "requests": requests,
        "spans": spans,
        "tablesSentTimes": sent,
        "simulatedSeconds": fake.counted.simulated_seconds,
        "mostInFlight": fake.counted.most_in_flight,
    }


class _WithSummary(FakeOpenMetadata):
    def respond(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Reply | None:
        if target == "/api/fake/summary":
            return Reply(200, summary(self))
        return super().respond(method, target, headers, body)


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", default="1.12.6")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds-per-row", type=float, default=0.0)
    options = parser.parse_args()
    fake = _WithSummary(options.version, port=options.port, seconds_per_row=options.seconds_per_row)
    with fake:
        print(fake.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
