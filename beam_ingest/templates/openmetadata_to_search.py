"""``openmetadata-to-search``: what OpenMetadata holds, into a search index."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from beam_ingest.api.secrets import Secret
from beam_ingest.templates.shared import ServerParameters, reference
from beam_ingest.templates.template import Template


class OpenMetadataToSearch(ServerParameters):
    """A server that is read, and a search server that is written to."""

    search_type: Literal["opensearch", "elasticsearch"] = Field(
        description="The kind of search server."
    )
    search_url: str = Field(
        description="The URL of the search server, such as https://search.example:9200.",
        pattern="^(https?://|[$]).+$",
    )
    search_username: str | None = Field(None, description="The user that writes the index.")
    search_password: Secret | None = Field(
        None, description="The user's password: a reference (file:/path, gcp-secret:...)."
    )
    search_api_key: Secret | None = Field(
        None, description="An API key instead of a user: a reference (file:/path, gcp-secret:...)."
    )
    index: str = Field("metadata_search", description="The alias that search clients use.")
    recreate_index: bool = Field(
        True,
        description="Whether a new index is filled, and the alias moved to it when all is there.",
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> OpenMetadataToSearch:
        if self.search_api_key is not None and self.search_username is not None:
            raise ValueError("--searchApiKey goes without --searchUsername")
        return self


def _workflow(parameters: OpenMetadataToSearch) -> dict[str, Any]:
    return {
        "source": {
            "type": "metadata",
            "serviceName": "openmetadata",
            "sourceConfig": {"config": {"type": "MetadataToElasticSearch"}},
        },
        "sink": {
            "type": parameters.search_type,
            "config": {
                "hostPort": parameters.search_url,
                "username": parameters.search_username,
                "password": reference(parameters.search_password),
                "apiKey": reference(parameters.search_api_key),
                "index": parameters.index,
                "recreateIndexes": parameters.recreate_index,
            },
        },
        "workflowConfig": {"openMetadataServerConfig": parameters.server()},
        "beam": parameters.run_block(),
    }


TEMPLATE = Template(
    name="openmetadata-to-search",
    title="OpenMetadata to search",
    description=(
        "Reads what an OpenMetadata server holds and fills a search index with a document for each "
        "entity; the alias that search clients use moves to the new index when all of it is there."
    ),
    parameters=OpenMetadataToSearch,
    workflow=_workflow,
    shown=("search_username", "search_password"),
)
