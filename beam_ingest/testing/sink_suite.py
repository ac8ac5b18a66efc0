"""The checks of a sink."""

from __future__ import annotations

import copy
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from beam_ingest.api.outcomes import Outcome, Rejected
from beam_ingest.api.record import Record
from beam_ingest.api.registry import Kind
from beam_ingest.api.sink import Batch
from beam_ingest.testing.compare import expect_same, fail, lines
from beam_ingest.testing.system_suite import OUTCOMES, SystemSuite, expect_outcomes

_THREADS = 4


class SinkSuite(SystemSuite):
    """``class TestMine(SinkSuite): component = MySink; config = {…}; def stored(self, sink): …``.

    The system is empty at the start of each check: give ``config`` as a fixture that makes it.
    """

    kind = Kind.SINK

    rejects: ClassVar[Any] = ()
    """Records that the system refuses, each by itself."""

    def send(self, sink: Any, records: Sequence[Record], part: int, times: int = 1) -> None:
        """Write ``records`` as one batch, ``times`` times."""
        for _ in range(times):
            _write(sink, records, f"split-1/{part}")

    def test_one_outcome_a_record(self) -> None:
        """As many outcomes as records, each an ``Outcome``; or None."""
        with self.opened() as sink:
            sink.begin()
            for count in (len(self.records), 1):
                batch = Batch(copy.deepcopy(self.records[:count]), f"split-{count}/0")
                expect_outcomes(sink.write(batch), count, OUTCOMES)

    def test_outcomes_are_in_the_order_of_the_records(self) -> None:
        """A record that is refused costs that record, and no other takes the blame."""
        if not self.rejects:
            pytest.skip("`rejects` is not given")
        mixed: list[tuple[Record, bool]] = []
        for good, bad in zip(self.records, self.rejects, strict=False):
            mixed += [(good, False), (bad, True)]
        with self.opened() as sink:
            sink.begin()
            try:
                told = _write(sink, [record for record, _ in mixed], "split-1/0")
            except Exception:
                told = [self._alone(sink, record) for record, _ in mixed]  # as bisecting does
        refused = [isinstance(outcome, Rejected) for outcome in told]
        wanted = [bad for _, bad in mixed]
        if refused != wanted:
            fail(f"refused (by position) were to be {wanted} and are {refused}")

    def test_records_are_not_changed(self) -> None:
        """The same records go to other writers, and into dead letters."""
        records = copy.deepcopy(self.records)
        with self.opened() as sink:
            sink.begin()
            list(sink.write(Batch(records, "split-1/0")) or ())
        expect_same("write() changed its records", lines(self.records), lines(records))

    def test_several_threads_may_write(self) -> None:
        """One instance is called from several threads at once."""
        token = self._begin("run-1")
        with self.opened(run_id="run-1") as sink:
            _in_threads(sink, self.records)
        self._commit("run-1", token)
        if self.stored is None:
            return
        together = self.seen()
        twice = [item for item, count in Counter(together).items() if count > 1]
        if twice:
            fail(f"written from {_THREADS} threads, an item is stored twice: {twice[0][:300]}")
        self.run("run-2", self.records)
        expect_same("written from several threads, and then by one", together, self.seen())

    def _alone(self, sink: Any, record: Record) -> Outcome:
        try:
            return _write(sink, [record], "split-1/0")[0]
        except Exception as error:
            return Rejected(str(error))


def _write(sink: Any, records: Sequence[Record], id_: str) -> list[Outcome]:
    batch = Batch(copy.deepcopy(records), id_)
    return expect_outcomes(sink.write(batch), len(records), OUTCOMES)


def _in_threads(sink: Any, records: Sequence[Record]) -> None:
    """Write each record as a batch, ``_THREADS`` at the same moment."""
    start = threading.Barrier(min(_THREADS, len(records)), timeout=30)

    def write(mine: list[tuple[int, Record]]) -> None:
        start.wait()
        for number, record in mine:
            _write(sink, [record], f"split-{number}/0")

    numbered = list(enumerate(records))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads change as often as they can
    try:
        with ThreadPoolExecutor(_THREADS) as pool:
            shares = [numbered[n::_THREADS] for n in range(start.parties)]
            for done in [pool.submit(write, share) for share in shares]:
                done.result()
    finally:
        sys.setswitchinterval(interval)
