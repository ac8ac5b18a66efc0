"""Good stages, one that stores and one that aggregates, and broken ones."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from beam_ingest import Record, Stage
from beam_ingest.testing import StageSuite
from tests.testing.broken.bite import caught_by, passes


class Suite(StageSuite):
    own_process = False
    records = [
        {"query": f"q{number}", "user": user, "tables": tables}
        for number, (user, tables) in enumerate(
            [("ann", ["t1", "t2"]), ("bob", ["t1"]), ("cat", ["t1", "t2"]), ("ann", ["t2"])]
        )
    ]


@passes(StageSuite, own_process=True)
class StoresEachRecord(Stage):
    pass


@passes(Suite, own_process=True)
class GoodStage(Stage):
    """How often each table was used, and by whom; the queries as they are."""

    def keyed(self, record: Record) -> Iterable[tuple[str | None, Any]]:
        yield None, {"query": record["query"]}  # type: ignore[index]
        for table in record["tables"]:  # type: ignore[index]
            yield table, self.partial(record)

    def partial(self, record: Any) -> Any:
        return {"count": 1, "users": [record["user"]]}

    def combine(self, a: Any, b: Any) -> Any:
        a["count"] += b["count"]
        a["users"] = sorted({*a["users"], *b["users"]})
        return a

    def finish(self, key: str, partial: Any) -> Record:
        return {"table": key, **partial}


@caught_by(Suite, "keyed_leaves_the_record_alone")
class TakesTheUserOut(GoodStage):
    def partial(self, record: Any) -> Any:
        user = record["user"]
        record["user"] = ""
        return {"count": 1, "users": [user] if user else []}


@caught_by(Suite, "partials_are_plain_json")
class PartialHoldsATuple(GoodStage):
    def partial(self, record: Any) -> Any:
        return {"count": 1, "users": (record["user"],)}


@caught_by(Suite, "partials_are_plain_json")
class KeyIsANumber(GoodStage):
    def keyed(self, record: Record) -> Any:
        yield 7, self.partial(record)


@caught_by(Suite, "combine_is_commutative", "the_order_of_records_does_not_matter")
class KeepsTheOrderOfUsers(GoodStage):
    def combine(self, a: Any, b: Any) -> Any:
        return {"count": a["count"] + b["count"], "users": a["users"] + b["users"]}


@caught_by(Suite, "combine_is_associative", "the_order_of_records_does_not_matter")
class Averages(GoodStage):
    """A mean of means: commutative, and another one for other groups."""

    def partial(self, record: Any) -> Any:
        return {"mean": float(len(record["user"] + record["query"]) * ord(record["user"][0]))}

    def combine(self, a: Any, b: Any) -> Any:
        return {"mean": (a["mean"] + b["mean"]) / 2}


@caught_by(
    Suite, "combine_is_associative", "combine_is_commutative", "a_combined_partial_survives_json",
    "combine_leaves_its_second_argument_alone", records=Suite.records[:1],
)  # fmt: skip
class IsNeverCombined(GoodStage):
    """The author gave too few records: nothing was checked."""


@caught_by(Suite, "combine_leaves_its_second_argument_alone")
class EmptiesItsSecondArgument(GoodStage):
    def combine(self, a: Any, b: Any) -> Any:
        combined = super().combine(a, b)
        b["users"] = []
        return combined


@caught_by(Suite, "a_combined_partial_survives_json")
class CombinesToATuple(GoodStage):
    def combine(self, a: Any, b: Any) -> Any:
        combined = super().combine(a, b)
        return combined | {"users": tuple(combined["users"])}


@caught_by(Suite, "the_order_of_records_does_not_matter")
class NumbersRecords(GoodStage):
    def open(self) -> None:
        self.count = 0

    def keyed(self, record: Record) -> Iterable[tuple[str | None, Any]]:
        self.count += 1
        yield None, {"query": record["query"], "number": self.count}  # type: ignore[index]


@caught_by(Suite, "a_line_is_one_line")
class EncodesOverSeveralLines(GoodStage):
    def encode(self, record: Record) -> bytes:
        return json.dumps(record, indent=1).encode()


@caught_by(Suite, "a_line_is_one_line", "the_order_of_records_does_not_matter")
class EncodesAnotherLineEachTime(GoodStage):
    def open(self) -> None:
        self.count = 0

    def encode(self, record: Record) -> bytes:
        self.count += 1
        return json.dumps(record).encode() + b" " * (self.count % 2)


@caught_by(Suite, "a_line_decodes")
class EncodesNoJson(GoodStage):
    def encode(self, record: Record) -> bytes:
        return repr(record).encode()


@passes(Suite, lines_decode=False)
class EncodesItsOwnFormat(EncodesNoJson):
    pass
