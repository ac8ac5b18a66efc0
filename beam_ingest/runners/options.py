"""Pipeline options from the ``beam:`` block, checked before anything runs."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from beam_ingest.api.errors import CannotStart
from beam_ingest.config.beam_block import BeamBlock
from beam_ingest.config.place import beam_name
from beam_ingest.runners import flink
from beam_ingest.runners.job_server import job_server
from beam_ingest.runners.local import local_runner

_PORTABLE = ("FlinkRunner", "PortableRunner")
"""Runners behind which a job server for Flink may be."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs a graph: Beam's runner, its options, and what has to be there meanwhile."""

    runner: Any
    options: PipelineOptions
    surroundings: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext


def engine_for(beam: BeamBlock, run_id: str, run_dir: str) -> Engine:
    """The engine of a run. Raises ``CannotStart`` for an option that Beam does not know."""
    runner = beam_name(beam.runner)
    known: Collection[str] = PipelineOptions([]).get_all_options()
    if runner in _PORTABLE:
        known = {*known, *flink.OPTIONS}
    _check(beam.options, known)
    told = dict(beam.options)
    if beam.runner == "local":
        options = PipelineOptions.from_dictionary(told)
        return Engine(local_runner(beam.workers, run_dir, options), options)
    told.setdefault("job_name", job_name(run_id))
    if runner == "FlinkRunner":
        options = PipelineOptions.from_dictionary(flink.flink_options(told, beam.workers))
        if flink.needs_job_server(told):
            return Engine(runner, options, lambda: job_server(options))
        return Engine(runner, options)
    return Engine(runner, PipelineOptions.from_dictionary(told))


def job_name(run_id: str) -> str:
    """The name of a run's job on its engine: what every engine takes, and found again by."""
    return "beam-ingest-" + re.sub(r"[^a-z0-9]+", "-", run_id.lower()).strip("-")


def _check(given: dict[str, Any], known: Collection[str]) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise CannotStart(
                f"beam.options: Beam has no pipeline option {key!r}",
                hint=f"did you mean {near[0]!r}?" if near else None,
            )
