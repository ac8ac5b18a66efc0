"""What the bulk sink ``metadata-usage`` tells the server, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.api.codec import encode
from beam_ingest.api.outcomes import WRITTEN, Outcome, Rejected, Skipped
from beam_ingest.connectors.openmetadata.usage.sink import MetadataUsageBulkSink
from tests.connectors.openmetadata.support import context_of
from tests.connectors.openmetadata.usage.support import (
    counts,
    fill,
    joins,
    november,
    parsed,
    staged,
)
from tests.servers.openmetadata import FakeOpenMetadata

SALES = "ing_types.types.sales"


@pytest.fixture
def fake() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata(clock=november) as running:
        fill(running)
        yield running


def publish(
    fake: FakeOpenMetadata, folder: Path, *records: dict[str, Any], lines: Sequence[Any] = ()
) -> tuple[list[Outcome], StagedFile]:
    """Publish what queries come to; the outcomes of the lines, and the file."""
    text = [encode(line) for line in lines or staged(*records)]
    path = folder / "staged.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in text))
    file = StagedFile("f1", str(path), len(text), lambda: path.open("rb"))
    sink = MetadataUsageBulkSink(MetadataUsageBulkSink.Config(), context_of(fake, run_id="r1"))
    sink.open()
    try:
        outcomes = list(sink.publish(file))
        sink.notes = frozenset(file.notes)
        sink.commit(sink.begin())
    finally:
        sink.close()
    return outcomes, file


def test_all_spellings_of_a_table_are_one_count(fake: FakeOpenMetadata, tmp_path: Path) -> None:
    publish(
        fake, tmp_path,
        parsed("select * from customers"),
        parsed("select * from SALES.Customers", databaseSchema="hr"),
        parsed("select * from types.sales.customers", databaseName="other"),
        parsed("select * from customers a, sales.customers b", count=10),
    )  # fmt: skip
    assert counts(fake) == {f"{SALES}.customers": {"2026-11-20": 13}}


def test_publishing_again_doubles_nothing(fake: FakeOpenMetadata, tmp_path: Path) -> None:
    queries = [
        parsed("select * from customers c join orders o on o.customer_id = c.id", count=7),
        parsed("select * from orders", analysisDate="2026-11-21"),
    ]
    first, _ = publish(fake, tmp_path, *queries)
    state = counts(fake), joins(fake), fake.names("query")
    second, _ = publish(fake, tmp_path, *queries)
    assert first == second == [WRITTEN] * len(first)
    assert (counts(fake), joins(fake), fake.names("query")) == state
    assert state[0][f"{SALES}.orders"] == {"2026-11-20": 7, "2026-11-21": 1}


def test_a_join_is_told_on_both_sides(fake: FakeOpenMetadata, tmp_path: Path) -> None:
    publish(
        fake, tmp_path,
        parsed("select * from customers c join orders o on customer_id = c.id", count=3),
        parsed("select * from customers a join customers b on a.id = b.name"),
        parsed("select * from customers join nosuch n on customers.id = n.id"),
        parsed("select * from customers c join orders o on c.nosuch = o.id"),
    )  # fmt: skip
    assert joins(fake) == {
        f"{SALES}.customers": {
            ("id", f"{SALES}.orders.customer_id"): 3,
            ("id", f"{SALES}.customers.name"): 1,
            ("name", f"{SALES}.customers.id"): 1,
        },
        f"{SALES}.orders": {("customer_id", f"{SALES}.customers.id"): 3},
    }


def test_joins_that_are_too_old_for_the_server_are_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    query = parsed("select * from customers c join orders o on o.customer_id = c.id")
    with FakeOpenMetadata(clock=datetime(2027, 3, 1, tzinfo=UTC).timestamp) as fake:
        fill(fake)
        outcomes, _ = publish(fake, tmp_path, query)
        assert outcomes == [WRITTEN] * 3
        assert counts(fake)[f"{SALES}.orders"] == {"2026-11-20": 1}
        assert joins(fake) == {}
    assert "older than 30 days" in caplog.text


def test_what_has_no_place_on_the_server_is_skipped_with_its_name(
    fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    outcomes, file = publish(
        fake, tmp_path, parsed("select * from nosuch"), parsed("this is no sql"),
    )  # fmt: skip
    assert outcomes == [
        Skipped("a query of no table of the server"),
        Skipped("no table of the server: nosuch"),
        Skipped("a query that cannot be parsed: there is no statement in it"),
    ]
    assert file.notes == set()
    assert counts(fake) == {}


def test_a_name_that_is_left_out_of_a_line_is_a_warning(
    fake: FakeOpenMetadata, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(fake, tmp_path, parsed("select * from orders"), parsed("select * from archive.orders"))
    assert counts(fake) == {f"{SALES}.orders": {"2026-11-20": 1}}
    assert "archive.orders is no table of the server" in caplog.text


def test_a_query_has_all_its_users_and_tables(fake: FakeOpenMetadata, tmp_path: Path) -> None:
    publish(
        fake, tmp_path,
        parsed("select * from customers, orders where qty = 1", duration=10),
        parsed("select * from customers, orders where qty = 2", userName="bob", duration=20),
        parsed("select * from customers, orders where qty = 2", userName=None, duration=None,
               analysisDate="2026-11-21"),
    )  # fmt: skip
    (query,) = fake.store.select("query", "non-deleted", None)
    assert query["query"] == "select * from customers, orders where qty = ?"
    assert (query["usedBy"], query["duration"]) == (["ann", "bob"], 15.0)
    assert query["queryDate"] == int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1000)
    assert len(query["queryUsedIn"]) == 2


def test_the_statements_that_write_a_table_make_one_edge(
    fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    publish(
        fake, tmp_path,
        parsed("insert into order_notes (order_id, note) select id, 'x' from orders"),
        parsed("insert into order_notes select id, line, qty from orders"),
        parsed("update order_notes set note = c.name from customers c where c.id = order_id"),
        parsed("insert into nosuch select * from orders"),
        parsed("insert into orders select * from orders"),
    )  # fmt: skip
    edges = {
        ends: {m["toColumn"]: m["fromColumns"] for m in details["columnsLineage"]}
        for ends, details in fake.store.edges.items()
    }
    orders, notes, customers = (f"{SALES}.{n}" for n in ("orders", "order_notes", "customers"))
    assert edges == {
        (orders, notes): {
            f"{notes}.order_id": [f"{orders}.id"],
            f"{notes}.order_line": [f"{orders}.line"],
            f"{notes}.note": [f"{orders}.qty"],
        },
        (customers, notes): {f"{notes}.note": [f"{customers}.name"]},
    }
    details = fake.store.edges[customers, notes]
    assert details["source"] == "QueryLineage"
    assert details["sqlQuery"] == (
        "update order_notes set note = c.name from customers c where c.id = order_id"
    )


def test_every_day_is_ranked_once_after_all_is_published(
    fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    days = [f"2026-11-{day}" for day in (20, 21, 21, 22)]
    publish(fake, tmp_path, *[parsed("select * from orders", analysisDate=day) for day in days])
    assert fake.store.ranked == [("table", f"2026-11-{day}") for day in (20, 21, 22)]
    assert fake.counted.requests[-1].path == "/v1/usage/compute.percentile/table/2026-11-22"


def test_a_line_of_another_stage_is_refused(fake: FakeOpenMetadata, tmp_path: Path) -> None:
    (outcome,), _ = publish(fake, tmp_path, lines=[{"query": "select 1"}])
    assert isinstance(outcome, Rejected)
    assert "the processor query-parser has not seen" in outcome.why


def test_a_table_that_went_meanwhile_is_that_lines_fault(
    fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    fake.faults.add("/usage/table", method="POST", status=404, body={"message": "not found"})
    outcomes, _ = publish(fake, tmp_path, parsed("select * from orders"))
    assert [type(outcome) for outcome in outcomes] == [type(WRITTEN), Rejected]
