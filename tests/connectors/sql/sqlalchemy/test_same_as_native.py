"""The generic source yields what the native sources yield, as far as SQLAlchemy tells it."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.connectors.sql.mysql.source import MariadbSource
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from beam_ingest.connectors.sql.sqlalchemy.source import SqlalchemySource
from beam_ingest.connectors.sql.sqlite.source import SqliteSource
from tests.benchmarks import catalogue
from tests.connectors.sql.reading import Read, make, read_all
from tests.servers.mariadb import PASSWORD as MARIADB_PASSWORD
from tests.servers.mariadb import USER as MARIADB_USER
from tests.servers.mariadb import MariadbServer
from tests.servers.postgres import PASSWORD, SUPERUSER, PostgresServer

SHAPE = catalogue.Shape(tables=120, views=6, schemas=3)
SQLITE = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(80) NOT NULL UNIQUE, size FLOAT);
CREATE TABLE line (id INTEGER, n INTEGER, customer INTEGER REFERENCES customer (id), t TIMESTAMP,
    price DECIMAL(10, 2), raw BLOB, PRIMARY KEY (id, n), CONSTRAINT u UNIQUE (customer, n));
CREATE VIEW spend AS SELECT email, price FROM customer JOIN line ON customer = customer.id;
"""


def comparable(read: Read, *, texts: bool) -> dict[str, Any]:
    """By FQN; constraints in one order, view definitions only where ``texts`` says so."""
    found = {}
    for name, entity in [*read.tables.items(), *read.edges.items()]:
        values = entity.to_dict()
        values.get("tableConstraints", []).sort(key=str)
        if not texts:
            values.pop("schemaDefinition", None)
            values.pop("sqlQuery", None)
        found[name] = values
    return found


def generic(url: str, **keys: Any) -> Read:
    return read_all(make(SqlalchemySource, {"url": url, **keys}))


def test_on_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SQLITE)
    connection.close()
    native = read_all(make(SqliteSource, {"databaseMode": str(path)}))
    found = generic(f"sqlite:///{path}")
    assert comparable(found, texts=True) == comparable(native, texts=True)
    assert len(found.tables) == 3
    assert len(found.edges) == 2
    assert [p.fqn for p in found.parents] == [p.fqn for p in native.parents]


def test_a_broken_view_on_sqlite(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(f"{SQLITE} CREATE VIEW fine AS SELECT size FROM customer;")
        connection.executescript("DROP TABLE line;")
    connection.close()
    native = read_all(make(SqliteSource, {"databaseMode": str(path)}))
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        found = generic(f"sqlite:///{path}")
    assert comparable(found, texts=True) == comparable(native, texts=True)
    assert found.table("spend").columns == []
    told = "svc.default.main.spend has no columns that the dialect sqlite can tell: no such table"
    assert told in caplog.text
    assert "is gone since" not in caplog.text
    assert "which is slow" not in caplog.text


@pytest.mark.server
def test_a_broken_view_on_mariadb(mariadb: MariadbServer, caplog: pytest.LogCaptureFixture) -> None:
    mariadb.execute(["CREATE DATABASE torn", "CREATE TABLE torn.a (i int)",
                     "CREATE VIEW torn.v AS SELECT i FROM torn.a",
                     "DROP TABLE torn.a", "CREATE TABLE torn.b (i int)"])  # fmt: skip
    native = read_all(make(MariadbSource, mariadb.connection(databaseSchema="torn")))
    url = f"mariadb+pymysql://{MARIADB_USER}@127.0.0.1:{mariadb.port}/"
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        found = generic(url, password=MARIADB_PASSWORD, databaseSchema="torn")
    mariadb.execute(["DROP DATABASE torn"])
    assert comparable(found, texts=False) == comparable(native, texts=False)
    assert (found.table("v").schema_definition or "").startswith("CREATE ")
    assert "svc.default.torn.v has no columns that the dialect mariadb can tell: " in caplog.text
    assert "is gone since" not in caplog.text


@pytest.mark.server
def test_on_postgresql(postgres: PostgresServer) -> None:
    postgres.database("generic")
    with postgres.connect("generic") as connection:
        for piece in catalogue.postgres(SHAPE):
            connection.execute(piece)
    native = read_all(make(PostgresSource, postgres.connection("generic")))
    url = f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{postgres.port}/generic"
    found = generic(url, password=PASSWORD)
    assert comparable(found, texts=False) == comparable(native, texts=False)
    assert len(found.tables) == SHAPE.tables + SHAPE.views
    assert len(found.edges) == SHAPE.views
    assert [p.fqn for p in found.parents] == [p.fqn for p in native.parents]


@pytest.mark.server
def test_on_mariadb(mariadb: MariadbServer) -> None:
    mariadb.execute(catalogue.mariadb(SHAPE))
    chosen = {"schemaFilterPattern": {"includes": ["^s0"]}}
    native = read_all(make(MariadbSource, mariadb.connection(**chosen)))
    url = f"mariadb+pymysql://{MARIADB_USER}@127.0.0.1:{mariadb.port}/"
    found = generic(url, password=MARIADB_PASSWORD, **chosen)
    mariadb.execute([f"DROP DATABASE {schema}" for schema in SHAPE.schema_names()])
    # SQLAlchemy does not read what columns of views inherit: nullability and comments.
    for read in (found, native):
        for table in read.tables.values():
            for column in table.columns if table.table_type == "View" else ():
                column.constraint = column.description = None
    assert comparable(found, texts=False) == comparable(native, texts=False)
    assert len(found.tables) == SHAPE.tables + SHAPE.views
    assert len(found.edges) == SHAPE.views
