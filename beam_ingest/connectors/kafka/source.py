"""Source ``kafka``: the messages of topics, one partition of the run for each of theirs.

A position is ``[offset, time]``: the next offset, and the newest event time before it in
milliseconds. A message's number is its offset, its event time the time that Kafka keeps of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from beam_ingest.api.component import Check
from beam_ingest.api.errors import FatalError, IngestError
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.source import Poll, Split, StreamSource, Timed
from beam_ingest.connectors.kafka.checks import kafka_checks
from beam_ingest.connectors.kafka.config import KafkaConfig
from beam_ingest.connectors.kafka.consumers import TIMEOUT, asked, consumer, error_of
from beam_ingest.connectors.kafka.decode import Decode, decoder
from beam_ingest.connectors.kafka.topics import partitions_of

_WAIT = 0.05
"""Seconds that a poll waits for a message where none is there."""
_FIRST_WAIT = 3.0
"""Seconds that the first one waits for the brokers to say what there is, were it nothing."""


class KafkaSource(StreamSource):
    """Reads the topics of ``topics``; offsets are committed when what they cover is published."""

    class Config(KafkaConfig):
        """``serviceConnection.config`` of a Kafka source."""

    config: KafkaConfig

    clock: Callable[[], float] = staticmethod(time.time)
    """Seconds since the epoch; a test puts its own here."""

    _readers: dict[str, _Reader] | None = None
    _asking: Consumer | None = None
    _decode: Decode

    def open(self) -> None:
        """Nothing connects before it is asked for; a wrong configuration is told here."""
        self._decode = decoder(self.config)
        self._readers = {}
        self._asking = consumer(self.config)

    def close(self) -> None:
        """Close the consumers."""
        readers, self._readers = self._readers, None
        for reader in (readers or {}).values():
            reader.close()
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.close()

    def checks(self) -> Iterable[Check]:
        """Brokers, topics, the group's offsets, the schema registry."""
        return kafka_checks(self.config)

    def partitions(self) -> Iterator[Split]:
        """The partitions that the topics have now; those added later come with the next run."""
        yield from partitions_of(self._ask, self.config.topics)

    def start(self, partition: Split) -> Any:
        """As ``startFrom`` says."""
        place = _place(partition)
        start_from = self.config.start_from
        with asked(partition.key):
            if start_from == "committed":
                (known,) = self._ask.committed([place], timeout=TIMEOUT)
                if known.error is not None:
                    raise error_of(known.error, partition.key)
                if known.offset >= 0:
                    return [known.offset, None]
            low, high = self._ask.get_watermark_offsets(place, timeout=TIMEOUT)
        return [high if start_from == "latest" else low, None]

    def poll(self, partition: Split, position: Any) -> Poll:
        """The messages that are there, up to ``beam.batchSize``."""
        offset, newest = position or (OFFSET_BEGINNING, None)
        reader = self._reader(partition)
        messages = reader.read(offset, self.context.settings.batch_size)
        found = [self._timed(message, partition) for message in messages]
        for timed in found:
            newest = max(newest or 0, int(timed.at * 1000))
        if messages:
            offset = int(messages[-1].offset() or 0) + 1
        return Poll(found, [offset, newest], self._watermark(reader, newest, bool(messages)))

    def acknowledge(self, partition: Split, position: Any) -> None:
        """Commit the offset for the group."""
        place = _place(partition, position[0])
        with asked(f"{partition.key}: committing offset {position[0]}"):
            for told in self._ask.commit(offsets=[place], asynchronous=False) or ():
                if told.error is not None:
                    raise error_of(told.error, partition.key)

    @property
    def _ask(self) -> Consumer:
        if self._asking is None:
            raise RuntimeError("open() was not called")
        return self._asking

    def _reader(self, partition: Split) -> _Reader:
        if self._readers is None:
            raise RuntimeError("open() was not called")
        reader = self._readers.get(partition.key)
        if reader is None:
            reader = self._readers[partition.key] = _Reader(self.config, partition)
        return reader

    def _timed(self, message: Message, partition: Split) -> Timed:
        kind, at = message.timestamp()
        return Timed(
            self._record(message, partition),
            at / 1000 if kind else self.clock(),  # brokers before 0.10 keep none
            int(message.offset() or 0),
        )

    def _record(self, message: Message, partition: Split) -> Record | Unreadable:
        where, value = f"{partition.key}@{message.offset()}", message.value()
        if value is None:
            return Unreadable(where, "a message without a value", b"")
        assert isinstance(value, bytes)  # noqa: S101 - no deserializer is configured
        try:
            return self._decode(value, str(message.topic()))
        except ValueError as error:
            return Unreadable(where, str(error), value)

    def _watermark(self, reader: _Reader, newest: int | None, has_read: bool) -> float:
        """Behind the newest message by ``outOfOrder``; behind the clock for an idle partition."""
        now = self.clock()
        reader.note(now, has_read=has_read)
        mark = -1e12 if newest is None else newest / 1000 - self.config.out_of_order
        if reader.idle_for(now) >= self.config.idle_after:
            mark = max(mark, now - self.config.idle_after - self.config.out_of_order)
        return mark


class _Reader:
    """The consumer of one partition, and whether it has come to the partition's end."""

    def __init__(self, config: KafkaConfig, partition: Split) -> None:
        self._where = partition.key
        self._place = _place(partition)
        self._error: KafkaError | None = None
        self._consumer = consumer(config, self._note_error)
        self._next: int | None = None
        self._at_end = False
        self._idle_since: float | None = None

    def read(self, offset: int, limit: int) -> list[Message]:
        """Messages from ``offset`` on. Raises ``TransientError``, ``FatalError``."""
        wait = _WAIT
        if offset != self._next:
            self._place.offset = offset
            self._consumer.assign([self._place])
            self._next, self._at_end = offset, False
            wait = _FIRST_WAIT
        with asked(self._where):
            came = self._consumer.consume(limit, 0)
            if not came:
                came = self._consumer.consume(1, wait) + self._consumer.consume(limit - 1, 0)
        messages = []
        for message in came:
            error = message.error()
            if error is None:
                messages.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._at_end = True
            elif not messages:
                self._next = None  # place the consumer anew, whatever is tried next
                raise error_of(error, self._where)
        if messages:
            self._next = int(messages[-1].offset() or 0) + 1
            self._error = None
            self._at_end = self._at_end and came[-1].error() is not None
        elif self._error is not None:
            # Silence is no end: while brokers are away, no window may be closed for it.
            error, self._error = self._error, None
            self._idle_since, self._next = None, None
            raise self._raised(error)
        return messages

    def note(self, now: float, *, has_read: bool) -> None:
        """Note when the partition has come to its end."""
        if has_read or not self._at_end:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now

    def idle_for(self, now: float) -> float:
        """Seconds at the end of the partition."""
        return 0.0 if self._idle_since is None else now - self._idle_since

    def close(self) -> None:
        """Close the consumer."""
        self._consumer.close()

    def _note_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN or isinstance(
            self._raised(error), FatalError
        ):
            self._error = error

    def _raised(self, error: KafkaError) -> IngestError:
        return error_of(error, self._where)


def _place(partition: Split, offset: int | None = None) -> TopicPartition:
    topic, number = partition.payload["topic"], partition.payload["partition"]
    return (
        TopicPartition(topic, number) if offset is None else TopicPartition(topic, number, offset)
    )
