"""Runs that died: what they began is aborted by the next run of the same workflow.

A killed run cannot take back the index it was filling. The next one does, before it begins its
own; the dead run can still be resumed: it then publishes anew from its staged files.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from beam_ingest.api.bulk_sink import BulkSink
from beam_ingest.api.errors import CannotStart
from beam_ingest.api.sink import Sink
from beam_ingest.flow.begin import UNDER_WAY, end
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.resume import read_run
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.same_workflow import differences
from beam_ingest.flow.step import close

_log = logging.getLogger(__name__)


def abort_dead_runs(
    plan: Plan, document: dict[str, Any], wait: Callable[[float], bool]
) -> list[str]:
    """Abort what dead runs of this workflow, beside the run of ``plan``, have begun; their ids.

    Only runs of this machine, where the lock says for sure that nobody works in them. A failure
    is a warning: it is that run's, and not a reason not to run.
    """
    aborted = []
    aborting = [writer for writer in plan.writers if _can_abort(writer)]
    local = aborting and "://" not in plan.run_dir
    for path in sorted(Path(plan.run_dir).parent.glob("*/tokens")) if local else ():
        run = RunDir(str(path.parent))
        begun = [w for w in aborting if run.token(w.name)[0] in UNDER_WAY]
        if not begun or str(path.parent) == plan.run_dir or not _is_ours(run, plan, document):
            continue
        lock = RunLock(run)
        try:
            lock.take()
        except (CannotStart, OSError):
            continue  # it is alive, or another user's
        try:
            for writer in begun:
                _abort(run, writer, wait)
        finally:
            lock.release()
        aborted.append(path.parent.name)
    return aborted


def _can_abort(writer: Writer) -> bool:
    cls: Any = writer.target.load()
    return cls.abort not in (Sink.abort, BulkSink.abort)


def _is_ours(run: RunDir, plan: Plan, document: dict[str, Any]) -> bool:
    try:
        owner = json.loads(run.store.read("lock") or b"{}")
    except ValueError:
        return False
    same_host = owner.get("host") == socket.gethostname()
    return same_host and not list(differences(plan, read_run(run.store.root), document))


def _abort(run: RunDir, writer: Writer, wait: Callable[[float], bool]) -> None:
    component: Any = None
    why: str | None
    try:
        component = writer.target.for_run(read_run(run.store.root)["runId"]).build()
        component.open()
        why = end(run, writer.name, component, wait, commit=False)
    except Exception as error:  # whatever a sink raises concerns the dead run only
        why = reason_of(error)
    finally:
        if component is not None:
            close(component, writer.target.step)
    if why is not None:
        _log.warning("what the dead run %s began could not be aborted: %s", run.store.root, why)
    else:
        _log.info("aborted what the dead run %s began", run.store.root)
