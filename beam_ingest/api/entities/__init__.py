"""The entities that OpenMetadata takes: create requests under its own JSON names."""

from __future__ import annotations

from beam_ingest.api.entities.base import Entity, EntityPart
from beam_ingest.api.entities.common import EntityReference, TagLabel
from beam_ingest.api.entities.database import (
    Database,
    DatabaseSchema,
    DatabaseService,
    StoredProcedure,
    StoredProcedureCode,
)
from beam_ingest.api.entities.lineage import (
    ColumnJoin,
    ColumnLineage,
    LineageEdge,
    Query,
    TableUsage,
)
from beam_ingest.api.entities.table import (
    Column,
    PartitionColumn,
    Table,
    TableConstraint,
    TablePartition,
)

_CLASSES: dict[str, type[Entity]] = {
    cls.entity_type: cls
    for cls in (
        DatabaseService, Database, DatabaseSchema, Table, StoredProcedure, Query, TableUsage,
        LineageEdge,
    )
}  # fmt: skip


def entity_class(entity_type: str) -> type[Entity] | None:
    """The entity of that ``entityType``, or None where we have none."""
    return _CLASSES.get(entity_type)


def entity_types() -> list[str]:
    """Every ``entityType`` that we have an entity for."""
    return list(_CLASSES)


__all__ = [
    "Column", "ColumnJoin", "ColumnLineage", "Database", "DatabaseSchema", "DatabaseService",
    "Entity", "EntityPart", "EntityReference", "LineageEdge", "PartitionColumn", "Query",
    "StoredProcedure", "StoredProcedureCode", "Table", "TableConstraint", "TablePartition",
    "TableUsage", "TagLabel", "entity_class", "entity_types",
]  # fmt: skip
