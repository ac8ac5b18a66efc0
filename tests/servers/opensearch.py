"""A real OpenSearch 3.8.0, from Maven Central."""

from __future__ import annotations

from collections.abc import Iterator

from tests.servers.search_server import HEAP, SearchServer, running


class OpensearchServer(SearchServer):
    """It needs a Java of 21 or newer."""

    name = "OpenSearch"
    pom = "opensearch"
    main = "org.codelibs.opensearch.runner.OpenSearchRunner"
    java_range = (21, 1000)
    options = ("-useLogger",)


def opensearch_server(heap: int = HEAP) -> Iterator[SearchServer]:
    yield from running(OpensearchServer, heap)
