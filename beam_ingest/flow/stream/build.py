"""The unbounded graph: how a plan and its partitions become a Beam pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.coders import PickleCoder
from apache_beam.transforms.window import FixedWindows
from apache_beam.utils.timestamp import Duration

from beam_ingest.flow import worker as workers
from beam_ingest.flow.counters import tell
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.step import joined
from beam_ingest.flow.stream.gather import GatherFn
from beam_ingest.flow.stream.pane import Panes
from beam_ingest.flow.stream.read import Partition
from beam_ingest.flow.stream.read_fn import ReadPartitionFn
from beam_ingest.flow.stream.windows import Pane, Windows
from beam_ingest.flow.worker import Worker

beam.coders.registry.register_coder(Partition, PickleCoder)
beam.coders.registry.register_coder(Pane, PickleCoder)


def build_stream(
    pipeline: beam.Pipeline, plan: Plan, windows: Windows, partitions: Sequence[Partition]
) -> None:
    """Add the graph of ``plan`` to ``pipeline``."""
    parcels = (
        pipeline
        | "partitions" >> beam.Create(list(partitions)).with_output_types(Partition)
        | "spread partitions" >> beam.Reshuffle().with_output_types(Partition)
        | f"read {plan.source.step}"
        >> beam.ParDo(ReadPartitionFn(plan, windows)).with_output_types(tuple[str, bytes])
    )
    _ = gathered(parcels, windows) | "publish" >> beam.ParDo(PaneFn(plan, windows))


def gathered(parcels: Any, windows: Windows, gather: GatherFn | None = None) -> Any:
    """(partition id, encoded parcel) at their windows' starts -> panes, when they are due."""
    into = beam.WindowInto(
        FixedWindows(Duration(micros=windows.size * 1000)),
        allowed_lateness=Duration(micros=windows.lateness * 1000),
    )
    return (
        parcels
        | "window" >> into.with_output_types(tuple[str, bytes])
        | "gather" >> beam.ParDo(gather or GatherFn(windows)).with_output_types(Pane)
    )


class PaneFn(beam.DoFn):
    """``Pane`` -> nothing; it is published, and the run directory says so."""

    def __init__(self, plan: Plan, windows: Windows) -> None:
        self.plan = plan
        self.windows = windows

    def setup(self) -> None:
        """On the worker: join the run."""
        self.worker: Worker = joined(self.plan)
        self._panes = Panes(self.plan, self.windows, self.worker.run, self.worker)

    def process(self, pane: Pane) -> Iterator[None]:
        """Publish a pane."""
        self._panes.take(pane)
        yield from ()

    def finish_bundle(self) -> None:
        """Tell the engine what was counted."""
        tell(self.worker)

    def teardown(self) -> None:
        """Close the components and leave the run."""
        if hasattr(self, "_panes"):
            self._panes.close()
        if hasattr(self, "worker"):
            workers.leave(self.worker)
            del self.worker
