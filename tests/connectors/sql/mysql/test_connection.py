"""Connecting to what is no server of MySQL's, and the time a statement may take."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.sql.connections import Unreachable
from beam_ingest.connectors.sql.mysql import connection
from beam_ingest.connectors.sql.mysql.config import MariadbConfig
from beam_ingest.connectors.sql.mysql.source import MariadbSource
from tests.connectors.sql.reading import make, read_all
from tests.servers.mariadb import MariadbServer


@pytest.fixture
def silent() -> Iterator[dict[str, Any]]:
    """The settings for a port that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield {"hostPort": f"127.0.0.1:{listener.getsockname()[1]}", "username": "me"}


def test_a_server_that_says_nothing_is_unreachable(
    silent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_CONNECT_TIMEOUT", 0.05)
    config = MariadbConfig.model_validate(silent)
    with pytest.raises(Unreachable, match=r"says nothing .*check hostPort") as caught:
        connection.connect(config, "")
    assert "during query" not in str(caught.value)
    with pytest.raises(FatalError, match="check hostPort, and that the server runs"):
        read_all(make(MariadbSource, silent))


def test_a_users_own_timeouts_hold_for_the_greeting_too(silent: dict[str, Any]) -> None:
    for own in ({"read_timeout": 0.05}, {"connect_timeout": 0.05}):
        config = MariadbConfig.model_validate({**silent, "connectionArguments": own})
        with pytest.raises(Unreachable, match="says nothing"):
            connection.connect(config, "")


@pytest.mark.server
@pytest.mark.parametrize("own", [None, 30])
def test_a_statement_may_take_longer_than_the_greeting(
    mariadb: MariadbServer, own: int | None
) -> None:
    arguments = {"connect_timeout": 5} if own is None else {"read_timeout": own}
    config = MariadbConfig.model_validate(mariadb.connection(connectionArguments=arguments))
    connected = connection.connect(config, "")
    connection.query(connected, "SELECT 1")
    timeout = connected._sock.gettimeout()  # type: ignore[attr-defined]
    connected.close()
    assert timeout == own
