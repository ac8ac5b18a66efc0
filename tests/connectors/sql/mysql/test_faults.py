"""MariaDB refuses, restarts, or takes too long."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Workflow
from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.connectors.sql.mysql.catalogue import MysqlCatalogue
from beam_ingest.connectors.sql.mysql.source import MariadbSource
from tests.connectors.narrow import entities, splits
from tests.connectors.sql.reading import Read, catalogue_of, make, opened, read_all
from tests.servers.free_port import free_port
from tests.servers.mariadb import PASSWORD, MariadbServer, mariadb_server

pytestmark = pytest.mark.server


def read(server: MariadbServer, **keys: Any) -> Read:
    return read_all(make(MariadbSource, server.connection(**keys)))


@pytest.fixture(scope="module")
def frail() -> Iterator[MariadbServer]:
    """A server of its own, to be stopped."""
    for server in mariadb_server():
        server.execute(["CREATE DATABASE db", "CREATE TABLE db.a (id int)"])
        yield server


def test_a_wrong_password_is_fatal_in_one_line_without_it(frail: MariadbServer) -> None:
    with pytest.raises(FatalError) as caught:
        read(frail, password="wr0ng-pass")
    assert str(caught.value) == (
        f"tester@127.0.0.1:{frail.port}: Access denied for user 'tester'@'127.0.0.1' "
        "(using password: YES) (check username and password)"
    )


def test_the_check_connect_connects(frail: MariadbServer) -> None:
    check = next(iter(make(MariadbSource, frail.connection(password="wr0ng-pass")).checks()))
    assert check.name == "connect"
    with pytest.raises(FatalError, match="check username and password"):
        check.run()
    assert next(iter(make(MariadbSource, frail.connection()).checks())).run() == (
        "1 database: default"
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
def test_a_wrong_host_is_fatal_in_one_line(frail: MariadbServer, host: str) -> None:
    with pytest.raises(FatalError, match="check hostPort, and that the server runs") as caught:
        read(frail, hostPort=f"{host}:{free_port()}")
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_statement_timeout_names_the_setting(frail: MariadbServer) -> None:
    names = [f"CREATE TABLE db.t{n:03d} (a int, b int)" for n in range(150)]
    frail.execute(names)
    slow = make(
        MariadbSource,
        frail.connection(
            databaseSchema="db",
            connectionArguments={"init_command": "SET SESSION max_statement_time = 0.0001"},
        ),
    )
    with opened(slow), pytest.raises(IngestError, match="max_statement_time") as caught:
        list(slow.splits())
    assert not isinstance(caught.value, (FatalError, TransientError))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_in_mid_run_is_survived(frail: MariadbServer, how: signal.Signals) -> None:
    reader = make(MariadbSource, frail.connection(databaseSchema="db"))
    with opened(reader):
        (split,) = splits(reader)
        before = [record.fqn for record in entities(reader.read(split))]
        frail.stop(how)
        with pytest.raises(TransientError, match="connection was lost"):
            list(reader.read(split))
        with pytest.raises(TransientError, match="check hostPort"):
            list(reader.read(split))
        frail.start()
        assert [record.fqn for record in entities(reader.read(split))] == before


def test_a_server_killed_and_restarted_in_mid_run_costs_nothing(
    frail: MariadbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frail.execute(["CREATE DATABASE many"])
    frail.execute([f"CREATE TABLE many.t{number:03d} (a int)" for number in range(300)])
    fetch, calls = MysqlCatalogue._fetch, []

    def fetch_and_crash(self: MysqlCatalogue, database: str, names: Any) -> Any:
        calls.append(names)
        if len(calls) == 2:
            frail.stop(signal.SIGKILL)
            frail.start()
        return fetch(self, database, names)

    monkeypatch.setattr(MysqlCatalogue, "_fetch", fetch_and_crash)
    config = {
        "source": {
            "type": "mariadb",
            "serviceName": "svc",
            "serviceConnection": {"config": frail.connection(databaseSchema="many")},
            "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        },
        "sink": {"type": "file", "config": {"path": str(tmp_path / "out.jsonl")}},
        "beam": {"workDir": str(tmp_path / "runs")},
    }
    Workflow.from_config(config).run().raise_for_status()
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    tables = [line for line in lines if line.startswith('{"entityType":"table"')]
    assert len(tables) == len(set(tables)) == 300
    assert len(calls) > 2


def test_transactions_only_read(frail: MariadbServer) -> None:
    reader = make(MariadbSource, frail.connection())
    with (
        opened(reader),
        pytest.raises(IngestError, match="READ ONLY transaction"),
        catalogue_of(MysqlCatalogue, reader).borrowed() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE TABLE db.mine (id int)")
