"""The checks of a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.errors import RecordError
from beam_ingest.api.fqn import parent_of
from beam_ingest.api.record import Record, Unreadable
from beam_ingest.api.registry import Kind
from beam_ingest.api.source import Scope, Source, UncheckedSourceConfig
from beam_ingest.testing.compare import expect_plain_json, expect_same, fail, line, lines
from beam_ingest.testing.component_suite import ComponentSuite, expect_refusal
from beam_ingest.testing.exercise import listing, read, read_all, remembered, splits_of
from beam_ingest.testing.inputs import give


class SourceSuite(ComponentSuite):
    """``class TestMine(SourceSuite): component = MySource; config = {…}``."""

    kind = Kind.SOURCE

    expected: ClassVar[Any] = None
    """All records, in any order. None: that there are some."""
    may_repeat: ClassVar[Any] = False
    """True where the system itself holds the same record twice (lines of a log)."""

    def test_the_listing_is_the_same_each_time(self) -> None:
        """Parents, splits and scopes, from one instance twice and from another."""
        with self.opened() as source:
            first, second = listing(source), listing(source)
        with self.opened() as source:
            third = listing(source)
        for part in first:
            expect_same(f"listing the {part} again gave others", first[part], second[part])
            expect_same(f"another instance listed other {part}", first[part], third[part])

    def test_splits_have_unique_keys_and_plain_payloads(self) -> None:
        """A key is unique in the run; a payload comes back from JSON as it was."""
        with self.opened() as source:
            splits = splits_of(source)
        for split in splits:
            if not isinstance(split.key, str) or not split.key:
                fail(f"the key of a split is a string, not {split.key!r}")
            expect_plain_json(f"the payload of the split {split.key!r}", split.payload)
        twice = _repeated(split.key for split in splits)
        if twice:
            fail(f"two splits have the key {twice!r}")

    def test_a_split_read_twice_gives_the_same(self) -> None:
        """Read again after a fault, a split gives the same records in the same order."""
        with self.opened() as source:
            for split in splits_of(source):
                expect_same(
                    f"the split {split.key!r} read again by the same instance gave others",
                    lines(read(source, split)),
                    lines(read(source, split)),
                )

    def test_another_instance_reads_the_same(self) -> None:
        """A split may be read by an instance that did not list it."""
        with self.opened() as source:
            splits, first = splits_of(source), read_all(source)
        for split in splits:
            with self.opened() as another:
                expect_same(
                    f"the split {split.key!r} read by another instance gave others",
                    first[split.key],
                    lines(read(another, split)),
                )

    def test_the_order_of_splits_does_not_matter(self) -> None:
        """Splits are read in any order, and some are skipped."""
        with self.opened() as source:
            splits, first = splits_of(source), read_all(source)
        with self.opened() as source:
            for split in reversed(splits):
                expect_same(
                    f"the split {split.key!r} read in another order of splits gave others",
                    first[split.key],
                    lines(read(source, split)),
                )

    def test_a_reading_that_was_broken_off_starts_again(self) -> None:
        """A fault in the middle of a split leaves nothing behind in the source."""
        with self.opened() as source:
            splits, first = splits_of(source), read_all(source)
        with self.opened() as source:
            for split in splits:
                reading = iter(source.read(split))
                next(reading, None)
                if hasattr(reading, "close"):
                    reading.close()
                expect_same(
                    f"the split {split.key!r} read again after a reading that was broken off",
                    first[split.key],
                    lines(read(source, split)),
                )

    def test_reading_streams(self) -> None:
        """``read`` is an iterator; a list of everything would fill the memory."""
        with self.opened() as source:
            for split in splits_of(source):
                reading = source.read(split)
                if iter(reading) is not reading:
                    fail(
                        f"read() returned a {type(reading).__name__}: yield each record as it comes"
                    )

    def test_records_survive_json(self) -> None:
        """A record is an entity or a mapping, and comes back from its JSON line."""
        with self.opened() as source:
            for record in [*source.parents(), *_items(source)]:
                if isinstance(record, Unreadable):
                    continue
                text = line(record)
                try:
                    back = decode(encode(record))
                except RecordError as error:
                    fail(f"a record does not come back from JSON: {error}\n  {text[:300]}")
                expect_same("a record is another after JSON", [text], [line(back)])

    def test_no_record_comes_twice(self) -> None:
        """Splits do not overlap."""
        if self.may_repeat:
            pytest.skip("may_repeat is set")
        with self.opened() as source:
            twice = _repeated(_identity(record) for record in _items(source))
        if twice:
            fail(f"a record comes twice: {twice[:300]}")

    def test_it_gives_the_expected_records(self) -> None:
        """Every one, and no other."""
        with self.opened() as source:
            read = sorted(lines(_items(source)))
        if self.expected is not None:
            expect_same("expected and then read, sorted", sorted(lines(self.expected)), read)
        elif not read:
            fail("nothing was read, so nothing was checked: give a config that reads something")

    def test_it_goes_on_from_what_it_remembers(self) -> None:
        """Told what it remembered, it reads nothing a second time."""
        with self.opened() as source:
            if not source.remembers():
                pytest.skip("it remembers nothing")
            state, first = remembered(source), set(map(_identity, _items(source)))
        if not state:
            fail("remembers() is true, and neither splits() nor read() gives a Remember")
        for key, value in state.items():
            expect_plain_json(f"what is remembered as {key!r}", value)
        give(self, "context", replace(self.context, state=state))
        with self.opened() as source:
            again = [name for name in map(_identity, _items(source)) if name in first]
        if again:
            fail(f"told what it remembered, it reads a record again: {again[0][:300]}")

    def test_a_scope_names_all_that_is_read_in_it(self) -> None:
        """What a scope does not name would be retired, a moment after it was written."""
        with self.opened() as source:
            scopes = {
                (listed.entity_type, listed.fqn): listed
                for listed in source.splits()
                if isinstance(listed, Scope) and listed.failed is None
            }
            for record in [*source.parents(), *_items(source)]:
                if not isinstance(record, Entity) or not record.parent_field:
                    continue  # an edge, say, is in no scope
                scope = scopes.get((record.entity_type, parent_of(record.fqn)))
                if scope is not None and record.fqn not in scope.names:
                    fail(f"the scope {scope.fqn} does not name {record.fqn}, which is read")

    def test_parents_come_before_their_children(self) -> None:
        """What a record is in must be listed in ``parents``, outermost first."""
        with self.opened() as source:
            parents, items = list(source.parents()), list(_items(source))
        known: set[str] = set()
        types = {parent.entity_type for parent in parents if isinstance(parent, Entity)}
        for record in [*parents, *items] if parents else []:
            if not isinstance(record, Entity):
                continue
            container = getattr(record, record.parent_field) if record.parent_field else None
            if container and container not in known:
                fail(
                    f"{record.entity_type} {record.fqn} is in {container}, which parents() does "
                    f"not give before it; it gives {', '.join(sorted(types))}"
                )
            known.add(record.fqn)

    def test_its_source_config_names_an_unknown_key(self) -> None:
        """A typo in ``sourceConfig.config`` is an error as one in the connection is."""
        model = self.component_class().SourceConfig
        if model is UncheckedSourceConfig:
            pytest.skip("the source declares no SourceConfig")
        expect_refusal(model, self.source_config or {})


def _items(source: Source) -> Iterator[Record | Unreadable]:
    for split in splits_of(source):
        yield from read(source, split)


def _identity(record: Record | Unreadable) -> str:
    if isinstance(record, Entity):
        return f"{record.entity_type} {record.fqn}"
    return line(record)


def _repeated(values: Iterator[str]) -> str | None:
    counted = Counter(values)
    return next((value for value, count in counted.items() if count > 1), None)
