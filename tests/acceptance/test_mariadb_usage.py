"""A real MariaDB: its usage in OpenMetadata, by its general log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.workflow import Workflow
from tests.connectors.openmetadata.usage.support import counts
from tests.servers.mariadb import MariadbServer
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata

pytestmark = [pytest.mark.server, pytest.mark.slow]

SELECTS, INSERTS, JOINS = 12, 7, 5


@pytest.fixture(scope="module")
def shop(mariadb: MariadbServer) -> Iterator[MariadbServer]:
    mariadb.execute([
        "CREATE DATABASE run_a", "CREATE DATABASE run_b", "CREATE TABLE run_a.orders (id int)",
        "CREATE TABLE run_b.orders (id int)", "CREATE TABLE run_b.Stock (id int)",
        "SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log",
        "SET GLOBAL general_log = 1",
    ])  # fmt: skip
    with mariadb.connect(database="run_a") as connection, connection.cursor() as cursor:
        for number in range(SELECTS):
            cursor.execute("SELECT * FROM orders WHERE id = %s", [number])
        connection.select_db("run_b")
        for number in range(INSERTS):
            cursor.execute("INSERT INTO orders VALUES (%s)", [number])
        for _ in range(JOINS):
            cursor.execute("SELECT 1 FROM Stock s JOIN run_a.orders o ON o.id = s.id")
    mariadb.execute(["SET GLOBAL general_log = 0", "SET GLOBAL log_output = 'FILE'"])
    yield mariadb
    mariadb.execute(["DROP DATABASE run_a", "DROP DATABASE run_b"])


def test_the_general_log_ends_in_the_right_counts(shop: MariadbServer, tmp_path: Path) -> None:
    def run(type_: str, read: dict[str, Any], **ends: Any) -> Any:
        return Workflow.from_config({
            "source": {
                "type": type_,
                "serviceName": "erp",
                "serviceConnection": {"config": shop.connection(type="Mysql")},
                "sourceConfig": {"config": read},
            },
            "workflowConfig": {"openMetadataServerConfig": {
                "hostPort": fake.url, "securityConfig": {"jwtToken": BOT_TOKEN},
            }},
            "beam": {"workDir": str(tmp_path / "runs")},
            **ends,
        }).run()  # fmt: skip

    with FakeOpenMetadata() as fake:
        filters = {"schemaFilterPattern": {"includes": ["^run_"]}}
        run("mysql", filters, sink={"type": "metadata-rest"}).raise_for_status()
        report = run(
            "mysql-usage",
            {"type": "DatabaseUsage", "queryLogDuration": 1},
            processor={"type": "query-parser"},
            stage={"type": "table-usage"},
            bulkSink={"type": "metadata-usage"},
        )
        found = {table: sum(days.values()) for table, days in counts(fake).items()}
    assert report.status == "success", report.sentence
    assert found == {
        "erp.default.run_a.orders": SELECTS + JOINS,
        "erp.default.run_b.orders": INSERTS,
        "erp.default.run_b.Stock": JOINS,
    }
