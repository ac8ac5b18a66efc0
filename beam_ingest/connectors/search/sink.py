"""Sinks ``elasticsearch`` and ``opensearch``: the stage and the bulk sink as one.

Staged, since an index that is filled anew may have to be filled again, by a run that goes on,
without reading the source again.
"""

from __future__ import annotations

from typing import Any, ClassVar

from beam_ingest.api.sink import StagedSink
from beam_ingest.connectors.search.bulk_sink import ElasticsearchBulkSink, OpensearchBulkSink


class _SearchSink(StagedSink):
    stage: ClassVar[str] = "search-documents"

    def bulk_config(self) -> dict[str, Any]:
        """The same keys."""
        config: dict[str, Any] = self.config.model_dump(
            mode="json", by_alias=True, exclude_unset=True
        )
        return config


class ElasticsearchSink(_SearchSink):
    """Fills an index of Elasticsearch with a document of each entity."""

    class Config(ElasticsearchBulkSink.Config):
        """``config`` of a sink of type ``elasticsearch``."""

    bulk_sink: ClassVar[str] = "elasticsearch"


class OpensearchSink(_SearchSink):
    """Fills an index of OpenSearch with a document of each entity."""

    class Config(OpensearchBulkSink.Config):
        """``config`` of a sink of type ``opensearch``."""

    bulk_sink: ClassVar[str] = "opensearch"
