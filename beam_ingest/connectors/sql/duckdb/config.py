"""The connection settings of DuckDB. OpenMetadata has no such connection: the keys are ours."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from beam_ingest.api.config_model import WorkerPath
from beam_ingest.api.filters import FilterPattern
from beam_ingest.connectors.sql.connection_config import SqlConnection


class DuckdbConfig(SqlConnection):
    """A DuckDB database file."""

    type: Literal["DuckDB"] = "DuckDB"
    path: Annotated[str, WorkerPath()] = Field(
        description="The path of the database file. It is opened read-only."
    )
    database: str | None = Field(
        None, description="Name of the database in OpenMetadata; the file's own if it is not set."
    )
    stored_procedure_filter_pattern: FilterPattern | None = Field(
        None, description="Macros to read, by name; beside the filter in sourceConfig."
    )
    supports_lineage_extraction: bool = Field(
        True, description="Read the lineage of views from their definitions."
    )

    @property
    def wants_lineage(self) -> bool:
        """Whether lineage is to be read from view definitions."""
        return self.supports_lineage_extraction
