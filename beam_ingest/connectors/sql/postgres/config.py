"""The connection settings of PostgreSQL: OpenMetadata's ``postgresConnection``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from beam_ingest.api.config_model import Ignored
from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.secrets import Secret
from beam_ingest.connectors.sql.connection_config import (
    AuthType,
    SqlConnection,
    SslConfig,
    host_and_port,
)

DEFAULT_PORT = 5432
STATEMENTS = "pg_stat_statements"

_NO_USAGE = Ignored("usage is another workflow's work")


class PostgresConfig(SqlConnection):
    """A PostgreSQL server, version 12 or newer."""

    type: Literal["Postgres"] = "Postgres"
    scheme: Annotated[
        Literal["postgresql+psycopg2", "pgspider+psycopg2", "postgresql+psycopg"],
        Ignored("psycopg 3 connects, whatever the scheme says"),
    ] = "postgresql+psycopg2"
    host_port: str = Field(description="Host and port; 5432 if no port is written.")
    username: str
    password: Secret | None = Field(None, description="The same as authType.password.")
    auth_type: AuthType | None = None
    database: str = Field(description="The database to read, or to start from.")
    ingest_all_databases: bool = Field(
        False, description="Read every database of the server that allows connections."
    )
    include_partitions: bool = Field(
        False,
        description="Read each partition as a table too, beside the partitioned table. "
        "(beam_ingest only)",
    )

    database_filter_pattern: FilterPattern | None = FilterPattern(
        includes=[], excludes=["^template1$", "^template0$"]
    )
    schema_filter_pattern: FilterPattern | None = FilterPattern(
        includes=[], excludes=["^information_schema$"]
    )
    stored_procedure_filter_pattern: FilterPattern | None = None

    ssl_mode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = (
        "disable"
    )
    ssl_config: SslConfig | None = None

    classification_name: Annotated[
        str, Ignored("row level security policies are not read as tags")
    ] = "PostgresPolicyTags"
    query_statement_source: Annotated[str | None, _NO_USAGE] = STATEMENTS
    supports_usage_extraction: Annotated[bool, _NO_USAGE] = True
    supports_lineage_extraction: bool = Field(
        True, description="Read the lineage of views from their definitions."
    )
    supports_database: Annotated[bool, Ignored("PostgreSQL always has databases")] = True
    supports_data_diff: Annotated[bool, Ignored("data is never read, so never compared")] = True

    @field_validator("host_port")
    @classmethod
    def _is_host_and_port(cls, text: str) -> str:
        host_and_port(text, DEFAULT_PORT)
        return text

    @property
    def wants_lineage(self) -> bool:
        """Whether lineage is to be read from view definitions."""
        return self.supports_lineage_extraction

    @property
    def secret(self) -> Secret | None:
        """The password, from where it is written."""
        return (self.auth_type and self.auth_type.password) or self.password


class PostgresUsageConfig(PostgresConfig):
    """A PostgreSQL server whose ``pg_stat_statements`` is read."""

    query_statement_source: str | None = Field(
        STATEMENTS, description="The view that counts statements, or one of your own like it."
    )
    supports_usage_extraction: Annotated[
        bool, Ignored("the workflow says by its type what is read")
    ] = True
