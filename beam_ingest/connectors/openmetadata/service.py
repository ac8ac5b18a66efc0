"""A service's connection, as the server keeps it: for workflows that do not write it themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beam_ingest.api.errors import FatalError
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.connect import connect
from beam_ingest.connectors.openmetadata.routes import COLLECTIONS
from beam_ingest.http import RetryPolicy

_MASK = "*********"
"""What the server shows instead of a secret to those who may not see it."""


def service_connection(
    server: OpenMetadataServer | None, service: str, service_type: str = "databaseService"
) -> dict[str, Any]:
    """``connection.config`` of a service of the server, ``service`` being its FQN.

    It holds the service's secrets in plain text: treat it as a workflow with literal secrets.
    Raises ``FatalError`` where there is no such service, no connection in it, or where the
    token's user may not see the secrets.
    """
    session = connect(server, connections=1, policy=RetryPolicy(tries=3, budget=30))
    try:
        version = server.api_version if server else "v1"
        held = Client(session, version).get(COLLECTIONS[service_type], service)
    finally:
        session.close()
    where = f"the service {service} of {session.server}"
    if held is None:
        raise FatalError(
            f"{where} does not exist",
            hint="check source.serviceName, or write source.serviceConnection into the workflow",
        )
    config = (held.get("connection") or {}).get("config")
    if not isinstance(config, dict):
        raise FatalError(
            f"{where} is kept without its connection",
            hint="write source.serviceConnection into the workflow",
        )
    masked = sorted(_masked(config, ""))
    if masked:
        raise FatalError(
            f"{where} does not show {', '.join(masked)} to this token's user",
            hint="use the token of the ingestion bot, which may see the secrets of services",
        )
    return config


def _masked(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _masked(item, f"{path}.{key}" if path else key)
    elif value == _MASK:
        yield path
