"""From a message's bytes to a record: JSON, or Avro with a schema registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

from beam_ingest.api.errors import FatalError, MissingDependency, TransientError
from beam_ingest.api.secrets import resolve_options
from beam_ingest.connectors.kafka.config import KafkaConfig

Decode = Callable[[bytes, str], dict[str, Any]]
"""The record of a value, by the topic. Raises ``ValueError`` for what is none."""


def decoder(config: KafkaConfig) -> Decode:
    """The decoder of ``format``. Raises ``FatalError``, ``MissingDependency``."""
    return _avro(config) if config.format == "avro" else _json


def _json(value: bytes, topic: str) -> dict[str, Any]:
    record = from_json(value)
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    return record


def _avro(config: KafkaConfig) -> Decode:
    if config.schema_registry_url is None:
        raise FatalError("format: avro needs a schema registry", hint="write schemaRegistryURL")
    try:
        from confluent_kafka.schema_registry import SchemaRegistryClient
        from confluent_kafka.schema_registry.avro import AvroDeserializer
        from confluent_kafka.schema_registry.error import SchemaRegistryError
        from confluent_kafka.serialization import MessageField, SerializationContext
    except ImportError as error:
        raise MissingDependency(
            f"Avro needs the library {error.name!r}, which is not installed",
            hint="pip install 'beam-ingest[kafka-avro]'",
        ) from None
    deserialize = AvroDeserializer(SchemaRegistryClient(registry_settings(config)))

    def decode(value: bytes, topic: str) -> dict[str, Any]:
        try:
            record = deserialize(value, SerializationContext(topic, MessageField.VALUE))
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                raise ValueError(f"the schema registry has no such schema: {error}") from None
            raise TransientError(f"the schema registry: {error}") from None
        except OSError as error:
            raise TransientError(f"the schema registry cannot be reached: {error}") from None
        except Exception as error:  # whatever Avro raises of bytes that are none
            if type(error).__module__.startswith("httpx"):
                raise TransientError(f"the schema registry cannot be reached: {error}") from None
            raise ValueError(f"not Avro: {error}") from None
        if not isinstance(record, dict):
            raise ValueError("not an Avro record")
        return record

    return decode


def registry_settings(config: KafkaConfig) -> dict[str, Any]:
    """What Confluent's client is made of."""
    settings = {**resolve_options(config.schema_registry_config), "url": config.schema_registry_url}
    if config.basic_auth_user_info is not None:
        settings["basic.auth.user.info"] = config.basic_auth_user_info.get()
    ssl = config.schema_registry_ssl
    if ssl is not None:
        parts = {"ca": ssl.ca_certificate, "certificate": ssl.ssl_certificate, "key": ssl.ssl_key}
        settings |= {f"ssl.{name}.location": s.get() for name, s in parts.items() if s is not None}
    return settings
