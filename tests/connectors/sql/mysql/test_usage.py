"""What a real MariaDB ran, by its general log and its slow log in tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from beam_ingest import Context, FatalError, IngestError
from beam_ingest.api.query_log_config import DatabaseUsage
from beam_ingest.connectors.sql.mysql.usage import MariadbUsageSource, MysqlUsageSource
from beam_ingest.testing import SourceSuite
from tests.connectors.narrow import mappings, splits
from tests.servers.mariadb import PASSWORD, USER, MariadbServer

pytestmark = pytest.mark.server

DAY = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class UsageOfThatDay(MysqlUsageSource):
    def now(self) -> datetime:
        return DAY


def source(
    server: MariadbServer, cls: type[MysqlUsageSource], keys: Any = None, **options: Any
) -> MysqlUsageSource:
    config = cls.Config.model_validate({**server.connection(type="Mysql"), **(keys or {})})
    return cls(config, Context("warehouse", "run-1", DatabaseUsage(**options)))


def read(reader: MysqlUsageSource) -> list[Any]:
    return [record for split in splits(reader) for record in reader.read(split)]


@pytest.fixture(scope="module")
def shop(mariadb: MariadbServer) -> Iterator[MariadbServer]:
    mariadb.execute([
        "CREATE DATABASE usage_shop", "CREATE DATABASE usage_other",
        "CREATE TABLE usage_shop.sales (id int)", "CREATE TABLE usage_other.stock (id int)",
    ])  # fmt: skip
    yield mariadb
    mariadb.execute(["DROP DATABASE usage_shop", "DROP DATABASE usage_other"])


@pytest.fixture
def logging(shop: MariadbServer) -> Iterator[MariadbServer]:
    """It logs to tables while a test runs, and nothing is in them before."""
    shop.execute([
        "SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "TRUNCATE mysql.slow_log",
        "SET GLOBAL long_query_time = 0", "SET GLOBAL general_log = 1",
        "SET GLOBAL slow_query_log = 1",
    ])  # fmt: skip
    yield shop
    shop.execute([
        "SET GLOBAL general_log = 0", "SET GLOBAL slow_query_log = 0",
        "SET GLOBAL long_query_time = 10", "SET GLOBAL log_output = 'FILE'",
    ])  # fmt: skip


def test_the_general_log_gives_each_query_with_the_schema_of_its_session(
    logging: MariadbServer,
) -> None:
    with logging.connect(database="usage_shop") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sales WHERE id = 'ä%'")
        connection.select_db("usage_other")
        cursor.execute("SELECT * FROM stock")
        cursor.execute("USE `usage_shop`")
        cursor.execute("INSERT INTO sales VALUES (1)")
        cursor.execute("PREPARE p FROM 'SELECT id FROM sales WHERE id = ?'")
        cursor.execute("SET @one = 1")
        cursor.execute("EXECUTE p USING @one")
    logging.execute(["SELECT * FROM usage_shop.sales"])
    found = read(source(logging, MysqlUsageSource))
    assert [(each["query"], each["databaseSchema"]) for each in found] == [
        ("SELECT * FROM sales WHERE id = 'ä%'", "usage_shop"),
        ("SELECT * FROM stock", "usage_other"),
        ("INSERT INTO sales VALUES (1)", "usage_shop"),
        ("SELECT id FROM sales WHERE id = 1", "usage_shop"),
        ("SELECT * FROM usage_shop.sales", None),
    ]
    record = found[0]
    now = datetime.now(UTC)
    assert timedelta(0) < now - datetime.fromisoformat(record["startTime"]) < timedelta(minutes=5)
    assert record["where"].startswith("mysql.general_log, ")
    assert {key: record[key] for key in record if key not in ("where", "startTime")} == {
        "query": "SELECT * FROM sales WHERE id = 'ä%'",
        "serviceName": "warehouse",
        "databaseName": "default",
        "databaseSchema": "usage_shop",
        "userName": USER,
        "endTime": None,
        "analysisDate": record["startTime"][:10],
        "aborted": False,
        "duration": None,
        "count": 1,
        "dialect": "mysql",
    }


def test_the_slow_log_gives_durations_too(logging: MariadbServer) -> None:
    logging.execute(["SELECT SLEEP(0.05) FROM usage_shop.sales RIGHT JOIN (SELECT 1) x ON 1"],
                    database="usage_other")  # fmt: skip
    slow = source(logging, MysqlUsageSource, {"useSlowLogs": True, "databaseName": "erp"})
    (record,) = [each for each in read(slow) if "SLEEP" in each["query"]]
    assert record["databaseSchema"] == "usage_other"
    assert record["databaseName"] == "erp"
    assert record["userName"] == USER
    assert 50 <= record["duration"] < 5000
    started, ended = (datetime.fromisoformat(record[key]) for key in ("startTime", "endTime"))
    assert ended - started == timedelta(milliseconds=record["duration"])


def test_a_limit_reads_the_newest_of_the_slow_log(logging: MariadbServer) -> None:
    logging.execute([f"SELECT {number} FROM usage_shop.sales" for number in range(5)])
    logging.execute(["SET GLOBAL slow_query_log = 0"])
    slow = {"useSlowLogs": True}
    condition = "sql_text LIKE '%usage_shop.sales'"
    options = {"filter_condition": condition}
    every = read(source(logging, MysqlUsageSource, slow, **options))
    newest = read(source(logging, MysqlUsageSource, slow, result_limit=2, **options))
    assert [each["query"] for each in every] == [
        f"SELECT {number} FROM usage_shop.sales" for number in range(5)
    ]
    assert newest == every[-2:]


def test_a_log_that_is_not_written_is_told_of(
    shop: MariadbServer, caplog: pytest.LogCaptureFixture
) -> None:
    splits(source(shop, MysqlUsageSource))
    assert "mysql.general_log is not written: log_output is FILE and general_log is OFF" in (
        caplog.text
    )


def test_a_user_who_may_not_read_the_log_is_told_what_to_grant(shop: MariadbServer) -> None:
    shop.execute([f"CREATE USER usage_nosy@'%' IDENTIFIED BY '{PASSWORD}'"])
    try:
        reader = source(shop, MysqlUsageSource, {"username": "usage_nosy"})
        with pytest.raises(FatalError, match=r"GRANT SELECT ON mysql.general_log TO usage_nosy"):
            splits(reader)
    finally:
        shop.execute(["DROP USER usage_nosy@'%'"])


def test_a_table_that_is_not_there_is_named(shop: MariadbServer) -> None:
    for table in ("usage_other.nowhere", "no_such_schema.log"):
        with pytest.raises(FatalError, match=rf"{table} cannot be read: .*check queryHistoryTable"):
            splits(source(shop, MysqlUsageSource, {"queryHistoryTable": table}))


def test_no_server_is_fatal(shop: MariadbServer) -> None:
    with pytest.raises(FatalError, match="check hostPort"):
        splits(source(shop, MysqlUsageSource, {"hostPort": "127.0.0.1:1"}))


LINES = [
    # Three days ago a session began, which is still there.
    ("2026-03-01 10:00:00", 1, "Connect", "ann@10.0.0.1 on usage_shop using TCP/IP"),
    ("2026-03-02 23:59:59.999999", 1, "Query", "SELECT 1 FROM a"),
    ("2026-03-03 00:00:00", 1, "Query", "SELECT 2 FROM a"),
    ("2026-03-03 12:00:00", 2, "Connect", "bob@10.0.0.1 on  using TCP/IP"),
    ("2026-03-03 12:00:01", 2, "Query", "SELECT 3 FROM b"),
    ("2026-03-03 12:00:02", 2, "Quit", ""),
    ("2026-03-04 05:00:00", 1, "Query", "/* {\"app\": \"OpenMetadata\", \"v\": 1} */ SELECT 1"),
    ("2026-03-04 05:00:00", 1, "Query", "SELECT 4 FROM a"),
    ("2026-03-04 05:00:01", 1, "Query", "SELECT 5 FROM c"),
    ("2026-03-04 05:06:07", 1, "Query", "SELECT 6 FROM a"),
]  # fmt: skip


@pytest.fixture(scope="module")
def table(shop: MariadbServer) -> str:
    """A log of those days, since nobody may write into the server's own."""
    shop.execute(["CREATE TABLE usage_other.history LIKE mysql.general_log"])
    with shop.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.executemany(
            "INSERT INTO usage_other.history VALUES (%s, 'ann[ann] @  [10.0.0.1]', %s, 1, %s, %s)",
            LINES,
        )
    return "usage_other.history"


