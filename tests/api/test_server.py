"""``openMetadataServerConfig``."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from beam_ingest.api.config_model import Ignored, marked_keys
from beam_ingest.api.secrets import Secret
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.api.source_config import DatabaseMetadata


def test_a_server_of_openmetadatas_documentation() -> None:
    server = OpenMetadataServer.model_validate(
        {
            "hostPort": "https://om.example/api/",
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": "${OM_TOKEN}"},
            "verifySSL": "validate",
            "sslConfig": {"caCertificate": "/ca.pem"},
            "extraHeaders": {"X-Tenant": "a", "Authorization": "Basic abc"},
            "storeServiceConnection": False,
        }
    )
    assert server.host_port == "https://om.example/api"
    assert server.security_config and server.security_config.jwt_token
    assert server.security_config.jwt_token.reference == "${OM_TOKEN}"
    assert server.extra_headers
    assert server.extra_headers["X-Tenant"] == "a"
    assert isinstance(server.extra_headers["Authorization"], Secret)
    assert list(marked_keys(server)) == []


@pytest.mark.parametrize("host", ["localhost:8585/api", "", "ftp://x"])
def test_a_server_is_named_by_a_url(host: str) -> None:
    with pytest.raises(ValidationError, match="a URL with its scheme"):
        OpenMetadataServer.model_validate({"hostPort": host})


def test_keys_of_other_programs_are_ignored_with_a_reason() -> None:
    server = OpenMetadataServer.model_validate(
        {"hostPort": "http://x", "includeTopics": False, "secretsManagerLoader": "env"}
    )
    found = list(marked_keys(server))
    assert [finding.path for finding in found] == [("secretsManagerLoader",), ("includeTopics",)]
    assert all(isinstance(finding.mark, Ignored) for finding in found)


def test_openmetadatas_names_of_database_settings() -> None:
    settings = DatabaseMetadata.model_validate(
        {"includeDDL": True, "useFqnForFiltering": True, "threads": 4, "markDeletedTables": False}
    )
    assert settings.include_ddl
    assert settings.use_fqn_for_filtering
    assert not settings.mark_deleted_tables


def test_settings_that_are_left_empty_have_openmetadatas_defaults() -> None:
    assert DatabaseMetadata.model_validate({"includeViews": None}).include_views
