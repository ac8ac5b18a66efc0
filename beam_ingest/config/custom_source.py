"""OpenMetadata's way to name a class of one's own: ``sourcePythonClass``.

``serviceConnection.config: {type: CustomDatabase, sourcePythonClass: mine.MySource,
connectionOptions: {…}}``; the options are the configuration of the class.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from beam_ingest.api.config_model import ConfigModel, Ignored, Refused
from beam_ingest.api.filters import FilterPattern

_FILTER = Refused("a class of your own filters by sourceConfig.config or by connectionOptions")


class CustomConnection(ConfigModel):
    """OpenMetadata's ``customDatabaseConnection``."""

    type: Literal["CustomDatabase"]
    source_python_class: str = Field(description="The dotted path of the source's class.")
    connection_options: dict[str, Any] = Field(
        default_factory=dict, description="The configuration of the class."
    )
    schema_filter_pattern: Annotated[FilterPattern | None, _FILTER] = None
    table_filter_pattern: Annotated[FilterPattern | None, _FILTER] = None
    database_filter_pattern: Annotated[FilterPattern | None, _FILTER] = None
    supports_metadata_extraction: Annotated[
        bool, Ignored("a metadata workflow always reads metadata")
    ] = True


def is_custom(type_: str, connection: Any) -> bool:
    """Whether a source section names a class of the user's own in OpenMetadata's way."""
    named = isinstance(connection, dict) and "sourcePythonClass" in connection
    return named or type_.lower() == "customdatabase"
