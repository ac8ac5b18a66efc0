"""The lines of a staged file of usage: what a key came to, spelled out.

``tableUsage``: ``date``, ``service``, ``name`` (lower case), ``uses`` (a list of ``tables``, each
spelling as a mapping, and ``count``), ``users``, ``joins``, ``slowest``. ``queryUsage``:
``service``, ``fingerprint``, ``query``, ``tables``, ``sessions``, ``users``, ``count``,
``duration`` (milliseconds, the mean), ``lastDay``. ``queryLineage``: ``service``, ``name``,
``statements``.
``unparsedQuery``: as a query, with its ``reason``.
"""

from __future__ import annotations

import json
from typing import Any

from beam_ingest.connectors.openmetadata.usage.recipe import BETWEEN, SEPARATOR

Line = dict[str, Any]


def line_of(key: str, partial: dict[str, Any]) -> Line:
    """The line of a key."""
    kind, *names = key.split(SEPARATOR)
    if kind == "table":
        return _table(names, partial)
    if kind == "lineage":
        return _lineage(names, partial)
    return _query(names, partial)


def spelled(spelling: str) -> Line:
    """A spelling, or the tables of a query in one session, as a mapping."""
    dialect, database, *rest = spelling.split(SEPARATOR)
    written, path = rest[:3], rest[3:]
    return {
        "dialect": dialect,
        "sessionDatabase": database,
        "table": written,
        "searchPath": [schema for schema in path if schema],
    }


def _table(names: list[str], partial: dict[str, Any]) -> Line:
    date, service, name = names
    return {
        "kind": "tableUsage",
        "date": date,
        "service": service,
        "name": name,
        "uses": [
            {"tables": [spelled(each) for each in spellings.split(BETWEEN)], "count": count}
            for spellings, count in sorted(partial["n"].items())
        ],
        "users": dict(sorted(partial["u"].items())),
        "joins": [
            {
                "sides": [[[spelled(each), column] for each, column in side] for side in sides],
                "count": count,
            }
            for sides, count in sorted((json.loads(j), n) for j, n in partial["j"].items())
        ],
        "slowest": [
            {"fingerprint": fingerprint, "duration": time / 1000}
            for time, fingerprint in partial["s"]
        ],
    }


def _query(names: list[str], partial: dict[str, Any]) -> Line:
    service, fingerprint = names
    timed, time = partial["m"]
    line = {
        "kind": "queryUsage",
        "service": service,
        "fingerprint": fingerprint,
        "query": partial["q"],
        "tables": partial["t"],
        "sessions": [_session(context) for context in sorted(partial["c"])],
        "users": dict(sorted(partial["u"].items())),
        "count": partial["n"],
        "duration": round(time / timed / 1000, 3) if timed else None,
        "lastDay": partial["d"],
    }
    if partial["w"] is not None:
        line |= {"kind": "unparsedQuery", "reason": partial["w"]}
    return line


def _session(context: str) -> Line:
    dialect, database, *path = context.split(SEPARATOR)
    return {
        "dialect": dialect,
        "sessionDatabase": database,
        "searchPath": [schema for schema in path if schema],
    }


def _lineage(names: list[str], partial: dict[str, Any]) -> Line:
    service, name = names
    return {
        "kind": "queryLineage",
        "service": service,
        "name": name,
        "statements": [
            {
                "query": follow,
                "shown": shown,
                **_session(statement.partition(SEPARATOR)[2]),
            }
            for statement, (follow, shown) in sorted(partial.items())
        ],
    }
