"""What stands in for the writers in a dry run: all is read and processed, nothing written."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace

from beam_ingest.api.sink import Batch, Sink
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.prepare import new_run_id
from beam_ingest.flow.spec import ComponentSpec
from beam_ingest.flow.store import store_of


class DiscardSink(Sink):
    """Takes every record and keeps none."""

    def write(self, batch: Batch) -> None:
        """All are as good as written."""


@contextlib.contextmanager
def thrown_away(work_dir: str | None) -> Iterator[str]:
    """A run directory for as long as this lasts: in ``work_dir``, or where it is None, here."""
    if work_dir is None:
        with tempfile.TemporaryDirectory(
            prefix="beam-ingest-", ignore_cleanup_errors=True
        ) as folder:
            yield folder
        return
    path = f"{work_dir.rstrip('/')}/dry-{new_run_id()}"
    try:
        yield path
    finally:
        store_of(path).remove_all()


def without_writing(plan: Plan) -> Plan:
    """``plan`` with every writer replaced; the steps keep their names."""
    return replace(plan, dry_run=True, writers=tuple(map(_discarding, plan.writers)))


def _discarding(writer: Writer) -> Writer:
    spec = writer.sink or writer.stage or writer.target
    path = f"{DiscardSink.__module__}.{DiscardSink.__qualname__}"
    return Writer(writer.name, sink=ComponentSpec("sink", path, spec.step, "{}", spec.context))
