"""The bulk sink ``metadata-rest``: publishes staged files to an OpenMetadata server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.codec import decode
from beam_ingest.api.entities import LineageEdge, Table
from beam_ingest.api.errors import RecordError
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected
from beam_ingest.api.record import Record
from beam_ingest.connectors.openmetadata.component import ServerComponent
from beam_ingest.connectors.openmetadata.constraints import targets_of
from beam_ingest.connectors.openmetadata.writer import Writer

_BLOCK = 2_000
"""Records read and sent together; a file may hold many more."""


class MetadataRestBulkSink(ServerComponent, BulkSink):
    """Publishes files of entities. Each is an upsert of all that is in it.

    Within a file, tables are written in the order of their foreign keys, and lineage last. A
    key to a table of a file that is published later is put in when that file comes, if it comes
    to the same worker; otherwise with the next run. Lineage to such a table is rejected.
    """

    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        """Write the records of ``file``; one outcome a line, in order."""
        writer = self.connection.writer
        lines = file.lines()
        outcomes: dict[int, Outcome] = {}
        later: dict[int, Record] = {}
        count = 0
        while block := list(islice(lines, _BLOCK)):
            records = _decoded(dict(enumerate(block, count)), outcomes)
            count += len(block)
            waits = {number: record for number, record in records.items() if _waits(record)}
            later |= waits
            _write(writer, {n: each for n, each in records.items() if n not in waits}, outcomes)
        _write(writer, later, outcomes)
        return _in_order(outcomes, count)


def _decoded(lines: dict[int, bytes], outcomes: dict[int, Outcome]) -> dict[int, Record]:
    records: dict[int, Record] = {}
    for number, line in lines.items():
        try:
            records[number] = decode(line)
        except RecordError as error:
            outcomes[number] = Rejected(error.message)
    return records


def _waits(record: Any) -> bool:
    return isinstance(record, LineageEdge) or (
        isinstance(record, Table) and bool(targets_of(record))
    )


def _write(writer: Writer, records: dict[int, Record], outcomes: dict[int, Outcome]) -> None:
    if records:
        written = writer.write(list(records.values()), last=True)
        outcomes.update(zip(records, written, strict=True))


def _in_order(outcomes: dict[int, Outcome], count: int) -> Iterator[Outcome]:
    for number in range(count):
        outcome = outcomes[number]
        yield Rejected(outcome.why) if isinstance(outcome, Deferred) else outcome
