"""Source ``kafka`` against a real broker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from beam_ingest import Context, FatalError, Poll, Split, TransientError
from beam_ingest.connectors.kafka.source import KafkaSource
from beam_ingest.testing import StreamSourceSuite
from tests.servers.free_port import free_port
from tests.servers.kafka import KafkaServer

pytestmark = pytest.mark.server


def record(number: int) -> bytes:
    return json.dumps({"name": f"n{number}"}).encode()


def opened(
    kafka: KafkaServer, *topics: str, clock: Callable[[], float] = lambda: 0.0, **keys: Any
) -> Any:
    config = KafkaSource.Config.model_validate(kafka.connection(topics=list(topics), **keys))
    source = KafkaSource(config, Context())
    source.clock = clock
    source.open()
    return closing(source)


def drained(source: KafkaSource, partition: Split, position: Any, count: int) -> list[Poll]:
    """Polls until so many messages have come."""
    found: list[Poll] = []
    for _ in range(400):
        poll = source.poll(partition, position)
        position = poll.position
        found.append(poll)
        if sum(len(each.records) for each in found) >= count:
            return found
    raise AssertionError(f"only {sum(len(each.records) for each in found)} messages came")


def records(polls: list[Poll]) -> list[Any]:
    return [timed.record for poll in polls for timed in poll.records]


@pytest.fixture
def topic(kafka: KafkaServer) -> str:
    return kafka.topic(2)


def test_messages_have_their_offsets_and_times(kafka: KafkaServer, topic: str) -> None:
    kafka.send(topic, [(0, 10.5, record(1)), (0, 9.0, record(2)), (1, 3.0, record(3))])
    with opened(kafka, topic) as source:
        first, second = source.partitions()
        assert (first.key, second.key) == (f"{topic}[0]", f"{topic}[1]")
        (found,) = [p for p in drained(source, first, None, 2) if p.records]
        assert [(t.number, t.at, t.record) for t in found.records] == [
            (0, 10.5, {"name": "n1"}), (1, 9.0, {"name": "n2"}),
        ]  # fmt: skip
        assert (found.position, found.watermark) == ([2, 10500], 5.5)
        assert records(drained(source, second, None, 1)) == [{"name": "n3"}]


def test_what_is_no_record_is_told_with_its_offset(kafka: KafkaServer, topic: str) -> None:
    kafka.send(topic, [(0, 1, b"{"), (0, 1, b"[1]"), (0, 1, None), (0, 1, record(1))])
    with opened(kafka, topic) as source:
        torn, no_object, empty, fine = records(drained(source, Split(
            f"{topic}[0]", {"topic": topic, "partition": 0}), None, 4))  # fmt: skip
    assert torn.where == f"{topic}[0]@0"
    assert torn.raw == b"{"
    assert (no_object.why, empty.why) == ("not a JSON object", "a message without a value")
    assert fine == {"name": "n1"}


def test_offsets_are_committed_when_they_are_acknowledged(kafka: KafkaServer, topic: str) -> None:
    kafka.send(topic, [(0, 1, record(n)) for n in range(5)])
    with opened(kafka, topic, groupId=topic) as source:
        first, second = source.partitions()
        drained(source, first, None, 5)
        assert kafka.committed(topic, topic) == [-1001]
        source.acknowledge(first, [3, 1000])
        assert kafka.committed(topic, topic) == [3]
        assert (source.start(first), source.start(second)) == ([3, None], [0, None])
        assert records(drained(source, first, source.start(first), 2)) == [
            {"name": "n3"}, {"name": "n4"},
        ]  # fmt: skip


@pytest.mark.parametrize(("start", "offset"), [("earliest", 0), ("latest", 5), ("committed", 0)])
def test_a_new_run_begins_where_it_is_told(
    kafka: KafkaServer, topic: str, start: str, offset: int
) -> None:
    kafka.send(topic, [(0, 1, record(n)) for n in range(5)])
    with opened(kafka, topic, startFrom=start, groupId=f"{topic}-none") as source:
        assert source.start(next(source.partitions())) == [offset, None]


def test_a_partition_at_its_end_holds_nothing_up(kafka: KafkaServer, topic: str) -> None:
    now = [1000.0]
    kafka.send(topic, [(0, 100, record(1))])
    with opened(kafka, topic, idleAfter=30, outOfOrder=2, clock=lambda: now[0]) as source:
        first, _ = source.partitions()
        position = drained(source, first, None, 1)[-1].position
        for _ in range(60):
            poll = source.poll(first, position)
        assert poll.watermark == 98.0
        now[0] = 1029.0
        assert source.poll(first, position).watermark == 98.0
        now[0] = 1031.0
        assert source.poll(first, position).watermark == 1031 - 30 - 2


def test_what_retention_removed_is_said(kafka: KafkaServer, topic: str) -> None:
    kafka.send(topic, [(0, 1, record(1))])
    with opened(kafka, topic) as source:
        first, _ = source.partitions()
        with pytest.raises(FatalError, match=r"are gone, or the topic was made anew"):
            for _ in range(100):
                source.poll(first, [77, None])


def test_an_unknown_topic_stops_the_run(kafka: KafkaServer) -> None:
    with opened(kafka, "nowhere") as source, pytest.raises(FatalError, match="'nowhere'"):
        list(source.partitions())


def test_brokers_that_are_away_are_waited_for(kafka: KafkaServer) -> None:
    config: dict[str, Any] = {"bootstrapServers": f"127.0.0.1:{free_port()}"}
    partition = Split("t[0]", {"topic": "t", "partition": 0})
    with opened(kafka, "t", **config) as source, pytest.raises(TransientError):
        for _ in range(200):
            source.poll(partition, [0, None])


def test_the_checks_say_what_they_found(kafka: KafkaServer, topic: str) -> None:
    config = KafkaSource.Config.model_validate(kafka.connection(topics=[topic], groupId=topic))
    told = [check.run() for check in KafkaSource(config, Context()).checks()]
    assert told == ["1 brokers", "1 topics with 2 partitions",
                    f"{topic}: 0 of 2 partitions have an offset"]  # fmt: skip


class TestKafkaSource(StreamSourceSuite):
    component = KafkaSource
    expected = [{"name": f"n{number}"} for number in range(6)]

    @pytest.fixture(autouse=True)
    def _topic(self, kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        topic = kafka.topic(2)
        kafka.send(topic, [(n % 2, 100 - n, record(n)) for n in range(6)])
        kafka.send(topic, [(0, 100, b"{")])
        config = kafka.connection(topics=[topic], outOfOrder=50, startFrom="earliest")
        monkeypatch.setattr(type(self), "config", config, raising=False)
        yield
