"""What the connection settings of all SQL systems share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.secrets import Secret

NO_PROFILER = Ignored("beam_ingest reads metadata, not data: there is no profiler")
NO_DBT = Ignored("dbt artefacts are another workflow's work")
NO_SAMPLES = Ignored("rows are never read, so there are no samples to store")
ALWAYS_METADATA = Ignored("a metadata workflow always reads metadata")
NO_QUERY_COMMENT = Ignored("statements carry the connection's application name instead")


class SqlConnection(Component.Config):
    """Keys that OpenMetadata's connections to SQL systems have in common.

    Filters here and in ``sourceConfig`` apply together: a name has to pass both.
    """

    database_filter_pattern: FilterPattern | None = Field(
        None, description="Databases to read, by name; beside the filter in sourceConfig."
    )
    schema_filter_pattern: FilterPattern | None = Field(
        None, description="Schemas to read, by name; beside the filter in sourceConfig."
    )
    table_filter_pattern: FilterPattern | None = Field(
        None, description="Tables and views to read, by name; beside the filter in sourceConfig."
    )
    connection_options: dict[str, Any] = Field(
        default_factory=dict, description="Options of the connection, as in its URL."
    )
    connection_arguments: dict[str, Any] = Field(
        default_factory=dict, description="Arguments for the driver's connect function."
    )

    supports_metadata_extraction: Annotated[bool, ALWAYS_METADATA] = True
    supports_dbt_extraction: Annotated[bool, Field(alias="supportsDBTExtraction"), NO_DBT] = True
    supports_profiler: Annotated[bool, NO_PROFILER] = True
    supports_query_comment: Annotated[bool, NO_QUERY_COMMENT] = True
    sample_data_storage_config: Annotated[dict[str, Any] | None, NO_SAMPLES] = None

    @property
    def wants_lineage(self) -> bool:
        """Whether lineage is to be read from view definitions."""
        return True


class BasicAuth(ConfigModel):
    """``authType`` with a password."""

    password: Secret | None = None
