"""The checks of ``test-connection`` for Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from beam_ingest.api.component import Check
from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.kafka.config import KafkaConfig
from beam_ingest.connectors.kafka.consumers import TIMEOUT, asked, consumer
from beam_ingest.connectors.kafka.decode import decoder
from beam_ingest.connectors.kafka.topics import partitions_of


def kafka_checks(config: KafkaConfig) -> Iterator[Check]:
    """Brokers, topics, the group's offsets; with ``format: avro`` the schema registry."""

    def connected(ask: Callable[[Consumer], str]) -> Callable[[], str]:
        def run() -> str:
            client = consumer(config)
            try:
                with asked(config.bootstrap_servers):
                    return ask(client)
            finally:
                client.close()

        return run

    def brokers(client: Consumer) -> str:
        found = client.list_topics(timeout=TIMEOUT)
        return f"{len(found.brokers)} brokers"

    def topics(client: Consumer) -> str:
        found = list(partitions_of(client, config.topics))
        return f"{len(config.topics)} topics with {len(found)} partitions"

    def group(client: Consumer) -> str:
        splits = partitions_of(client, config.topics)
        places = [TopicPartition(s.payload["topic"], s.payload["partition"]) for s in splits]
        known = client.committed(places, timeout=TIMEOUT)
        committed = sum(place.offset >= 0 for place in known)
        return f"{config.group_id}: {committed} of {len(places)} partitions have an offset"

    yield Check("brokers", connected(brokers))
    yield Check("topics", connected(topics))
    yield Check("group", connected(group))
    if config.format == "avro":
        yield Check("schema registry", lambda: _registry(config))


def _registry(config: KafkaConfig) -> str:
    decoder(config)  # the libraries are there
    from confluent_kafka.schema_registry import SchemaRegistryClient

    from beam_ingest.connectors.kafka.decode import registry_settings

    client: Any = SchemaRegistryClient(registry_settings(config))
    try:
        return f"{len(client.get_subjects())} subjects"
    except Exception as error:  # whatever the client's HTTP library raises
        raise FatalError(
            f"the schema registry {config.schema_registry_url} does not answer: {error}",
            hint="check schemaRegistryURL and basicAuthUserInfo",
        ) from None
