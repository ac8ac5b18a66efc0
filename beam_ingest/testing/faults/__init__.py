"""Scripted, repeatable faults: wrap a component, in a workflow or in a test, and make it fail.

In a workflow, by dotted path::

    sink:
      type: beam_ingest.testing.faults.FaultySink
      config:
        wraps: openmetadata
        config: {hostPort: "http://localhost:8585/api"}
        faults: [{at: 3, raise: transient, message: "503"}, {at: 7, kill: true}]
        counter: /tmp/counter          # each fires once, whatever processes there are

In Python: ``faulty(MySink(config, context), FaultScript([{"at": 3, "raise": "transient"}]))``.
"""

from __future__ import annotations

from beam_ingest.testing.faults.bundles import Attempt, Retried, retried
from beam_ingest.testing.faults.disk import DiskFault
from beam_ingest.testing.faults.fault import Fault
from beam_ingest.testing.faults.script import FaultScript
from beam_ingest.testing.faults.wrappers import (
    FaultyBulkSink,
    FaultyProcessor,
    FaultySink,
    FaultySource,
    FaultyStage,
    FaultyStreamSource,
    faulty,
)

__all__ = [
    "Attempt", "DiskFault", "Fault", "FaultScript", "FaultyBulkSink", "FaultyProcessor",
    "FaultySink", "FaultySource", "FaultyStage", "FaultyStreamSource", "Retried", "faulty",
    "retried",
]  # fmt: skip
