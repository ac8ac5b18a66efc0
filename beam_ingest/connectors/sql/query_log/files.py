"""The log files of ``queryLogFilePath`` as splits, and the records of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict

from beam_ingest.api.component import Check
from beam_ingest.api.errors import IngestError
from beam_ingest.api.query_log import LoggedQuery
from beam_ingest.api.record import Unreadable
from beam_ingest.api.source import Split
from beam_ingest.connectors.sql.query_log import openmetadata, postgres_csv, postgres_json
from beam_ingest.connectors.sql.query_log.cut import STEP, parts
from beam_ingest.connectors.sql.query_log.fields import Log
from beam_ingest.connectors.sql.query_log.listing import LogFile, log_files
from beam_ingest.connectors.sql.query_log.part import Format, Lines, Part

_READERS: dict[Format, Callable[[Lines, Log], Iterator[LoggedQuery | Unreadable]]] = {
    "csv": openmetadata.csv_queries,
    "json": openmetadata.json_queries,
    "postgres csv": postgres_csv.queries,
    "postgres json": postgres_json.queries,
}
_PARTS, _DAY, _FILE = "parts", "day", "file"
_PACK = 1 << 20  # files so small in sum share a split


def file_splits(path: str, day: str, step: int = STEP) -> Iterator[Split]:
    """Splits of the parts of the files. ``day``: what a record without a time counts for.

    A file that is no log, or cannot be read, is a split of its own that fails when it is read,
    so that the others are read. Raises ``FatalError`` where ``path`` names no file.
    """
    pack: list[Part] = []
    limit = min(_PACK, step)
    for file in log_files(path):
        try:
            found = list(parts(file, step))
        except IngestError:  # raised again where the split is read
            yield Split(f"{file.path}@?", {_FILE: asdict(file), _DAY: day})
            continue
        for part in found:
            if pack and sum(each.size for each in pack) + part.size > limit:
                yield _split(pack, day)
                pack = []
            pack.append(part)
    if pack:
        yield _split(pack, day)


def is_of_files(split: Split) -> bool:
    """Whether ``file_splits`` made the split."""
    return _PARTS in split.payload or _FILE in split.payload


def read_files(split: Split, service: str, dialect: str) -> Iterator[LoggedQuery | Unreadable]:
    """The records of a split that ``file_splits`` made. Raises ``IngestError``."""
    log = Log(service, dialect, split.payload[_DAY])
    for part in _parts(split):
        yield from _READERS[part.format](Lines(part), log)


def _parts(split: Split) -> Iterator[Part]:
    if _FILE in split.payload:
        yield from parts(LogFile(**split.payload[_FILE]))
        return
    for payload in split.payload[_PARTS]:
        yield Part(**{**payload, "columns": tuple(payload["columns"])})


def _split(parts: list[Part], day: str) -> Split:
    payload = [{**asdict(part), "columns": list(part.columns)} for part in parts]
    return Split(f"{parts[0].path}@{parts[0].start}", {_PARTS: payload, _DAY: day})


def file_checks(path: str) -> tuple[Check, ...]:
    """Whether there are files, and whether they are logs."""

    def count() -> str:
        found = log_files(path)
        return f"{len(found):,} files, {sum(file.size for file in found):,} bytes"

    def first() -> str:
        file = log_files(path)[0]
        part = next(parts(file, max(file.size, 1)), None)
        return f"{file.path}: " + ("empty" if part is None else part.format)

    return (Check("log files", count), Check("log format", first))
