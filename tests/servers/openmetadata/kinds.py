"""The kinds of entities that the fake holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``collection`` is the path under ``/v1``; ``optional`` fields are shown only if asked for."""

    collection: str
    type: str
    create: str | None
    parent_field: str | None = None
    parent_type: str | None = None
    optional: frozenset[str] = frozenset()
    bulk: bool = True

    @property
    def filters(self) -> frozenset[str]:
        """The containers that a list may be limited to."""
        return _FILTERS.get(self.type, frozenset())


_COMMON = frozenset({"owners", "tags", "domains", "extension", "dataProducts", "followers"})
_FILTERS = {
    "database": frozenset({"service"}),
    "databaseSchema": frozenset({"database"}),
    "table": frozenset({"database", "databaseSchema"}),
    "storedProcedure": frozenset({"databaseSchema"}),
    "query": frozenset({"service", "entityId"}),
}

_ALL = (
    Kind(
        "services/databaseServices",
        "databaseService",
        "CreateDatabaseService",
        optional=frozenset({"owners", "tags", "domains"}),
        bulk=False,
    ),
    Kind("databases", "database", "CreateDatabase", "service", "databaseService", _COMMON),
    Kind(
        "databaseSchemas", "databaseSchema", "CreateDatabaseSchema", "database", "database", _COMMON
    ),
    Kind(
        "tables",
        "table",
        "CreateTable",
        "databaseSchema",
        "databaseSchema",
        _COMMON
        | {"tableConstraints", "tablePartition", "schemaDefinition", "usageSummary", "joins"}
        | {"columns", "sourceHash", "lifeCycle"},
    ),
    Kind(
        "storedProcedures",
        "storedProcedure",
        "CreateStoredProcedure",
        "databaseSchema",
        "databaseSchema",
        _COMMON,
    ),
    Kind(
        "queries",
        "query",
        "CreateQuery",
        "service",
        "databaseService",
        frozenset({"owners", "tags", "users", "queryUsedIn"}),
    ),
    Kind("users", "user", None, bulk=False),
    Kind("teams", "team", None, bulk=False),
    Kind("topics", "topic", None, optional=frozenset({"owners", "tags", "domains"})),
    Kind("services/ingestionPipelines", "ingestionPipeline", None, bulk=False),
)

BY_COLLECTION = {kind.collection: kind for kind in _ALL}
BY_TYPE = {kind.type: kind for kind in _ALL}

ALWAYS_SHOWN = frozenset({"columns", "sourceHash"})
"""Fields that may be asked for and are there anyway."""
