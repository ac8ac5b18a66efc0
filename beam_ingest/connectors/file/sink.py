"""Sink ``file``: the stage ``file`` and the bulk sink ``file`` as one."""

from __future__ import annotations

from typing import Any, ClassVar

from beam_ingest.api.sink import StagedSink
from beam_ingest.connectors.file.bulk_sink import FileConfig


class FileSink(StagedSink):
    """Writes JSON lines to a file, or shards to a folder; see ``FileBulkSink``.

    Records are staged durably while the run reads, and put in place when it has completed.
    """

    class Config(FileConfig):
        """``config`` of a sink of type ``file``."""

    stage: ClassVar[str] = "file"
    bulk_sink: ClassVar[str] = "file"

    def bulk_config(self) -> dict[str, Any]:
        """The same keys."""
        config: dict[str, Any] = self.config.model_dump(mode="json", by_alias=True)
        return config
