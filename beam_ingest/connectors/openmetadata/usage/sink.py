"""The bulk sink ``metadata-usage``: tells an OpenMetadata server how its tables are used."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.codec import decode
from beam_ingest.api.config_model import Ignored
from beam_ingest.api.errors import RecordError
from beam_ingest.api.outcomes import WRITTEN, Deferred, Outcome, Rejected, Skipped
from beam_ingest.api.record import Record
from beam_ingest.api.sink import Token
from beam_ingest.connectors.openmetadata.component import ServerComponent
from beam_ingest.connectors.openmetadata.config import MetadataRestConfig

logger = logging.getLogger(__name__)

_BLOCK = 1_000
"""Lines read and sent together; a file may hold many more."""

_KINDS = frozenset({"tableUsage", "queryUsage", "queryLineage"})


class MetadataUsageBulkSink(ServerComponent, BulkSink):
    """Publishes what the stage ``table-usage`` has combined.

    For each table and day the count is set, not added to, so publishing again doubles nothing;
    then the joins of the day, the queries with their tables and users, the lineage of what they
    write, and at the end the percentiles of every day that was published. A name that is no
    table of the server is counted as filtered, with the name in the reason.
    """

    commit_on: ClassVar[Literal["success", "completed"]] = "completed"
    retire = BulkSink.retire  # a log says nothing of what is there

    class Config(MetadataRestConfig):
        """``config`` of a bulk sink of type ``metadata-usage``: ``metadata-rest``'s, and more."""

        filename: Annotated[
            str | None,
            Ignored(
                "what is published are the staged files of the run; nothing at this path is read "
                "or removed"
            ),
        ] = Field(None, description="OpenMetadata's key for its staging folder; not used.")

    # It adds to entities: what a metadata workflow has left stays trusted.
    overwrites = False

    def open(self) -> None:
        """Connect; the server's tables are listed when a name is to be resolved."""
        # sqlglot takes 0.2 s to import: not before it is needed.
        from beam_ingest.connectors.openmetadata.usage.records import made_of
        from beam_ingest.connectors.openmetadata.usage.resolve import Resolver

        super().open()
        resolver = Resolver(self.connection.catalogue)
        self._made_of = partial(made_of, resolver=resolver)
        self._told: set[str] = set()

    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        """Publish the lines of ``file``; one outcome a line, in order."""
        lines = file.lines()
        while block := list(islice(lines, _BLOCK)):
            yield from self._publish(block, file.notes)

    def commit(self, token: Token) -> None:
        """Have the server rank its tables by use, once for each day that was published."""
        super().commit(token)
        for day in sorted(self.notes):
            self.connection.client.send("POST", f"/usage/compute.percentile/table/{day}", None)

    def _publish(self, block: Sequence[bytes], days: set[str]) -> Iterator[Outcome]:
        outcomes: dict[int, Outcome] = {}
        owners: list[int] = []
        records: list[Record] = []
        for number, text in enumerate(block):
            line = _line(text)
            if isinstance(line, Rejected | Skipped):
                outcomes[number] = line
                continue
            made = self._made_of(line)
            if made.records:
                outcomes[number] = WRITTEN
                if line["kind"] == "tableUsage":
                    self._tell(made.unknown)
            else:
                outcomes[number] = Skipped(_why(line, list(made.unknown)))
            owners += [number] * len(made.records)
            records += made.records
            if line["kind"] == "tableUsage" and made.records:
                days.add(line["date"])
        written = self.connection.writer.write(records, last=True)
        for number, outcome in zip(owners, written, strict=True):
            if isinstance(outcome, Rejected | Deferred):  # a table that went while we were at it
                outcomes[number] = Rejected(outcome.why)
        return (outcomes[number] for number in range(len(block)))

    def _tell(self, unknown: Iterable[str]) -> None:
        """Of a line that is published all the same, the names that are left out of it."""
        for name in unknown:
            if name not in self._told:
                self._told.add(name)
                logger.warning("%s is no table of the server: its use is not counted", name)


def _line(text: bytes) -> dict[str, Any] | Rejected | Skipped:
    try:
        line = decode(text)
    except RecordError as error:
        return Rejected(error.message)
    kind = line.get("kind") if isinstance(line, dict) else None
    if kind == "unparsedQuery":
        return Skipped(f"a query that cannot be parsed: {line['reason']}")  # type: ignore[index]
    if kind not in _KINDS:
        return Rejected(
            "it is no line of the stage table-usage, or of a query that the processor "
            "query-parser has not seen"
        )
    return line  # type: ignore[return-value]


def _why(line: dict[str, Any], unknown: list[str]) -> str:
    if line["kind"] == "tableUsage":
        return f"no table of the server: {', '.join(unknown)}"
    if line["kind"] == "queryUsage":
        return "a query of no table of the server"
    return "lineage of no two tables of the server"
