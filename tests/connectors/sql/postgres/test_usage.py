"""What a real PostgreSQL ran, by ``pg_stat_statements`` and by its csvlog and jsonlog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Context, FatalError, IngestError
from beam_ingest.api.query_log_config import DatabaseUsage
from beam_ingest.connectors.sql.postgres.search_path import SearchPaths
from beam_ingest.connectors.sql.postgres.usage import PostgresUsageSource
from beam_ingest.testing import SourceSuite
from tests.connectors.narrow import splits
from tests.servers.postgres import PASSWORD, SUPERUSER, PostgresServer

pytestmark = pytest.mark.server

TRANSACTIONS = 25
# What pgbench does: three UPDATEs, a SELECT and an INSERT a transaction.
PER_TRANSACTION = {
    "UPDATE pgbench_accounts": 1, "SELECT abalance FROM pgbench_accounts": 1,
    "UPDATE pgbench_tellers": 1, "UPDATE pgbench_branches": 1, "INSERT INTO pgbench_history": 1,
}  # fmt: skip


class UsageOfThatDay(PostgresUsageSource):
    """On a day after which the server has begun to count."""

    def now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def source(server: PostgresServer, keys: Any = None, **options: Any) -> UsageOfThatDay:
    config = UsageOfThatDay.Config.model_validate({**server.connection("bench"), **(keys or {})})
    return UsageOfThatDay(config, Context("warehouse", "run-1", DatabaseUsage(**options)))


def read(server: PostgresServer, keys: Any = None, **options: Any) -> list[Any]:
    reader = source(server, keys, **options)
    return [record for split in splits(reader) for record in reader.read(split)]


def counted(records: list[Any]) -> dict[str, int]:
    """Executions by the beginnings of ``PER_TRANSACTION``."""
    found: Counter[str] = Counter()
    for record in records:
        for beginning in PER_TRANSACTION:
            if record["query"].startswith(beginning):
                found[beginning] += record["count"]
    return dict(found)


@pytest.fixture(scope="module")
def bench(logging_postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The database ``bench`` after pgbench, as simple statements and as prepared ones."""
    server = logging_postgres
    server.database("bench", "CREATE EXTENSION pg_stat_statements")
    server.pgbench("bench", "-i", "-q", "-n")
    with server.connect("bench") as connection:
        connection.execute("ALTER DATABASE bench SET log_statement = 'all'")
        connection.execute("SELECT pg_stat_statements_reset()")
    for protocol in ("simple", "prepared"):
        server.pgbench("bench", "-n", "-t", str(TRANSACTIONS), "-M", protocol)
    with server.connect("bench") as connection, pytest.raises(Exception, match="no_such"):
        connection.execute("SELECT 1 FROM no_such")
    with server.connect() as connection:
        connection.execute("ALTER DATABASE bench RESET log_statement")
        connection.execute("CREATE ROLE nosy LOGIN PASSWORD %s" % f"'{PASSWORD}'")  # noqa: UP031
    yield server
    with server.connect() as connection:
        connection.execute("DROP DATABASE bench WITH (FORCE)")
        connection.execute("DROP ROLE nosy")


@pytest.fixture
def log(bench: PostgresServer) -> Path:
    return bench.data / "log"


EXPECTED = {beginning: 2 * TRANSACTIONS * each for beginning, each in PER_TRANSACTION.items()}


def test_pg_stat_statements_says_how_often_each_statement_ran(bench: PostgresServer) -> None:
    found = read(bench)
    assert counted(found) == EXPECTED
    record = next(each for each in found if each["query"].startswith("UPDATE pgbench_tellers"))
    assert record["query"].endswith("tbalance = tbalance + $1 WHERE tid = $2")
    assert record["where"].startswith("pg_stat_statements, queryid ")
    assert record.pop("duration") > 0
    assert {key: record[key] for key in record if key not in ("query", "where", "count")} == {
        "serviceName": "warehouse",
        "databaseName": "bench",
        "databaseSchema": None,
        "userName": SUPERUSER,
        "startTime": None,
        "endTime": None,
        "analysisDate": "2026-01-02",
        "aborted": False,
        "dialect": "postgres",
        "searchPath": [SUPERUSER, "public"],
    }


def test_neither_the_sources_own_statements_nor_transactions_are_read(
    bench: PostgresServer,
) -> None:
    read(bench)
    texts = [record["query"] for record in read(bench)]
    assert not [text for text in texts if "beam-ingest" in text]
    assert not [text for text in texts if text.startswith(("BEGIN", "END", "FETCH", "SET"))]


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_the_servers_log_files_hold_the_same_executions(log: Path, format_: str) -> None:
    if not (log / f"query.{format_}").exists():
        pytest.skip("PostgreSQL writes jsonlog since version 15")
    reader = UsageOfThatDay(
        UsageOfThatDay.Config(host_port="db", username="u", database="bench"),
        Context("warehouse", "r", DatabaseUsage(query_log_file_path=str(log / f"query.{format_}"))),
    )
    (split,) = splits(reader)
    found: list[Any] = list(reader.read(split))
    assert counted(found) == EXPECTED
    assert [each["query"] for each in found if each["aborted"]] == ["SELECT 1 FROM no_such"]
    records = [each for each in found if each["query"].startswith("UPDATE pgbench_tellers")]
    assert {each["databaseName"] for each in records} == {"bench"}
    now = datetime.now(UTC)
    for each in records:
        assert timedelta(0) < now - datetime.fromisoformat(each["startTime"]) < timedelta(hours=1)


