"""A good source of two schemas, and broken ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import Any

from beam_ingest import ConfigModel, Record, Remember, Scope, Secret, Source, Split
from beam_ingest.api.entities import Database, DatabaseSchema, DatabaseService, Table
from beam_ingest.testing import SourceSuite
from tests.testing.broken.bite import caught_by, passes

SCHEMAS = ("billing", "shop")
TABLES = ("accounts", "customers", "orders")


def table(schema: str, name: str) -> Table:
    return Table(name=name, database_schema=f"svc.db.{schema}", columns=[])


EXPECTED = [table(schema, name) for schema in SCHEMAS for name in TABLES]


class Suite(SourceSuite):
    config = {"token": "abc", "schemas": list(SCHEMAS)}
    source_config = {"includeViews": True}
    own_process = False  # one of them is rebuilt in another process; that takes its time
    expected = EXPECTED


class SourceOptions(ConfigModel):
    include_views: bool = True


@passes(Suite, own_process=True)
class GoodSource(Source):
    SourceConfig = SourceOptions

    class Config(ConfigModel):
        schemas: list[str]
        token: Secret | None = None

    def parents(self) -> Iterator[Record]:
        yield DatabaseService(name="svc", service_type="Mysql")
        yield Database(name="db", service="svc")
        for schema in self.config.schemas:
            yield DatabaseSchema(name=schema, database="svc.db")

    def splits(self) -> Iterator[Split | Scope]:
        for schema in self.config.schemas:
            yield Split(schema, {"schema": schema})
            yield Scope(f"svc.db.{schema}", [f"svc.db.{schema}.{name}" for name in TABLES])

    def read(self, split: Split) -> Iterator[Record]:
        for name in TABLES:
            yield table(split.payload["schema"], name)


@caught_by(Suite, "the_listing_is_the_same_each_time")
class ListsInAnotherOrder(GoodSource):
    def open(self) -> None:
        self.turn = 0

    def splits(self) -> Iterator[Split | Scope]:
        self.turn += 1
        listed = list(super().splits())
        yield from listed if self.turn % 2 else reversed(listed)


@caught_by(Suite, "splits_have_unique_keys_and_plain_payloads", "no_record_comes_twice",
           "it_gives_the_expected_records")  # fmt: skip
class SameKeyTwice(GoodSource):
    def splits(self) -> Iterator[Split | Scope]:
        yield from super().splits()
        yield Split("shop", {"schema": "shop"})


@caught_by(Suite, "splits_have_unique_keys_and_plain_payloads")
class PayloadWithDate(GoodSource):
    def splits(self) -> Iterator[Split | Scope]:
        for schema in SCHEMAS:
            yield Split(schema, {"schema": schema, "since": date(2024, 1, 1)})


@caught_by(Suite, "splits_have_unique_keys_and_plain_payloads")
class PayloadWithTuple(GoodSource):
    def splits(self) -> Iterator[Split | Scope]:
        for schema in SCHEMAS:
            yield Split(schema, {"schema": schema, "range": (0, 10)})


@caught_by(Suite, "a_split_read_twice_gives_the_same",
           "a_reading_that_was_broken_off_starts_again")  # fmt: skip
class ReadsOnce(GoodSource):
    def open(self) -> None:
        self.done: set[str] = set()

    def read(self, split: Split) -> Iterator[Record]:
        if split.key not in self.done:
            self.done.add(split.key)
            yield from super().read(split)


@caught_by(Suite, "another_instance_reads_the_same", "the_order_of_splits_does_not_matter",
           "a_reading_that_was_broken_off_starts_again")  # fmt: skip
class ReadsOnlyWhatItListed(GoodSource):
    def open(self) -> None:
        self.listed: set[str] = set()

    def splits(self) -> Iterator[Split | Scope]:
        for listed in super().splits():
            if isinstance(listed, Split):
                self.listed.add(listed.key)
            yield listed

    def read(self, split: Split) -> Iterator[Record]:
        if split.key in self.listed:
            yield from super().read(split)


@caught_by(Suite, "the_order_of_splits_does_not_matter")
class ReadsOnlyForward(GoodSource):
    def open(self) -> None:
        self.last = ""

    def read(self, split: Split) -> Iterator[Record]:
        if split.key >= self.last:
            self.last = split.key
            yield from super().read(split)


@caught_by(Suite, "a_reading_that_was_broken_off_starts_again")
class GoesOnWhereItWas(GoodSource):
    def open(self) -> None:
        self.position = 0

    def read(self, split: Split) -> Iterator[Record]:
        for record in itertools.islice(super().read(split), self.position, None):
            self.position += 1
            yield record
        self.position = 0


@caught_by(Suite, "reading_streams")
class ReadsAll(GoodSource):
    def read(self, split: Split) -> Any:
        return list(super().read(split))


@caught_by(Suite, "records_survive_json", expected=None)
class InventsADataType(GoodSource):
    def read(self, split: Split) -> Iterator[Record]:
        for record in super().read(split):
            yield record.model_copy(update={"table_type": "Tabel"})  # type: ignore[union-attr]


@caught_by(Suite, "no_record_comes_twice", expected=None)
class OverlappingSplits(GoodSource):
    def read(self, split: Split) -> Iterator[Record]:
        yield from super().read(split)
        yield table("shop", "orders")


@caught_by(Suite, "it_gives_the_expected_records")
class LosesTheLast(GoodSource):
    def read(self, split: Split) -> Iterator[Record]:
        yield from list(super().read(split))[:-1]


@caught_by(Suite, "it_gives_the_expected_records", expected=None)
class ReadsNothing(GoodSource):
    def read(self, split: Split) -> Iterator[Record]:
        return iter(())


@caught_by(Suite, "a_scope_names_all_that_is_read_in_it")
class ScopeWithoutWhatWasFiltered(GoodSource):
    def splits(self) -> Iterator[Split | Scope]:
        for listed in super().splits():
            if isinstance(listed, Scope):
                yield Scope(listed.fqn, list(listed.names)[:-1])
            else:
                yield listed


@caught_by(Suite, "parents_come_before_their_children")
class ForgetsItsSchemas(GoodSource):
    def parents(self) -> Iterator[Record]:
        yield from itertools.islice(super().parents(), 2)


@caught_by(Suite, "parents_come_before_their_children")
class ParentsInnermostFirst(GoodSource):
    def parents(self) -> Iterator[Record]:
        yield from reversed(list(super().parents()))


@caught_by(Suite, "its_source_config_names_an_unknown_key")
class AnySourceConfig(GoodSource):
    class SourceConfig(SourceOptions):
        model_config = SourceOptions.model_config | {"extra": "allow"}


@caught_by(Suite, "rebuilt_elsewhere_it_does_the_same", own_process=True, expected=None)
class ReadsASet(GoodSource):
    """Its order is that of the process's hashes."""

    def splits(self) -> Iterator[Split | Scope]:
        yield Split("shop", {"schema": "shop"})

    def read(self, split: Split) -> Iterator[Record]:
        for name in {f"table_{number}" for number in range(50)}:
            yield table("shop", name)


@passes(Suite)
class GoodRememberingSource(GoodSource):
    """Remembers at the end of a split which names it has read, and leaves them out."""

    def remembers(self) -> bool:
        return True

    def read(self, split: Split) -> Iterator[Any]:
        known = self.context.state.get(split.key, [])
        for record in super().read(split):
            if isinstance(record, Table) and record.name not in known:
                yield record
        yield Remember(split.key, list(TABLES))


@caught_by(Suite, "it_goes_on_from_what_it_remembers")
class ReadsAllAgain(GoodRememberingSource):
    def read(self, split: Split) -> Iterator[Any]:
        yield from GoodSource.read(self, split)
        yield Remember(split.key, list(TABLES))


@caught_by(Suite, "it_goes_on_from_what_it_remembers")
class RemembersNothing(GoodSource):
    def remembers(self) -> bool:
        return True


@caught_by(Suite, "it_goes_on_from_what_it_remembers")
class RemembersWhatIsNoJson(GoodRememberingSource):
    def read(self, split: Split) -> Iterator[Any]:
        yield from super().read(split)
        yield Remember(split.key, TABLES)
