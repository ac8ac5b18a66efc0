"""``database-to-openmetadata``: the catalogue of a database into OpenMetadata."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from beam_ingest.templates.shared import DatabaseParameters, ServerParameters
from beam_ingest.templates.template import Template


class DatabaseToOpenMetadata(ServerParameters, DatabaseParameters):
    """A database, and the server it is written to."""

    mark_deleted_tables: bool = Field(
        True, description="Whether tables that are gone from the database are retired."
    )
    skip_unchanged: Literal["off", "server", "local"] = Field(
        "server",
        description="Do not send what did not change since: as the server says, or the last run.",
    )


def _workflow(parameters: DatabaseToOpenMetadata) -> dict[str, Any]:
    return {
        "source": parameters.source(markDeletedTables=parameters.mark_deleted_tables),
        "sink": {"type": "metadata-rest"},
        "workflowConfig": {"openMetadataServerConfig": parameters.server()},
        "beam": {**parameters.run_block(), "skipUnchanged": parameters.skip_unchanged},
    }


TEMPLATE = Template(
    name="database-to-openmetadata",
    title="Database to OpenMetadata",
    description=(
        "Reads the catalogue of a database (schemas, tables, views, columns, keys, lineage of "
        "views) and writes it to an OpenMetadata server; tables that are gone are retired."
    ),
    parameters=DatabaseToOpenMetadata,
    workflow=_workflow,
    shown=("host_port", "username", "password", "database"),
)
