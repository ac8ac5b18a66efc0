"""The client of a job's engine."""

from __future__ import annotations

from beam_ingest.engines.job import Client, Job


def client_of(job: Job) -> Client:
    """The client of the engine that has the job."""
    if job.engine == "flink":
        from beam_ingest.engines.flink import FlinkJob

        return FlinkJob(job)
    if job.engine == "dataflow":
        from beam_ingest.engines.dataflow import DataflowJob

        return DataflowJob(job)
    from beam_ingest.engines.job_server import ServedJob

    return ServedJob(job)
