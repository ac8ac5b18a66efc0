"""Whom deferred records are offered to: a sink takes records, a bulk sink lines of a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.codec import decode, encode
from beam_ingest.api.outcomes import Outcome
from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.plan import Plan, Writer, deferred_step
from beam_ingest.flow.settle import LineWriter
from beam_ingest.flow.store import Store


class Taker(Protocol):
    """Takes batches, as a sink does, of what ``decode`` makes of the lines that were put off."""

    def decode(self, line: bytes) -> Any:
        """What is offered of a line. Raises ``RecordError``."""

    def encode(self, item: Any) -> bytes:
        """The line of it, to be put off once more."""

    def letter(self, item: Any, why: str) -> DeadLetter:
        """Its dead letter."""

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        """As ``Sink.write``."""


def taker_of(plan: Plan, writer: Writer, component: Sink | BulkSink, store: Store) -> Taker:
    """The taker for the open ``component`` of ``writer``."""
    if isinstance(component, BulkSink):
        return _OfLines(plan, writer, component, store)
    return _OfRecords(writer, component)


class _OfRecords:
    def __init__(self, writer: Writer, sink: Sink) -> None:
        self._step = deferred_step(writer)
        self.write = sink.write

    def decode(self, line: bytes) -> Any:
        return decode(line)

    def encode(self, item: Any) -> bytes:
        return encode(item)

    def letter(self, item: Any, why: str) -> DeadLetter:
        return DeadLetter.of(self._step, why, item)


class _OfLines:
    """Each batch is a file of its own, gone when its outcomes are known.

    What is put off is in the files that marks and notes name, or in that of the wave before, so
    nothing is lost with it.
    """

    def __init__(self, plan: Plan, writer: Writer, sink: BulkSink, store: Store) -> None:
        self._step = deferred_step(writer)
        self._writer = writer.name
        self._run_id = plan.run_id
        self._sink = sink
        self._store = store

    def decode(self, line: bytes) -> bytes:
        return line.rstrip(b"\n")

    def encode(self, item: bytes) -> bytes:
        return item

    def letter(self, item: bytes, why: str) -> DeadLetter:
        return DeadLetter.of_line(self._step, why, item)

    def write(self, batch: Batch) -> Iterable[Outcome] | None:
        id_ = batch.id.removeprefix(f"{self._run_id}/").replace("/", ".") + f".{self._writer}"
        name = f"deferred/{id_}.part.jsonl"
        lines = LineWriter(self._store, name)
        try:
            for line in batch.records:
                lines.add(bytes(line) + b"\n")  # type: ignore[arg-type]
            lines.finish()
        except BaseException:
            lines.abandon()
            raise
        file = StagedFile(
            id_, self._store.path(name), len(batch.records), lambda: self._store.open(name)
        )
        try:
            answer = self._sink.publish(replace(file, wave=batch.wave))
            return None if answer is None else list(answer)
        finally:
            self._store.remove([name])
