from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.search_server import SearchServer


@pytest.fixture(params=["elasticsearch", "opensearch"])
def both(request: pytest.FixtureRequest) -> Iterator[SearchServer]:
    """Each of the real servers, without the indexes of other tests."""
    server: SearchServer = request.getfixturevalue(request.param)
    yield server
    server.remove("metadata_search")


@pytest.fixture
def real(opensearch: SearchServer) -> Iterator[SearchServer]:
    """One real server, where the other is known to do the same."""
    yield opensearch
    opensearch.remove("metadata_search")
