from __future__ import annotations

from typing import Any

import pytest

from beam_ingest.api.component import Context
from beam_ingest.connectors.openmetadata.bulk_sink import MetadataRestBulkSink
from beam_ingest.connectors.openmetadata.sink import MetadataRestSink
from beam_ingest.testing import BulkSinkSuite, SinkSuite
from tests.connectors.openmetadata.support import context_of, table
from tests.servers.openmetadata import FakeOpenMetadata


class OnAFake:
    """The server that both suites work with: the fake, with the parents of the samples."""

    config: Any = {"bulkSinkBatchSize": 2}

    @pytest.fixture
    def context(self, fake: FakeOpenMetadata) -> Context:
        fake.add("databaseService", "warehouse", serviceType="Postgres")
        fake.add("database", "shop", service="warehouse")
        fake.add("databaseSchema", "schema_0000", database="warehouse.shop")
        self.fake = fake
        return context_of(fake, run_id="run-1")

    def stored(self, sink: Any) -> list[dict[str, Any]]:
        changing = ("id", "version", "updatedAt", "changeDescription")
        return [
            {key: value for key, value in entity.items() if key not in changing}
            for entity in self.fake.store.select("table", "non-deleted", None)
        ]


class TestSink(OnAFake, SinkSuite):
    component = MetadataRestSink
    rejects = (table("t", schema="warehouse.shop.nosuch"), table("a::b"), {"no": "entity"})


class TestBulkSink(OnAFake, BulkSinkSuite):
    component = MetadataRestBulkSink
