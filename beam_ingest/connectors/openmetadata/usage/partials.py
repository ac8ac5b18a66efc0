"""Partial aggregates of usage: how they are made and combined. Plain JSON; times are integers.

Combining is exact, whatever the order: what is bounded keeps the largest or the smallest, and
the largest of all is among the largest of its part. Times are microseconds, since sums of
fractions depend on their order.

    executions of one shape on one day
              [count, {user: count}, [executions timed, time], longest, what it is made from]
    table     {"n": {spelling: count}, "u": {user: count}, "j": {join: count},
               "s": [[time, fingerprint]]}
    query     {"q": text, "t": tables, "c": {context: count}, "u": {user: count}, "n": count,
               "m": [executions timed, time], "d": last day, "w": why it is unparsed}
    lineage   {statement: [text to follow, text to show]}
"""

from __future__ import annotations

from typing import Any

SLOWEST = 10
"""So many queries are kept of a table and day, by their longest execution."""
STATEMENTS = 500
"""So many shapes of statements are followed into one table, the first by fingerprint."""
USERS = 1_000
"""So many users are kept by name; the first by name."""

Partial = dict[str, Any]


def executions(source: dict[str, Any], count: int, user: str | None, time: int | None) -> list[Any]:
    """What ``count`` executions of one shape add, each of ``time``; see ``recipe`` for the rest."""
    return [
        count,
        {user: count} if user else {},
        [0, 0] if time is None else [count, count * time],
        time,
        source,
    ]


def combine(a: Any, b: Any) -> Any:
    """``b`` added to ``a``; both are of one key."""
    if type(a) is list:
        _add_executions(a, b)
    elif "s" in a:
        _add(a["n"], b["n"])
        add_users(a["u"], b["u"])
        _add(a["j"], b["j"])
        for time, fingerprint in b["s"]:
            keep_slowest(a["s"], time, fingerprint)
    elif "m" in a:
        if a["q"] != b["q"] and _order(b["q"]) < _order(a["q"]):
            a["q"], a["t"], a["w"] = b["q"], b["t"], b["w"]
        _add(a["c"], b["c"])
        add_users(a["u"], b["u"])
        a["n"] += b["n"]
        a["m"][0] += b["m"][0]
        a["m"][1] += b["m"][1]
        a["d"] = max(a["d"], b["d"])
    else:
        _add_statements(a, b)
    return a


def add_users(a: dict[str, int], b: dict[str, int]) -> None:
    """Count the users of ``b`` to those of ``a``; too many are cut."""
    _add(a, b)
    if len(a) > USERS:
        for name in sorted(a)[USERS:]:
            del a[name]


def keep_slowest(slowest: list[list[Any]], time: int, fingerprint: str) -> None:
    """Put a query in its place among the slowest, which come first; each is there once."""
    new = [time, fingerprint]
    if len(slowest) >= SLOWEST and new <= slowest[-1]:
        return
    for index, known in enumerate(slowest):
        if known[1] == fingerprint:
            if known[0] >= time:
                return
            del slowest[index]
            break
    place = len(slowest)
    while place and slowest[place - 1] < new:
        place -= 1
    slowest.insert(place, new)
    del slowest[SLOWEST:]


def _add_executions(a: list[Any], b: list[Any]) -> None:
    a[0] += b[0]
    add_users(a[1], b[1])
    timed, more = a[2], b[2]
    timed[0] += more[0]
    timed[1] += more[1]
    if b[3] is not None and (a[3] is None or b[3] > a[3]):
        a[3] = b[3]
    if a[4] is not b[4] and _order(_text(b)) < _order(_text(a)):
        a[4] = b[4]


def _text(executed: list[Any]) -> str:
    text: str = executed[4]["parsed"]["maskedQuery"]
    return text


def _add(a: dict[str, int], b: dict[str, int]) -> None:
    for key, count in b.items():
        a[key] = a.get(key, 0) + count


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
