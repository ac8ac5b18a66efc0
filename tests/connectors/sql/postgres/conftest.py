"""The database ``shop``, made once for the tests of this folder."""

from __future__ import annotations

import pytest

from tests.connectors.sql.postgres.shop import SHOP, read
from tests.connectors.sql.reading import Read
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
def shop(postgres: PostgresServer) -> PostgresServer:
    postgres.database("shop", SHOP)
    return postgres


@pytest.fixture(scope="session")
def everything(shop: PostgresServer) -> Read:
    return read(shop)
