from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.api.codec import encode
from beam_ingest.api.entities import LineageEdge
from beam_ingest.api.outcomes import WRITTEN, Deferred, Outcome, Rejected
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


def publish(sink: MetadataRestBulkSink, *lines: Record | bytes, wave: int = 0) -> list[Outcome]:
    content = b"".join(
        (line if isinstance(line, bytes) else encode(line)) + b"\n" for line in lines
    )
    file = StagedFile("split.0", "memory", len(lines), lambda: io.BytesIO(content), wave)
    return list(sink.publish(file))


def edge(start: str, end: str) -> LineageEdge:
    names = f"{SCHEMA}.{start}", f"{SCHEMA}.{end}"
    return LineageEdge(name="e", from_fqn=names[0], to_fqn=names[1])


def test_a_file_is_written_in_the_order_that_its_records_need(fake: FakeOpenMetadata) -> None:
    records = [table("b", f"{SCHEMA}.a"), table("a"), table("c"), *parents()]
    with opened(fake) as sink:
        outcomes = publish(sink, *records)
        assert outcomes[1:] == [WRITTEN] * 5
        assert publish(sink, *records[:1], wave=1) == [WRITTEN]
    assert keys_of(fake, "b") == [f"{SCHEMA}.a.id"]


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


def test_what_needs_a_later_file_comes_again_after_all(fake: FakeOpenMetadata) -> None:
    early, cycle = table("early", f"{SCHEMA}.late"), table("x", f"{SCHEMA}.x")
    with opened(fake, "one") as sink:
        outcomes = publish(sink, *parents(), early, cycle, edge("early", "late"))
        assert outcomes[3:] == [
            Deferred(f"{SCHEMA}.late, which it refers to, is not there yet"),
            Deferred(f"{SCHEMA}.x, which it refers to, is not there yet"),
            Deferred(f"the table {SCHEMA}.early, the table {SCHEMA}.late is not on the server"),
        ]
    with opened(fake, "another worker") as sink:
        assert publish(sink, table("late")) == [WRITTEN]
    with opened(fake, "the worker of the waves") as sink:
        waiting = edge("early", "late"), cycle, early
        assert publish(sink, *waiting, wave=1) == [WRITTEN] * 3
    assert keys_of(fake, "early") == [f"{SCHEMA}.late.id"]
    assert keys_of(fake, "x") == [f"{SCHEMA}.x.id"]
    assert list(fake.store.edges) == [(f"{SCHEMA}.early", f"{SCHEMA}.late")]
    assert fake.counted.sent == {
        "shop.db": 1, SCHEMA: 1, f"{SCHEMA}.late": 1, f"{SCHEMA}.early": 1, f"{SCHEMA}.x": 2,
    }  # fmt: skip


def test_lineage_without_an_end_is_put_off_by_name(fake: FakeOpenMetadata) -> None:
    with opened(fake) as sink:
        publish(sink, *parents(), table("a"))
        (outcome,) = publish(sink, edge("a", "nowhere"), wave=2)
    assert outcome == Deferred(f"the table {SCHEMA}.nowhere is not on the server")
