"""The connection settings of the generic source. The keys are ours."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.secrets import Secret
from beam_ingest.connectors.sql.connection_config import SqlConnection


class SqlalchemyConfig(SqlConnection):
    """A database of any installed SQLAlchemy dialect."""

    type: Literal["SQLAlchemy"] = "SQLAlchemy"
    url: Secret = Field(description="SQLAlchemy's URL: dialect+driver://user@host:port/database.")
    password: Secret | None = Field(None, description="The password, if it is not in the URL.")
    database: str | None = Field(
        None,
        description="Name of the database in OpenMetadata. If it is not set: the URL's for "
        "PostgreSQL, 'default' otherwise.",
    )
    database_schema: str | None = Field(None, description="The only schema to read; all if null.")
    service_type: str | None = Field(
        None, description="OpenMetadata's service type, where the dialect does not tell."
    )
    schema_filter_pattern: FilterPattern | None = FilterPattern(
        includes=[],
        excludes=[
            "^information_schema$", "^performance_schema$", "^pg_catalog$", "^sys$",
            r"^system\.", r"^temp\.",
        ],
    )  # fmt: skip
    supports_lineage_extraction: bool = Field(
        True, description="Read the lineage of views from their definitions."
    )

    @property
    def wants_lineage(self) -> bool:
        """Whether lineage is to be read from view definitions."""
        return self.supports_lineage_extraction
