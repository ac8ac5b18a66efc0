"""Log files to read, and reading them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from beam_ingest import Context, Unreadable
from beam_ingest.api.query_log_config import DatabaseUsage
from beam_ingest.connectors.sql.query_log.source import QueryLogUsageSource
from tests.connectors.narrow import splits

HEADER = (
    "query_text", "user_name", "start_time", "end_time", "aborted", "database_name",
    "schema_name", "duration",
)  # fmt: skip
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class SourceOfThatDay(QueryLogUsageSource):
    """Small parts, and a day that does not end during a test."""

    part_size = 300

    def now(self) -> datetime:
        return NOW


def csv_text(rows: Iterable[Iterable[Any]], header: Iterable[str] = HEADER) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def row(query: str, **columns: str) -> list[str]:
    """A row of ``HEADER``."""
    given = {"query_text": query, "start_time": "2026-01-02 03:04:05.000006", **columns}
    return [given.get(name, "") for name in HEADER]


def source(path: Path | str, **keys: Any) -> SourceOfThatDay:
    config = SourceOfThatDay.Config.model_validate(keys)
    options = DatabaseUsage(query_log_file_path=str(path))
    return SourceOfThatDay(config, Context("warehouse", "run-1", options))


def read(path: Path | str, **keys: Any) -> list[Any]:
    """All records and unreadable ones, in order."""
    reader = source(path, **keys)
    return [record for split in splits(reader) for record in reader.read(split)]


def queries(path: Path | str, **keys: Any) -> list[str]:
    found = read(path, **keys)
    assert not [each for each in found if isinstance(each, Unreadable)]
    return [each["query"] for each in found]
