"""A good processor, and broken ones."""

from __future__ import annotations

from typing import Any

from beam_ingest import Drop, Processor, Record
from beam_ingest.testing import ProcessorSuite
from tests.testing.broken.bite import caught_by, passes


class Suite(ProcessorSuite):
    own_process = False
    records = [{"id": number, "tags": []} for number in range(6)]


def expected(number: int) -> Any:
    """One record, two, none, and none again."""
    record = {"id": number, "tags": ["seen"]}
    return [record, None, [record, record | {"copy": True}], None, record, record][number]


@passes(Suite, own_process=True, expected=[expected(number) for number in range(6)])
class GoodProcessor(Processor):
    def process(self, record: Any) -> Any:
        record["tags"].append("seen")
        match record["id"]:
            case 1:
                return None
            case 2:
                return (out for out in (record, {**record, "tags": ["seen"], "copy": True}))
            case 3:
                raise Drop("three")
        return record


@passes(ProcessorSuite, own_process=False)
class PassesTables(Processor):
    def process(self, record: Record) -> Any:
        return record


@caught_by(Suite, "the_order_of_records_does_not_matter", "a_record_tried_again_gives_the_same")
class NumbersRecords(GoodProcessor):
    def open(self) -> None:
        self.count = 0

    def process(self, record: Record) -> Any:
        self.count += 1
        return {"id": record["id"], "number": self.count}  # type: ignore[index]


@caught_by(Suite, "the_order_of_records_does_not_matter")
class RemembersTheFirst(GoodProcessor):
    def open(self) -> None:
        self.first: Any = None

    def process(self, record: Record) -> Any:
        self.first = self.first or {"id": record["id"]}  # type: ignore[index]
        return {"id": record["id"], "first": self.first["id"]}  # type: ignore[index]


@caught_by(Suite, "a_record_tried_again_gives_the_same")
class DropsWhatItSaw(GoodProcessor):
    def open(self) -> None:
        self.seen: set[int] = set()

    def process(self, record: Record) -> Any:
        number = record["id"]  # type: ignore[index]
        if number in self.seen:
            return None
        self.seen.add(number)
        return record


@caught_by(ProcessorSuite, "results_are_records", own_process=False)
class SpoilsATable(Processor):
    def process(self, record: Record) -> Any:
        return record.model_copy(update={"table_type": "Tabel"})  # type: ignore[union-attr]


@caught_by(Suite, "results_are_records")
class LetsNothingThrough(GoodProcessor):
    def process(self, record: Record) -> Any:
        return None


@caught_by(Suite, "results_share_nothing")
class SharesItsTags(GoodProcessor):
    def open(self) -> None:
        self.tags = ["seen"]

    def process(self, record: Record) -> Any:
        return {"id": record["id"], "tags": self.tags}  # type: ignore[index]


@caught_by(Suite, "it_gives_the_expected_results", expected=[None] * 6)
class KeepsWhatItShouldDrop(GoodProcessor):
    def process(self, record: Record) -> Any:
        return record
