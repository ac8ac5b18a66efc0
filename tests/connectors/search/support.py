"""What the tests of the search connector share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.api.codec import encode
from beam_ingest.api.component import Context
from beam_ingest.api.entities import Column, Table
from beam_ingest.api.record import Record
from beam_ingest.api.registry import Kind, find
from beam_ingest.api.settings import RunSettings
from beam_ingest.connectors.search.documents import document_of

SCHEMA = "shop.db.sales"
TOO_LONG = 1 << 70
"""A length of a column that no server can hold: its own document is refused, no other."""


def table(name: str, *, schema: str = SCHEMA, length: int | None = None, **fields: Any) -> Table:
    column = Column(name="id", data_type="INT", data_length=length)
    return Table(name=name, database_schema=schema, columns=[column], **fields)


def staged_lines(records: Sequence[Record]) -> list[bytes]:
    """As the stage encodes them."""
    return [encode(document) for record in records if (document := document_of(record))]


def staged_file(folder: Path, lines: Sequence[bytes], id_: str = "0001.search.000") -> StagedFile:
    path = folder / f"{id_}.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return StagedFile(id_, str(path), len(lines), lambda: path.open("rb"))


@contextmanager
def opened(
    type_: str,
    run_id: str = "r1",
    *,
    source_config: Any = None,
    concurrency: int = 4,
    **config: Any,
) -> Iterator[Any]:
    """A bulk sink, opened."""
    cls: Any = find(Kind.BULK_SINK, type_)
    settings = RunSettings(concurrency=concurrency)
    context = Context("shop", run_id, source_config, None, settings)
    sink = cls(cls.Config.model_validate(config), context)
    sink.open()
    try:
        yield sink
    finally:
        sink.close()
