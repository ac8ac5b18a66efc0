"""Tables, their columns and constraints (OpenMetadata's ``CreateTableRequest``)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from beam_ingest.api.entities.base import Entity, EntityPart
from beam_ingest.api.entities.common import EntityReference, TagLabel

TableType = Literal[
    "Regular", "External", "Dynamic", "View", "SecureView", "MaterializedView", "Iceberg", "Local",
    "Partitioned", "Foreign", "Transient", "Stream", "Stage", "SemanticView",
]  # fmt: skip

DataType = Literal[
    "NUMBER", "TINYINT", "SMALLINT", "INT", "BIGINT", "BYTEINT", "BYTES", "FLOAT", "DOUBLE",
    "DECIMAL", "NUMERIC", "TIMESTAMP", "TIMESTAMPZ", "TIME", "DATE", "DATETIME", "INTERVAL",
    "STRING", "MEDIUMTEXT", "TEXT", "CHAR", "LONG", "VARCHAR", "BOOLEAN", "BINARY", "VARBINARY",
    "ARRAY", "BLOB", "LONGBLOB", "MEDIUMBLOB", "MAP", "STRUCT", "UNION", "SET", "GEOGRAPHY",
    "ENUM", "JSON", "UUID", "VARIANT", "GEOMETRY", "BYTEA", "AGGREGATEFUNCTION", "ERROR", "FIXED",
    "RECORD", "NULL", "SUPER", "HLLSKETCH", "PG_LSN", "PG_SNAPSHOT", "TSQUERY", "TXID_SNAPSHOT",
    "XML", "MACADDR", "TSVECTOR", "UNKNOWN", "CIDR", "INET", "CLOB", "ROWID", "LOWCARDINALITY",
    "YEAR", "POINT", "POLYGON", "TUPLE", "SPATIAL", "TABLE", "NTEXT", "IMAGE", "IPV4", "IPV6",
    "DATETIMERANGE", "HLL", "LARGEINT", "QUANTILE_STATE", "AGG_STATE", "BITMAP", "UINT", "BIT",
    "MONEY", "MEASURE HIDDEN", "MEASURE VISIBLE", "MEASURE", "KPI", "HEIRARCHY", "HIERARCHYID",
]  # fmt: skip


class Column(EntityPart):
    """A column. ``data_length`` is required by the server for CHAR, VARCHAR and BINARY types."""

    name: str
    display_name: str | None = None
    data_type: DataType
    array_data_type: DataType | None = None
    data_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    data_type_display: str | None = None
    description: str | None = None
    fully_qualified_name: str | None = None
    tags: list[TagLabel] | None = None
    constraint: Literal["NULL", "NOT_NULL", "UNIQUE", "PRIMARY_KEY"] | None = None
    ordinal_position: int | None = None
    json_schema: str | None = None
    children: list[Column] | None = None
    extension: dict[str, Any] | None = None


class TableConstraint(EntityPart):
    """A key of the table. ``referred_columns`` are FQNs of the columns a foreign key refers to."""

    constraint_type: Literal[
        "UNIQUE", "PRIMARY_KEY", "FOREIGN_KEY", "SORT_KEY", "DIST_KEY", "CLUSTER_KEY"
    ]
    columns: list[str]
    referred_columns: list[str] | None = None
    relationship_type: (
        Literal["ONE_TO_ONE", "ONE_TO_MANY", "MANY_TO_ONE", "MANY_TO_MANY"] | None
    ) = None


class PartitionColumn(EntityPart):
    """A column a table is partitioned by."""

    column_name: str | None = None
    interval_type: str | None = None
    interval: str | None = None


class TablePartition(EntityPart):
    """How a table is partitioned."""

    columns: list[PartitionColumn]


class Table(Entity):
    """A table or view. ``database_schema`` is the FQN of its schema."""

    entity_type: ClassVar[str] = "table"
    parent_field: ClassVar[str | None] = "database_schema"

    database_schema: str
    display_name: str | None = None
    description: str | None = None
    table_type: TableType | None = None
    columns: list[Column]
    table_constraints: list[TableConstraint] | None = None
    table_partition: TablePartition | None = None
    location_path: str | None = None
    owners: list[EntityReference] | None = None
    tags: list[TagLabel] | None = None
    schema_definition: str | None = None
    retention_period: str | None = None
    extension: dict[str, Any] | None = None
    source_url: str | None = None
    domains: list[str] | None = None
    data_products: list[str] | None = None
    file_format: str | None = None
