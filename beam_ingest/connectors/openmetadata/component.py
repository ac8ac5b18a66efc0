"""What the sink and the bulk sink have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from beam_ingest.api.component import Check, Component
from beam_ingest.api.outcomes import Retired
from beam_ingest.api.sink import Token
from beam_ingest.api.source import Scope
from beam_ingest.connectors.openmetadata.checks import server_checks
from beam_ingest.connectors.openmetadata.config import MetadataRestConfig
from beam_ingest.connectors.openmetadata.connection import Connection, acquire, release
from beam_ingest.connectors.openmetadata.retire import retire


class ServerComponent(Component):
    """Connected to ``workflowConfig.openMetadataServerConfig`` between open and close."""

    class Config(MetadataRestConfig):
        """OpenMetadata's keys of ``metadata-rest``, and ours."""

    overwrites: ClassVar[bool] = True
    """Whether what it writes takes the place of what the server holds of an entity."""
    config: MetadataRestConfig
    _connection: Connection | None = None

    def open(self) -> None:
        """Connect; the first request is made when there is something to write."""
        self._connection = acquire(self.config, self.context, overwrites=self.overwrites)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            release(connection)

    def checks(self) -> Iterable[Check]:
        """Reach the server, see that the token is good."""
        return server_checks(self.context.server)

    def begin(self) -> Token:
        """See that the server is there and the token good, before anything is read."""
        client = self.connection.client
        client.version()
        client.check_token()
        return None

    def commit(self, token: Token) -> None:
        """With ``skipUnchanged``: the next run may trust what this one wrote."""
        if self.connection.fingerprints is not None:
            self.connection.fingerprints.commit()

    def abort(self, token: Token) -> None:
        """What this run wrote stays written, but the next one does not count on it."""
        if self.connection.fingerprints is not None:
            self.connection.fingerprints.abort()

    def replaces(self) -> str | None:
        """Nothing: every write is an upsert."""
        return None

    def no_stream(self) -> str | None:
        """None: every write counts at once."""
        return None

    def retire(self, scope: Scope) -> Retired | None:
        """Soft-delete what the scope lost, where ``markDeleted…`` of the source says so."""
        found = self.connection
        trusted = found.fingerprints if self.context.settings.skip_unchanged == "local" else None
        return retire(
            found.client,
            found.catalogue,
            scope,
            self.context.source_config,
            trusted,
            since=found.began,
        )

    @property
    def connection(self) -> Connection:
        """The connection. Only after ``open``."""
        if self._connection is None:
            raise RuntimeError("open() was not called")
        return self._connection
