"""Names that were written into a scope and that its listing does not name.

A processor may rename what was listed, or make two of one. What a run has just written is not to
be retired by the same run for a name that the source never had, so a writer notes such names
beside its mark, and they count as present.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache

from beam_ingest.api import fqn
from beam_ingest.api.entities import Entity
from beam_ingest.api.record import Record
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.retire import can_retire
from beam_ingest.flow.run_dir import RunDir

_SCOPES = 8
"""How many listings a writer keeps in memory; a split is of few scopes."""


class NewNames:
    """Tells which of the records that are written have names their scope's listing does not."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._places: dict[tuple[str, str], tuple[int, int]] | None = None
        self._listed = lru_cache(_SCOPES)(self._names)

    def of(self, records: Iterable[Record]) -> Iterator[tuple[str, str, str]]:
        """(scope, entity type, name) of each such record."""
        for record in records:
            # What has no container (an edge, usage) is in no scope, and its name may be no FQN.
            if not isinstance(record, Entity) or not record.parent_field:
                continue
            if (name := _name(record)) is not None:
                scope = fqn.parent_of(name) if '"' in name else name.rpartition(".")[0]
                listed = self._listed(scope, record.entity_type)
                if listed is not None and name not in listed:
                    yield scope, record.entity_type, name

    def _names(self, scope: str, entity_type: str) -> frozenset[str] | None:
        if self._places is None:  # not before the first record, when the listing has ended
            self._places = self._run.scope_places()
        place = self._places.get((scope, entity_type))
        return None if place is None else frozenset(self._run.scope_at(*place).names)


def new_names_for(plan: Plan, writer: Writer, run: RunDir) -> NewNames | None:
    """What watches the names of ``writer``; None where no name can matter: nothing changes
    records on their way, or the target retires nothing.
    """
    if not plan.processors or plan.dry_run:
        return None
    try:
        retires = can_retire(writer.target.load())
    except Exception:  # the writer itself will not get further, and says why
        return None
    return NewNames(run) if retires else None


def read_new_names(run: RunDir, plan: Plan) -> dict[tuple[str, str], set[str]]:
    """The names noted by all splits of the run, by scope and entity type."""
    found: dict[tuple[str, str], set[str]] = {}
    files = (new_names_file(ref.id, w.name) for ref in run.splits() for w in plan.writers)
    for data in run.store.read_all(files):
        for scope, entity_type, name in json.loads(data) if data else ():
            found.setdefault((scope, entity_type), set()).add(name)
    return found


def new_names_file(split_id: str, writer: str) -> str:
    """The file of a split's new names, beside its mark."""
    return f"renamed/{split_id}.{writer}.json"


def _name(entity: Entity) -> str | None:
    try:
        return entity.fqn
    except Exception:  # one made without validation may have no name; the writer tells of it
        return None
