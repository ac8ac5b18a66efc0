"""Where each type of entity lives in OpenMetadata's API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of entities.

    ``containers`` are the query parameters that limit a list to one container, outermost
    first; ``hashed`` says that its entities keep a ``sourceHash``; ``fields`` is what a list
    must ask for to get all that a create request can hold.
    """

    path: str
    entity_type: str
    containers: tuple[str, ...] = ()
    bulk: bool = True
    hashed: bool = False
    fields: tuple[str, ...] = ("owners", "tags", "domains")


_COMMON = ("owners", "tags", "domains", "dataProducts", "extension")

_ALL = (
    Collection("/services/databaseServices", "databaseService", bulk=False),
    Collection("/databases", "database", ("service",), hashed=True, fields=_COMMON),
    Collection("/databaseSchemas", "databaseSchema", ("database",), hashed=True, fields=_COMMON),
    Collection(
        "/tables",
        "table",
        ("database", "databaseSchema"),
        hashed=True,
        fields=(*_COMMON, "columns", "tableConstraints", "tablePartition", "schemaDefinition"),
    ),
    Collection(
        "/storedProcedures", "storedProcedure", ("databaseSchema",), hashed=True, fields=_COMMON
    ),
    Collection(
        "/queries", "query", ("service",), fields=("owners", "tags", "users", "queryUsedIn")
    ),
    Collection("/users", "user", bulk=False),
    Collection("/teams", "team", bulk=False),
    Collection("/topics", "topic", ("service",)),
    Collection("/dashboards", "dashboard", ("service",)),
    Collection("/charts", "chart", ("service",)),
    Collection("/dashboard/datamodels", "dashboardDataModel", ("service",)),
    Collection("/pipelines", "pipeline", ("service",)),
    Collection("/mlmodels", "mlmodel", ("service",)),
    Collection("/containers", "container", ("service",)),
    Collection("/searchIndexes", "searchIndex", ("service",)),
    Collection("/glossaries", "glossary", fields=("owners", "tags")),
    Collection("/glossaryTerms", "glossaryTerm", ("glossary",), fields=("owners", "tags")),
    Collection("/classifications", "classification", fields=("owners",)),
    Collection("/tags", "tag", fields=("owners",)),
    Collection("/domains", "domain", fields=("owners", "tags")),
    Collection("/services/messagingServices", "messagingService", bulk=False),
    Collection("/services/dashboardServices", "dashboardService", bulk=False),
    Collection("/services/pipelineServices", "pipelineService", bulk=False),
    Collection("/services/mlmodelServices", "mlmodelService", bulk=False),
    Collection("/services/storageServices", "storageService", bulk=False),
    Collection("/services/searchServices", "searchService", bulk=False),
)

COLLECTIONS: dict[str, Collection] = {each.entity_type: each for each in _ALL}
"""Every collection by its entity type."""
