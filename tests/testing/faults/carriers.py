"""Small components for faults to happen in."""

from __future__ import annotations

from typing import Any

from beam_ingest import (
    Batch,
    BulkSink,
    Context,
    Processor,
    Record,
    Sink,
    Source,
    Split,
    Written,
)


class Numbers(Source):
    def read(self, split: Split) -> Any:
        return ({"id": number} for number in range(5))


class Same(Processor):
    def process(self, record: Record) -> Record:
        return record


class Keeps(Sink):
    def open(self) -> None:
        self.kept: list[Any] = []

    def write(self, batch: Batch) -> None:
        self.kept.extend(batch.records)


class Tells(Keeps):
    def write(self, batch: Batch) -> Any:
        super().write(batch)
        return (Written() for _ in batch.records)


class PublishesAlways(BulkSink):
    commit_on = "completed"


def build(cls: Any) -> Any:
    return cls(cls.Config(), Context())


def process(processor: Any, count: int) -> list[str]:
    """What became of records 1..count: ok, or the error's name."""
    told = []
    for number in range(1, count + 1):
        try:
            processor.process({"name": f"r{number}"})
        except Exception as error:
            told.append(type(error).__name__)
        else:
            told.append("ok")
    return told
