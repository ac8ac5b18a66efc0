"""``sourceConfig.config`` of a database source, key by key as OpenMetadata has it.

The model is OpenMetadata's ``DatabaseServiceMetadataPipeline``. A source class names the model
it takes: ``SourceConfig: ClassVar[type[ConfigModel]] = DatabaseMetadata``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.filters import FilterPattern

_NO_QUERY_LOG = Ignored(
    "the lineage of stored procedures is not read from query logs by a metadata workflow"
)
_NO_TAGS = Ignored(
    "none of these databases keeps tags; PostgreSQL's row level security policies, which "
    "OpenMetadata makes tags of, are not read"
)
_NO_SAMPLES = Ignored("rows are never read, so JSON columns come without a schema of their own")

_SWITCHES = {
    "table": "mark_deleted_tables",
    "storedProcedure": "mark_deleted_stored_procedures",
    "databaseSchema": "mark_deleted_schemas",
    "database": "mark_deleted_databases",
}


class Incremental(ConfigModel):
    """OpenMetadata's incremental extraction by audit tables."""

    enabled: bool
    lookback_days: int = 7
    safety_margin_days: int = 1


Threads = Annotated[
    int | None,
    Field(
        ge=1,
        le=256,
        description="Connections to the database that one worker reads with: 1, or 2 for MySQL "
        "and MariaDB, if not given.",
    ),
]


class ServiceReading(ConfigModel):
    """What is read of a service that OpenMetadata knows by the workflow's ``serviceName``.

    So the name has to be written, and the server can say how to connect.
    """


class DatabaseMetadata(ServiceReading):
    """What a database source reads, and what of it may be retired on the server."""

    type: Literal["DatabaseMetadata"] = "DatabaseMetadata"

    database_filter_pattern: FilterPattern | None = Field(
        None, description="Databases to read, by name."
    )
    schema_filter_pattern: FilterPattern | None = Field(
        None, description="Schemas to read, by name."
    )
    table_filter_pattern: FilterPattern | None = Field(
        None, description="Tables and views to read, by name."
    )
    stored_procedure_filter_pattern: FilterPattern | None = Field(
        None, description="Stored procedures to read, by name."
    )
    use_fqn_for_filtering: bool = Field(
        False, description="Match the patterns with fully qualified names instead of names."
    )

    include_tables: bool = Field(True, description="Read tables.")
    include_views: bool = Field(True, description="Read views.")
    include_stored_procedures: bool = Field(
        True, description="Read stored procedures and functions."
    )
    include_ddl: bool = Field(
        False, alias="includeDDL", description="Read the statement that makes each table."
    )
    include_tags: Annotated[bool, _NO_TAGS] = True
    include_custom_properties: bool = Field(
        False,
        description="Read defaults, generated and identity columns and estimates of rows and "
        "size into `extension`. The server must know these custom properties.",
    )
    include_owners: bool = Field(False, description="Read owners, where the database has them.")

    mark_deleted_tables: bool = Field(
        True, description="Retire tables that the database no longer has."
    )
    mark_deleted_stored_procedures: bool = Field(
        True, description="Retire stored procedures that the database no longer has."
    )
    mark_deleted_schemas: bool = Field(
        False, description="Retire schemas that the database no longer has."
    )
    mark_deleted_databases: bool = Field(
        False, description="Retire databases that the service no longer has."
    )
    override_metadata: bool = Field(
        False,
        description="Overwrite descriptions, tags, owners and display names edited on the server.",
    )
    threads: Threads = None

    def retires(self, entity_type: str) -> bool:
        """Whether what is gone of this type may be retired: the ``markDeleted…`` keys."""
        return bool(getattr(self, _SWITCHES.get(entity_type, ""), True))

    owner_config: Annotated[
        dict[str, Any] | None,
        Ignored("owners come from the database, or are set by the processor 'set'"),
    ] = None
    query_log_duration: Annotated[int, _NO_QUERY_LOG] = 1
    query_parsing_timeout_limit: Annotated[int, _NO_QUERY_LOG] = 300
    incremental: Annotated[
        Incremental | None,
        Ignored(
            "every run lists the whole catalogue, so nothing is missed; "
            "beam.skipUnchanged leaves out what did not change"
        ),
    ] = None
    extract_json_schema: Annotated[bool, _NO_SAMPLES] = False
    json_schema_sample_size: Annotated[int, Field(ge=1, le=1000), _NO_SAMPLES] = 10
