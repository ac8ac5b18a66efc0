"""Lineage, queries and usage."""

from __future__ import annotations

from typing import ClassVar, Literal

from beam_ingest.api.entities.base import Entity, EntityPart

LineageSource = Literal[
    "Manual", "ViewLineage", "QueryLineage", "PipelineLineage", "DashboardLineage", "DbtLineage",
    "SparkLineage", "OpenLineage", "ExternalTableLineage", "CrossDatabaseLineage", "ChildAssets",
]  # fmt: skip
"""As OpenMetadata's ``lineageDetails.source`` has them."""


class ColumnLineage(EntityPart):
    """Which columns a column is made of; all are FQNs."""

    from_columns: list[str]
    to_column: str
    function: str | None = None


class LineageEdge(Entity):
    """An edge between two entities, by FQN. ``name`` is ``from -> to``."""

    entity_type: ClassVar[str] = "lineage"

    from_fqn: str
    to_fqn: str
    from_type: str = "table"
    to_type: str = "table"
    source: LineageSource = "Manual"
    sql_query: str | None = None
    columns_lineage: list[ColumnLineage] | None = None

    @property
    def fqn(self) -> str:
        """``from -> to``: an edge has no name of its own in OpenMetadata."""
        return f"{self.from_fqn} -> {self.to_fqn}"


class Query(Entity):
    """A query as the server stores it. ``service`` is the FQN of its service."""

    entity_type: ClassVar[str] = "query"
    parent_field: ClassVar[str | None] = "service"

    service: str
    query: str
    display_name: str | None = None
    description: str | None = None
    duration: float | None = None
    users: list[str] | None = None
    used_by: list[str] | None = None
    query_date: int | None = None
    query_used_in: list[str] | None = None
    exclude_usage: bool | None = None


class ColumnJoin(EntityPart):
    """How often a column was joined with another; both are FQNs."""

    column: str
    joined_with: str
    join_count: int


class TableUsage(Entity):
    """How a table was used on one day (``date``: YYYY-MM-DD). ``table`` is its FQN."""

    entity_type: ClassVar[str] = "tableUsage"

    table: str
    date: str
    count: int
    users: list[str] | None = None
    joins: list[ColumnJoin] | None = None
    queries: list[Query] | None = None

    @property
    def fqn(self) -> str:
        """``table@date``: usage has no name of its own in OpenMetadata."""
        return f"{self.table}@{self.date}"
