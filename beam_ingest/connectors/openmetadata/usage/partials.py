"""Partial aggregates of usage: how they are made and combined. Plain JSON; times are integers.

Combining is exact, whatever the order: what is bounded keeps the largest or the smallest, and
the largest of all is among the largest of its part. Times are microseconds, since sums of
fractions depend on their order.

    table     {"n": {spelling: count}, "u": {user: count}, "j": {join: count},
               "s": [[time, fingerprint]]}
    query     {"q": text, "t": tables, "c": {context: count}, "u": {user: count}, "n": count,
               "m": [executions timed, time], "d": last day, "w": why it is unparsed}
    lineage   {statement: [text to follow, text to show]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beam_ingest.connectors.openmetadata.usage.recipe import Recipe

SLOWEST = 10
"""So many queries are kept of a table and day, by their longest execution."""
STATEMENTS = 500
"""So many shapes of statements are followed into one table, the first by fingerprint."""
USERS = 1_000
"""So many users are kept by name; the first by name."""

Partial = dict[str, Any]


def table(
    spelling: str,
    count: int,
    user: str | None,
    time: int | None,
    fingerprint: str,
    joins: list[str],
) -> Partial:
    """What one execution adds to a table and day (``count``: that many)."""
    return {
        "n": {spelling: count},
        "u": {user: count} if user else {},
        "j": dict.fromkeys(joins, count),
        "s": [] if time is None else [[time, fingerprint]],
    }


def query(recipe: Recipe, day: str, count: int, user: str | None, time: int | None) -> Partial:
    """What one execution adds to a query, or to what cannot be parsed."""
    parsed = recipe.parsed
    return {
        "q": parsed["maskedQuery"],
        "t": parsed["tables"],
        "c": {recipe.context: count},
        "u": {user: count} if user else {},
        "n": count,
        "m": [0, 0] if time is None else [count, count * time],
        "d": day,
        "w": parsed["unparsed"],
    }


def combine(a: Partial, b: Partial) -> Partial:
    """``b`` added to ``a``; both are of one key."""
    if "s" in a:
        _add(a["n"], b["n"])
        _add_users(a["u"], b["u"])
        if b["j"]:
            _add(a["j"], b["j"])
        _keep_slowest(a["s"], b["s"])
    elif "m" in a:
        if _order(b["q"]) < _order(a["q"]):
            a["q"], a["t"], a["w"] = b["q"], b["t"], b["w"]
        _add(a["c"], b["c"])
        _add_users(a["u"], b["u"])
        a["n"] += b["n"]
        a["m"] = [a["m"][0] + b["m"][0], a["m"][1] + b["m"][1]]
        a["d"] = max(a["d"], b["d"])
    else:
        _add_statements(a, b)
    return a


def _add(a: dict[str, int], b: dict[str, int]) -> None:
    for key, count in b.items():
        a[key] = a.get(key, 0) + count


def _add_users(a: dict[str, int], b: dict[str, int]) -> None:
    _add(a, b)
    if len(a) > USERS:
        for name in sorted(a)[USERS:]:
            del a[name]


def _keep_slowest(a: list[list[Any]], b: list[list[Any]]) -> None:
    if not b or (len(a) >= SLOWEST and b[0] <= a[-1]):
        return
    longest: dict[str, int] = {}
    for time, fingerprint in (*a, *b):
        longest[fingerprint] = max(time, longest.get(fingerprint, time))
    ranked = sorted(([time, name] for name, time in longest.items()), reverse=True)
    a[:] = ranked[:SLOWEST]


def _add_statements(a: dict[str, list[str]], b: dict[str, list[str]]) -> None:
    for statement, texts in b.items():
        known = a.get(statement)
        if known is None or [*map(_order, texts)] < [*map(_order, known)]:
            a[statement] = texts
    if len(a) > STATEMENTS:
        for statement in sorted(a)[STATEMENTS:]:
            del a[statement]


def _order(text: str) -> tuple[int, str]:
    return len(text), text
