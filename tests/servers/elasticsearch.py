"""A real Elasticsearch 7.10.2: the last one under the Apache licence, and on Maven Central."""

from __future__ import annotations

from collections.abc import Iterator

from tests.servers.search_server import HEAP, SearchServer, running


class ElasticsearchServer(SearchServer):
    """It knows no newer Java than 17."""

    name = "Elasticsearch"
    pom = "elasticsearch"
    main = "org.codelibs.elasticsearch.runner.ElasticsearchClusterRunner"
    java_range = (11, 17)


def elasticsearch_server(heap: int = HEAP) -> Iterator[SearchServer]:
    yield from running(ElasticsearchServer, heap)
