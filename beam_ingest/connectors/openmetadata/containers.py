"""Containers: how a list is limited to one, and what entities and columns are in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from beam_ingest.api import fqn
from beam_ingest.connectors.openmetadata.routes import Collection


def container_parameter(collection: Collection, container: str) -> dict[str, str]:
    """The query parameter that limits a list to ``container``: by how deep it lies."""
    if not container or not collection.containers:
        return {}
    # A service is one part deep, a database two, a schema three.
    by_depth = {1: "service", 2: "database", 3: "databaseSchema"}
    parameter = by_depth.get(len(fqn.split(container)), "")
    return {
        parameter if parameter in collection.containers else collection.containers[0]: container
    }


def by_database(names: Iterable[str]) -> dict[str, dict[str, set[str]]]:
    """Names by the container of their container, and by their container."""
    grouped: dict[str, dict[str, set[str]]] = {}
    for name in names:
        container = fqn.parent_of(name)
        inside = grouped.setdefault(fqn.parent_of(container), {})
        inside.setdefault(container, set()).add(name)
    return grouped


def column_names(columns: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The FQNs of columns and of what is in them."""
    for column in columns:
        yield column["fullyQualifiedName"]
        yield from column_names(column.get("children") or ())
