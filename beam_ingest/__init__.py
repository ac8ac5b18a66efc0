"""Metadata ingestion as a dataflow: OpenMetadata's connector design on Apache Beam.

Everything a connector author needs can be imported from here, and ``Workflow`` to run one from
Python. Each name is imported on first use: ``beam-ingest --help`` needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beam_ingest.api.bulk_sink import BulkSink, StagedFile, Tally
    from beam_ingest.api.component import Check, Component, Context
    from beam_ingest.api.config_model import ConfigModel, Ignored, Refused
    from beam_ingest.api.errors import (
        Drop,
        FatalError,
        IngestError,
        NotComplete,
        RecordError,
        TransientError,
    )
    from beam_ingest.api.outcomes import (
        Deferred,
        Outcome,
        Rejected,
        Retired,
        Skipped,
        Unchanged,
        Written,
    )
    from beam_ingest.api.processor import Processor
    from beam_ingest.api.record import Record, Unreadable
    from beam_ingest.api.secrets import Secret
    from beam_ingest.api.sink import Batch, Sink, StagedSink
    from beam_ingest.api.source import Poll, Remember, Scope, Source, Split, StreamSource, Timed
    from beam_ingest.api.stage import Stage
    from beam_ingest.workflow import Workflow

__version__ = "0.1.0"

_HOMES = {
    "api.bulk_sink": ("BulkSink", "StagedFile", "Tally"),
    "api.component": ("Check", "Component", "Context"),
    "api.config_model": ("ConfigModel", "Ignored", "Refused"),
    "api.errors": (
        "Drop",
        "FatalError",
        "IngestError",
        "NotComplete",
        "RecordError",
        "TransientError",
    ),
    "api.outcomes": (
        "Deferred",
        "Outcome",
        "Rejected",
        "Retired",
        "Skipped",
        "Unchanged",
        "Written",
    ),
    "api.processor": ("Processor",),
    "api.record": ("Record", "Unreadable"),
    "api.secrets": ("Secret",),
    "api.sink": ("Batch", "Sink", "StagedSink"),
    "api.source": ("Poll", "Remember", "Scope", "Source", "Split", "StreamSource", "Timed"),
    "api.stage": ("Stage",),
    "workflow": ("Workflow",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Batch", "BulkSink", "Check", "Component", "ConfigModel", "Context", "Deferred", "Drop",
    "FatalError", "Ignored", "IngestError", "NotComplete", "Outcome", "Poll", "Processor", "Record",
    "RecordError", "Refused", "Rejected", "Remember", "Retired", "Scope", "Secret", "Sink",
    "Skipped", "Source", "Split", "Stage", "StagedFile", "StagedSink", "StreamSource", "Tally",
    "Timed", "TransientError", "Unchanged", "Unreadable", "Workflow", "Written", "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    module = _HOME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
