"""The checks of a stage."""

from __future__ import annotations

import copy
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

from beam_ingest.api.codec import decode
from beam_ingest.api.errors import RecordError
from beam_ingest.api.record import Record, name_of
from beam_ingest.api.registry import Kind
from beam_ingest.api.stage import Partial, Stage
from beam_ingest.testing.compare import canonical, expect_plain_json, expect_same, fail, line
from beam_ingest.testing.component_suite import ComponentSuite
from beam_ingest.testing.exercise import expanded, stage_lines

_MOST_OF_A_KEY = 4


class StageSuite(ComponentSuite):
    """``class TestMine(StageSuite): component = MyStage; records = […]``.

    Where the stage aggregates, give records of which at least three feed one key, each with
    something of its own.
    """

    kind = Kind.STAGE

    lines_decode: ClassVar[Any] = True
    """False where a line of the stage is a format of its own, and no JSON object."""

    def test_keyed_leaves_the_record_alone(self) -> None:
        """The same record goes to a sink as well."""
        with self.opened() as stage:
            for record in copy.deepcopy(self.records):
                before = line(record)
                list(stage.keyed(record))
                expect_same(
                    f"keyed() changed the record {name_of(record)!r}", [before], [line(record)]
                )

    def test_partials_are_plain_json(self) -> None:
        """Partials are spilled to files, and combined after they were read again."""
        with self.opened() as stage:
            for key, part in _keyed(stage, self.records):
                if not (key is None or (isinstance(key, str) and key)):
                    fail(f"a key is a string or None, not {key!r}")
                if key is None:
                    line(part)
                else:
                    expect_plain_json(f"the partial of the key {key!r}", part)

    def test_combine_is_commutative(self) -> None:
        """Partials meet in any order."""
        with self.opened() as stage:
            for key, parts in self._groups(stage):
                for a, b in itertools.combinations(parts, 2):
                    expect_same(
                        f"combine(a, b) and combine(b, a) differ for the key {key!r}",
                        [_combined(stage, key, a, b)],
                        [_combined(stage, key, b, a)],
                    )

    def test_combine_is_associative(self) -> None:
        """Partials are combined in any groups."""
        with self.opened() as stage:
            for key, parts in self._groups(stage):
                for a, b, c in itertools.product(parts, repeat=3):
                    left = stage.combine(stage.combine(_fresh(a), _fresh(b)), _fresh(c))
                    right = stage.combine(_fresh(a), stage.combine(_fresh(b), _fresh(c)))
                    expect_same(
                        f"(a + b) + c and a + (b + c) differ for the key {key!r}",
                        [canonical(left)],
                        [canonical(right)],
                    )

    def test_combine_leaves_its_second_argument_alone(self) -> None:
        """``combine(a, b)`` may change and return ``a``, not ``b``."""
        with self.opened() as stage:
            for key, parts in self._groups(stage):
                for a, b in itertools.permutations(parts, 2):
                    second = _fresh(b)
                    stage.combine(_fresh(a), second)
                    expect_same(
                        f"combine() changed its second argument for the key {key!r}",
                        [canonical(b)],
                        [canonical(second)],
                    )

    def test_a_combined_partial_survives_json(self) -> None:
        """What was combined is spilled again: it is plain JSON too."""
        with self.opened() as stage:
            for key, parts in self._groups(stage):
                for a, b in itertools.combinations(parts, 2):
                    combined = stage.combine(_fresh(a), _fresh(b))
                    expect_plain_json(f"the combined partial of the key {key!r}", combined)

    def test_the_order_of_records_does_not_matter(self) -> None:
        """The same lines from the records in any order: nothing is kept between them."""
        with self.opened() as stage:
            forward = stage_lines(stage, copy.deepcopy(self.records))
        with self.opened() as stage:
            backward = stage_lines(stage, copy.deepcopy(list(reversed(self.records))))
        expect_same("the lines of the records and of the records reversed", forward, backward)

    def test_a_line_is_one_line(self) -> None:
        """``encode`` gives bytes without a line break, the same each time."""
        with self.opened() as stage:
            for record in _finished(stage, self.records):
                encoded = stage.encode(copy.deepcopy(record))
                if not isinstance(encoded, bytes):
                    fail(f"encode() gives bytes, not {type(encoded).__name__}")
                if b"\n" in encoded or b"\r" in encoded:
                    fail(f"a line holds a line break: {encoded[:300]!r}")
                if not encoded:
                    fail("a line is empty")
                if encoded != stage.encode(copy.deepcopy(record)):
                    fail(f"encoded again, a record gives another line: {encoded[:300]!r}")

    def test_a_line_decodes(self) -> None:
        """A staged line is a JSON object again, unless ``lines_decode`` says otherwise."""
        if not self.lines_decode:
            return
        with self.opened() as stage:
            for record in _finished(stage, self.records):
                encoded = stage.encode(copy.deepcopy(record))
                try:
                    back = decode(encoded)
                except RecordError as error:
                    fail(f"a line does not decode: {error}\n  {encoded[:300]!r}")
                expect_same("a line decodes to something else", [line(record)], [line(back)])

    def _groups(self, stage: Stage) -> list[tuple[str, list[Partial]]]:
        """The partials of each key that has several, without equal ones, a few a key."""
        groups: dict[str, dict[str, Partial]] = defaultdict(dict)
        counts: dict[str, int] = defaultdict(int)
        for key, part in _parts(stage, self.records):
            groups[key][canonical(part)] = part
            counts[key] += 1
        if counts and max(counts.values()) < 3:
            fail("no key is fed three times, so combine() is not checked: give such `records`")
        several = {key: list(parts.values()) for key, parts in groups.items() if counts[key] > 1}
        return [(key, (parts * 2)[:_MOST_OF_A_KEY]) for key, parts in several.items()]


def _keyed(stage: Stage, records: Any) -> Iterator[tuple[str | None, Partial]]:
    for record in copy.deepcopy(records):
        yield from stage.keyed(record)


def _parts(stage: Stage, records: Any) -> Iterator[tuple[str, Partial]]:
    """All partials that are ever combined: as records add them, and expanded."""
    for key, part in _keyed(stage, records):
        if key is not None:
            yield key, part
            if type(stage).expand is not Stage.expand:
                yield from stage.expand([(key, _fresh(part))])


def _finished(stage: Stage, records: Any) -> Iterator[Record]:
    """The records a stage would write: each as it is, and each aggregate."""
    partials: dict[str, Partial] = {}
    for key, part in _keyed(stage, records):
        if key is None:
            yield part
        else:
            partials[key] = stage.combine(partials[key], part) if key in partials else part
    for key, part in expanded(stage, partials).items():
        yield stage.finish(key, part)


def _fresh(partial: Partial) -> Partial:
    """A partial as it comes back from the file it was spilled to."""
    return json.loads(json.dumps(partial))


def _combined(stage: Stage, key: str, a: Partial, b: Partial) -> str:
    return canonical(stage.combine(_fresh(a), _fresh(b)))
