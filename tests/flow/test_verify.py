"""Before it commits, a bulk sink sees what a run has published."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import BulkSink, NotComplete, Outcome, Rejected, StagedFile, Tally, Written
from tests.flow.workflows import run, workflow

pytestmark = pytest.mark.slow


class Counting(BulkSink):
    """Refuses the first line of each file, and holds the tally against what it has seen."""

    seen: Any = None

    def begin(self) -> dict[str, str]:
        Counting.seen = {"lines": 0, "files": 0, "tally": None, "ended": None}
        return {"index": "i-1"}

    def publish(self, file: StagedFile) -> Iterable[Outcome]:
        lines = list(file.lines())
        Counting.seen["lines"] += len(lines)
        Counting.seen["files"] += 1
        return [Rejected("the first"), *[Written()] * (len(lines) - 1)]

    def verify(self, token: Any, tally: Tally) -> None:
        again = sum(len(list(file.lines())) for file in tally.files)
        Counting.seen["tally"] = (tally.taken, tally.refused, len(tally.files), again)

    def commit(self, token: Any) -> None:
        Counting.seen["ended"] = "commit"

    def abort(self, token: Any) -> None:
        Counting.seen["ended"] = "abort"


class Missing(Counting):
    """Does not find what was published."""

    def verify(self, token: Any, tally: Tally) -> None:
        raise NotComplete("one is missing", hint="look for it")


def config(tmp_path: Path, cls: type, threshold: float) -> dict[str, Any]:
    return workflow(
        tmp_path,
        {"splits": 3, "records": 10},
        stage={"type": "file"},
        bulkSink={"type": f"tests.flow.test_verify.{cls.__name__}"},
        workflowConfig={"successThreshold": threshold},
    )


def test_the_tally_is_of_all_files_with_what_was_refused(tmp_path: Path) -> None:
    report = run(config(tmp_path, Counting, 10))
    assert report.exit_code == 0, report.sentence
    seen = Counting.seen
    assert seen["tally"] == (
        seen["lines"] - seen["files"], seen["files"], seen["files"], seen["lines"],
    )  # fmt: skip
    assert (seen["files"] >= 3, seen["ended"]) == (True, "commit")


def test_without_a_commit_there_is_nothing_to_verify(tmp_path: Path) -> None:
    assert run(config(tmp_path, Counting, 100)).exit_code == 1
    assert (Counting.seen["tally"], Counting.seen["ended"]) == (None, "abort")


def test_what_is_missing_fails_the_run_and_is_aborted(tmp_path: Path) -> None:
    report = run(config(tmp_path, Missing, 10))
    assert (report.status, report.exit_code) == ("failed", 1)
    assert Counting.seen["ended"] == "abort"
    assert any("one is missing" in failure.reason for failure in report.failures)
