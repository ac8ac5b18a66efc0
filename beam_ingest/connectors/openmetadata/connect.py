"""The HTTP session with an OpenMetadata server, from its configuration."""

from __future__ import annotations

from collections.abc import Callable

from beam_ingest.api.errors import FatalError
from beam_ingest.api.secrets import Secret, resolve_options
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.connectors.openmetadata.clock import DatedSession
from beam_ingest.http import RetryPolicy, Surroundings, Timeouts, Tls


def connect(
    server: OpenMetadataServer | None,
    *,
    connections: int = 4,
    timeouts: Timeouts | None = None,
    policy: RetryPolicy | None = None,
    surroundings: Surroundings | None = None,
) -> DatedSession:
    """A session with ``server``; its secrets are read here and kept in memory only.

    Raises ``FatalError`` where there is no server in the workflow, or a secret cannot be read.
    """
    if server is None:
        raise FatalError(
            "the workflow names no OpenMetadata server",
            hint="add workflowConfig.openMetadataServerConfig with hostPort and securityConfig",
        )
    return DatedSession(
        server.host_port,
        authorization=_bearer(server),
        headers={k: str(v) for k, v in resolve_options(server.extra_headers or {}).items()},
        connections=connections,
        timeouts=timeouts,
        policy=policy,
        tls=_tls(server),
        probe=f"/{server.api_version}/system/version",
        surroundings=surroundings,
    )


def _bearer(server: OpenMetadataServer) -> Callable[[], str | None]:
    token: Secret | None = server.security_config.jwt_token if server.security_config else None
    return lambda: f"Bearer {token.get().strip()}" if token is not None else None


def _tls(server: OpenMetadataServer) -> Tls:
    given = server.ssl_config
    key = given.ssl_key.get() if given and given.ssl_key else None
    return Tls(
        verify=server.verify_ssl != "ignore",
        ca=given.ca_certificate if given and server.verify_ssl == "validate" else None,
        certificate=given.ssl_certificate if given else None,
        key=key,
    )
