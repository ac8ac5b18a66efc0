"""Consumers of librdkafka: settings, and one consumer a partition, placed by hand.

Not a subscription: the group's protocol would move partitions between workers, and the engine
has placed them already. The group is used for its committed offsets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException

from beam_ingest.api.errors import FatalError, IngestError, TransientError
from beam_ingest.api.secrets import Secret, resolve_options
from beam_ingest.connectors.kafka.config import KafkaConfig, KafkaSsl

TIMEOUT = 10.0
"""Seconds that a broker has to answer a question."""
_PREFETCH_KB = 16 * 1024
"""Kilobytes that the consumer of one partition may fetch ahead."""

_log = logging.getLogger(__name__)

_FATAL = frozenset(
    {
        KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError._SSL, KafkaError._INVALID_ARG,
        KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_EXCEPTION, KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE,
    }
)  # fmt: skip


def consumer(config: KafkaConfig, on_error: Any = None) -> Consumer:
    """A consumer that is placed by hand and commits only when told. Raises ``FatalError``."""
    settings: dict[str, Any] = {
        **resolve_options(config.consumer_config),
        "bootstrap.servers": config.bootstrap_servers,
        "group.id": config.group_id,
        "security.protocol": config.security_protocol,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        # Messages that retention has removed are lost: that is said, and not read past.
        "auto.offset.reset": "error",
        "error_cb": on_error or (lambda error: None),
    }
    settings.setdefault("queued.max.messages.kbytes", _PREFETCH_KB)
    if config.security_protocol.startswith("SASL"):
        settings["sasl.mechanism"] = config.sasl_mechanism
        if config.sasl_username is not None:
            settings["sasl.username"] = config.sasl_username
        if config.sasl_password is not None:
            settings["sasl.password"] = config.sasl_password.get()
    settings.update(certificates(config.consumer_config_ssl))
    try:
        return Consumer(settings, logger=_log)
    except KafkaException as error:
        raise FatalError(
            f"Kafka's client does not take the configuration: {error.args[0].str()}",
            hint="check consumerConfig and the certificates",
        ) from None


def certificates(ssl: KafkaSsl | None) -> dict[str, str]:
    """What librdkafka calls them: ``.pem`` for a text, ``.location`` for a path."""
    if ssl is None:
        return {}
    found: dict[str, str] = {}
    parts: list[tuple[str, Secret | None]] = [
        ("ca", ssl.ca_certificate), ("certificate", ssl.ssl_certificate), ("key", ssl.ssl_key),
    ]  # fmt: skip
    for name, secret in parts:
        if secret is not None:
            text = secret.get()
            found[f"ssl.{name}.{'pem' if '-----BEGIN' in text else 'location'}"] = text
    return found


def error_of(error: KafkaError, where: str) -> IngestError:
    """The error to raise: one that stops the run, or one to be waited out."""
    text = f"{where}: {error.str()}"
    if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
        return FatalError(
            f"{text}: messages that were to be read are gone, or the topic was made anew",
            hint="start a new run, with startFrom: earliest",
        )
    if error.code() in _FATAL:
        return FatalError(text, hint="check bootstrapServers, the topics and the credentials")
    return TransientError(text)


@contextmanager
def asked(where: str) -> Iterator[None]:
    """What librdkafka raises inside, as an error for the reader."""
    try:
        yield
    except KafkaException as error:
        raise error_of(error.args[0], where) from None
