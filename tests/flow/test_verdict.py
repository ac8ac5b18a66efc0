"""The verdict: a status, an exit code, a sentence, and what may be done on its strength."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from beam_ingest.api.report import SplitsReport
from beam_ingest.flow.fold import Fold
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.verdict import Verdict, judge
from tests.flow.scripted import plan_of, sink, staged


def folded(
    read: int = 10, failed: int = 0, *, done: int = 3, total: int | None = 3, **more: Any
) -> Fold:
    made = Fold(splits=SplitsReport(total=total, done=done), **more)
    src, out = made.ledger.step("src"), made.ledger.step("out")
    src.in_ = src.passed = src.out = out.in_ = read
    out.failed, out.passed, out.out = failed, read - failed, read - failed
    return made


def plan(threshold: float = 100.0, *writers: Any) -> Plan:
    return plan_of("unused", *(writers or (sink(),)), success_threshold=threshold)


def told(verdict: Verdict) -> tuple[str, int, str]:
    return verdict.status, verdict.exit_code, verdict.sentence


def test_nothing_failed() -> None:
    verdict = judge(plan(), folded(), None, None)
    assert told(verdict) == ("success", 0, "The run succeeded: 10 records read, 10 written.")
    assert (verdict.may_commit, verdict.may_retire, verdict.no_retire) == (True, True, None)
    assert verdict.failures == []


def test_deferred_records_that_were_written_are_told() -> None:
    made = folded()
    made.ledger.step("out").out = 8
    late = made.ledger.step("out (deferred)")
    late.in_ = late.passed = late.out = 2
    assert judge(plan(), made, None, None).sentence == (
        "The run succeeded: 10 records read, 10 written."
    )


def test_records_that_failed_fail_the_run_unless_the_workflow_forgives_some() -> None:
    verdict = judge(plan(), folded(1000, 1), None, None)
    assert told(verdict) == (
        "failed", 1, "The run failed: 1 of 1000 records failed (99.90 % passed).",
    )  # fmt: skip
    assert (verdict.may_commit, verdict.may_retire) == (False, True)


@pytest.mark.parametrize(("failed", "status"), [(10, "partialSuccess"), (11, "failed")])
def test_a_threshold_forgives_records(failed: int, status: str) -> None:
    verdict = judge(plan(90.0), folded(100, failed), None, None)
    assert verdict.status == status
    if status == "partialSuccess":
        assert told(verdict)[1:] == (
            0,
            "The run succeeded in part: 10 of 100 records failed (90.00 % passed), "
            "within the success threshold of 90 %.",
        )
        assert verdict.may_commit


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"done": 2}, "1 splits were not settled"),
        ({"total": None}, "the source could not be listed"),
        ({"failed_scopes": [("s", "permission denied")]}, "1 scopes could not be listed"),
        ({"files": SplitsReport(total=2, done=1, failed=1)}, "1 of 2 files were not published"),
        ({"files": SplitsReport(total=2, done=1, not_read=1)}, "1 of 2 files were not published"),
    ],
)
def test_a_threshold_forgives_no_split_file_or_listing(made: dict[str, Any], says: str) -> None:
    fold = folded(100, **made)
    if fold.splits.total is None:
        fold.listing_error = "it broke off"
    if fold.splits.done == 2:
        fold.splits.not_read = 1
    verdict = judge(plan(1.0), fold, None, None)
    assert told(verdict) == ("failed", 1, f"The run failed: {says}.")
    assert not verdict.may_commit


def test_only_a_complete_run_retires() -> None:
    verdict = judge(plan(), folded(done=2), None, None)
    assert (verdict.may_retire, verdict.no_retire) == (
        False, "nothing is retired after an incomplete run",
    )  # fmt: skip
    # Another scope's failed listing does not keep those that were listed.
    assert judge(plan(), folded(failed_scopes=[("s", "no")]), None, None).may_retire


def test_a_split_that_failed_is_told() -> None:
    made = folded(done=2)
    made.splits.failed = 1
    assert judge(plan(), made, None, None).sentence == "The run failed: 1 of 3 splits failed."


def test_a_stop_is_told_first_and_sets_the_exit_code() -> None:
    stop = {"reason": "wrong password.", "exitCode": 3, "hint": "check it"}
    made = folded(done=1)
    made.splits.not_read = 2
    verdict = judge(plan(), made, stop, None)
    assert told(verdict) == ("failed", 3, "The run was stopped: wrong password.")
    assert [(f.step, f.reason, f.hint) for f in verdict.failures] == [
        ("(run)", "wrong password.", "check it"),
    ]
    assert not verdict.may_commit
    assert not verdict.may_retire
    assert not verdict.came_to_its_end


def test_a_stop_fails_even_a_run_that_is_complete() -> None:
    stop = {"reason": "stopped by SIGINT", "exitCode": 130, "hint": None}
    assert told(judge(plan(), folded(), stop, None))[:2] == ("failed", 130)


def test_a_defect_of_the_engine_is_told_as_one() -> None:
    verdict = judge(plan(), folded(), None, "KeyError: 'x'.")
    assert told(verdict) == ("failed", 4, "The run failed: the engine broke: KeyError: 'x'.")
    assert [(f.step, f.reason) for f in verdict.failures] == [("(engine)", "KeyError: 'x'.")]
    assert not verdict.came_to_its_end


def test_what_is_incomplete_is_listed_with_examples() -> None:
    made = folded(done=1, missing=["a", "b"], listing_error="it broke off")
    made.splits.not_read = 2
    made.failed_scopes = [("s", "permission denied")]
    made.files = SplitsReport(total=3, done=1, not_read=2)
    found = {
        (f.step, f.reason): (f.count, f.examples) for f in judge(plan(), made, None, None).failures
    }
    assert found == {
        ("(listing)", "it broke off"): (1, []),
        ("(listing)", "s cannot be listed: permission denied"): (1, []),
        (
            "(splits)",
            "splits have no mark: the engine lost them, or ended before they were settled",
        ): (2, ["a", "b"]),
        ("(files)", "staged files are not published"): (2, []),
    }


def test_a_trouble_at_the_end_fails_a_run_that_was_fine() -> None:
    verdict = judge(plan(), folded(), None, None, troubles=1)
    assert told(verdict) == (
        "failed", 1, "The run failed: its end did not come off, see the failures.",
    )  # fmt: skip


def test_a_processor_that_makes_and_fails_more_than_was_read_has_no_negative_share() -> None:
    made = folded(1, 0)
    made.ledger.step("out").failed = 100
    made.ledger.step("out").in_ = 100
    assert "(0.00 % passed)" in judge(plan(50.0), made, None, None).sentence


def test_a_source_without_records_succeeds() -> None:
    made = Fold(splits=SplitsReport(total=1, done=1))
    assert judge(plan(), made, None, None).sentence == (
        "The run succeeded: 0 records read, 0 written."
    )


def test_what_a_bulk_sink_published_is_what_was_written() -> None:
    made = folded()
    del made.ledger.steps["out"]
    bulk = made.ledger.step("bulk")
    bulk.in_ = bulk.passed = bulk.out = 7
    made.files = SplitsReport(total=1, done=1)
    assert judge(plan(100.0, staged()), made, None, None).sentence == (
        "The run succeeded: 10 records read, 7 written."
    )


def test_a_resumed_run_retires_nothing_on_the_word_of_an_old_listing() -> None:
    verdict = judge(replace(plan(), attempt=2), folded(), None, None)
    assert (verdict.status, verdict.may_commit, verdict.may_retire) == ("success", True, False)
    assert verdict.no_retire == "a resumed run retires nothing: the next whole run does"
