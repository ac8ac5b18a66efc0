"""Flink: embedded in a job server, a session cluster over REST, or a job packed into one jar.

::

    options: {}                                           a job server with a Flink of its own
    options: {job_endpoint: "host:8099"}                  a job server that runs already
    options: {flink_master: "host:8081"}                  a cluster, over its REST interface
    options: {output_executable_path: job.jar}            nothing is run: the job as a jar

Beam is told all that belongs together; what the workflow says itself stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.config.place import environment_of, names_cluster

OPTIONS = frozenset(
    """
    allow_non_restored_state attached_mode auto_watermark_interval checkpoint_timeout_millis
    checkpointing_interval checkpointing_mode disable_metrics enable_stable_input_drain
    execution_mode_for_batch execution_retry_delay externalized_checkpoints_enabled
    fail_on_checkpointing_errors faster_copy file_input_split_max_size_m_b
    finish_bundle_before_checkpointing flink_conf_dir force_unaligned_checkpoint_enabled
    job_check_interval_in_secs latency_tracking_interval max_bundle_size max_bundle_time_mills
    min_pause_between_checkpoints num_concurrent_checkpoints number_of_execution_retries
    object_reuse operator_chaining re_iterable_group_by_key_result
    retain_externalized_checkpoints_on_cancellation savepoint_path
    shutdown_sources_after_idle_ms state_backend state_backend_factory
    state_backend_storage_path tolerable_checkpoint_failure_number
    unaligned_checkpoint_enabled use_data_stream_for_batch
    """.split()  # noqa: SIM905 - read as a page, not as a column
)
"""The options of Beam's runner for Flink that its Python side does not know by itself."""

RESTARTS = 3
RESTART_DELAY = 2_000
"""So often, after so many milliseconds, a job goes on when a task manager or a worker is lost."""

WORKER_KEPT = 60_000
"""Milliseconds for which a Python worker waits for the next stage of its job."""

BUNDLE_TIME = 200
"""Milliseconds that a bundle may take where there are checkpoints: each waits for its end."""


def flink_options(options: Mapping[str, Any], workers: int) -> dict[str, Any]:
    """``options`` with what Flink needs beside them. ``workers`` is the parallelism.

    Raises ``CannotStart`` for a savepoint that Beam would not hand on.
    """
    told: dict[str, Any] = {
        "parallelism": workers,
        "environment_type": environment_of("flink", options),
        # Else each stage of a job starts Python anew on every task manager.
        "environment_cache_millis": WORKER_KEPT,
    }
    if names_cluster(options.get("flink_master")) and not options.get("job_endpoint"):
        if options.get("savepoint_path") and options.get("flink_submit_uber_jar", True):
            raise CannotStart(
                "beam.options.savepoint_path: Beam does not hand it to a cluster over REST",
                hint="run --resume RUN goes on from the run directory, without a savepoint",
            )
        # Over REST: no job server has to stay, and the job has Flink's own id.
        told["flink_submit_uber_jar"] = True
        # Beam passes these on for unbounded jobs; bounded ones follow the cluster's own strategy.
        told["number_of_execution_retries"] = RESTARTS
        told["execution_retry_delay"] = RESTART_DELAY
    if options.get("checkpointing_interval"):
        told |= {
            # Alone, the interval loses what is behind a GroupByKey, and the job says DONE.
            "finish_bundle_before_checkpointing": True,
            "max_bundle_time_mills": BUNDLE_TIME,
        }
    jar = options.get("output_executable_path")
    if jar and "://" not in str(jar):
        # The job server writes it, and works in a folder of its own.
        return {**told, **options, "output_executable_path": str(Path(jar).absolute())}
    return {**told, **options}


def needs_job_server(options: Mapping[str, Any]) -> bool:
    """Whether a job server has to be started for the run."""
    over_rest = names_cluster(options.get("flink_master")) and options.get(
        "flink_submit_uber_jar", True
    )
    return not options.get("job_endpoint") and not over_rest
