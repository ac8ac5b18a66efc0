"""Resuming: take up a run that did not end well, from its marks alone.

What has a mark is not read again; what is published is not published again, unless what it was
published into has been committed or aborted since, and so has to be made anew from the staged
files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.prepare import write_run
from beam_ingest.flow.run_dir import DEFERRED, RunDir, mark_name, split_ref
from beam_ingest.flow.same_workflow import check_same_workflow

LATEST = "latest"
DRAIN = "drain"
"""The file in a run directory that asks an unbounded run for no more to be read."""
END = ".end.json"
"""How the files end that say that a partition is drained."""

RESUMABLE = "what is durable is kept: --resume goes on from it"
"""The hint with which a run is cancelled."""
_ENDED = ("committed", "aborted", "refused")


def find_run(work_dir: str, name: str) -> str:
    """The directory of the run ``name``: its path, its id, or ``latest``, which is no replay.

    Raises ``CannotStart`` where there is none.
    """
    candidates = [name, f"{work_dir.rstrip('/')}/{name}"]
    if name == LATEST:
        folder = Path(work_dir).expanduser()
        found = sorted((str(path.parent) for path in folder.glob("*/run.json")), reverse=True)
        latest = next((path for path in found if "replayOf" not in read_run(path)), None)
        candidates = [] if latest is None else [latest]
    for path in candidates:
        if RunDir(path).store.read("run.json") is not None:
            return path
    raise CannotStart(
        f"there is no run {name!r}" if name != LATEST else f"there is no run in {work_dir}",
        hint=f"a run is named by its directory, or by its name in {work_dir} (beam.workDir)",
    )


def read_run(path: str) -> dict[str, Any]:
    """``run.json`` of a run directory."""
    data = RunDir(path).store.read("run.json")
    return json.loads(data) if data else {}


def resume_run(plan: Plan, document: dict[str, Any]) -> RunLock:
    """Take the lock of the run, and clear what belongs to the attempt before.

    Raises ``CannotStart`` where the run is under way, has succeeded, or was of another workflow.
    """
    run = RunDir(plan.run_dir)
    before = read_run(plan.run_dir)
    if "replayOf" in before:
        raise CannotStart(
            f"{plan.run_id} is a replay of {before['replayOf']}, and is not resumed",
            hint="replay that again: what has passed is not repeated",
        )
    check_same_workflow(plan, before, document, "run it as a new run, without --resume")
    lock = RunLock(run)
    lock.take()
    report = run.store.read("report.json")
    ended = report is not None and json.loads(report)["status"] == "success"
    if ended and plan.windows is None:  # a stream that was drained goes on
        lock.release()
        raise CannotStart(f"the run {plan.run_id} has succeeded: there is nothing to resume")
    try:
        _clear(run, plan)
        write_run(run, plan, document)
    except OSError as error:
        lock.release()
        raise CannotStart(
            f"the run directory {plan.run_dir} cannot be written: {error.strerror or error}"
        ) from None
    return lock


def _clear(run: RunDir, plan: Plan) -> None:
    # The report goes first: from here on, what the directory says is what its marks say.
    run.store.remove(["report.json", "stop", DRAIN])
    ends = [name for name in run.store.names("partitions") if name.endswith(END)]
    run.store.remove([f"partitions/{name}" for name in ends])
    run.store.sweep("heartbeats", frozenset())
    deferred = split_ref(DEFERRED, 0, {})
    for writer in plan.writers:
        # What was deferred is offered again, all of it: an idempotent write, and simple.
        run.store.remove([mark_name(deferred, writer.name)])
        if run.token(writer.name)[0] in _ENDED:
            of_writer = [
                f"published/{name}"
                for name in run.store.names("published")
                if f".{writer.name}." in name or name.endswith(f".{writer.name}.json")
            ]
            # Before the token: a kill in between leaves a state from which this is done again.
            run.store.remove(of_writer)
            run.store.remove([f"tokens/{writer.name}.json"])
