"""PostgreSQL refuses, restarts, or takes too long."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.settings import RunSettings
from beam_ingest.connectors.sql.postgres.catalogue import PostgresCatalogue
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.narrow import entities, splits
from tests.connectors.sql.reading import catalogue_of, make, opened, read_all
from tests.servers.free_port import free_port
from tests.servers.postgres import PASSWORD, PostgresServer, postgres_server

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def frail() -> Iterator[PostgresServer]:
    """A server of its own, to be stopped."""
    for server in postgres_server():
        server.database("db", "CREATE TABLE a (id int); CREATE VIEW v AS SELECT id FROM a")
        yield server


def source(server: PostgresServer, **keys: Any) -> PostgresSource:
    return make(PostgresSource, server.connection("db", **keys))


def test_a_wrong_password_is_fatal_in_one_line_without_it(frail: PostgresServer) -> None:
    with pytest.raises(FatalError) as caught:
        read_all(source(frail, authType={"password": "wr0ng-pass"}))
    assert str(caught.value) == (
        f"postgres@127.0.0.1:{frail.port}/db: password authentication failed for user "
        '"postgres" (check username, password and database)'
    )


def test_a_database_that_is_not_there_is_fatal(frail: PostgresServer) -> None:
    with pytest.raises(FatalError, match='database "nowhere" does not exist'):
        read_all(make(PostgresSource, frail.connection("nowhere")))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
def test_a_wrong_host_is_fatal_in_one_line(frail: PostgresServer, host: str) -> None:
    with pytest.raises(FatalError, match="check hostPort, and that the server runs") as caught:
        read_all(source(frail, hostPort=f"{host}:{free_port()}"))
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_connection_argument_that_is_not_known_is_named(frail: PostgresServer) -> None:
    with pytest.raises(FatalError, match=r"settings of the connection .*sslmod"):
        read_all(source(frail, connectionArguments={"sslmod": "disable"}))


def test_a_statement_timeout_names_the_setting(frail: PostgresServer) -> None:
    slow = source(frail, connectionArguments={"options": "-c statement_timeout=50"})
    with opened(slow):
        (split,) = splits(slow)
        with frail.connect("db") as blocker:
            blocker.execute("BEGIN; LOCK TABLE pg_catalog.pg_class IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(IngestError, match="statement_timeout: raise it") as caught:
                list(slow.read(split))
            blocker.execute("ROLLBACK")
        assert not isinstance(caught.value, (FatalError, TransientError))
        assert len(list(slow.read(split))) >= 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_restart_in_mid_run_is_survived(frail: PostgresServer, how: signal.Signals) -> None:
    reader = source(frail)
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


def test_a_new_worker_meets_a_server_that_is_down_and_may_try_again(
    frail: PostgresServer,
) -> None:
    with opened(source(frail)) as lister:
        (split,) = splits(lister)
    frail.stop()
    with opened(source(frail)) as worker, pytest.raises(TransientError):
        list(worker.read(split))
    frail.start()


def test_transactions_only_read(frail: PostgresServer) -> None:
    reader = source(frail)
    with (
        opened(reader),
        pytest.raises(IngestError, match="read-only transaction"),
        catalogue_of(PostgresCatalogue, reader).borrowed("db") as connection,
    ):
        connection.execute("CREATE TABLE mine (id int)")


def test_readers_of_one_worker_share_threads_connections(frail: PostgresServer) -> None:
    one = make(PostgresSource, frail.connection("db"), {"threads": 2})
    readers = [PostgresSource(one.config, one.context) for _ in range(6)]
    inside, most, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(2)

    def read(reader: PostgresSource) -> None:
        nonlocal inside, most
        with catalogue_of(PostgresCatalogue, reader).borrowed("db") as connection:
            with lock:
                inside += 1
                most = max(most, inside)
            connection.execute("SELECT 1")
            gate.wait(timeout=30)  # both permits are taken at once, never more
            with lock:
                inside -= 1

    for reader in readers:
        reader.open()
    threads = [threading.Thread(target=read, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with frail.connect() as connection:
        (count,) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'beam-ingest'"
        ).fetchone()
    for reader in readers:
        reader.close()
    assert most == 2
    assert count <= 2


def test_max_connections_bounds_threads(frail: PostgresServer) -> None:
    reader = make(PostgresSource, frail.connection("db"), {"threads": 8})
    bounded = PostgresSource(
        reader.config, replace(reader.context, settings=RunSettings(max_connections=3))
    )
    assert (reader.connection_limit(), bounded.connection_limit()) == (8, 3)