@pytest.mark.parametrize(
    ("back", "numbers"), [(0, [[4, 5]]), (1, [[2, 3], [4, 5]]), (2, [[1], [2, 3], [4, 5]])]
)
def test_days_are_whole_in_utc_and_today_ends_now(
    shop: MariadbServer, table: str, back: int, numbers: list[list[int]]
) -> None:
    shop.execute(["SET GLOBAL time_zone = '+05:30'"])
    try:
        reader = source(shop, UsageOfThatDay, {"queryHistoryTable": table}, query_log_duration=back)
        found = {split.key: list(mappings(reader.read(split))) for split in splits(reader)}
    finally:
        shop.execute(["SET GLOBAL time_zone = 'SYSTEM'"])
    assert list(found) == [
        f"general_log/2026-03-0{day}" for day in range(4 - back, 5)
    ]  # fmt: skip
    texts = [[int(record["query"].split()[1]) for record in each] for each in found.values()]
    assert texts == numbers


def test_a_session_that_began_before_the_day_is_known(shop: MariadbServer, table: str) -> None:
    found = read(source(shop, UsageOfThatDay, {"queryHistoryTable": table}))
    assert [(each["query"][7], each["databaseSchema"]) for each in found] == [
        ("2", "usage_shop"), ("3", None), ("4", "usage_shop"), ("5", "usage_shop"),
    ]  # fmt: skip


