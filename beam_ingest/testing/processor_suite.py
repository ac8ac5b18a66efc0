"""The checks of a processor."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from beam_ingest.api.codec import decode, encode
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.errors import Drop, RecordError
from beam_ingest.api.processor import Processor
from beam_ingest.api.record import Record, name_of
from beam_ingest.api.registry import Kind
from beam_ingest.testing.compare import expect_same, fail, line, lines
from beam_ingest.testing.component_suite import ComponentSuite
from beam_ingest.testing.exercise import outputs, processed


class ProcessorSuite(ComponentSuite):
    """``class TestMine(ProcessorSuite): component = MyProcessor; config = {…}``."""

    kind = Kind.PROCESSOR

    expected: ClassVar[Any] = None
    """What comes of each of ``records``: a record, a list of several, or None. None: no check."""

    def test_the_order_of_records_does_not_matter(self) -> None:
        """Records come in any order, on any worker: nothing is kept from one to the next."""
        records = self.records
        with self.opened() as processor:
            forward = [processed(processor, copy.deepcopy(record)) for record in records]
        with self.opened() as processor:
            backward = [processed(processor, copy.deepcopy(r)) for r in reversed(records)]
        for record, one, other in zip(records, forward, reversed(backward), strict=True):
            expect_same(
                f"{name_of(record)!r} came out otherwise in another order of records", one, other
            )

    def test_a_record_tried_again_gives_the_same(self) -> None:
        """A record comes again after a fault, as it was."""
        with self.opened() as processor:
            for record in self.records:
                expect_same(
                    f"{name_of(record)!r} came out otherwise when it came again",
                    processed(processor, copy.deepcopy(record)),
                    processed(processor, copy.deepcopy(record)),
                )

    def test_results_are_records(self) -> None:
        """Entities or mappings that come back from their JSON lines."""
        made = 0
        with self.opened() as processor:
            for record in self.records:
                for output in _outputs(processor, record):
                    made += 1
                    text = line(output)
                    try:
                        back = decode(encode(output))
                    except RecordError as error:
                        fail(f"a result does not come back from JSON: {error}\n  {text[:300]}")
                    expect_same("a result is another after JSON", [text], [line(back)])
        if not made:
            fail("no record came through, so nothing was checked: give `records` that pass")

    def test_results_share_nothing(self) -> None:
        """A later processor may change a record: no other record may change with it."""
        owners: dict[int, str] = {}
        kept: list[Record] = []  # alive, so that no id is given out twice
        with self.opened() as processor:
            for record in self.records:
                for output in _outputs(processor, record):
                    kept.append(output)
                    name = name_of(output)
                    for part in set(map(id, _parts(output))):
                        if part in owners:
                            fail(
                                f"{owners[part]!r} and {name!r} share a part, so changing one "
                                "changes the other: make it anew for each record"
                            )
                        owners[part] = name

    def test_it_gives_the_expected_results(self) -> None:
        """Record by record."""
        if self.expected is None:
            pytest.skip("`expected` is not given")
        with self.opened() as processor:
            for record, expected in zip(self.records, self.expected, strict=True):
                try:
                    came = outputs(processor, copy.deepcopy(record))
                except Drop:
                    came = []
                wanted = [] if expected is None else _listed(expected)
                expect_same(
                    f"of {name_of(record)!r} was expected and came", lines(wanted), lines(came)
                )


def _listed(expected: Any) -> list[Record]:
    return [expected] if isinstance(expected, (Entity, dict)) else list(expected)


def _outputs(processor: Processor, record: Record) -> list[Record]:
    try:
        return outputs(processor, copy.deepcopy(record))
    except Exception:  # a record that fails has no results; which ones do is another check's matter
        return []


def _parts(value: Any) -> Iterator[Any]:
    """Everything in a record that can be changed in place."""
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name, None))
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, list):
        yield value
        for item in value:
            yield from _parts(item)
