from typing import Any

import pytest

from beam_ingest.testing import SourceSuite
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
def conformance(postgres: PostgresServer) -> dict[str, Any]:
    postgres.database("conformance", "CREATE TABLE a (id int); CREATE VIEW v AS TABLE a")
    return postgres.connection("conformance")


@pytest.mark.server
class TestPostgres(SourceSuite):
    component = "postgres"

    @pytest.fixture
    def config(self, conformance: dict[str, Any]) -> dict[str, Any]:
        return conformance

    @pytest.fixture
    def failing_config(self, conformance: dict[str, Any]) -> dict[str, Any]:
        return {**conformance, "hostPort": "127.0.0.1:1"}
