"""Writing tables: whole and once, also where foreign keys say who comes first."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping

from beam_ingest.api.entities import Table
from beam_ingest.api.outcomes import UNCHANGED, WRITTEN, Deferred, Outcome, Rejected
from beam_ingest.connectors.openmetadata.bulk_result import Failed, RowResult
from beam_ingest.connectors.openmetadata.catalogue import Catalogue
from beam_ingest.connectors.openmetadata.constraints import (
    next_step,
    targets_of,
    without_keys_to,
)
from beam_ingest.connectors.openmetadata.payload import Row
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS
from beam_ingest.connectors.openmetadata.sender import Sender
from beam_ingest.connectors.openmetadata.under_way import UnderWay

logger = logging.getLogger(__name__)

_TABLES = COLLECTIONS["table"]
_NO_TARGET = "Table not found: "
_SMALL_STEPS = 10
"""After so many steps that were hardly worth a request, a chain of foreign keys counts as a cycle:
its tables are sent twice, many at once, instead of one after the other."""

Tables = Mapping[str, Table]
Outcomes = dict[str, Outcome]


class TableWriter:
    """Writes tables of one server. Thread-safe.

    ``make_row`` makes the request of a table; ``skip_unchanged`` asks the server for its hashes.
    """

    def __init__(
        self,
        sender: Sender,
        catalogue: Catalogue,
        make_row: Callable[[Table], Row],
        *,
        skip_unchanged: bool,
    ) -> None:
        self._sender = sender
        self._catalogue = catalogue
        self._make_row = make_row
        self._skip_unchanged = skip_unchanged
        self._incomplete: dict[str, Table] = {}
        self._lock = threading.Lock()
        self._under_way = UnderWay()

    def write(self, tables: Tables) -> Outcomes:
        """Write what can be written whole now; ``Deferred`` for the others.

        Most targets are in the same batch: what these let through is written next, while there
        is enough of it for a request.
        """
        with self._under_way.of(tables):
            return self._write(tables)

    def wait_for(self, names: Iterable[str]) -> None:
        """Wait until none of these is being written by another thread."""
        self._under_way.wait_for(names)

    def _write(self, tables: Tables) -> Outcomes:
        outcomes, waiting = self._unchanged(tables)
        enough = 1
        while len(ready := self._ready(waiting)) >= enough:
            for name, result in self._send(ready).items():
                target = _missing_target(result)
                if target is not None:
                    self._catalogue.forget("table", target)
                    outcomes[name] = Deferred(f"{_NO_TARGET}{target}")
                else:
                    outcomes[name] = _outcome(result)
                del waiting[name]
            enough = self._sender.worth_a_request
        for name, table in waiting.items():
            absent = min(self._absent(targets_of(table)), default=None)
            why = f"{absent}, which it refers to, is not there yet"
            outcomes[name] = Deferred(why if absent else "it is written with more of its kind")
        return outcomes

    def _ready(self, tables: Tables) -> dict[str, Table]:
        return {name: t for name, t in tables.items() if not self._absent(targets_of(t))}

    def write_all(self, tables: Tables) -> Outcomes:
        """Write all of ``tables``, in the order of their foreign keys; none is deferred.

        Those of a cycle, or far down in a long chain, go without some keys, and then with them.

        A key to a table that is nowhere is left out, with a warning; should the table come
        through this writer later, the key is put in.
        """
        outcomes, rest = self._unchanged(tables)
        waiting = {name: targets_of(table) for name, table in rest.items()}
        outside = {target for targets in waiting.values() for target in targets} - waiting.keys()
        if outside:
            self._catalogue.look_up("table", outside, again=True)
        first: dict[str, Table] = {}
        small = 0
        while waiting:
            step = next_step(waiting, self._is_there, at_once=small > _SMALL_STEPS)
            small += len(step.whole) < self._sender.worth_a_request
            forms = {
                name: without_keys_to(rest[name], self._absent(waiting[name]))
                for name in (*step.whole, *step.first)
            }
            begun = set(step.first)
            results = self._send(
                {name: form for name, form in forms.items() if first.get(name) != form}, even=True
            )
            for name, form in forms.items():
                result = results.get(name)
                target = _missing_target(result)
                if target is not None and self._is_there(target):
                    self._catalogue.forget("table", target)  # and it is planned anew
                elif result is None and name in begun:
                    first[name] = form
                else:
                    outcomes[name] = self._settle(rest[name], form, result)
                    del waiting[name]
        self._complete()
        return outcomes

    def _unchanged(self, tables: Tables) -> tuple[Outcomes, dict[str, Table]]:
        if not self._skip_unchanged:
            return {}, dict(tables)
        held = self._catalogue.look_up("table", tables)
        outcomes: Outcomes = {
            name: UNCHANGED
            for name, table in tables.items()
            if name in held and held[name].source_hash == table.source_hash
        }
        self._catalogue.confirm("table", outcomes)
        return outcomes, {name: table for name, table in tables.items() if name not in outcomes}

    def _send(self, tables: Tables, *, even: bool = False) -> dict[str, RowResult]:
        rows = [self._make_row(table) for table in tables.values()]
        results = self._sender.send(_TABLES, rows, even=even)
        for row in rows:
            if results[row.fqn] is None:
                self._catalogue.note("table", row.fqn, row.source_hash)
        return results

    def _settle(self, table: Table, form: Table, result: RowResult) -> Outcome:
        if result is None and form is not table:
            nowhere = ", ".join(sorted(self._absent(targets_of(table))))
            logger.warning(
                "%s is written without its foreign keys to %s: not on the server",
                table.fqn, nowhere,
            )  # fmt: skip
            with self._lock:
                self._incomplete[table.fqn] = table
        return _outcome(result)

    def _complete(self) -> None:
        # A key was left out, and its target has come since, in another batch or file.
        with self._lock:
            late = {
                name: table
                for name, table in self._incomplete.items()
                if not self._absent(targets_of(table))
            }
            for name in late:
                del self._incomplete[name]
        for name, result in self._send(late).items():
            if result is not None:
                logger.error("%s lacks foreign keys: %s", name, result.message)

    def _is_there(self, name: str) -> bool:
        return self._catalogue.known("table", name)

    def _absent(self, targets: set[str]) -> set[str]:
        return {target for target in targets if not self._is_there(target)}


def _missing_target(result: RowResult) -> str | None:
    if isinstance(result, Failed) and result.message.startswith(_NO_TARGET):
        return result.message.removeprefix(_NO_TARGET).strip()
    return None


def _outcome(result: RowResult) -> Outcome:
    return WRITTEN if result is None else Rejected(result.message)
