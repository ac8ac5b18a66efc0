"""The checks that sinks and bulk sinks share: what they do to the system behind them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from beam_ingest.api.bulk_sink import BulkSink
from beam_ingest.api.entities.base import Entity
from beam_ingest.api.errors import RetireRefused
from beam_ingest.api.fqn import parent_of
from beam_ingest.api.outcomes import (
    Deferred,
    Outcome,
    Rejected,
    Retired,
    Skipped,
    Unchanged,
    Written,
)
from beam_ingest.api.record import Record
from beam_ingest.api.registry import Kind
from beam_ingest.api.settings import RetireLimits
from beam_ingest.api.sink import Sink, Token
from beam_ingest.api.source import Scope
from beam_ingest.testing.compare import canonical, expect_plain_json, expect_same, fail, line
from beam_ingest.testing.component_suite import ComponentSuite
from beam_ingest.testing.faults.bundles import retried
from beam_ingest.testing.rebuild import answer_elsewhere


class SystemSuite(ComponentSuite):
    """The base of ``SinkSuite`` and ``BulkSinkSuite``."""

    stored: ClassVar[Any]
    """``def stored(self, sink)``: what can be seen in the system, as a list, set or mapping of
    JSON-able values or records, in any order; ``sink`` is an opened instance. What was retired
    is not in it. ``stored = None`` where nothing can be read back: its effect is not checked."""

    retires: ClassVar[Any] = None
    """Whether it retires. None: it does if its class has a ``retire``."""

    def send(self, sink: Any, records: Sequence[Record], part: int, times: int = 1) -> None:
        """Give ``records`` to an opened sink, ``times`` times as the same batch or file."""
        raise NotImplementedError

    def seen(self) -> list[str]:
        """What ``stored`` gives, as sorted texts."""
        if self.stored is None:
            pytest.skip("`stored` is None: nothing can be read back")
        with self.opened() as sink:
            found = self.stored(sink)
            if found is None:
                fail("stored() gave None: return what the system holds")
            items = found.items() if isinstance(found, Mapping) else found
            return sorted(map(_text, items))

    def run(
        self, run_id: str, records: Sequence[Record], *, times: int = 1, instances: int = 1
    ) -> Token:
        """A whole run: begun, sent in two parts and committed, each by an instance of its own.

        Each of ``instances`` sends each part ``times`` times. Gives the token.
        """
        token = self._begin(run_id)
        half = (len(records) + 1) // 2
        for part, some in enumerate((records[:half], records[half:])):
            for _ in range(instances if some else 0):
                with self.opened(run_id=run_id) as sink:
                    self.send(sink, some, part, times)
        self._commit(run_id, token)
        return token

    def test_sending_again_has_the_same_effect(self) -> None:
        """The same batch or file comes again after a fault, and to another instance."""
        self.run("run-1", self.records)
        once = self.seen()
        if not once:
            fail("stored() is empty after a run, so nothing was checked")
        self.run("run-2", self.records, times=2)
        expect_same("sent once, and then sent twice by one instance", once, self.seen())
        self.run("run-3", self.records, instances=2)
        expect_same("sent once, and then sent again by another instance", once, self.seen())

    def test_a_retrying_runner_has_the_same_effect(self) -> None:
        """Bundles come again, broken off, in another order and cut otherwise."""
        self.run("run-1", self.records)
        once = self.seen()
        # A later attempt at a split may cut batches otherwise; staged files are cut by the split.
        ways = retried(self.records, recut=self.kind is Kind.SINK)
        for number, way in enumerate(ways, 2):
            token = self._begin(f"run-{number}")
            for attempt in way.attempts:
                with self.opened(run_id=f"run-{number}") as sink:
                    for part, some in attempt:
                        self.send(sink, some, part)
            self._commit(f"run-{number}", token)
            expect_same(f"sent once, and then so that {way.how}", once, self.seen())

    def test_what_another_process_sends_is_stored(self) -> None:
        """Nothing of it stays in the memory of the process that started the run."""
        if not self.own_process:
            pytest.skip("own_process is False")
        answer_elsewhere(self.job())
        there = self.seen()
        self.run("run-2", self.records)
        expect_same("sent by another process, and then here", there, self.seen())

    def test_begin_gives_the_same_token_again(self) -> None:
        """A token is stored before it is used, and made again after a fault."""
        first, second = self._begin("run-1"), self._begin("run-1")
        expect_plain_json("the token", first)
        expect_same(
            "begin() of the same run gave another token", [canonical(first)], [canonical(second)]
        )

    def test_commit_may_come_again(self) -> None:
        """A run that died after its commit is committed again."""
        token = self.run("run-1", self.records)
        first = self._seen_if_stored()
        self._commit("run-1", token)
        expect_same("committed, and then committed again", first, self._seen_if_stored())

    def test_abort_may_come_again(self) -> None:
        """A later run aborts for one that died; what ``begin`` hid is never seen."""
        self.run("run-1", self.records[1:])
        before = self._seen_if_stored()
        token = self._begin("run-2")
        with self.opened(run_id="run-2") as sink:
            self.send(sink, self.records[:1], 0)
        self._abort("run-2", token)
        first = self._seen_if_stored()
        self._abort("run-2", token)
        expect_same("aborted, and then aborted again", first, self._seen_if_stored())
        if token is not None:
            expect_same("before a run, and after it was aborted", before, first)

    def test_a_complete_listing_retires_nothing(self) -> None:
        """What a listing names stays, also where it was not sent: filtered, dropped, rejected."""
        group, others = self._container()
        self.run("run-1", self.records)
        before = self.seen()
        answer = self._run_and_retire("run-2", others, _scope(group))
        if _count(answer) != 0:
            fail(f"every name was listed, and retire() answers {answer!r}")
        expect_same("before and after retiring nothing", before, self.seen())

    def test_what_a_listing_does_not_name_is_retired(self) -> None:
        """That, counted once, and nothing else."""
        group, others = self._container()
        self.run("run-1", self.records)
        before = self.seen()
        answer = self._run_and_retire("run-2", [*group[:-1], *others], _scope(group[:-1]))
        if _count(answer) != 1:
            fail(f"one name was not listed, and retire() answers {answer!r}, not Retired(1)")
        after = self.seen()
        lost = [item for item in before if item not in after]
        if len(lost) != 1 or set(after) - set(before):
            fail(f"one name was not listed, and what is gone from stored() is {lost}")
        again = self._run_and_retire("run-3", others, _scope(group[:-1]))
        if _count(again) != 0:
            fail(f"what was retired before is retired again: {again!r}")

    def test_retiring_too_much_is_refused(self) -> None:
        """More than the configured share raises ``RetireRefused``: use ``scope.gone(held)``."""
        group, others = self._container()
        self.run("run-1", self.records)
        before = self.seen()
        scope = replace(_scope(group), names=(), limits=RetireLimits(max_share=0, floor=0))
        try:
            answer = self._run_and_retire("run-2", others, scope)
        except RetireRefused:
            expect_same("before and after retiring was refused", before, self.seen())
        else:
            fail(f"maxShare and floor are 0, and retire() answers {answer!r}")

    def _container(self) -> tuple[list[Entity], list[Record]]:
        """The entities of one container, and all other records."""
        has_one = self.component_class().retire not in (Sink.retire, BulkSink.retire)
        if not (has_one if self.retires is None else self.retires):
            pytest.skip("it does not retire")
        groups: dict[tuple[str, str], list[Entity]] = defaultdict(list)
        for record in self.records:
            if isinstance(record, Entity) and record.parent_field:
                groups[record.entity_type, parent_of(record.fqn)].append(record)
        group = max(groups.values(), key=len, default=[])
        if len(group) < 2:
            fail("give `records` with at least two entities of one container")
        return group, [record for record in self.records if record not in group]

    def _seen_if_stored(self) -> list[str]:
        return [] if self.stored is None else self.seen()

    def _begin(self, run_id: str) -> Token:
        with self.opened(run_id=run_id) as sink:
            return sink.begin()  # type: ignore[no-any-return]

    def _commit(self, run_id: str, token: Token) -> None:
        with self.opened(run_id=run_id) as sink:
            sink.commit(_stored_token(token))

    def _abort(self, run_id: str, token: Token) -> None:
        with self.opened(run_id=run_id) as sink:
            sink.abort(_stored_token(token))

    def _run_and_retire(
        self, run_id: str, records: Sequence[Record], scope: Scope
    ) -> Retired | None:
        token = self._begin(run_id)
        if records:
            with self.opened(run_id=run_id) as sink:
                self.send(sink, records, 0)
        with self.opened(run_id=run_id) as sink:
            answer: Retired | None = sink.retire(scope)
        self._commit(run_id, token)
        return answer


def expect_outcomes(
    outcomes: Iterable[Outcome] | None, count: int, allowed: tuple[type, ...]
) -> list[Outcome]:
    """Fail unless there is one outcome of an ``allowed`` class for each record (or None)."""
    if outcomes is None:
        return [Written()] * count
    told = list(outcomes)
    if len(told) != count:
        fail(f"{count} records, and {len(told)} outcomes: answer one for each, in order, or None")
    for outcome in told:
        if not isinstance(outcome, allowed):
            fail(f"{outcome!r} is none of {', '.join(cls.__name__ for cls in allowed)}")
    return told


OUTCOMES = (Written, Unchanged, Deferred, Rejected, Skipped)


def _scope(group: Sequence[Entity]) -> Scope:
    """A complete listing that names ``group``."""
    names = [entity.fqn for entity in group]
    return Scope(parent_of(names[0]), names, entity_type=group[0].entity_type)


def _count(answer: Retired | None) -> int:
    return 0 if answer is None else answer.count


def _stored_token(token: Token) -> Token:
    """A token as it comes back from the run directory."""
    return json.loads(json.dumps(token))  # type: ignore[no-any-return]


def _text(item: Any) -> str:
    return line(item) if isinstance(item, (Entity, dict)) else canonical(item)
