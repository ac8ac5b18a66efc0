"""Database services, databases, schemas and stored procedures."""

from __future__ import annotations

from typing import Any, ClassVar

from beam_ingest.api.entities.base import Entity, EntityPart
from beam_ingest.api.entities.common import EntityReference, TagLabel


class DatabaseService(Entity):
    """A database server or file as a service. ``service_type``: Postgres, Mysql, SQLite, …

    ``connection`` is what the server stores of it and holds no secret.
    """

    entity_type: ClassVar[str] = "databaseService"

    display_name: str | None = None
    description: str | None = None
    service_type: str
    connection: dict[str, Any] | None = None
    owners: list[EntityReference] | None = None
    tags: list[TagLabel] | None = None


class Database(Entity):
    """A database. ``service`` is the FQN of its service."""

    entity_type: ClassVar[str] = "database"
    parent_field: ClassVar[str | None] = "service"

    service: str
    display_name: str | None = None
    description: str | None = None
    default: bool | None = None
    owners: list[EntityReference] | None = None
    tags: list[TagLabel] | None = None
    retention_period: str | None = None
    extension: dict[str, Any] | None = None
    source_url: str | None = None
    domains: list[str] | None = None
    data_products: list[str] | None = None


class DatabaseSchema(Entity):
    """A schema. ``database`` is the FQN of its database."""

    entity_type: ClassVar[str] = "databaseSchema"
    parent_field: ClassVar[str | None] = "database"

    database: str
    display_name: str | None = None
    description: str | None = None
    owners: list[EntityReference] | None = None
    tags: list[TagLabel] | None = None
    retention_period: str | None = None
    extension: dict[str, Any] | None = None
    source_url: str | None = None
    domains: list[str] | None = None
    data_products: list[str] | None = None


class StoredProcedureCode(EntityPart):
    """The text of a procedure and its language."""

    language: str | None = None
    code: str | None = None


class StoredProcedure(Entity):
    """A stored procedure or function. ``database_schema`` is the FQN of its schema."""

    entity_type: ClassVar[str] = "storedProcedure"
    parent_field: ClassVar[str | None] = "database_schema"

    database_schema: str
    stored_procedure_code: StoredProcedureCode
    stored_procedure_type: str | None = None
    display_name: str | None = None
    description: str | None = None
    owners: list[EntityReference] | None = None
    tags: list[TagLabel] | None = None
    extension: dict[str, Any] | None = None
    source_url: str | None = None
