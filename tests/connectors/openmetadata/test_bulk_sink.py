from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.api.codec import encode
from beam_ingest.api.entities import LineageEdge
from beam_ingest.api.outcomes import WRITTEN, Outcome, Rejected
from beam_ingest.api.record import Record
from beam_ingest.connectors.openmetadata.bulk_sink import MetadataRestBulkSink
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    keys_of,
    parents,
    table,
)
from tests.servers.openmetadata import FakeOpenMetadata


@contextmanager
def opened(fake: FakeOpenMetadata, run_id: str = "one") -> Iterator[MetadataRestBulkSink]:
    sink = MetadataRestBulkSink(MetadataRestBulkSink.Config(), context_of(fake, run_id=run_id))
    sink.open()
    try:
        yield sink
    finally:
        sink.close()


def publish(sink: MetadataRestBulkSink, *lines: Record | bytes) -> list[Outcome]:
    content = b"".join(
        (line if isinstance(line, bytes) else encode(line)) + b"\n" for line in lines
    )
    file = StagedFile("split.0", "memory", len(lines), lambda: io.BytesIO(content))
    return list(sink.publish(file))


def edge(start: str, end: str) -> LineageEdge:
    names = f"{SCHEMA}.{start}", f"{SCHEMA}.{end}"
    return LineageEdge(name="e", from_fqn=names[0], to_fqn=names[1])


def test_a_file_is_written_in_the_order_that_its_records_need(fake: FakeOpenMetadata) -> None:
    records = [
        edge("a", "b"),
        table("a", f"{SCHEMA}.b"),
        table("b", f"{SCHEMA}.a"),
        table("c"),
        *parents(),
    ]
    with opened(fake) as sink:
        assert publish(sink, *records) == [WRITTEN] * 7
    assert keys_of(fake, "a") == [f"{SCHEMA}.b.id"]
    assert list(fake.store.edges) == [(f"{SCHEMA}.a", f"{SCHEMA}.b")]


def test_a_line_that_is_no_record_costs_that_line(fake: FakeOpenMetadata) -> None:
    with opened(fake) as sink:
        outcomes = publish(sink, *parents(), b"{broken", table("a"), b"[]")
    refused = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Rejected)]
    assert refused == [3, 5]
    assert fake.names("table") == [f"{SCHEMA}.a"]


def test_a_large_file_is_read_in_blocks(fake: FakeOpenMetadata) -> None:
    with opened(fake) as sink:
        publish(sink, *parents())
        assert publish(sink, *(table(f"t{n}") for n in range(5_000))) == [WRITTEN] * 5_000
    assert set(fake.counted.sent.values()) == {1}


def test_a_key_to_a_table_of_a_later_file_is_put_in_when_that_comes(
    fake: FakeOpenMetadata,
) -> None:
    with opened(fake) as sink:
        publish(sink, *parents())
        assert publish(sink, table("early", f"{SCHEMA}.late")) == [WRITTEN]
        assert keys_of(fake, "early") == []
        assert publish(sink, table("late")) == [WRITTEN]
    assert keys_of(fake, "early") == [f"{SCHEMA}.late.id"]


def test_what_another_worker_has_published_is_found(fake: FakeOpenMetadata) -> None:
    with opened(fake, "one") as sink:
        publish(sink, *parents(), table("a"))
    with opened(fake, "two") as sink:
        assert publish(sink, table("b", f"{SCHEMA}.a"), edge("a", "b")) == [WRITTEN, WRITTEN]
    assert keys_of(fake, "b") == [f"{SCHEMA}.a.id"]


def test_lineage_without_an_end_is_rejected_by_name(fake: FakeOpenMetadata) -> None:
    with opened(fake) as sink:
        outcomes = publish(sink, *parents(), table("a"), edge("a", "nowhere"))
    assert outcomes[-1] == Rejected(f"the table {SCHEMA}.nowhere is not on the server")
