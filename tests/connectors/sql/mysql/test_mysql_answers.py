"""Where MySQL answers otherwise than MariaDB: by answers in the form that its manual gives.

There is no MySQL server among the tests' packages; ``docs/connectors/mysql.md`` says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pymysql
import pytest

from beam_ingest.connectors.sql.mysql.source import MysqlSource
from tests.connectors.sql.reading import Read, make, read_all

ROLES = "`reader`@`%`,`auditor`@`%`"
COLUMNS: list[tuple[Any, ...]] = [
    # number, name, type, nullable, comment, default, extra, generation expression
    (1, "id", "bigint unsigned", "NO", "", None, "auto_increment", ""),
    (2, "code", "varchar(20)", "NO", "Who's", "it's", "", ""),
    (3, "key", "binary(16)", "YES", "", "uuid_to_bin(uuid())", "DEFAULT_GENERATED", ""),
    (4, "at", "timestamp(3)", "YES", "", "CURRENT_TIMESTAMP(3)",
     "DEFAULT_GENERATED on update CURRENT_TIMESTAMP(3)", ""),
    (5, "flag", "bit(1)", "YES", "", "b'1'", "", ""),
    (6, "label", "varchar(40)", "YES", "", None, "STORED GENERATED",
     r"concat(`code`,_utf8mb4\'-\',`id`)"),
    (7, "places", "geomcollection", "YES", "", None, "", ""),
    (8, "doc", "json", "YES", "", None, "", ""),
]  # fmt: skip


class Cursor:
    """Answers each statement by the first of ``ANSWERS`` whose mark is in it."""

    def __init__(self, log: list[str]) -> None:
        self._log = log
        self._rows: Sequence[tuple[Any, ...]] = ()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, statement: str, _: object = None) -> None:
        self._log.append(" ".join(statement.split()))
        self._rows = next(rows for mark, rows in ANSWERS.items() if mark in self._log[-1])

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        return self._rows


class Connection:
    open = True

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def cursor(self) -> Cursor:
        return Cursor(self._log)

    def get_server_info(self) -> str:
        return "8.0.36"

    def close(self) -> None:
        return None


ANSWERS: dict[str, Sequence[tuple[Any, ...]]] = {
    "SET SESSION": [],
    "information_schema.SCHEMATA": [("shop",)],
    "CURRENT_ROLE()": [(ROLES,)],
    f"SHOW GRANTS FOR CURRENT_USER() USING {ROLES}": [
        ("GRANT USAGE ON *.* TO `me`@`%`",),
        ("GRANT SELECT, SHOW VIEW ON `shop`.* TO `me`@`%`",),
        ("GRANT `auditor`@`%`,`reader`@`%` TO `me`@`%`",),
    ],
    "SHOW GRANTS": [("GRANT USAGE ON *.* TO `me`@`%`",)],
    "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE FROM": [("shop", "orders", "BASE TABLE")],
    "information_schema.ROUTINES": [],
    "information_schema.TABLES": [("shop", "orders", "BASE TABLE", "", None, None)],
    "information_schema.COLUMNS": [
        (len(COLUMNS), ",".join(json.dumps(["shop", "orders", *row]) for row in COLUMNS))
    ],
    "information_schema.STATISTICS": [
        ("shop", "orders", "PRIMARY", 1, "id", None, None, None, None),
        ("shop", "orders", "by_code", 1, "code", None, None, None, 10),
        # A part that is an expression has no column.
        ("shop", "orders", "lowered", 1, "code", None, None, None, None),
        ("shop", "orders", "lowered", 2, None, None, None, None, None),
    ],
    "information_schema.KEY_COLUMN_USAGE": [
        ("shop", "orders", "of", 1, "id", "shop", "customers", "id", None)
    ],
    "information_schema.REFERENTIAL_CONSTRAINTS": [
        ("shop", "orders", "of", "NO ACTION", "CASCADE")
    ],
    "FROM information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS": [
        ("shop", "orders", "not_x", r"(`code` <> _utf8mb4\'x\')")
    ],
}


@pytest.fixture
def statements() -> list[str]:
    return []


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, statements: list[str]) -> Read:
    monkeypatch.setattr(pymysql, "connect", lambda **_: Connection(statements))
    connection = {"type": "Mysql", "username": "me", "hostPort": "db:3306"}
    return read_all(make(MysqlSource, connection, {"includeDDL": True}))


def test_grants_through_roles_make_a_schema_whole(read: Read, statements: list[str]) -> None:
    assert read.scope("svc.default.shop").failed is None
    assert f"SHOW GRANTS FOR CURRENT_USER() USING {ROLES}" in statements


def test_innodbs_own_tables_which_mysql_names_otherwise_are_not_asked(
    read: Read, statements: list[str]
) -> None:
    assert read.table("orders")
    assert not [each for each in statements if "INNODB" in each]


def test_types_that_only_mysql_has(read: Read) -> None:
    kinds = {column.name: column.data_type for column in read.table("orders").columns}
    assert (kinds["places"], kinds["doc"], kinds["id"]) == ("GEOMETRY", "JSON", "BIGINT")
    assert read.table("orders").columns[0].data_type_display == "bigint unsigned"


def test_a_unique_index_on_an_expression_is_no_key(read: Read) -> None:
    constraints = {column.name: column.constraint for column in read.table("orders").columns}
    assert (constraints["id"], constraints["code"]) == ("PRIMARY_KEY", "UNIQUE")
    kinds = [key.constraint_type for key in read.table("orders").table_constraints or ()]
    assert kinds == ["FOREIGN_KEY"]


def test_ddl_in_mysqls_words(read: Read) -> None:
    assert (read.table("orders").schema_definition or "").splitlines() == [
        "CREATE TABLE `shop`.`orders` (",
        "  `id` bigint unsigned NOT NULL AUTO_INCREMENT,",
        "  `code` varchar(20) NOT NULL DEFAULT 'it''s' COMMENT 'Who''s',",
        "  `key` binary(16) DEFAULT (uuid_to_bin(uuid())),",
        "  `at` timestamp(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),",
        "  `flag` bit(1) DEFAULT b'1',",
        "  `label` varchar(40) GENERATED ALWAYS AS (concat(`code`,_utf8mb4'-',`id`)) STORED,",
        "  `places` geomcollection,",
        "  `doc` json,",
        "  PRIMARY KEY (`id`),",
        "  UNIQUE KEY `by_code` (`code`(10)),",
        "  CONSTRAINT `of` FOREIGN KEY (`id`) REFERENCES `shop`.`customers` (`id`) "
        "ON DELETE CASCADE,",
        "  CONSTRAINT `not_x` CHECK ((`code` <> _utf8mb4'x'))",
        ");",
    ]