def test_a_condition_filters_statements(bench: PostgresServer) -> None:
    for condition in ("query LIKE 'INSERT%'", "s.query ILIKE 'insert%'"):
        assert list(counted(read(bench, filter_condition=condition))) == [
            "INSERT INTO pgbench_history"
        ]


def test_a_condition_that_is_no_sql_is_an_error_in_one_line(bench: PostgresServer) -> None:
    with pytest.raises(IngestError, match=r'column "nope" does not exist'):
        read(bench, filter_condition="nope = 1")


def test_a_limit_reads_what_ran_most_often_and_says_so(
    bench: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    # A statement and its prepared form are two to the server.
    found = read(bench, result_limit=2 * len(EXPECTED))
    assert counted(found) == EXPECTED
    assert "only the 10 statements that ran most often were read" in caplog.text


def test_counts_from_before_the_day_are_told_of(
    bench: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    reader = source(bench)
    list(reader.splits())
    assert caplog.text == ""
    reader.now = lambda: datetime.now(UTC) + timedelta(days=2)  # type: ignore[method-assign]
    list(reader.splits())
    assert "pg_stat_statements has counted since" in caplog.text


def test_what_other_users_ran_is_hidden_without_a_grant(bench: PostgresServer) -> None:
    login = {"username": "nosy"}
    with pytest.raises(IngestError, match="GRANT pg_read_all_stats TO nosy"):
        read(bench, login)
    (check,) = source(bench, login).checks()
    with pytest.raises(FatalError, match="statements are hidden"):
        check.run()
    with bench.connect() as connection:
        connection.execute("GRANT pg_read_all_stats TO nosy")
    try:
        assert counted(read(bench, login)) == EXPECTED
        assert str(check.run()).endswith("statements")
    finally:
        with bench.connect() as connection:
            connection.execute("REVOKE pg_read_all_stats FROM nosy")


def test_a_view_of_ones_own_takes_the_place(bench: PostgresServer) -> None:
    with bench.connect("bench") as connection:
        connection.execute('CREATE SCHEMA IF NOT EXISTS "Odd"')
        connection.execute(
            'CREATE OR REPLACE VIEW "Odd"."some" AS SELECT userid, dbid, query '
            "FROM pg_stat_statements WHERE query LIKE 'INSERT%'"
        )
    found = read(bench, {"queryStatementSource": '"Odd"."some"'})
    assert [(each["count"], each["duration"]) for each in found] == [(1, None)] * 2
    with pytest.raises(FatalError, match="there is no view nowhere"):
        read(bench, {"queryStatementSource": "nowhere"})


def test_a_database_without_the_extension_says_what_to_do(bench: PostgresServer) -> None:
    with pytest.raises(FatalError, match="CREATE EXTENSION pg_stat_statements"):
        read(bench, {"database": "postgres"})


def test_only_the_databases_of_the_service_are_read(bench: PostgresServer) -> None:
    with bench.connect() as connection:
        connection.execute("SELECT 'elsewhere', count(*) FROM pg_class")

    def databases(**keys: Any) -> set[str]:
        return {record["databaseName"] for record in read(bench, keys)}

    assert databases() == {"bench"}
    assert databases(ingestAllDatabases=True) >= {"bench", "postgres"}
    excluded = {"excludes": ["^postgres$"]}
    assert "postgres" not in databases(ingestAllDatabases=True, databaseFilterPattern=excluded)


def test_the_search_path_is_the_one_that_is_set(bench: PostgresServer) -> None:
    with bench.connect() as connection:
        connection.execute('ALTER DATABASE bench SET search_path = sales, "$user", "Odd, one"')
    try:
        (record, *_) = read(bench, filter_condition="query LIKE 'INSERT%'")
        assert record["searchPath"] == ["sales", SUPERUSER, "Odd, one"]
    finally:
        with bench.connect() as connection:
            connection.execute("ALTER DATABASE bench RESET search_path")


def test_a_setting_of_the_user_goes_before_that_of_the_database() -> None:
    paths = SearchPaths({("d", ""): "a", ("", "u"): "B", ("d", "v"): "c", ("", ""): "e"})
    assert [paths.of("d", "w"), paths.of("d", "u"), paths.of("d", "v"), paths.of("x", "w")] == [
        ["a"], ["b"], ["c"], ["e"],
    ]  # fmt: skip
    assert SearchPaths({}).of("d", None) == ["public"]


def test_no_server_is_fatal(bench: PostgresServer) -> None:
    with pytest.raises(FatalError, match="check hostPort"):
        read(bench, {"hostPort": "127.0.0.1:1"})


class TestPostgresUsage(SourceSuite):
    component = UsageOfThatDay
    source_config = {"filterCondition": "query LIKE '%pgbench_history%'"}

    @pytest.fixture
    def config(self, bench: PostgresServer) -> dict[str, Any]:
        return bench.connection("bench")

    @pytest.fixture
    def failing_config(self, bench: PostgresServer) -> dict[str, Any]:
        return {**bench.connection("bench"), "hostPort": "127.0.0.1:1"}
