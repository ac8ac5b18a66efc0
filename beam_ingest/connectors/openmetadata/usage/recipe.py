"""What a query of one shape adds to which keys, worked out once for its executions of a day.

A *spelling* is a table as queries name it, with what they leave out: the dialect, the database of
the session, then database, schema and name as written, then the schemas that an unqualified name
is looked up in; joined by a character that stands in no name. Several spellings of the
same last name in one query are one, so that the query counts once.
"""

from __future__ import annotations

import json
from typing import Any

from beam_ingest.connectors.openmetadata.usage import partials

_SOURCE = (
    "parsed", "serviceName", "databaseName", "databaseSchema", "dialect", "searchPath",
)  # fmt: skip

SEPARATOR = "\x1f"
"""Between the parts of a key or a spelling."""
BETWEEN = "\x1e"
"""Between spellings."""


class Recipe:
    """The keys that records of one shape and session feed.

    ``source`` is what it was worked out from, as plain JSON; ``id`` tells it from others.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        parsed = self.parsed = record["parsed"]
        self.source = {name: record.get(name) for name in _SOURCE}
        self.fingerprint: str = parsed["fingerprint"]
        service = record.get("serviceName") or ""
        path = record.get("searchPath") or [record.get("databaseSchema") or ""]
        session = [record.get("dialect") or "", record.get("databaseName") or ""]
        self.context = SEPARATOR.join(_clean([*session, *path]))
        spelled = [
            SEPARATOR.join(_clean([*session, *table, *([] if table[1] else path)]))
            for table in parsed["tables"]
        ]
        self.joins = [
            json.dumps([[[spelled[n], column] for n, column in side] for side in join])
            for join in parsed["joins"]
        ]
        by_name: dict[str, set[str]] = {}
        for table, spelling in zip(parsed["tables"], spelled, strict=True):
            by_name.setdefault(_key(service, table), set()).add(spelling)
        self.tables = [(key, BETWEEN.join(sorted(names))) for key, names in by_name.items()]
        self.query: str | None = None
        if parsed["unparsed"] is not None:
            self.query = SEPARATOR.join(("unparsed", service, self.fingerprint))
        elif self.tables:
            self.query = SEPARATOR.join(("query", service, self.fingerprint))
        self.statement = SEPARATOR.join((self.fingerprint, self.context))
        self.id = SEPARATOR.join((service, self.statement))
        self.texts = [parsed["lineageQuery"], parsed["maskedQuery"]]
        self.lineage: list[str] = []
        if parsed["lineageQuery"] is not None:
            written = [parsed["tables"][number] for number in parsed["writes"]]
            keys = {_key(service, table) for table in written}
            self.lineage = [f"lineage{SEPARATOR}{key}" for key in sorted(keys)]

    def of_query(self, day: str, executed: list[Any]) -> partials.Partial:
        """What executions of it on one day add to the query. They are not to be used again."""
        count, users, timed, _, _ = executed
        return {
            "q": self.parsed["maskedQuery"],
            "t": self.parsed["tables"],
            "c": {self.context: count},
            "u": users,
            "n": count,
            "m": timed,
            "d": day,
            "w": self.parsed["unparsed"],
        }


def _key(service: str, table: list[str]) -> str:
    return SEPARATOR.join(_clean((service, table[2].lower())))


def _clean(parts: Any) -> list[str]:
    return [part.replace(SEPARATOR, " ").replace(BETWEEN, " ") for part in parts]
