from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from beam_ingest.api.errors import FatalError
from beam_ingest.http import HttpSession, Surroundings, Tls
from tests.servers.listening import Listening

DATA = Path(__file__).parent.parent / "data" / "tls"


class Greeter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args: object) -> None:
        """Quiet."""


def serve(client_certificate: bool) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DATA / "server.pem", DATA / "server.key")
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(DATA / "ca.pem")
    with Listening(Greeter, tls=context) as server:
        yield server.url


@pytest.fixture
def url() -> Iterator[str]:
    yield from serve(client_certificate=False)


@pytest.fixture
def strict_url() -> Iterator[str]:
    yield from serve(client_certificate=True)


def get(url: str, tls: Tls) -> int:
    ticks = iter(range(0, 10_000, 20))
    surroundings = Surroundings(clock=lambda: next(ticks), wait=lambda seconds: None)
    session = HttpSession(url, tls=tls, surroundings=surroundings)
    try:
        return session.request("GET", "/").status_code
    finally:
        session.close()


def test_an_unknown_authority_is_not_trusted(url: str) -> None:
    with pytest.raises(FatalError, match=r"certificate is not trusted.*sslConfig\.caCertificate"):
        get(url, Tls())


def test_an_own_authority_is_trusted_from_a_file_or_as_text(url: str) -> None:
    assert get(url, Tls(ca=str(DATA / "ca.pem"))) == 200
    assert get(url, Tls(ca=(DATA / "ca.pem").read_text())) == 200


def test_an_own_authority_stands_alone(url: str) -> None:
    other = (DATA / "client.pem").read_text()
    with pytest.raises(FatalError, match="not trusted"):
        get(url, Tls(ca=other))


def test_without_verification_anybody_is_trusted(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(DATA / "client.pem"))
    assert get(url, Tls(verify=False)) == 200
    assert "not verified" in caplog.text


def test_a_client_certificate_is_shown(strict_url: str) -> None:
    ca = str(DATA / "ca.pem")
    with pytest.raises(FatalError):
        get(strict_url, Tls(ca=ca))
    files = Tls(ca=ca, certificate=str(DATA / "client.pem"), key=str(DATA / "client.key"))
    assert get(strict_url, files) == 200
    texts = Tls(
        ca=ca,
        certificate=(DATA / "client.pem").read_text(),
        key=(DATA / "client.key").read_text(),
    )
    assert get(strict_url, texts) == 200


def test_a_missing_file_is_told_without_a_traceback() -> None:
    with pytest.raises(FatalError, match="sslConfig cannot be used: a file does not exist"):
        HttpSession("https://127.0.0.1", tls=Tls(ca="/nowhere/ca.pem"))


def test_keys_are_not_shown() -> None:
    assert "PRIVATE" not in repr(Tls(key=(DATA / "client.key").read_text()))
