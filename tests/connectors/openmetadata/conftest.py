from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.openmetadata import FakeOpenMetadata


@pytest.fixture
def fake() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        yield running
