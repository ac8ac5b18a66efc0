"""The columns of the tables of a chunk, in as few rows as the server gives them in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from beam_ingest.connectors.sql.listing import Names
from beam_ingest.connectors.sql.mysql import queries

Row = tuple[Any, ...]
Query = Callable[[str, list[str]], list[Row]]
"""Sends a statement with its parameters, and gives all rows."""


def read_columns(query: Query, names: Names, *, properties: bool) -> list[Row]:
    """(schema, table, number, column, type, nullable, comment) of each, in no order.

    With ``properties`` also default, extra and generation expression. One statement; where the
    columns of a schema are more than the server puts into one text, another one.
    """
    gathered = query(*queries.read_columns(names, properties=properties))
    found = _parsed([text for count, text in gathered if count])
    if found is None or len(found) != sum(count for count, _ in gathered):
        rows = query(*queries.read_columns_singly(names, properties=properties))
        found = _parsed([text for (text,) in rows])
    assert found is not None  # noqa: S101 - a row is a whole JSON array
    return found


def _parsed(texts: Sequence[str]) -> list[Row] | None:
    """The arrays in ``texts``; None where one is cut off in the middle of an array."""
    try:
        found: list[Row] = json.loads(f"[{','.join(texts)}]")
    except ValueError:
        return None
    return found
