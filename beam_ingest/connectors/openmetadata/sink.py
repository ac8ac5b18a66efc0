"""The sink ``metadata-rest``: writes to an OpenMetadata server."""

from __future__ import annotations

from collections.abc import Iterable

from beam_ingest.api.outcomes import Outcome
from beam_ingest.api.sink import Batch, Sink
from beam_ingest.connectors.openmetadata.component import ServerComponent


class MetadataRestSink(ServerComponent, Sink):
    """Writes entities in bulk requests, several in flight, and matches each row's outcome.

    The server is ``workflowConfig.openMetadataServerConfig``. A table whose foreign keys refer
    to one that is not there yet, and lineage, are deferred and written after all tables.
    """

    def write(self, batch: Batch) -> Iterable[Outcome]:
        """One outcome a record. Raises ``FatalError`` and, before anything is sent, others."""
        return self.connection.writer.write(batch.records, last=batch.wave > 0)
