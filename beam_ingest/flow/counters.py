"""What a worker process has counted, told to the engine: for Flink's and Dataflow's own pages.

Beam takes a counter's value in the thread of a bundle only, and some steps work in threads of their
own; so all that is new is told when a bundle ends. Engines may count a bundle twice that they run
again, or lose what a dying worker had counted: the report is the truth, by the marks.
"""

from __future__ import annotations

import re

from apache_beam.metrics import Metrics

from beam_ingest.flow.worker import Worker

NAMESPACE = "beam_ingest"
_COUNTED = ("in", "out", "failed")
_LONGEST = 100


def tell(worker: Worker) -> None:
    """Tell the engine what ``worker`` has counted since it was last told."""
    for step, counts in worker.news():
        for what, count in zip(_COUNTED, counts, strict=True):
            if count:
                Metrics.counter(NAMESPACE, counter_name(step, what)).inc(count)


def counter_name(step: str, what: str) -> str:
    """The counter of a step: letters, digits and underscores, a letter first, 100 at most.

    Dataflow hands counters to Cloud Monitoring, whose metric types allow these in every part
    (https://cloud.google.com/monitoring/api/v3/naming-conventions).
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", step).strip("_")
    if not name[:1].isalpha():
        name = f"step_{name}".rstrip("_")
    return f"{name[: _LONGEST - len(what) - 1]}_{what}"
