"""Which job a run becomes on its engine, so that it can be found again; none where it is ours."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from typing import Any

from beam_ingest.api.errors import FatalError
from beam_ingest.config.place import beam_name, names_cluster
from beam_ingest.engines.flink import FlinkJob, rest_url
from beam_ingest.engines.job import Job

_log = logging.getLogger(__name__)


def job_for(runner: str, options: Mapping[str, Any]) -> Job | None:
    """The job that a run will be; None where it ends with this process.

    ``options`` are those that Beam is given, ``job_name`` among them.
    """
    name, runner = str(options["job_name"]), beam_name(runner)
    if options.get("output_executable_path"):
        return None
    if options.get("job_endpoint"):
        embedded = options["job_endpoint"] == "embed"
        return None if embedded else Job("job-server", name, str(options["job_endpoint"]))
    if runner == "FlinkRunner" and names_cluster(options.get("flink_master")):
        return Job("flink", name, rest_url(str(options["flink_master"])))
    if runner == "DataflowRunner":
        project, region = str(options["project"]), str(options["region"])
        return Job("dataflow", name, project=project, region=region)
    return None


def identify(job: Job, result: Any) -> str:
    """The id of the job, from what ``Pipeline.run`` returned; empty where it is not known yet.

    A launcher of a Flex template writes a job's description (``template_location``), and Dataflow
    starts the job afterwards: then it is found by its name.
    """
    if job.engine == "flink":
        return FlinkJob(job).id
    if job.engine == "dataflow":
        return str(result.job_id()) if result.has_job else ""
    return str(getattr(result, "_job_id", ""))  # Beam has no public name for it


def check_reachable(job: Job) -> None:
    """Raises ``FatalError`` where the engine does not answer: before anything is packed for it."""
    if job.engine == "flink" and not FlinkJob(job).restarts():
        _log.warning(
            "%s has no restart strategy: a task manager or worker that is lost fails a bounded "
            "run, which --resume goes on with; restart-strategy.type: fixed-delay in its "
            "configuration lets it go on by itself",
            job.endpoint,
        )
    if job.engine == "job-server":
        host, _, port = job.endpoint.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except (OSError, ValueError) as error:
            raise FatalError(
                f"the job server {job.endpoint} cannot be reached: {error}",
                hint="check beam.options.job_endpoint, and that the job server runs",
            ) from None
