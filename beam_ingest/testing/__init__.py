"""Conformance suites, scripted faults, golden files and sample records.

The suites need pytest (``pip install 'beam-ingest[testing]'``) and are imported on first use, so
``beam_ingest.testing.faults`` works in a workflow where pytest is not installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from beam_ingest.api.errors import MissingDependency

if TYPE_CHECKING:
    from beam_ingest.testing.bulk_sink_suite import BulkSinkSuite
    from beam_ingest.testing.processor_suite import ProcessorSuite
    from beam_ingest.testing.sink_suite import SinkSuite
    from beam_ingest.testing.source_suite import SourceSuite
    from beam_ingest.testing.stage_suite import StageSuite
    from beam_ingest.testing.staged_sink_suite import StagedSinkSuite
    from beam_ingest.testing.stream_source_suite import StreamSourceSuite

_SUITES = {
    "BulkSinkSuite": "beam_ingest.testing.bulk_sink_suite",
    "ProcessorSuite": "beam_ingest.testing.processor_suite",
    "SinkSuite": "beam_ingest.testing.sink_suite",
    "SourceSuite": "beam_ingest.testing.source_suite",
    "StageSuite": "beam_ingest.testing.stage_suite",
    "StagedSinkSuite": "beam_ingest.testing.staged_sink_suite",
    "StreamSourceSuite": "beam_ingest.testing.stream_source_suite",
}

__all__ = [
    "BulkSinkSuite", "ProcessorSuite", "SinkSuite", "SourceSuite", "StageSuite",
    "StagedSinkSuite", "StreamSourceSuite",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _SUITES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_SUITES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        raise MissingDependency(
            f"{name} needs the library 'pytest', which is not installed",
            hint="pip install 'beam-ingest[testing]'",
        ) from None
