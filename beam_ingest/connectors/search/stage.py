"""Stage ``search-documents``: a document per entity, for a search index."""

from __future__ import annotations

from collections.abc import Iterable

from beam_ingest.api.config_model import ConfigModel
from beam_ingest.api.record import Record
from beam_ingest.api.stage import Partial, Stage
from beam_ingest.connectors.search.documents import document_of


class SearchDocumentsStage(Stage):
    """Stores the search document of each entity; see ``documents`` for its fields.

    Lineage and usage pass without one. A mapping that is no entity is a dead letter.
    """

    class Config(ConfigModel):
        """Nothing to set: staged files live in the run directory (``beam.workDir``)."""

    def keyed(self, record: Record) -> Iterable[tuple[str | None, Partial]]:
        """The document, stored as it is. Raises ``RecordError``."""
        document = document_of(record)
        return () if document is None else ((None, document),)
