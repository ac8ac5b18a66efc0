"""PostgreSQL's ``search_path``, as a setting's text and as a session sets it."""

from __future__ import annotations

import re

DEFAULT = ("$user", "public")
"""What PostgreSQL looks unqualified names up in where nothing else is set."""

_NAME = re.compile(r"\"((?:[^\"]|\"\")*)\"|'((?:[^']|'')*)'|([^,\s;]+)")
_SET = re.compile(
    r"\s*(?:SET\s+(?:SESSION\s+)?search_path\s*(?:=|\bTO\b)\s*(?P<value>[^;]*)"
    r"|SET\s+SCHEMA\s+(?P<schema>'[^;]*')|(?P<reset>RESET\s+search_path|DISCARD\s+ALL))\s*;?\s*",
    re.IGNORECASE,
)


def names(text: str) -> tuple[str, ...]:
    """The schemas of a setting, ``"$user"`` as ``$user``; unquoted names are lower case."""
    return tuple(
        quoted.replace('""', '"') or literal.replace("''", "'") or plain.lower()
        for quoted, literal, plain in _NAME.findall(text)
    )


def of_user(path: tuple[str, ...], user: str) -> list[str]:
    """The schemas of a path for one user; ``user`` empty: unknown."""
    schemas = (user if schema == "$user" else schema for schema in path)
    return [schema for schema in schemas if schema]


def set_by(statement: str) -> tuple[str, ...] | None:
    """The path that a statement sets for its session; None for any other statement.

    ``SET LOCAL`` is any other: it ends with its transaction.
    """
    if statement[:12].lstrip()[:3].upper() not in ("SET", "RES", "DIS"):
        return None
    found = _SET.fullmatch(statement)
    if found is None:
        return None
    value = found["value"] or found["schema"] or ""
    if found["reset"] or value.strip().upper() == "DEFAULT":
        return DEFAULT
    return names(value)
