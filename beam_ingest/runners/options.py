"""Pipeline options from the ``beam:`` block, checked before anything runs."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from beam_ingest.api.errors import CannotStart
from beam_ingest.config.model import WorkflowConfig
from beam_ingest.config.place import beam_name
from beam_ingest.config.remote import SHARED_HINT, path_problem
from beam_ingest.engines.job import Job
from beam_ingest.flow.remote_job import RemoteJob
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.runners import flink
from beam_ingest.runners.dataflow import check_installed, dataflow_options
from beam_ingest.runners.job_server import job_server
from beam_ingest.runners.jobs import check_reachable, identify, job_for
from beam_ingest.runners.local import local_runner
from beam_ingest.runners.ship import code_for, shipped

_PORTABLE = ("FlinkRunner", "PortableRunner")
"""Runners behind which a job server for Flink may be."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What runs a graph: Beam's runner, its options, and what has to be there meanwhile."""

    runner: Any
    options: PipelineOptions
    surroundings: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext
    job: Job | None = None
    """What outlives this process; None where the run ends with it."""
    jar: str | None = None
    """The file that the job is packed into, instead of being run."""

    def remote(self, run_dir: str) -> RemoteJob | None:
        """The job of the run in ``run_dir``, which outlives this process, or None."""
        job = self.job
        if job is None:
            return None
        return RemoteJob(RunDir(run_dir), job, lambda result: identify(job, result))


def engine_for(
    config: WorkflowConfig,
    run_id: str,
    run_dir: str,
    attempt: int = 1,
    nursery: str | None = None,
) -> Engine:
    """The engine of a run of a workflow; ``nursery`` starts its local workers.

    Raises ``CannotStart`` for an option that Beam does not know, a run directory that the workers
    cannot see, code that cannot be sent to them.
    """
    beam = config.beam
    if (why := path_problem(beam, run_dir)) is not None:
        raise CannotStart(f"the run directory: {why}", hint=SHARED_HINT)
    runner = beam_name(beam.runner)
    known: Collection[str] = PipelineOptions([]).get_all_options()
    if runner in _PORTABLE:
        known = {*known, *flink.OPTIONS}
    _check(beam.options, known)
    told = dict(beam.options)
    if beam.runner == "local":
        options = PipelineOptions.from_dictionary(told)
        return Engine(local_runner(beam.workers, run_dir, options, nursery), options)
    told.setdefault("job_name", job_name(run_id, attempt))
    if runner == "FlinkRunner":
        told = flink.flink_options(told, beam.workers)
    if runner == "DataflowRunner":
        check_installed()
        told = dataflow_options(told, beam.workers, run_id)
    options = PipelineOptions.from_dictionary(told)
    code = code_for(config, Path.cwd())
    serve = runner == "FlinkRunner" and flink.needs_job_server(told)

    job = job_for(runner, told)

    @contextlib.contextmanager
    def surroundings() -> Iterator[None]:
        if job is not None:
            check_reachable(job)
        with shipped(code, options), job_server(options) if serve else contextlib.nullcontext():
            yield

    return Engine(runner, options, surroundings, job, beam.options.get("output_executable_path"))


def job_name(run_id: str, attempt: int = 1) -> str:
    """The name of a run's job on its engine: what every engine takes, and found again by."""
    name = re.sub(r"[^a-z0-9]+", "-", run_id.lower()).strip("-")
    return f"beam-ingest-{name}" + (f"-{attempt}" if attempt > 1 else "")


def _check(given: dict[str, Any], known: Collection[str]) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise CannotStart(
                f"beam.options: Beam has no pipeline option {key!r}",
                hint=f"did you mean {near[0]!r}?" if near else None,
            )
