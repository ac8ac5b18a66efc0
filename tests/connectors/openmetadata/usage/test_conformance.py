"""The stage and the bulk sink of usage keep their contracts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from beam_ingest.api.component import Context
from beam_ingest.connectors.openmetadata.usage.sink import MetadataUsageBulkSink
from beam_ingest.connectors.openmetadata.usage.stage import TableUsageStage
from beam_ingest.testing import BulkSinkSuite, StageSuite
from tests.connectors.openmetadata.support import context_of
from tests.connectors.openmetadata.usage.support import fill, november, parsed, staged
from tests.servers.openmetadata import FakeOpenMetadata

JOIN = "select * from customers c join orders o on o.customer_id = c.id where qty > {}"
QUERIES = [
    parsed(JOIN.format(1)),
    parsed(JOIN.format(2), userName="bob", duration=None),
    parsed(JOIN.format(3), duration=90.25, count=3),
    parsed(JOIN.format(4), analysisDate="2026-11-21"),
    parsed("select * from CUSTOMERS", userName=None),
    parsed("insert into order_notes select id, line, qty from orders"),
    parsed("insert into order_notes (order_id) select id from sales.orders", duration=1),
    parsed("insert into sales.order_notes (note) select line from orders", databaseSchema="hr"),
    parsed("this is no sql"),
    parsed("select 1"),
]


class TestStage(StageSuite):
    component = TableUsageStage
    config = {"filename": "/tmp/query_usage"}
    records = QUERIES


class TestBulkSink(BulkSinkSuite):
    component = MetadataUsageBulkSink
    config = {"filename": "/tmp/query_usage"}
    records = [line for line in staged(*QUERIES) if line["kind"] in ("tableUsage", "queryUsage")]
    rejects = ({"kind": "nothing of ours"},)
    _fake: FakeOpenMetadata

    @pytest.fixture
    def fake(self) -> Iterator[FakeOpenMetadata]:
        with FakeOpenMetadata(clock=november) as running:
            fill(running)
            yield running

    @pytest.fixture
    def context(self, fake: FakeOpenMetadata) -> Context:
        self._fake = fake
        return context_of(fake, run_id="run-1")

    def stored(self, bulk_sink: Any) -> list[dict[str, Any]]:
        store = self._fake.store
        return [
            *({"usage": key, "count": count} for key, count in sorted(store.usage.items())),
            *({"joins": key, "with": joined} for key, joined in sorted(store.joins.items())),
            *({"query": query["query"], "usedBy": query.get("usedBy")}
              for query in store.select("query", "non-deleted", None)),
        ]  # fmt: skip
