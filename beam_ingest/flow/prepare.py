"""Before the graph: a run's identity and its directory, new or taken up again."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.same_workflow import given


def new_run_id(clock: Callable[[], float] = time.time) -> str:
    """The time in UTC and four random digits: sorts by time, is a file name."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(clock())) + "-" + secrets.token_hex(2)


def prepare_run(plan: Plan, document: dict[str, Any]) -> RunLock:
    """Make the run directory and take its lock; ``document`` is the workflow, without secrets.

    Raises ``CannotStart`` where the directory cannot be made, or belongs to another run.
    """
    run = RunDir(plan.run_dir)
    lock = RunLock(run)
    try:
        if run.store.read("run.json") is not None:
            raise CannotStart(
                f"the run directory {plan.run_dir} holds a run already",
                hint="go on with it with --resume, or name another one with --run-dir",
            )
        lock.take()
        write_run(run, plan, document)
    except OSError as error:
        lock.release()
        raise CannotStart(
            f"the run directory {plan.run_dir} cannot be made: {error.strerror or error}",
            hint="beam.workDir says where run directories are made",
        ) from None
    return lock


def write_run(run: RunDir, plan: Plan, document: dict[str, Any]) -> None:
    """Write ``run.json``: what is run, and which attempt at it this is."""
    value = {
        "runId": plan.run_id,
        "startedAt": plan.started_at,
        "attempt": plan.attempt,
        "workflowFile": plan.workflow,
        "workflow": document,
        "given": given(plan),
    }
    if plan.windows is not None:
        value["unbounded"] = True
    if plan.replays is not None:
        value["replayOf"] = plan.replays
    if plan.state is not None:
        value["state"] = {
            "name": plan.state.name,
            "since": plan.state.since,
            "before": plan.source.state,
        }
    run.store.write("run.json", json.dumps(value, indent=2).encode())
