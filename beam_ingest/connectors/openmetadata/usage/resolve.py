"""Which table of the server a name in a query means: by database, search path and case rule."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.connectors.openmetadata.catalogue import Catalogue
from beam_ingest.lineage.names import exact_case

Spelling = dict[str, Any]
"""A table as a query names it: ``table`` is database, schema and name as written (empty where
not), with ``dialect``, ``sessionDatabase`` and ``searchPath``."""

_DEFAULT_PATH = {"postgres": ["public"], "tsql": ["dbo"]}
"""Where an unqualified name is looked up if the log does not say."""


def shown(spelling: Spelling) -> str:
    """The name as it is written."""
    return ".".join(part for part in spelling["table"] if part)


class Resolver:
    """Resolves names of one server. Thread-safe; a database's tables are listed once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[str, _Tables] = {}
        self._guard = threading.Lock()

    def table(self, service: str, spelling: Spelling) -> str | None:
        """The FQN of the table; None where the server has none, or several that it may be.

        A database or schema that is written decides alone. Then the first schema of the search
        path that has the table; where no path is known, the only table of that name. Where
        the dialect folds names as the system stores them, case must agree; elsewhere a name in
        another case is the table's if there is but one.
        """
        database, schema, name = spelling["table"]
        dialect = spelling["dialect"]
        exact = bool(dialect) and _exact(dialect)
        path = [schema] if schema else spelling["searchPath"] or _DEFAULT_PATH.get(dialect, [])
        found: set[str] = set()
        for each in self._databases(service, database or spelling["sessionDatabase"]):
            tables = self._tables(each)
            inside = [tables.find(place, name, exact=exact) for place in path]
            first = next((one for one in inside if one), None) if path else None
            found |= {first} if first else set() if path else tables.named(name, exact=exact)
        return found.pop() if len(found) == 1 else None

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns, in order."""
        self._catalogue.identify("table", [table])
        return self._catalogue.columns(table)

    def _databases(self, service: str, name: str) -> list[str]:
        if name:
            wanted = fqn.build(service, name)
            if len(self._tables(wanted)):
                return [wanted]
        held = sorted(self._catalogue.within("database", service))
        same = [each for each in held if fqn.split(each)[-1].lower() == name.lower()]
        return same if name else held

    def _tables(self, database: str) -> _Tables:
        with self._guard:
            known = self._known.get(database)
            if known is None:
                known = self._known[database] = _Tables()
                for name in self._catalogue.within("table", database):
                    known.add(name)
            return known


@dataclass(slots=True)
class _Tables:
    """The tables of one database by name, as they are and in lower case."""

    exact: dict[tuple[str, str], str] = field(default_factory=dict)
    folded: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    by_name: dict[str, set[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.exact)

    def add(self, table: str) -> None:
        *_, schema, name = fqn.split(table)
        self.exact[schema, name] = table
        self.folded.setdefault((schema.lower(), name.lower()), set()).add(table)
        self.by_name.setdefault(name.lower(), set()).add(table)

    def find(self, schema: str, name: str, *, exact: bool) -> str | None:
        found = self.exact.get((schema, name))
        if found is None and not exact:
            same = self.folded.get((schema.lower(), name.lower()), set())
            found = next(iter(same)) if len(same) == 1 else None
        return found

    def named(self, name: str, *, exact: bool) -> set[str]:
        same = self.by_name.get(name.lower(), set())
        as_written = {table for table in same if fqn.split(table)[-1] == name}
        return as_written if exact or as_written else set(same)


def _exact(dialect: str) -> bool:
    try:
        return exact_case(dialect)
    except ValueError:  # sqlglot has no such dialect, so nothing of it was parsed
        return False
