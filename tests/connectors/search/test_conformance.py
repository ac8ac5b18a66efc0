"""The search connectors keep their contracts, against the real servers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from beam_ingest import Record
from beam_ingest.api.entities import Database, DatabaseSchema, LineageEdge
from beam_ingest.connectors.search.bulk_sink import ElasticsearchBulkSink, OpensearchBulkSink
from beam_ingest.connectors.search.sink import ElasticsearchSink, OpensearchSink
from beam_ingest.connectors.search.stage import SearchDocumentsStage
from beam_ingest.testing import BulkSinkSuite, StagedSinkSuite, StageSuite
from beam_ingest.testing.records import sample_tables
from tests.connectors.search.support import staged_lines
from tests.servers.search_server import SearchServer


class TestStage(StageSuite):
    component = SearchDocumentsStage
    records = [
        *sample_tables(4),
        Database(name="db", service="shop"),
        DatabaseSchema(name="sales", database="shop.db", description="what was sold"),
        LineageEdge(name="a -> b", from_fqn="shop.db.sales.a", to_fqn="shop.db.sales.b"),
        {"entityType": "topic", "fullyQualifiedName": "kafka.orders", "entity": {"name": "orders"}},
    ]


class TestElasticsearchSink(StagedSinkSuite):
    component = ElasticsearchSink
    config = {"es_host": "localhost", "es_port": 9200, "recreate_indexes": False}


class TestOpensearchSink(StagedSinkSuite):
    component = OpensearchSink
    config = {"hostPort": "http://localhost:9200", "index": "tables"}


@pytest.mark.server
class OfAServer(BulkSinkSuite):
    _server: SearchServer
    keys: Any = {}
    failing_config = {"hostPort": "http://127.0.0.1:1", "giveUpAfter": 0.1}

    @pytest.fixture
    def config(self, server: SearchServer) -> Iterator[dict[str, Any]]:
        self._server = server
        yield {"hostPort": server.url, **self.keys}
        server.remove("metadata_search")

    def encoded(self, records: Sequence[Record]) -> list[bytes]:
        return staged_lines(records)

    def stored(self, bulk_sink: Any) -> list[dict[str, Any]]:
        return self._server.documents(bulk_sink.config.index)


class TestElasticsearch(OfAServer):
    component = ElasticsearchBulkSink

    @pytest.fixture
    def server(self, elasticsearch: SearchServer) -> SearchServer:
        return elasticsearch

    retires = False  # what a new index lacks is not retired, it was never there


class TestOpensearch(OfAServer):
    component = OpensearchBulkSink
    retires = False

    @pytest.fixture
    def server(self, opensearch: SearchServer) -> SearchServer:
        return opensearch


class TestOpensearchInPlace(TestOpensearch):
    keys: Any = {"recreateIndexes": False}
    retires = True
