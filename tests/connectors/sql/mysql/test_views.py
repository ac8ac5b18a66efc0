"""What the source ``mariadb`` makes of views."""

from __future__ import annotations

import pytest

from beam_ingest.connectors.sql.mysql.source import MariadbSource
from tests.connectors.sql.reading import make, read_all
from tests.servers.mariadb import MariadbServer

pytestmark = pytest.mark.server


def test_a_time_in_mariadbs_older_format_has_its_type_without_a_comment(
    mariadb: MariadbServer,
) -> None:
    mariadb.execute(["CREATE DATABASE times", """
        CREATE VIEW times.v AS SELECT cast('10:00' AS time) AS a,
            date_add(cast('2020-01-01' AS datetime(3)), INTERVAL 1 second) AS b"""])  # fmt: skip
    shown = mariadb.rows("SELECT COLUMN_TYPE FROM information_schema.COLUMNS "
                         "WHERE TABLE_SCHEMA = 'times'")  # fmt: skip
    found = read_all(make(MariadbSource, mariadb.connection(databaseSchema="times")))
    mariadb.execute(["DROP DATABASE times"])
    assert all("/*" in kind for (kind,) in shown), shown
    assert [(c.data_type, c.data_type_display) for c in found.table("v").columns] == [
        ("TIME", "time"), ("DATETIME", "datetime(3)"),
    ]  # fmt: skip
