"""The configuration of the source ``metadata``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS

DATABASE_TYPES = (
    "databaseService", "database", "databaseSchema", "table", "storedProcedure", "query",
    "lineage", "tableUsage",
)  # fmt: skip

_OF_THE_SINK = Ignored("how the search server is reached and written is said in the sink's config")
_LANGUAGE = Ignored("the sink's config says with mappings how texts are analysed")

RELATIONS = ("lineage", "tableUsage")
"""What is read of the entities of the other types."""


class MetadataSourceConnection(OpenMetadataServer):
    """``serviceConnection.config``: the server to read, where it is not the workflow's own."""

    type: Literal["OpenMetadata", "MetadataES"] = "OpenMetadata"  # type: ignore[assignment]
    host_port: str = Field(
        "", description="The server to read. Default: openMetadataServerConfig's, with its token."
    )

    # OpenMetadata's MetadataES, which asks the server to index by itself.
    entities: Annotated[
        list[str] | None, Ignored("sourceConfig.config.entityTypes says what is read")
    ] = None
    recreate_index: Annotated[bool, _OF_THE_SINK] = True
    run_mode: Annotated[
        Literal["stream", "batch"], Ignored("a run reads all, once; a scheduler runs it again")
    ] = "batch"
    search_index_mapping_language: Annotated[Literal["EN", "JP", "ZH"], _LANGUAGE] = "EN"
    batch_size: Annotated[int, _OF_THE_SINK] = 100
    supports_metadata_extraction: Annotated[
        bool, Ignored("what a source can do is known, and not said")
    ] = True


class MetadataSourceConfig(ConfigModel):
    """``sourceConfig.config``: what to read of the server.

    With the keys of OpenMetadata's ``MetadataToElasticSearch``, which are the sink's here.
    """

    type: str = "Metadata"
    entity_types: list[str] = Field(
        list(DATABASE_TYPES),
        description="The types of entities to read, by their names there; lineage is of those, "
        "by a request each, and tableUsage the last 30 days.",
    )
    include: Literal["non-deleted", "deleted", "all"] = Field(
        "non-deleted", description="Read what is not deleted, what is, or both."
    )
    fields: list[str] | None = Field(
        None,
        description="The optional fields to ask for (owners, tags, …). Default: all that "
        "belong to a create request; fewer are faster.",
    )
    service_filter_pattern: FilterPattern | None = Field(
        None, description="Services to read, by name."
    )
    database_filter_pattern: FilterPattern | None = Field(
        None, description="Databases to read, by name."
    )
    schema_filter_pattern: FilterPattern | None = Field(
        None, description="Schemas to read, by name."
    )
    table_filter_pattern: FilterPattern | None = Field(
        None, description="Tables and views to read, by name."
    )
    page_size: int = Field(1000, ge=1, le=1000, description="Entities in one page of a list.")
    threads: Annotated[int, Ignored("beam.workers says how many splits are read at once")] = 1
    query_log_duration: Annotated[Any, Ignored("the server has no query log")] = None
    use_ssl: Annotated[bool, Field(alias="useSSL"), _OF_THE_SINK] = False
    verify_certs: Annotated[bool, _OF_THE_SINK] = False
    ca_certs: Annotated[str | None, _OF_THE_SINK] = None
    timeout: Annotated[int, _OF_THE_SINK] = 30
    use_aws_credentials: Annotated[bool, _OF_THE_SINK] = False
    region_name: Annotated[str | None, _OF_THE_SINK] = None
    batch_size: Annotated[int, _OF_THE_SINK] = 1000
    recreate_index: Annotated[bool, _OF_THE_SINK] = True
    search_index_mapping_language: Annotated[Literal["EN", "JP", "ZH"], _LANGUAGE] = "EN"

    @field_validator("entity_types")
    @classmethod
    def _are_known(cls, types: list[str]) -> list[str]:
        there_are = {*COLLECTIONS, *RELATIONS}
        for type_ in types:
            if type_ not in there_are:
                known = ", ".join(sorted(there_are))
                raise ValueError(f"there is no entity type {type_!r}; there are: {known}")
        return types
