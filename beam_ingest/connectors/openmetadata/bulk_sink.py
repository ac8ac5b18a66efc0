"""The bulk sink ``metadata-rest``: publishes staged files to an OpenMetadata server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.codec import decode
from beam_ingest.api.errors import RecordError
from beam_ingest.api.outcomes import Outcome, Rejected
from beam_ingest.api.record import Record
from beam_ingest.connectors.openmetadata.component import ServerComponent

_BLOCK = 2_000
"""Lines read and sent together; a file may hold many more."""


class MetadataRestBulkSink(ServerComponent, BulkSink):
    """Publishes files of entities. Each is an upsert of all that is in it.

    As with the sink, a table whose foreign keys refer to one that is not there yet, and lineage,
    are deferred: whichever file their other end is in, it is there when they come again.
    """

    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        """Write the lines of ``file``; one outcome a line, in order."""
        lines = file.lines()
        # A wave is one batch: only what is seen together can be known to wait in a circle.
        size = file.count if file.wave else _BLOCK
        while block := list(islice(lines, size)):
            yield from self._write(block, last=file.wave > 0)

    def _write(self, lines: Sequence[bytes], *, last: bool) -> Iterator[Outcome]:
        outcomes: dict[int, Outcome] = {}
        records: dict[int, Record] = {}
        for number, line in enumerate(lines):
            try:
                records[number] = decode(line)
            except RecordError as error:
                outcomes[number] = Rejected(error.message)
        written = self.connection.writer.write(list(records.values()), last=last)
        outcomes |= zip(records, written, strict=True)
        return (outcomes[number] for number in range(len(lines)))
