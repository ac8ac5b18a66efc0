"""What the server finds wrong with one create request, and the entity it makes of a good one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.servers.openmetadata.kinds import Kind
from tests.servers.openmetadata.names import parent, quoted

Exists = Callable[[str, str], bool]
_NEEDS_LENGTH = {"CHAR", "VARCHAR", "BINARY", "VARBINARY"}
_NAME = re.compile(r"((?!::).)*", re.DOTALL)


class Refused(Exception):
    """A refused request or row. ``stored`` says whether it was refused in the store."""

    def __init__(self, status: int, message: str, *, stored: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.stored = stored


def fqn_of(kind: Kind, create: dict[str, Any]) -> str:
    """The FQN that a create request asks for."""
    name = create.get("name") or ""
    if kind.type == "query" and not name:
        name = checksum(create["query"])
    container = create.get(kind.parent_field) if kind.parent_field else None
    return f"{container}.{quoted(name)}" if container else quoted(name)


def checksum(query: str) -> str:
    """What tells one query from another."""
    return hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()


def check_names(kind: Kind, create: dict[str, Any]) -> None:
    """Raises ``Refused`` for a name that the server does not take."""
    name = create.get("name")
    if kind.type == "query" and name is None:
        return
    if not isinstance(name, str):
        raise Refused(400, "[name must not be null]")
    if not 1 <= len(name) <= 256:
        raise Refused(400, "[name size must be between 1 and 256]")
    if not _NAME.fullmatch(name):
        raise Refused(400, '[name must match "^((?!::).)*$"]')
    hash_ = create.get("sourceHash")
    if hash_ is not None and not 1 <= len(hash_) <= 32:
        raise Refused(400, "[sourceHash size must be between 1 and 32]")


def check_parent(kind: Kind, create: dict[str, Any], exists: Exists, status: int) -> None:
    """Raises ``Refused`` where the container is not there."""
    if kind.parent_field is None or kind.parent_type is None:
        return
    container = create.get(kind.parent_field)
    if container is None or not exists(kind.parent_type, container):
        raise Refused(status, f"{kind.parent_type} instance for {container} not found")


def check_table(create: dict[str, Any], exists: Exists) -> None:
    """Raises ``Refused`` for columns and constraints that the server does not take."""
    _check_columns(create.get("columns") or ())
    for constraint in create.get("tableConstraints") or ():
        for column in constraint.get("referredColumns") or ():
            table = parent(column)
            if not exists("table", table):
                raise Refused(400, f"Table not found: {table}")


def _check_columns(columns: Iterable[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column["name"].lower() in seen:
            raise Refused(400, f"Column name {column['name']} is repeated")
        seen.add(column["name"].lower())
        if column["dataType"] in _NEEDS_LENGTH and column.get("dataLength") is None:
            raise Refused(
                400,
                "For column data types char, varchar, binary, varbinary dataLength must not be "
                "null",
            )
        if column["dataType"] == "ARRAY" and column.get("arrayDataType") is None:
            raise Refused(400, "For column data type array, arrayDataType must not be null")
        _check_columns(column.get("children") or ())


def columns_of(fqn: str, columns: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns of a table as they are stored."""
    made = []
    for column in columns:
        name = f"{fqn}.{quoted(column['name'])}"
        made.append(
            {
                **{key: value for key, value in column.items() if value is not None},
                "fullyQualifiedName": name,
                "tags": list(column.get("tags") or ()),
                "children": columns_of(name, column.get("children") or ()),
            }
        )
    return made


def echo(kind: Kind, create: dict[str, Any]) -> dict[str, Any]:
    """A create request as a failed row shows it: as the server read it."""
    shown = {key: value for key, value in create.items() if value is not None}
    if "columns" in shown:
        shown["columns"] = [{"tags": [], "children": [], **column} for column in shown["columns"]]
    if kind.type != "query":
        shown.setdefault("domains", [])
        shown.setdefault("dataProducts", [])
    return shown
