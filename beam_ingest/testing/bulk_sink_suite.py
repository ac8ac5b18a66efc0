"""The checks of a bulk sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from beam_ingest.api.bulk_sink import StagedFile
from beam_ingest.api.codec import encode
from beam_ingest.api.outcomes import Deferred
from beam_ingest.api.record import Record
from beam_ingest.api.registry import Kind
from beam_ingest.testing.compare import fail
from beam_ingest.testing.exercise import staged_file
from beam_ingest.testing.inputs import give
from beam_ingest.testing.system_suite import OUTCOMES, SystemSuite, expect_outcomes


class BulkSinkSuite(SystemSuite):
    """``class TestMine(BulkSinkSuite): component = MyBulkSink; def stored(self, bulk_sink): …``.

    The system is empty at the start of each check: give ``config`` as a fixture that makes it.
    ``records`` are staged as JSON lines; override ``encoded`` for a stage with lines of its own.
    """

    kind = Kind.BULK_SINK

    _staged: Path

    @pytest.fixture(autouse=True)
    def _staging(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        give(self, "_staged", tmp_path_factory.mktemp("staged"))

    def encoded(self, records: Sequence[Record]) -> list[bytes]:
        """The lines of the staged file that holds ``records``."""
        return [encode(record) for record in records]

    def staged(self, records: Sequence[Record], part: int = 0) -> StagedFile:
        """A staged file of ``records``."""
        return staged_file(self._staged, f"split-1.{part}", self.encoded(records))

    def samples(self) -> list[bytes]:
        """The lines of ``records``: what a bulk sink is given."""
        return self.encoded(self.records)

    def send(self, sink: Any, records: Sequence[Record], part: int, times: int = 1) -> None:
        """Publish ``records`` as one file, ``times`` times; what is put off again in waves."""
        for _ in range(times):
            lines, wave = self.encoded(records), 0
            while lines:
                id_ = f"split-1.{part}" + (f".wave-{wave}" if wave else "")
                file = replace(staged_file(self._staged, id_, lines), wave=wave)
                told = expect_outcomes(sink.publish(file), file.count, OUTCOMES)
                left = [
                    line
                    for line, outcome in zip(lines, told, strict=True)
                    if isinstance(outcome, Deferred)
                ]
                if wave and len(left) == len(lines):
                    fail(f"{len(left)} lines are put off again and again, and nothing is written")
                lines, wave = left, wave + 1

    def test_one_outcome_a_line(self) -> None:
        """As many outcomes as lines, each one of the four; or None."""
        with self.opened() as bulk_sink:
            bulk_sink.begin()
            for part, count in enumerate((len(self.records), 1)):
                file = self.staged(self.records[:count], part)
                expect_outcomes(bulk_sink.publish(file), file.count, OUTCOMES)

    def test_the_file_is_closed_again(self) -> None:
        """Every opening of a staged file is closed when ``publish`` has ended."""
        handles: list[BinaryIO] = []
        file = self.staged(self.records)

        def opener() -> BinaryIO:
            handles.append(file.opener())
            return handles[-1]

        with self.opened() as bulk_sink:
            bulk_sink.begin()
            list(bulk_sink.publish(replace(file, opener=opener)) or ())
        still_open = [handle for handle in handles if not handle.closed]
        for handle in still_open:
            handle.close()
        if still_open:
            fail("the staged file is still open after publish(): iterate file.records() or lines()")
