"""What the source ``sqlalchemy`` does with a dialect, and what it refuses."""

from __future__ import annotations

import logging
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.connectors.sql.sqlalchemy.source import SqlalchemySource
from tests.connectors.sql.reading import Read, make, read_all
from tests.servers.free_port import free_port


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript("CREATE TABLE a (id INT, o WIBBLE); CREATE VIEW v AS SELECT 1")
    connection.close()
    return path


def read(url: str, source_config: dict[str, Any] | None = None, **keys: Any) -> Read:
    return read_all(make(SqlalchemySource, {"url": url, **keys}, source_config))


def test_service_type_and_names_come_from_the_url(path: Path) -> None:
    found = read(f"sqlite:///{path}")
    assert found.parents[0].to_dict()["serviceType"] == "SQLite"
    assert set(found.tables) == {"svc.default.main.a", "svc.default.main.v"}
    named = read(f"sqlite:///{path}", database="shop", serviceType="CustomDatabase")
    assert named.parents[0].to_dict()["serviceType"] == "CustomDatabase"
    assert "svc.shop.main.a" in named.tables


def test_filters(path: Path) -> None:
    found = read(f"sqlite:///{path}", {"tableFilterPattern": {"includes": ["v"]}})
    assert set(found.tables) == {"svc.default.main.v"}
    assert sorted(found.scope("svc.default.main").names) == [
        "svc.default.main.a", "svc.default.main.v",
    ]  # fmt: skip


def test_a_dialect_whose_set_based_reading_fails_is_read_table_by_table_with_a_notice(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read(f"sqlite:///{path}").tables

    def fails(*_: object, **__: object) -> None:
        raise AttributeError("this dialect is older than get_multi_columns")

    monkeypatch.setattr("sqlalchemy.engine.reflection.Inspector.get_multi_columns", fails)
    with caplog.at_level(logging.WARNING):
        assert read(f"sqlite:///{path}").tables == whole
    notices = [r for r in caplog.messages if "one table at a time, which is slow" in r]
    assert len(notices) == 1
    assert "the dialect sqlite cannot read the columns" in notices[0]


def test_a_locked_file_is_an_error_and_its_tables_are_not_taken_for_broken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        cause = sqlite3.OperationalError("database is locked")
        cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("PRAGMA table_xinfo", None, cause)

    for name in ("get_multi_columns", "get_columns"):
        monkeypatch.setattr(f"sqlalchemy.engine.reflection.Inspector.{name}", fails)
    with pytest.raises(IngestError, match="database is locked"):
        read(f"sqlite:///{path}")


def test_duckdb_whose_dialect_fails_today_still_gives_its_columns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "d.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t (a INTEGER, b VARCHAR); CREATE VIEW v AS FROM t")
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of duckdb-engine, about what it lacks
        found = read(f"duckdb:///{path}", schemaFilterPattern={"includes": [r"d\.main$"]})
    assert [c.name for c in found.table("t").columns] == ["a", "b"]
    assert [c.data_type for c in found.table("t").columns] != ["UNKNOWN", "UNKNOWN"]
    assert "one table at a time" in caplog.text


def test_no_password_is_in_an_error() -> None:
    url = f"postgresql+psycopg://me:hunter2@127.0.0.1:{free_port()}/db"
    with pytest.raises(FatalError, match="check host, user and password") as caught:
        read(url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url", "url is not a URL"),
        ("nosuchdb://localhost/x", "no SQLAlchemy dialect 'nosuchdb'"),
        ("oracle+cx_oracle://localhost/x", "needs 'cx_Oracle', which is not installed"),
    ],
)
def test_a_url_that_leads_nowhere_is_fatal(url: str, message: str) -> None:
    with pytest.raises(FatalError, match=message):
        read(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://lim:a@b:Sup3rSecret99/x@127.0.0.1:5432/odd",
        "postgresql+psycopg://lim:a@Sup3rSecret99@127.0.0.1:1/odd",
        "postgresql+psycopg://lim:a@127.0.0.1:1/Sup3rSecret99@127.0.0.1:1/odd",
    ],
)
def test_a_password_that_breaks_the_url_is_fatal_without_any_text_of_it(url: str) -> None:
    with pytest.raises(FatalError, match=r"percent-encode .* set the key password") as caught:
        read(url)
    assert not any(part in str(caught.value) for part in ("Sup3rSecret99", "lim", "127.0.0.1"))


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite:///file:{}?uri=true"])
def test_a_missing_sqlite_file_is_fatal_and_is_not_created(tmp_path: Path, url: str) -> None:
    path = tmp_path / "missing.db"
    with pytest.raises(FatalError, match=r"missing\.db: no such file"):
        read(url.format(path))
    assert not path.exists()


def test_a_sqlite_file_is_read_by_its_uri_too(path: Path) -> None:
    assert (
        read(f"sqlite:///file:{path}?mode=ro&uri=true").tables == read(f"sqlite:///{path}").tables
    )


def test_a_directory_is_no_sqlite_file(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="a directory"):
        read(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true",
     "sqlite:///file:x?mode=memory&uri=true"],
)  # fmt: skip
def test_sqlite_in_memory_is_refused_with_the_reason(url: str) -> None:
    with pytest.raises(FatalError, match="empty database of this process"):
        read(url)
