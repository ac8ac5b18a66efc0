"""The columns of a table in its document: with their names in full, and flattened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beam_ingest.api import fqn

Json = dict[str, Any]


@dataclass(slots=True)
class Flattened:
    """What is told of all columns, nested ones under their path: ``address.street``."""

    names: list[str] = field(default_factory=list)
    descriptions: list[str | None] = field(default_factory=list)
    tags: list[Json] = field(default_factory=list)


def add_columns(document: Json, table: str) -> Flattened:
    """Put the columns of ``table`` and what is told of them into ``document``."""
    flat = Flattened()
    document["columns"] = _columns(document.get("columns") or [], table, "", flat)
    document["columnNames"] = flat.names
    document["columnNamesFuzzy"] = " ".join(flat.names)
    document["columnDescriptionStatus"] = "COMPLETE" if all(flat.descriptions) else "INCOMPLETE"
    document.setdefault("tableConstraints", [])
    return flat


def _columns(columns: list[Json], parent: str, path: str, flat: Flattened) -> list[Json]:
    found = []
    for column in columns:
        name, tags, children = column["name"], column.get("tags"), column.get("children")
        quoted = fqn.quote(name)
        full, here = f"{parent}.{quoted}", f"{path}.{quoted}" if path else name
        flat.names.append(here)
        flat.descriptions.append(column.get("description"))
        if tags:
            flat.tags += tags
        nested = _columns(children, full, here, flat) if children else []
        found.append({"tags": [], **column, "fullyQualifiedName": full, "children": nested})
    return found
