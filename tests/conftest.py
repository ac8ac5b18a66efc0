"""Fixtures of the whole suite: the servers that tests start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.mariadb import MariadbServer, mariadb_server
from tests.servers.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    yield from postgres_server()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    yield from mariadb_server()
