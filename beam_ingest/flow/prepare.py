"""Before the graph: a run's identity, its directory, and the lock that keeps it to one run."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def new_run_id(clock: Callable[[], float] = time.time) -> str:
    """The time in UTC and four random digits: sorts by time, is a file name."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(clock())) + "-" + secrets.token_hex(2)


def prepare_run(plan: Plan, document: dict[str, Any]) -> None:
    """Make the run directory; ``document`` is the workflow, without secrets.

    Raises ``CannotStart`` where the directory cannot be made, or belongs to another run.
    """
    run = RunDir(plan.run_dir)
    try:
        if run.store.read("run.json") is not None:
            raise CannotStart(
                f"the run directory {plan.run_dir} holds a run already",
                hint="name a new one with --run-dir, or leave it to beam.workDir",
            )
        if not run.store.write_new("lock", json.dumps(_owner()).encode()):
            raise CannotStart(f"another run is starting in {plan.run_dir}")
        value = {
            "runId": plan.run_id,
            "startedAt": plan.started_at,
            "workflowFile": plan.workflow,
            "workflow": document,
        }
        run.store.write("run.json", json.dumps(value, indent=2).encode())
    except OSError as error:
        raise CannotStart(
            f"the run directory {plan.run_dir} cannot be made: {error.strerror or error}",
            hint="beam.workDir says where run directories are made",
        ) from None


def release(plan: Plan) -> None:
    """Give up the lock."""
    RunDir(plan.run_dir).store.remove(["lock"])


def _owner() -> dict[str, Any]:
    boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else None
    return {"host": socket.gethostname(), "pid": os.getpid(), "boot": boot}
