"""TLS to PostgreSQL, by ``sslMode`` and ``sslConfig``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.sql.postgres.catalogue import PostgresCatalogue
from beam_ingest.connectors.sql.postgres.source import PostgresSource
from tests.connectors.sql.reading import catalogue_of, make, opened, read_all
from tests.servers.postgres import PostgresServer, postgres_server

pytestmark = pytest.mark.server

TLS = Path(__file__).parents[3] / "data" / "tls"


@pytest.fixture(scope="module")
def secured() -> Iterator[PostgresServer]:
    """A server that speaks TLS, with the certificate of the tests' own authority."""
    for server in postgres_server():
        for name in ("server.pem", "server.key", "ca.pem"):
            server.put_file(name, (TLS / name).read_bytes())
        with server.connect() as connection:
            for setting in ("cert_file = 'server.pem'", "key_file = 'server.key'",
                            "ca_file = 'ca.pem'"):  # fmt: skip
                connection.execute(f"ALTER SYSTEM SET ssl_{setting}")
            connection.execute("ALTER SYSTEM SET ssl = on")
        server.stop()
        server.start()
        server.database("db", "CREATE TABLE a (id int)")
        yield server


def source(server: PostgresServer, **keys: Any) -> PostgresSource:
    return make(PostgresSource, server.connection("db", **keys))


@pytest.mark.parametrize(
    ("mode", "encrypted"),
    [("disable", False), ("prefer", True), ("require", True), ("verify-full", True)],
)
def test_the_mode_decides(secured: PostgresServer, mode: str, encrypted: bool) -> None:
    keys: dict[str, Any] = {"sslMode": mode}
    if mode == "verify-full":
        keys["sslConfig"] = {"caCertificate": str(TLS / "ca.pem")}
    with (
        opened(source(secured, **keys)) as reader,
        catalogue_of(PostgresCatalogue, reader).borrowed("db") as connection,
    ):
        ((found,),) = connection.execute(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchall()
    assert found is encrypted


def test_certificates_may_be_texts(secured: PostgresServer) -> None:
    texts = {
        "caCertificate": (TLS / "ca.pem").read_text(),
        "sslCertificate": (TLS / "client.pem").read_text(),
        "sslKey": (TLS / "client.key").read_text(),
    }
    read = read_all(source(secured, sslMode="verify-full", sslConfig=texts))
    assert set(read.tables) == {"svc.db.public.a"}


def test_a_certificate_of_another_authority_is_fatal(secured: PostgresServer) -> None:
    other = {"caCertificate": str(TLS / "server.pem")}
    with pytest.raises(FatalError, match=r"certificate verify failed .*check sslMode"):
        read_all(source(secured, sslMode="verify-ca", sslConfig=other))


def test_a_server_without_tls_is_fatal_where_it_is_required(postgres: PostgresServer) -> None:
    with pytest.raises(FatalError, match=r"does not support SSL.*\(check sslMode"):
        read_all(make(PostgresSource, postgres.connection("postgres", sslMode="require")))
