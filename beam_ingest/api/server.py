"""``workflowConfig.openMetadataServerConfig``: how to reach an OpenMetadata server.

The model is OpenMetadata's ``OpenMetadataConnection``, key by key.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from beam_ingest.api.config_model import ConfigModel, Ignored
from beam_ingest.api.filters import FilterPattern
from beam_ingest.api.secrets import Options, Secret

AuthProvider = Literal[
    "basic", "azure", "google", "okta", "auth0", "aws-cognito", "custom-oidc", "ldap", "saml",
    "openmetadata",
]  # fmt: skip

SecretsManager = Literal[
    "db", "managed-aws", "aws", "managed-aws-ssm", "aws-ssm", "managed-azure-kv", "azure-kv",
    "in-memory", "gcp", "kubernetes", "noop",
]  # fmt: skip

_INDEXING = Ignored("it belongs to OpenMetadata's own search indexing, not to an ingestion")
_FILTER = Ignored("filters of what to read belong into source.sourceConfig.config")
_SECRETS_MANAGER = Ignored(
    "secrets are read from variables and files on the worker, not from a secrets manager"
)


class SecurityConfig(ConfigModel):
    """The token a bot of the server was given."""

    jwt_token: Secret = Field(description="The token, sent as a bearer token.")


class SslConfig(ConfigModel):
    """Certificates of a TLS connection, each the path of a PEM file or its text."""

    ca_certificate: str | None = Field(None, description="The authority to trust.")
    ssl_certificate: str | None = Field(None, description="The client's certificate.")
    ssl_key: Secret | None = Field(None, description="The client's private key.")


class OtherSink(ConfigModel):
    """A sink that older workflows keep inside the server's configuration."""

    type: str
    config: dict[str, Any] | None = None


class OpenMetadataServer(ConfigModel):
    """An OpenMetadata server and the identity to use there."""

    type: Literal["OpenMetadata"] = "OpenMetadata"
    host_port: str = Field(
        description="The server's API, with the path: http://localhost:8585/api."
    )
    api_version: str = Field("v1", description="The version in the paths of the API.")
    auth_provider: AuthProvider = Field(
        "basic", description="Who issued the token; it is sent in the same way for all."
    )
    security_config: SecurityConfig | None = Field(None, description="The identity to use.")
    verify_ssl: Literal["no-ssl", "ignore", "validate"] = Field(
        "no-ssl",
        alias="verifySSL",
        description="'ignore' trusts any certificate, 'validate' uses sslConfig; 'no-ssl' "
        "turns nothing off: an https server is checked against the system's authorities.",
    )
    ssl_config: SslConfig | None = Field(None, description="Certificates for 'validate'.")
    extra_headers: Options | None = Field(None, description="Headers to send with each request.")
    store_service_connection: bool = Field(
        True, description="Store the connection, without its secrets, with a new service."
    )

    cluster_name: Annotated[str, Ignored("names do not depend on the server's cluster")] = (
        "openmetadata"
    )
    enable_version_validation: Annotated[
        bool, Ignored("the server is asked for its version, and its abilities are used accordingly")
    ] = True
    force_entity_overwriting: Annotated[
        bool, Ignored("beam.skipUnchanged decides whether what did not change is sent")
    ] = False
    secrets_manager_provider: Annotated[SecretsManager, _SECRETS_MANAGER] = "db"
    secrets_manager_loader: Annotated[Literal["noop", "airflow", "env"], _SECRETS_MANAGER] = "noop"

    schema_filter_pattern: Annotated[FilterPattern | None, _FILTER] = None
    table_filter_pattern: Annotated[FilterPattern | None, _FILTER] = None
    database_filter_pattern: Annotated[FilterPattern | None, _FILTER] = None

    include_topics: Annotated[bool, _INDEXING] = True
    include_tables: Annotated[bool, _INDEXING] = True
    include_dashboards: Annotated[bool, _INDEXING] = True
    include_pipelines: Annotated[bool, _INDEXING] = True
    include_ml_models: Annotated[bool, _INDEXING] = True
    include_users: Annotated[bool, _INDEXING] = True
    include_teams: Annotated[bool, _INDEXING] = True
    include_glossary_terms: Annotated[bool, _INDEXING] = True
    include_tags: Annotated[bool, _INDEXING] = True
    include_policy: Annotated[bool, _INDEXING] = True
    include_messaging_services: Annotated[bool, _INDEXING] = True
    include_database_services: Annotated[bool, _INDEXING] = True
    include_pipeline_services: Annotated[bool, _INDEXING] = True
    limit_records: Annotated[int, _INDEXING] = 1000
    elastics_search: Annotated[OtherSink | None, _INDEXING] = None
    supports_data_insight_extraction: Annotated[bool, _INDEXING] = True
    supports_elastic_search_reindexing_extraction: Annotated[bool, _INDEXING] = True

    @field_validator("host_port")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("a URL with its scheme is needed: http://localhost:8585/api")
        return value.rstrip("/")
