"""The server's entities are upserted one by one, so a handful of them replaces nothing."""

from __future__ import annotations

import pytest

from beam_ingest import Context
from beam_ingest.connectors.openmetadata.bulk_sink import MetadataRestBulkSink
from beam_ingest.connectors.openmetadata.sink import MetadataRestSink


@pytest.mark.parametrize("cls", [MetadataRestSink, MetadataRestBulkSink])
def test_a_replay_may_write_to_the_server(
    cls: type[MetadataRestSink | MetadataRestBulkSink],
) -> None:
    assert cls(cls.Config(), Context()).replaces() is None
