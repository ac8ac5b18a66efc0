"""The statement that makes a table, put together from ``information_schema``.

``SHOW CREATE TABLE`` would be a statement a table. What is not in it: storage options, indexes
that are no keys, partitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

Row = tuple[Any, ...]


@dataclass(slots=True)
class Texts:
    """What only a statement needs of one table: actions of foreign keys by name, checks."""

    rules: dict[str, tuple[str, str]] = field(default_factory=dict)
    checks: list[tuple[str, str]] = field(default_factory=list)


def create_table(
    place: tuple[str, str],
    columns: Iterable[Row],
    keys: Iterable[Row],
    texts: Texts,
    *,
    comment: str | None,
    mariadb: bool,
) -> str:
    """``CREATE TABLE`` from rows of ``queries.read_columns`` and, in order, of keys."""
    lines = [_column(row, mariadb) for row in columns]
    for name, group in groupby(keys, itemgetter(2)):
        parts = list(group)
        if all(row[4] is not None for row in parts):  # MySQL: a part that is an expression
            lines.append(_key(name, parts, texts))
    for name, clause in texts.checks:
        lines.append(f"CONSTRAINT {quoted(name)} CHECK ({_expression(clause, mariadb)})")
    tail = f" COMMENT={literal(comment)}" if comment else ""
    body = ",\n  ".join(lines)
    return f"CREATE TABLE {quoted(place[0])}.{quoted(place[1])} (\n  {body}\n){tail};"


def quoted(name: str) -> str:
    """An identifier in backticks."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A string in quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _column(row: Row, mariadb: bool) -> str:
    name, kind, nullable, comment, default, extra, expression = row[3:10]
    extra = extra or ""
    parts = [quoted(name), kind]
    if expression:
        parts.append(f"GENERATED ALWAYS AS ({_expression(expression, mariadb)}) {_storage(extra)}")
    if nullable == "NO" and not (expression and mariadb):
        parts.append("NOT NULL")
    if default is not None and not expression:
        parts.append(f"DEFAULT {default if mariadb else _mysql_default(default, kind, extra)}")
    if "auto_increment" in extra.lower():
        parts.append("AUTO_INCREMENT")
    if "on update" in extra.lower():
        parts.append(extra[extra.lower().index("on update") :].upper())
    if comment:
        parts.append(f"COMMENT {literal(comment)}")
    return " ".join(parts)


def _mysql_default(default: str, kind: str, extra: str) -> str:
    """MariaDB gives an expression; MySQL gives a bare value unless it was generated."""
    if kind.startswith(("timestamp", "datetime")) and default.upper().startswith("CURRENT_"):
        return default
    if "DEFAULT_GENERATED" in extra:
        return f"({_expression(default, mariadb=False)})"
    return default if kind.startswith("bit") else literal(default)


def _expression(text: str, mariadb: bool) -> str:
    """An expression as it was written: MySQL keeps it as the inside of a string."""
    return text if mariadb else re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _storage(extra: str) -> str:
    return "VIRTUAL" if "VIRTUAL" in extra.upper() else "STORED"


def _key(name: str, parts: list[Row], texts: Texts) -> str:
    columns = ", ".join(quoted(row[4]) + (f"({row[8]})" if row[8] else "") for row in parts)
    if name == "PRIMARY":
        return f"PRIMARY KEY ({columns})"
    schema, table = parts[0][5:7]
    if table is None:
        return f"UNIQUE KEY {quoted(name)} ({columns})"
    referred = ", ".join(quoted(row[7]) for row in parts)
    update, delete = texts.rules.get(name, ("RESTRICT", "RESTRICT"))
    actions = "".join(
        f" ON {verb} {rule}"
        for verb, rule in (("DELETE", delete), ("UPDATE", update))
        if rule not in ("RESTRICT", "NO ACTION")
    )
    return (
        f"CONSTRAINT {quoted(name)} FOREIGN KEY ({columns}) "
        f"REFERENCES {quoted(schema)}.{quoted(table)} ({referred}){actions}"
    )
