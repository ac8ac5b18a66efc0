"""The columns of a table in its document: with their names in full, and flattened."""

from __future__ import annotations

from typing import Any

from beam_ingest.api import fqn

Json = dict[str, Any]


def add_columns(document: Json, table: str) -> list[str | None]:
    """Put columns and what is told of them into ``document``; the columns' descriptions."""
    names: list[str] = []
    described: list[str | None] = []
    document["columns"] = _columns(document.get("columns") or [], table, "", names, described)
    document["columnNames"] = names
    document["columnNamesFuzzy"] = " ".join(names)
    document["columnDescriptionStatus"] = "COMPLETE" if all(described) else "INCOMPLETE"
    document.setdefault("tableConstraints", [])
    return described


def _columns(
    columns: list[Json], parent: str, path: str, names: list[str], described: list[str | None]
) -> list[Json]:
    # Nested ones are named by their path: address.street.
    found = []
    for column in columns:
        full = fqn.join(parent, column["name"])
        name = fqn.join(path, column["name"]) if path else column["name"]
        names.append(name)
        described.append(column.get("description"))
        children = _columns(column.get("children") or [], full, name, names, described)
        found.append({"tags": [], **column, "fullyQualifiedName": full, "children": children})
    return found
