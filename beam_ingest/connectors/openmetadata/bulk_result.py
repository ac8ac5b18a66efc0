"""The answer to a bulk request: which rows passed, which failed and why.

The server answers 200 also when every row failed; its lists are in no order and may be missing.
A failed row is named by its FQN, or by the whole create request where it was refused before it
came to the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.connectors.openmetadata.payload import Row


@dataclass(frozen=True, slots=True)
class Failed:
    """A row that the server refused: its status (0: it did not answer) and its words."""

    status: int
    message: str


RowResult = Failed | None
"""None: the row passed."""


def row_results(rows: Sequence[Row], answer: dict[str, Any]) -> dict[str, RowResult]:
    """What became of the rows, by FQN; a row that the answer does not account for is missing."""
    names = {row.fqn for row in rows}
    places = {row.place: row.fqn for row in rows}
    results: dict[str, RowResult] = {}
    if _all_passed(rows, answer):
        return dict.fromkeys(names)
    for item in answer.get("successRequest") or ():
        results[_named(item.get("request"), places)] = None
    for item in answer.get("failedRequest") or ():
        results[_named(item.get("request"), places)] = _failed(item)
    results = {name: result for name, result in results.items() if name in names}
    if len(rows) == 1 and not results and len(answer.get("failedRequest") or ()) == 1:
        return {rows[0].fqn: _failed(answer["failedRequest"][0])}
    return results


def why_unaccounted(answer: dict[str, Any]) -> str:
    """What to tell of a row that an answer does not account for."""
    reason = answer.get("abortReason")
    status = answer.get("status", "missing") + (f": {reason}" if reason else "")
    return f"the server's answer does not mention it (its status is {status})"


def _all_passed(rows: Sequence[Row], answer: dict[str, Any]) -> bool:
    return (
        answer.get("status") == "success"
        and not answer.get("numberOfRowsFailed")
        and answer.get("numberOfRowsPassed") == len(rows)
    )


def _failed(item: dict[str, Any]) -> Failed:
    return Failed(item.get("status") or 400, item.get("message") or "the server gave no reason")


def _named(request: Any, places: dict[tuple[str, str], str]) -> str:
    if isinstance(request, str):
        return request
    if not isinstance(request, dict):
        return ""
    name = str(request.get("name"))
    for parent in ("databaseSchema", "database", "service"):
        container = request.get(parent)
        if isinstance(container, str):
            return places.get((container, name), fqn.join(container, name))
    return fqn.quote(name)
