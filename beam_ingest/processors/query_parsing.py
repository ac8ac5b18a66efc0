"""One query, parsed, as plain JSON that records of one shape share."""

from __future__ import annotations

from typing import Any

from beam_ingest.lineage.fingerprint import Masker, masker
from beam_ingest.lineage.parse import Limits, Unparsable
from beam_ingest.lineage.query import Query, Uses

_SHOWN = 20_000
"""So many characters of a query are kept for showing."""


def fingerprint(query: str, dialect: str) -> str:
    """The fingerprint of a query; by the rules of standard SQL where the dialect is unknown."""
    return _masker(dialect).fingerprint(query)


def parsed(query: str, dialect: str, known: str, limits: Limits) -> dict[str, Any]:
    """What a query does; ``known`` is its fingerprint. See ``query_parser`` for the keys."""
    mask = _masker(dialect)
    start = query[: limits.length]
    result: dict[str, Any] = {
        "fingerprint": known,
        "maskedQuery": mask.masked(start)[:_SHOWN],
        "unparsed": None,
        "tables": [],
        "reads": [],
        "writes": [],
        "columns": [],
        "joins": [],
        "lineageQuery": None,
    }
    try:
        understood = Query(query, dialect, limits)
        result |= _uses(understood.uses())
        if understood.has_flows:
            result["lineageQuery"] = mask.neutral(query)
    except Unparsable as error:
        result["unparsed"] = str(error)
    return result


def _masker(dialect: str) -> Masker:
    try:
        return masker(dialect)
    except Unparsable:  # it is told when the query is parsed
        return masker("")


def _uses(uses: Uses) -> dict[str, Any]:
    numbers = {
        name: number for number, name in enumerate(dict.fromkeys((*uses.reads, *uses.writes)))
    }
    return {
        "tables": [list(name) for name in numbers],
        "reads": [numbers[name] for name in uses.reads],
        "writes": [numbers[name] for name in uses.writes],
        "columns": [list(uses.columns.get(name, ())) for name in numbers],
        "joins": [
            [[[numbers[name], column] for name, column in side if name in numbers] for side in join]
            for join in uses.joins
        ],
    }
