"""A good stream source of two partitions, and broken ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from beam_ingest import ConfigModel, Poll, Split, StreamSource, Timed, Unreadable
from beam_ingest.testing import StreamSourceSuite
from tests.testing.broken.bite import caught_by, passes

COUNT = 5
EXPECTED = [{"id": f"{key}-{number}"} for key in ("p0", "p1") for number in range(COUNT)]


class Suite(StreamSourceSuite):
    own_process = False
    expected = EXPECTED


@passes(Suite, own_process=True)
class GoodStream(StreamSource):
    class Config(ConfigModel):
        at_once: int = 2

    def partitions(self) -> Iterator[Split]:
        yield Split("p0", {"partition": 0})
        yield Split("p1", {"partition": 1})

    def poll(self, partition: Split, position: Any) -> Poll:
        start = 0 if position is None else int(position)
        end = min(start + self.config.at_once, COUNT)
        found = [
            Timed({"id": f"{partition.key}-{n}"}, at=float(n), number=2 * n)
            for n in range(start, end)
        ]
        if end == COUNT and found:
            torn = Unreadable(f"{partition.key}, message 9", "not JSON", b"{")
            found.append(Timed(torn, at=float(COUNT), number=9))
        return Poll(found, end, float(end))


@caught_by(Suite, "partitions_are_listed_the_same_each_time", expected=None)
class SamePartitionTwice(GoodStream):
    def partitions(self) -> Iterator[Split]:
        yield Split("p0", {"partition": 0})
        yield Split("p0", {"partition": 0})


@caught_by(Suite, "partitions_are_listed_the_same_each_time")
class PayloadWithTuple(GoodStream):
    def partitions(self) -> Iterator[Split]:
        yield Split("p0", {"range": (0, 1)})
        yield Split("p1", {"range": (1, 2)})


@caught_by(Suite, "it_gives_the_expected_records")
class SkipsOneWhenItGoesOn(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        return super().poll(partition, None if position is None else min(position + 1, COUNT))


@caught_by(Suite, "a_position_polled_again_gives_the_same")
class GoesOnFromMemory(GoodStream):
    """Only the instance that read before knows where it was."""

    def open(self) -> None:
        self.known = False

    def poll(self, partition: Split, position: Any) -> Poll:
        self.known = self.known or position is None
        return super().poll(partition, position if self.known else None)


@caught_by(Suite, "a_position_is_plain_json")
class PositionIsATuple(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        poll = super().poll(partition, None if position is None else position[0])
        return replace(poll, position=(poll.position, "offset"))


@caught_by(Suite, "the_end_gives_an_empty_poll")
class StartsAgainAtTheEnd(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        if position == "end":
            return super().poll(partition, None)
        poll = super().poll(partition, position)
        return poll if poll.records else replace(poll, position="end")


@caught_by(Suite, "watermarks_only_grow")
class WatermarkGoesBack(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        poll = super().poll(partition, position)
        return replace(poll, watermark=-poll.watermark, records=poll.records)


@caught_by(Suite, "watermarks_only_grow")
class WatermarkTooEarly(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        return replace(super().poll(partition, position), watermark=100.0)


@caught_by(Suite, "acknowledging_late_or_twice_is_harmless")
class AcknowledgesOnce(GoodStream):
    def open(self) -> None:
        self.acknowledged = -1

    def acknowledge(self, partition: Split, position: Any) -> None:
        if (partition.key, position) == ("p0", self.acknowledged):
            raise RuntimeError("acknowledged before")
        self.acknowledged = position


@caught_by(Suite, "acknowledging_late_or_twice_is_harmless")
class ForgetsWhatWasAcknowledged(GoodStream):
    def open(self) -> None:
        self.gone = 0

    def acknowledge(self, partition: Split, position: Any) -> None:
        self.gone = max(self.gone, position)

    def poll(self, partition: Split, position: Any) -> Poll:
        return super().poll(partition, max(position or 0, self.gone))


@caught_by(Suite, "records_survive_json", expected=None)
class RecordsWithNumbersAsKeys(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        poll = super().poll(partition, position)
        odd = {"entityType": "table", "entity": {"name": 3}}
        return replace(poll, records=[replace(timed, record=odd) for timed in poll.records])


@caught_by(Suite, "what_cannot_be_decoded_is_told")
class UnreadableWithoutAReason(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        poll = super().poll(partition, position)
        return replace(poll, records=[_without_reason(timed) for timed in poll.records])


def _without_reason(timed: Timed) -> Timed:
    found = timed.record
    if not isinstance(found, Unreadable):
        return timed
    return replace(timed, record=Unreadable(found.where, "", found.raw))


@caught_by(Suite, "numbers_grow")
class TheSameNumberTwice(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        poll = super().poll(partition, position)
        return replace(poll, records=[replace(t, number=t.number // 4) for t in poll.records])


@caught_by(Suite, "a_new_run_begins_at_a_position")
class StartIsATuple(GoodStream):
    def start(self, partition: Split) -> Any:
        return (0, 1)


@caught_by(Suite, "it_gives_the_expected_records")
class LosesTheFirst(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        return super().poll(partition, 1 if position is None else position)


@caught_by(Suite, "it_gives_the_expected_records", expected=None)
class IsEmpty(GoodStream):
    def poll(self, partition: Split, position: Any) -> Poll:
        return Poll([], 0, 0.0)
