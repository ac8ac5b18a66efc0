"""What partitions topics have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from confluent_kafka import Consumer

from beam_ingest.api.errors import FatalError
from beam_ingest.api.source import Split
from beam_ingest.connectors.kafka.consumers import TIMEOUT, asked, error_of


def partitions_of(consumer: Consumer, topics: Sequence[str]) -> Iterator[Split]:
    """One split for each partition, in order. Raises ``FatalError``, ``TransientError``."""
    for topic in topics:
        with asked(f"the topic {topic!r}"):
            found = consumer.list_topics(topic, timeout=TIMEOUT).topics[topic]
        if found.error is not None:
            raise error_of(found.error, f"the topic {topic!r}")
        if not found.partitions:
            raise FatalError(f"the topic {topic!r} has no partitions")
        for number in sorted(found.partitions):
            yield Split(f"{topic}[{number}]", {"topic": topic, "partition": number})
