"""What answers at the address, and how one logs in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.component import Context
from beam_ingest.api.errors import FatalError
from beam_ingest.api.registry import Kind, find
from beam_ingest.connectors.search.config import SearchConfig
from beam_ingest.connectors.search.server import Found, Server
from tests.connectors.search.support import opened
from tests.http.scripted import Answer, ScriptedServer
from tests.http.test_tls import serve
from tests.servers.search_server import SearchServer

SECRET = "s3cret-4711"
TLS = Path(__file__).parents[2] / "data/tls"


def info(number: str = "7.10.2", **version: str) -> Answer:
    return Answer(200, json.dumps({"version": {"number": number, **version}}).encode())


@contextmanager
def connected(*script: Answer, **keys: Any) -> Iterator[tuple[Server, ScriptedServer]]:
    with ScriptedServer(*script) as scripted:
        config = SearchConfig.model_validate({"hostPort": scripted.url, "giveUpAfter": 0.1, **keys})
        server = Server(config, 1)
        try:
            yield server, scripted
        finally:
            server.close()


def test_flavour_and_version_are_detected() -> None:
    with connected(info("3.8.0", distribution="opensearch"), info()) as (server, _):
        assert server.expect("opensearch") == Found("opensearch", "3.8.0")
        assert server.expect("elasticsearch") == Found("elasticsearch", "7.10.2")


@pytest.mark.parametrize(
    ("answer", "flavour", "words"),
    [
        (info(), "opensearch", r"is Elasticsearch 7.10.2.*write type: elasticsearch"),
        (
            info("3.8.0", distribution="opensearch"),
            "elasticsearch",
            r"is OpenSearch 3.8.0, and the workflow says elasticsearch.*write type: opensearch",
        ),
        (info("6.8.1"), "elasticsearch", "is Elasticsearch 6.8.1, and 7 is the oldest"),
        (Answer(200, b'{"hello": "world"}'), "opensearch", "is no search server"),
        (Answer(404, b"{}"), "opensearch", "answered 404"),
        (Answer(401, b"{}"), "opensearch", "check the token or password"),
        (Answer(403, b'{"error": {"reason": "not yours"}}'), "opensearch", "403: not yours"),
    ],
)
def test_anything_else_is_told(answer: Answer, flavour: str, words: str) -> None:
    with connected(answer) as (server, _), pytest.raises(FatalError) as caught:
        server.expect(flavour)
    assert re.search(words, str(caught.value))


@pytest.mark.parametrize(
    ("keys", "header"),
    [
        ({}, None),
        ({"es_username": "me", "es_password": SECRET}, "Basic bWU6czNjcmV0LTQ3MTE="),
        ({"apiKey": "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g="}, "ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g="),
        ({"apiKey": "key:" + SECRET}, "ApiKey a2V5OnMzY3JldC00NzEx"),
    ],
)
def test_each_login_is_a_header(keys: dict[str, str], header: str | None) -> None:
    with connected(info(), **keys) as (server, scripted):
        server.expect("elasticsearch")
    assert scripted.seen[0].headers.get("Authorization") == header


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    with (
        opened("opensearch", hostPort="http://127.0.0.1:1", giveUpAfter=0.1) as sink,
        pytest.raises(FatalError, match=r"http://127\.0\.0\.1:1 cannot be reached"),
    ):
        sink.begin()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "certificate is not trusted.*caCerts trusts your own authority"),
        ({"ca_certs": str(TLS / "client.pem")}, "certificate is not trusted"),
        ({"ca_certs": "/no/such.pem"}, "certificates of caCerts cannot be used: a file does not"),
        ({"ca_certs": str(TLS / "ca.pem")}, "is no search server"),
        ({"verify_certs": False}, "is no search server"),
    ],
)
def test_certificates_are_checked_as_the_keys_say(keys: dict[str, Any], words: str) -> None:
    """The server here greets and is no search server: that far it comes with trust alone."""
    for url in serve(client_certificate=False):
        port = url.rpartition(":")[2]
        config: dict[str, Any] = {"es_host": "127.0.0.1", "es_port": port, "use_ssl": True}
        with (
            pytest.raises(FatalError, match=words),
            opened("opensearch", giveUpAfter=0.1, **config, **keys) as sink,
        ):
            sink.begin()


@pytest.mark.server
def test_the_checks_say_what_answers_and_what_would_be_written(real: SearchServer) -> None:
    cls: Any = find(Kind.BULK_SINK, "opensearch")
    for keys, words in (
        ({}, "the alias metadata_search will be of a new index"),
        ({"recreateIndexes": False}, "metadata_search will be made"),
    ):
        config = cls.Config.model_validate({"hostPort": real.url, **keys})
        told = [check.run() for check in cls(config, Context()).checks()]
        assert told == [f"{real.url}, OpenSearch 3.8.0", words]
    assert real.indexes("metadata_search") == {}
