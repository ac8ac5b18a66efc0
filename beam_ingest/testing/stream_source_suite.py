"""The checks of a stream source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Unreadable
from beam_ingest.api.registry import Kind
from beam_ingest.api.source import Split, StreamSource
from beam_ingest.testing.compare import (
    canonical,
    expect_plain_json,
    expect_same,
    fail,
    line,
    lines,
)
from beam_ingest.testing.component_suite import ComponentSuite
from beam_ingest.testing.exercise import drain, polls, timed_lines


class StreamSourceSuite(ComponentSuite):
    """``class TestMine(StreamSourceSuite): component = MyStream; config = {…}``.

    The system holds some records, and none is added while a check runs.
    """

    kind = Kind.SOURCE

    expected: ClassVar[Any] = None
    """All records of all partitions, in any order. None: that there are some."""

    def test_partitions_are_listed_the_same_each_time(self) -> None:
        """Unique keys and plain JSON payloads; the graph is built of them."""
        listings = []
        for _ in range(2):
            with self.opened() as source:
                listings.append(list(source.partitions()))
        first, second = ([canonical([p.key, p.payload]) for p in each] for each in listings)
        expect_same("another instance listed other partitions", first, second)
        for partition in listings[0]:
            expect_plain_json(f"the payload of {partition.key!r}", partition.payload)
        keys = Counter(partition.key for partition in listings[0])
        if any(count > 1 for count in keys.values()):
            fail(f"partitions need keys, each another one; these are {list(keys.elements())}")

    def test_a_position_polled_again_gives_the_same(self) -> None:
        """From a position on, everything comes again: no more and no less, in order."""
        with self.opened() as source:
            for partition in source.partitions():
                whole = timed_lines(drain(source, partition))
                for seen, position in _positions(source, partition):
                    with self.opened() as another:
                        rest = timed_lines(drain(another, partition, position))
                    expect_same(
                        f"{partition.key!r} read on from the position after {seen} records gave "
                        "another rest",
                        whole[seen:],
                        rest,
                    )

    def test_a_position_is_plain_json(self) -> None:
        """A position is stored in the run directory and read again."""
        with self.opened() as source:
            for partition in source.partitions():
                for seen, position in _positions(source, partition):
                    expect_plain_json(
                        f"the position of {partition.key!r} after {seen} records", position
                    )

    def test_the_end_gives_an_empty_poll(self) -> None:
        """Where there is nothing, ``poll`` comes back empty and the position stays usable."""
        with self.opened() as source:
            for partition in source.partitions():
                last = polls(source, partition)[-1]
                again = source.poll(partition, last.position)
                if again.records:
                    fail(f"an empty poll of {partition.key!r} leads to records that were there")

    def test_watermarks_only_grow(self) -> None:
        """And no record is older than the watermark before it."""
        with self.opened() as source:
            for partition in source.partitions():
                mark: float | None = None
                for poll in polls(source, partition):
                    if mark is not None and poll.watermark < mark:
                        fail(f"the watermark of {partition.key!r} went back from {mark}")
                    for timed in poll.records:
                        if mark is not None and timed.at < mark:
                            fail(
                                f"the message {timed.number} of {partition.key!r} is of "
                                f"{timed.at}, older than the watermark {mark} before it"
                            )
                    mark = poll.watermark

    def test_acknowledging_late_or_twice_is_harmless(self) -> None:
        """Also out of order, from another instance, and never for the last."""
        with self.opened() as source:
            wholes = {p.key: timed_lines(drain(source, p)) for p in source.partitions()}
            for partition in source.partitions():
                places = list(_positions(source, partition))
                for _, position in [*places, *reversed(places)]:
                    source.acknowledge(partition, position)
                for seen, position in places:
                    expect_same(
                        f"after acknowledging, {partition.key!r} read on after {seen} records",
                        wholes[partition.key][seen:],
                        timed_lines(drain(source, partition, position)),
                    )
        with self.opened() as another:
            for partition in another.partitions():
                for _, position in _positions(another, partition):
                    another.acknowledge(partition, position)

    def test_records_survive_json(self) -> None:
        """A record is an entity or a mapping, and comes back from its JSON line."""
        with self.opened() as source:
            for partition in source.partitions():
                for timed in drain(source, partition):
                    if isinstance(timed.record, Unreadable):
                        continue
                    text = line(timed.record)
                    try:
                        back = decode(encode(timed.record))
                    except RecordError as error:
                        fail(f"a record does not come back from JSON: {error}\n  {text[:300]}")
                    expect_same("a record is another after JSON", [text], [line(back)])

    def test_what_cannot_be_decoded_is_told(self) -> None:
        """As an ``Unreadable`` that says where it is and why, with its bytes."""
        with self.opened() as source:
            for partition in source.partitions():
                for timed in drain(source, partition):
                    found = timed.record
                    if isinstance(found, Unreadable) and not _is_told(found):
                        fail(f"an Unreadable has where, why and its bytes, not {found!r}")

    def test_numbers_grow(self) -> None:
        """From 0 on; by its number a message is counted once."""
        with self.opened() as source:
            for partition in source.partitions():
                last = -1
                for timed in drain(source, partition):
                    if type(timed.number) is not int or timed.number <= last:
                        fail(
                            f"{partition.key!r} has a message of number {timed.number!r} "
                            f"after number {last}"
                        )
                    last = timed.number

    def test_a_new_run_begins_at_a_position(self) -> None:
        """``start`` is plain JSON, and ``poll`` takes it."""
        with self.opened() as source:
            for partition in source.partitions():
                start = source.start(partition)
                expect_plain_json(f"the start of {partition.key!r}", start)
                whole = timed_lines(drain(source, partition))
                rest = timed_lines(drain(source, partition, start))
                if whole[len(whole) - len(rest) :] != rest:
                    fail(f"{partition.key!r} read from its start gives another rest")

    def test_it_gives_the_expected_records(self) -> None:
        """Every one, and no other."""
        with self.opened() as source:
            read = sorted(
                line(timed.record)
                for p in source.partitions()
                for timed in drain(source, p)
                if not isinstance(timed.record, Unreadable)
            )
        if self.expected is not None:
            expect_same("expected and then read, sorted", sorted(lines(self.expected)), read)
        elif not read:
            fail("nothing was read, so nothing was checked: give a config that reads something")


def _positions(source: StreamSource, partition: Split) -> Iterator[tuple[int, Any]]:
    """Each position, and how many records come before it."""
    seen = 0
    for poll in polls(source, partition)[:-1]:
        seen += len(poll.records)
        yield seen, poll.position


def _is_told(found: Unreadable) -> bool:
    texts = (found.where, found.why)
    return all(isinstance(text, str) and text for text in texts) and isinstance(found.raw, bytes)
