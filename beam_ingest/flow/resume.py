"""Resuming: take up a run that did not end well, from its marks alone.

What has a mark is not read again; what is published is not published again, unless what it was
published into has been committed or aborted since, and so has to be made anew from the staged
files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.prepare import write_run
from beam_ingest.flow.run_dir import DEFERRED, RunDir, mark_name, split_ref

LATEST = "latest"
DRAIN = "drain"
"""The file in a run directory that asks an unbounded run for no more to be read."""
END = ".end.json"
"""How the files end that say that a partition is drained."""

_MATTERS = ("source", "processor", "processors", "sink", "stage", "bulkSink", "bulk_sink")
_OF_STREAM = ("source",)
"""A stream goes on from its positions, through whatever processors and to whatever sink."""
_ENDED = ("committed", "aborted", "refused")


def find_run(work_dir: str, name: str) -> str:
    """The directory of the run ``name``: its path, its id, or ``latest``.

    Raises ``CannotStart`` where there is none.
    """
    candidates = [name, f"{work_dir.rstrip('/')}/{name}"]
    if name == LATEST:
        folder = Path(work_dir).expanduser()
        found = sorted(path.parent for path in folder.glob("*/run.json"))
        candidates = [str(found[-1])] if found else []
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
    keys = _MATTERS if plan.windows is None else _OF_STREAM
    differences = list(changes(before.get("workflow"), document, keys=keys))
    if differences:
        raise CannotStart(
            f"the workflow is not the one that {plan.run_id} ran: {', '.join(differences)} changed",
            hint="run it as a new run, without --resume",
        )
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


def changes(before: Any, now: Any, path: str = "", keys: Sequence[str] = _MATTERS) -> Iterator[str]:
    """The key paths in which two workflows differ in a way that matters to a run's marks.

    How it is run (``beam``), what counts as success and where the run is reported do not.
    """
    if path == "":
        for key in keys:
            yield from changes((before or {}).get(key), now.get(key), key)
    elif isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            yield from changes(before.get(key), now.get(key), f"{path}.{key}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from changes(old, new, f"{path}.{index}")
    elif before != now:
        yield path


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
