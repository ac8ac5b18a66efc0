"""What stands in for the writers in a dry run: all is read and processed, nothing written."""

from __future__ import annotations

from dataclasses import replace

from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.spec import ComponentSpec


class DiscardSink(Sink):
    """Takes every record and keeps none."""

    def write(self, batch: Batch) -> None:
        """All are as good as written."""


def without_writing(plan: Plan) -> Plan:
    """``plan`` with every writer replaced; the steps keep their names."""
    return replace(plan, dry_run=True, writers=tuple(map(_discarding, plan.writers)))


def _discarding(writer: Writer) -> Writer:
    spec = writer.sink or writer.stage or writer.target
    path = f"{DiscardSink.__module__}.{DiscardSink.__qualname__}"
    return Writer(writer.name, sink=ComponentSpec("sink", path, spec.step, "{}", spec.context))