def test_a_condition_filters_queries_and_keeps_their_sessions(
    shop: MariadbServer, table: str
) -> None:
    condition = "argument LIKE '%FROM a' OR argument LIKE '%FROM b'"
    keys = {"queryHistoryTable": table}
    found = read(source(shop, UsageOfThatDay, keys, filter_condition=condition))
    assert [(each["query"][7], each["databaseSchema"]) for each in found] == [
        ("2", "usage_shop"), ("3", None), ("4", "usage_shop"),
    ]  # fmt: skip


def test_a_condition_that_is_no_sql_is_an_error_in_one_line(
    shop: MariadbServer, table: str
) -> None:
    keys = {"queryHistoryTable": table}
    with pytest.raises(IngestError, match="Unknown column 'nope'"):
        read(source(shop, UsageOfThatDay, keys, filter_condition="nope = 1"))


def test_a_limit_reads_the_newest_of_each_day_and_says_so(
    shop: MariadbServer, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys = {"queryHistoryTable": table}
    found = read(source(shop, UsageOfThatDay, keys, result_limit=1))
    assert [each["query"][7] for each in found] == ["3", "5"]
    assert "only the newest 1 queries of 2026-03-03 were read" in caplog.text
    caplog.clear()
    assert len(read(source(shop, UsageOfThatDay, keys, result_limit=9))) == 4
    assert caplog.text == ""


class MariadbOfThatDay(MariadbUsageSource):
    def now(self) -> datetime:
        return DAY


def test_mariadb_is_read_by_its_own_connection(shop: MariadbServer, table: str) -> None:
    as_mysql = read(source(shop, UsageOfThatDay, {"queryHistoryTable": table}))
    keys = {"queryHistoryTable": table, "type": "MariaDB"}
    assert read(source(shop, MariadbOfThatDay, keys)) == as_mysql


class TestMysqlUsage(SourceSuite):
    component = UsageOfThatDay

    @pytest.fixture
    def config(self, shop: MariadbServer, table: str) -> dict[str, Any]:
        return {**shop.connection(type="Mysql"), "queryHistoryTable": table}

    @pytest.fixture
    def failing_config(self, config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "hostPort": "127.0.0.1:1"}
