"""What the connection settings of all SQL systems share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from beam_ingest.api.component import Component
from beam_ingest.api.config_model import ConfigModel, Ignored, Refused
from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.secrets import Options, Secret

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
    connection_options: Options = Field(
        default_factory=dict, description="Options of the connection, as in its URL."
    )
    connection_arguments: Options = Field(
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


class AuthType(ConfigModel):
    """``authType``: a password; the other ways that OpenMetadata knows are refused."""

    password: Secret | None = None
    aws_config: Annotated[
        Any, Refused("AWS IAM tokens are not built in: put a token into authType.password")
    ] = None
    azure_config: Annotated[
        Any, Refused("Azure AD tokens are not built in: put a token into authType.password")
    ] = None


class SslConfig(ConfigModel):
    """``sslConfig``: PEM texts, or paths of PEM files."""

    ca_certificate: Secret | None = None
    ssl_certificate: Secret | None = None
    ssl_key: Secret | None = None


def host_and_port(text: str, default: int) -> tuple[str, int]:
    """The parts of ``hostPort``: ``host``, ``host:port``, ``[::1]:port``.

    Raises ``ValueError`` for a port that is no number.
    """
    host, bracket, rest = text.partition("]")
    if bracket:
        host, port = host.removeprefix("["), rest.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    if not host or (port and not (port.isascii() and port.isdecimal() and int(port) < 65536)):
        raise ValueError(f"{text!r} is not host:port")
    return host, int(port) if port else default
