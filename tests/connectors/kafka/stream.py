"""A topic full of trouble, and what has to come of it: for tests and for the benchmark."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException

from beam_ingest.api.report import Report
from beam_ingest.workflow import Workflow
from tests.servers.kafka import KafkaServer

BASE = 1_000_000.0
"""The event time of the first messages, in seconds."""
_STEP = 0.1
_JITTER = (0.0, 1.9, 0.7, 2.4, 0.2)
_TORN_EVERY = 50
_LATE_EVERY = 100
_LATE_FROM = 300
"""By then, with ``batchSize: 100``, event time has left the first windows behind."""


def upgraded(record: dict[str, Any]) -> dict[str, Any]:
    """The processor that a run goes on with."""
    return {**record, "upgraded": True}


class Trouble:
    """Messages out of order, some too late, some torn, in several partitions of a topic."""

    def __init__(
        self,
        kafka: KafkaServer,
        folder: Path,
        partitions: int,
        each: int,
        idle_after: float = 3,
        limit: float = 240,
    ) -> None:
        self.kafka = kafka
        self.folder = folder
        self.out = folder / "out"
        self.partitions = partitions
        self.each = each
        self.idle_after = idle_after
        self.limit = limit
        self.topic = kafka.topic(partitions)
        self.good: list[str] = []
        self._good_at: set[tuple[int, int]] = set()
        self._published: dict[str, list[str]] = {}
        self._checked = [0] * partitions
        self.late = self.torn = 0
        self.wrong: AssertionError | None = None

    def send(self, start: int = 0, end: int | None = None) -> None:
        """Send the messages from ``start`` to ``end`` of every partition."""
        self.kafka.send(self.topic, self._messages(start, self.each if end is None else end))

    def _messages(self, start: int, end: int) -> Iterator[tuple[int, float, bytes]]:
        for n in range(start, end):
            for p in range(self.partitions):
                at, value = BASE + n * _STEP - _JITTER[n % len(_JITTER)], f"p{p}-{n}"
                if n % _TORN_EVERY == 7:
                    self.torn += 1
                    yield p, at, b'{"name": ' + value.encode()
                    continue
                if n >= _LATE_FROM and n % _LATE_EVERY == 11:
                    self.late += 1
                    at = BASE
                else:
                    self.good.append(value)
                    self._good_at.add((p, n))
                yield p, at, json.dumps({"name": value}).encode()

    def workflow(self, beam: dict[str, Any], **source: Any) -> dict[str, Any]:
        """To a folder of files, in windows of 2 s; what is too late is a dead letter."""
        config = self.kafka.connection(
            topics=[self.topic], groupId=self.topic, outOfOrder=3, idleAfter=self.idle_after,
            **source,
        )  # fmt: skip
        return {
            "source": {"type": "kafka", "serviceName": "k", "config": config},
            "sink": {"type": "file", "config": {"path": str(self.out), "shards": True}},
            "workflowConfig": {"successThreshold": 90},
            "beam": {
                "workDir": str(self.folder / "runs"), "batchSize": 100, "window": {"fixed": "2s"},
                "allowedLateness": "1s", "late": "deadLetter", **beam,
            },
        }  # fmt: skip

    @property
    def run_dir(self) -> Path:
        return self.folder / "runs" / "run"

    def run(self, workflow: dict[str, Any], **options: Any) -> Report:
        """Run it until all offsets are committed, then drain it."""
        if "resume" not in options:
            options["run_dir"] = str(self.run_dir)
        watcher = threading.Thread(target=self.drain_when_done, daemon=True)
        watcher.start()
        report = Workflow.from_config(workflow).run(**options)
        assert report.stopped is None, report.sentence
        watcher.join(self.limit)
        if self.wrong is not None:
            raise self.wrong
        return report

    def drain_when_done(self) -> None:
        """Ask for the drain when the group has committed everything; never let a test hang."""
        limit = time.monotonic() + self.limit
        try:
            while time.monotonic() < limit and sum(self.committed()) < self.each * self.partitions:
                self.check_acknowledged()
                time.sleep(0.5)
        except AssertionError as error:
            self.wrong = error  # of a thread: ``run`` raises it
        finally:
            (self.run_dir / "drain").touch()

    def committed(self) -> list[int]:
        """What the group has committed; nothing while the broker, which tests kill, is away."""
        try:
            found = self.kafka.committed(self.topic, self.topic, self.partitions)
        except KafkaException:
            return [0] * self.partitions
        return [max(0, offset) for offset in found]

    def check_acknowledged(self) -> None:
        """The committed offsets are not ahead of what is published or a dead letter."""
        committed = self.committed()
        done = Counter[str]()
        for path in (self.run_dir / "partitions").glob("*.json"):
            if path.name.endswith(".end.json"):
                continue
            journal = json.loads(path.read_text())
            settled = journal["settled"]
            done[journal["key"]] = settled[0][1] if settled and settled[0][0] == 0 else 0
        for number, offset in enumerate(committed):
            assert offset <= done[f"{self.topic}[{number}]"], (offset, done)
        self._check_in_effect(committed)

    def _check_in_effect(self, committed: list[int]) -> None:
        """What the committed offsets cover can be read where it was published to."""
        there = set(self.names())
        for p, offset in enumerate(committed):
            covered = range(self._checked[p], offset)
            lost = [n for n in covered if (p, n) in self._good_at and f"p{p}-{n}" not in there]
            assert not lost, (p, offset, lost[:10])
            self._checked[p] = max(offset, self._checked[p])

    def names(self) -> list[str]:
        """What was published, sorted. A file is put in place whole, and read once."""
        for path in self.out.glob("*.jsonl"):
            if path.name not in self._published:
                lines = path.read_text().splitlines()
                self._published[path.name] = [json.loads(line)["name"] for line in lines]
        return sorted(name for names in self._published.values() for name in names)

    def check(self, report: Report) -> None:
        """Every message counted once, the late and the torn ones as dead letters."""
        assert self.names() == sorted(self.good)
        source = report.steps[0]
        total = self.each * self.partitions
        assert (source.in_, source.failed) == (total, self.late + self.torn)
        assert report.dead_letters.count == self.late + self.torn
        assert report.stream is not None
        assert report.stream.too_late == self.late
        assert report.stream.drained == self.partitions
        assert (report.status, report.exit_code) == ("partialSuccess", 0)
        assert self.committed() == [self.each] * self.partitions
