"""What a workflow remembers from run to run: read before it, advanced at its very end.

``state/<name>/state.json`` in ``beam.workDir``, one for each workflow; ``state/<name>/lock``, on
this machine, keeps two runs from going on from the same state at once. It is replaced as a whole,
by rename, and only by a run that counts as a success, after all it wrote was committed. A run
whose state another one has advanced meanwhile leaves it alone: then something is read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from beam_ingest.api.errors import CannotStart
from beam_ingest.api.report import StateReport
from beam_ingest.api.source import Source
from beam_ingest.flow.lock import RunLock
from beam_ingest.flow.plan import Plan, StatePlace
from beam_ingest.flow.resume import read_run
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.same_workflow import SERVER, changes, given
from beam_ingest.flow.store import LocalStore, Store

How = Literal["go on", "keep", "start"]
"""``go on`` from the state, unless the workflow has changed; ``keep`` it all the same; ``start``
from the beginning, whatever is remembered."""

_FILE = "state.json"


@dataclass(frozen=True, slots=True)
class Remembered:
    """The state of a workflow, the run that left it, and when; empty before the first one.

    ``workflow`` is the document of that run, without secrets, and ``server`` a digest of the
    address of its OpenMetadata server, or None.
    """

    name: str
    state: dict[str, Any] = field(default_factory=dict)
    run_id: str = ""
    at: str = ""
    workflow: dict[str, Any] = field(default_factory=dict)
    server: str | None = None


class StateFolder:
    """The folder of one workflow's state, by the workflow's name."""

    def __init__(self, work_dir: str, name: str) -> None:
        self.name = name
        slug = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        self.run = RunDir(f"{work_dir.rstrip('/')}/state/{slug}-{digest}")

    def read(self) -> Remembered:
        """What is remembered."""
        return _read(self.run.store, self.name)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """No other run goes on from the state while this lasts, on this machine.

        Raises ``CannotStart`` where one does. Elsewhere nothing is locked, since a lock there
        outlives its run: of two runs at once the later one leaves the state alone.
        """
        if not isinstance(self.run.store, LocalStore):
            yield
            return
        lock = RunLock(self.run, f"the state of {self.name!r} is in use")
        lock.take()
        try:
            yield
        finally:
            lock.release()

    def forget(self) -> Remembered:
        """Start from the beginning next time; what was remembered."""
        with self.locked():
            before = self.read()
            self.run.store.remove([_FILE])
            return before


@contextlib.contextmanager
def recalled(
    plan: Plan, work_dir: str, name: str, document: dict[str, Any], how: How
) -> Iterator[Plan]:
    """``plan`` with its source told what is remembered, while no other run is.

    A plan whose source remembers nothing passes as it is, a resumed one goes on from what its
    first attempt went on from. Raises ``CannotStart`` where another run is under way, where the
    workflow has changed, or where what is new alone would replace the whole.
    """
    source: Any = plan.source.build()
    if not (isinstance(source, Source) and source.remembers()):
        yield plan
        return
    folder = StateFolder(work_dir, name)
    with contextlib.nullcontext() if plan.dry_run else folder.locked():
        if plan.attempt > 1:
            before, since = _of_first_attempt(plan)
        else:
            found = folder.read()
            before, since = ({} if how == "start" else found.state), found.run_id
            if before:
                _check_changes(plan, found, document, how)
                _check_replaced(plan)
        place = StatePlace(folder.run.store.root, name, since)
        yield replace(plan, state=place, source=plan.source.with_state(before))


def advance(plan: Plan, found: Mapping[str, Any], at: str) -> StateReport:
    """Remember ``found`` beside what was remembered before; what came of it.

    Again by the same run: the same. Raises ``OSError``.
    """
    place = plan.state
    assert place is not None  # noqa: S101 - asked by the caller
    folder = RunDir(place.root)
    known = _read(folder.store, place.name)
    if known.run_id not in (place.since, plan.run_id):
        why = f"the run {known.run_id or '(none: it was reset)'} has changed it meanwhile"
        return StateReport(name=place.name, advanced=False, why=why)
    state = {k: v for k, v in {**plan.source.state, **found}.items() if v is not None}
    value = {
        "name": place.name,
        "runId": plan.run_id,
        "at": at,
        "state": state,
        "workflow": read_run(plan.run_dir).get("workflow"),
        "server": given(plan).get(SERVER),
    }
    folder.store.write(_FILE, json.dumps(value, indent=1).encode())
    return StateReport(name=place.name, advanced=True)


def _read(store: Store, name: str) -> Remembered:
    data = store.read(_FILE)
    if data is None:
        return Remembered(name)
    value = json.loads(data)
    return Remembered(
        value["name"],
        value["state"],
        value["runId"],
        value["at"],
        value["workflow"] or {},
        value.get("server"),
    )


def _of_first_attempt(plan: Plan) -> tuple[dict[str, Any], str]:
    value = read_run(plan.run_dir).get("state") or {"before": {}, "since": ""}
    return value["before"], value["since"]


def _check_changes(plan: Plan, found: Remembered, document: dict[str, Any], how: How) -> None:
    changed = list(changes(found.workflow, document))
    # Files by the day are another one each time. What went to a server is not on another one.
    if found.server is not None and found.server != given(plan).get(SERVER):
        changed.append(SERVER)
    if changed and how != "keep":
        raise CannotStart(
            f"what {found.name!r} remembers is of another workflow: "
            f"{', '.join(changed)} changed since {found.run_id}",
            hint="--from-start reads everything once more, --keep-state goes on all the same; "
            "beam.stateName gives another workflow a state of its own",
        )


def _check_replaced(plan: Plan) -> None:
    for writer in () if plan.dry_run else plan.writers:
        replaced = writer.target.build().replaces()
        if replaced is not None:
            raise CannotStart(
                f"{writer.target.step}: what is new since the last run alone would replace "
                f"{replaced}",
                hint="give each run an output of its own, or read everything with --from-start",
            )
