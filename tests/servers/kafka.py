"""A real Kafka broker (KRaft, one node) on loopback, for as long as a test session."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.servers.free_port import free_port
from tests.servers.java import java
from tests.servers.maven import NoMaven, jars
from tests.servers.missing import cannot_be_had

_JAVA = 17
_START_LIMIT = 60  # seconds
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
offsets.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.retention.ms=-1
"""
"""Without the last line, messages whose time is in the past of the tests are soon removed."""


class KafkaServer:
    """One broker in a folder of its own; ``brokers`` is where it listens."""

    def __init__(self, folder: Path, program: Path, classes: Path) -> None:
        self.port = free_port()
        self.brokers = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._java = [
            str(program), "-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp", f"{classes}/*",
        ]  # fmt: skip
        self._settings = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Write the settings and format the folder."""
        text = _SETTINGS.format(port=self.port, controller=free_port(), data=self._folder / "data")
        self._settings.write_text(text)
        # No dash at its beginning: that would be another option of the command.
        cluster = "k" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        subprocess.run(
            [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c",
             str(self._settings)],
            check=True, capture_output=True,
        )  # fmt: skip

    def start(self) -> None:
        """Start, and wait until it answers."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._settings)], stdout=log, stderr=log
            )
        limit = time.monotonic() + _START_LIMIT
        client = AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})
        while True:
            try:
                client.list_topics(timeout=1)
                return
            except KafkaException:
                if time.monotonic() > limit or self._process.poll() is not None:
                    log_text = (self._folder / "log").read_text()
                    raise AssertionError(log_text[-2000:]) from None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop; SIGKILL is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=_START_LIMIT)
            self._process = None

    def topic(self, partitions: int = 1) -> str:
        """A new topic."""
        from confluent_kafka.admin import AdminClient
        from confluent_kafka.cimpl import NewTopic

        name = f"t-{uuid.uuid4().hex[:8]}"
        client = AdminClient({"bootstrap.servers": self.brokers})
        for made in client.create_topics([NewTopic(name, partitions, 1)]).values():
            made.result(_START_LIMIT)
        return name

    def send(self, topic: str, messages: Iterable[tuple[int, float, bytes | None]]) -> None:
        """Messages as (partition, event time in seconds, value), durable when this returns."""
        from confluent_kafka import Producer

        settings = {"bootstrap.servers": self.brokers, "linger.ms": 5, "enable.idempotence": True}
        producer = Producer(settings)  # idempotent: what is sent again keeps its place
        for partition, at, value in messages:
            while True:
                try:
                    producer.produce(
                        topic, value, partition=partition, timestamp=max(1, int(at * 1000))
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(_START_LIMIT) == 0

    def committed(self, topic: str, group: str, partitions: int = 1) -> list[int]:
        """The committed offsets of a group; negative where there is none."""
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": group})
        places = [TopicPartition(topic, number) for number in range(partitions)]
        found = consumer.committed(places, timeout=_START_LIMIT)
        consumer.close()
        return [place.offset for place in found]

    def connection(self, **keys: Any) -> dict[str, Any]:
        """``serviceConnection.config`` for this broker."""
        return {"type": "Kafka", "bootstrapServers": self.brokers, **keys}


def kafka_server() -> Iterator[KafkaServer]:
    """Start one; stop it and remove it at the end."""
    program = java(at_least=_JAVA)
    if program is None:
        cannot_be_had(f"Java {_JAVA}", "apt-get install default-jre-headless")
    try:
        classes = jars("kafka")
    except NoMaven as error:
        cannot_be_had("Kafka", str(error))
    folder = Path(tempfile.mkdtemp(prefix="beam-ingest-kafka-"))
    server = KafkaServer(folder, program, classes)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
