"""From bytes to records, and librdkafka's settings."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import fastavro
import pytest

from beam_ingest import FatalError, TransientError
from beam_ingest.connectors.kafka.config import KafkaConfig
from beam_ingest.connectors.kafka.consumers import certificates
from beam_ingest.connectors.kafka.decode import Decode, decoder
from tests.servers.free_port import free_port
from tests.servers.listening import Listening

SCHEMA = {
    "type": "record", "name": "Change",
    "fields": [{"name": "name", "type": "string"}, {"name": "n", "type": "long"}],
}  # fmt: skip


def config(**keys: Any) -> KafkaConfig:
    return KafkaConfig.model_validate({"bootstrapServers": "b:1", "topics": ["t"], **keys})


class Registry(BaseHTTPRequestHandler):
    """A schema registry with one schema, of the id 7."""

    def do_GET(self) -> None:
        known = self.path.startswith("/schemas/ids/7")
        body = {"schema": json.dumps(SCHEMA)} if known else {"error_code": 40403, "message": "no"}
        data = json.dumps(body).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    with Listening(Registry) as server:
        yield server.url


def avro(record: dict[str, Any], schema_id: int = 7) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, SCHEMA, record)
    return b"\0" + schema_id.to_bytes(4, "big") + out.getvalue()


@pytest.fixture
def decode(registry: str) -> Decode:
    return decoder(config(format="avro", schemaRegistryURL=registry))


def test_avro_is_decoded_by_the_schema_of_the_registry(decode: Decode) -> None:
    assert decode(avro({"name": "a", "n": 3}), "t") == {"name": "a", "n": 3}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (avro({"name": "a", "n": 3})[:6], "not Avro"),
        (b'{"name": 1}', "not Avro"),
        (avro({"name": "a", "n": 3}, schema_id=8), "has no such schema"),
    ],
)
def test_what_is_no_avro_says_why(decode: Decode, value: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode(value, "t")


def test_a_registry_that_is_away_is_waited_for() -> None:
    away = f"http://127.0.0.1:{free_port()}"
    settings = {"max.retries": 0}
    decode = decoder(config(format="avro", schemaRegistryURL=away, schemaRegistryConfig=settings))
    with pytest.raises(TransientError, match="the schema registry"):
        decode(avro({"name": "a", "n": 3}), "t")


def test_avro_without_a_registry_is_told_at_once() -> None:
    with pytest.raises(FatalError, match="needs a schema registry"):
        decoder(config(format="avro"))


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"3", b"\xff"])
def test_json_is_an_object(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|EOF|value|line"):
        decoder(config())(value, "t")


def test_certificates_are_paths_or_texts() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"
    given = config(consumerConfigSSL={"caCertificate": pem, "sslCertificate": "/c.pem"})
    assert certificates(given.consumer_config_ssl) == {
        "ssl.ca.pem": pem, "ssl.certificate.location": "/c.pem",
    }  # fmt: skip
