from typing import Any

import pytest

from beam_ingest.testing import SourceSuite
from tests.servers.mariadb import MariadbServer


@pytest.fixture(scope="module")
def conformance(mariadb: MariadbServer) -> dict[str, Any]:
    mariadb.execute(["CREATE DATABASE conformance", "CREATE TABLE conformance.a (id int)"])
    return mariadb.connection(databaseSchema="conformance")


@pytest.mark.server
class TestMariadb(SourceSuite):
    component = "mariadb"

    @pytest.fixture
    def config(self, conformance: dict[str, Any]) -> dict[str, Any]:
        return conformance

    @pytest.fixture
    def failing_config(self, config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "hostPort": "127.0.0.1:1"}


class TestMysql(TestMariadb):
    component = "mysql"

    @pytest.fixture
    def config(self, conformance: dict[str, Any]) -> dict[str, Any]:
        return {**conformance, "type": "Mysql"}
