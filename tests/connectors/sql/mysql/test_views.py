"""What the source ``mariadb`` makes of views."""

from __future__ import annotations

import logging

import pytest

from beam_ingest.connectors.sql.mysql.source import MariadbSource
from tests.connectors.sql.reading import make, read_all
from tests.servers.mariadb import PASSWORD, MariadbServer

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


def test_views_whose_definitions_are_not_shown_are_one_warning_a_schema_that_names_the_grant(
    mariadb: MariadbServer, caplog: pytest.LogCaptureFixture
) -> None:
    user = "looker@'127.0.0.1'"
    mariadb.execute([
        *(f"CREATE DATABASE {name}" for name in ("hidden", "shown", "bare")),
        *(f"CREATE TABLE {name}.t (i int)" for name in ("hidden", "shown", "bare")),
        *(f"CREATE VIEW {name} AS SELECT 1 AS i"
          for name in ("hidden.v", "hidden.w", "hidden.x", "shown.v")),
        f"CREATE USER {user} IDENTIFIED BY '{PASSWORD}'",
        *(f"GRANT SELECT ON {name}.* TO {user}" for name in ("hidden", "shown", "bare")),
        f"GRANT SHOW VIEW ON shown.* TO {user}",
        f"GRANT SHOW VIEW ON hidden.x TO {user}",
    ])  # fmt: skip
    chosen = mariadb.connection(
        username="looker", schemaFilterPattern={"includes": ["^hidden$", "^shown$", "^bare$"]}
    )
    told = (
        "svc.default.hidden: the definitions of 2 views are not shown to looker, so they have "
        "none, and no lineage: GRANT SHOW VIEW ON `hidden`.* TO looker"
    )
    with caplog.at_level(logging.WARNING):
        found = read_all(make(MariadbSource, chosen))
        assert caplog.messages == [told]
        caplog.clear()
        only = {"tableFilterPattern": {"includes": ["^t$", "^x$"]}}
        read_all(make(MariadbSource, chosen, only))
        assert caplog.messages == []
    mariadb.execute([
        *(f"DROP DATABASE {name}" for name in ("hidden", "shown", "bare")), f"DROP USER {user}",
    ])  # fmt: skip
    definitions = {t.fqn for t in found.tables.values() if t.schema_definition}
    assert definitions == {"svc.default.hidden.x", "svc.default.shown.v"}
