"""Metadata ingestion as a dataflow: OpenMetadata's connector design on Apache Beam.

Everything a connector author needs can be imported from here; none of it imports Beam.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beam_ingest.api.bulk_sink import BulkSink, StagedFile
from beam_ingest.api.component import Check, Component, Context
from beam_ingest.api.config_model import ConfigModel, Ignored, Refused
from beam_ingest.api.errors import Drop, FatalError, IngestError, RecordError, TransientError
from beam_ingest.api.outcomes import Deferred, Outcome, Rejected, Retired, Unchanged, Written
from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.secrets import Secret
from beam_ingest.api.sink import Batch, Sink, StagedSink
from beam_ingest.api.source import Poll, Scope, Source, Split, StreamSource, Timed
from beam_ingest.api.stage import Stage

if TYPE_CHECKING:
    from beam_ingest.workflow import Workflow

__version__ = "0.1.0"

__all__ = [
    "Batch", "BulkSink", "Check", "Component", "ConfigModel", "Context", "Deferred", "Drop",
    "FatalError", "Ignored", "IngestError", "Outcome", "Poll", "Processor", "Record",
    "RecordError", "Refused", "Rejected", "Retired", "Scope", "Secret", "Sink", "Source",
    "Split", "Stage", "StagedFile", "StagedSink", "StreamSource", "Timed", "TransientError",
    "Unchanged", "Unreadable", "Workflow", "Written", "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "Workflow":  # imported on first use: it imports Beam
        from beam_ingest.workflow import Workflow

        return Workflow
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
