"""The named checks of ``test-connection`` that all components of a server share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from beam_ingest.api.component import Check
from beam_ingest.api.server import OpenMetadataServer
from beam_ingest.connectors.openmetadata.client import Client
from beam_ingest.connectors.openmetadata.connect import connect


def server_checks(server: OpenMetadataServer | None) -> Iterable[Check]:
    """Reach the server and tell its version; see that the token is taken."""

    def with_client(ask: Callable[[Client], str | None]) -> str | None:
        session = connect(server, connections=1)
        try:
            return ask(Client(session, server.api_version if server else "v1"))
        finally:
            session.close()

    return (
        Check("reach the server", lambda: with_client(_version)),
        Check("use the token", lambda: with_client(_token)),
    )


def _version(client: Client) -> str:
    version = ".".join(map(str, client.version()))
    return f"{client.session.server}, OpenMetadata {version}"


def _token(client: Client) -> None:
    client.check_token()
