"""What a reader sees at the end of a run."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from beam_ingest.api.report import (
    DeadLetterReport,
    Failure,
    Report,
    RetireReport,
    SplitsReport,
    StepReport,
)
from beam_ingest.report.summary import REASONS_SHOWN, print_summary


def a_report(**changes: Any) -> Report:
    values: dict[str, Any] = {
        "run_id": "r1",
        "run_dir": "runs/r1",
        "status": "success",
        "exit_code": 0,
        "sentence": "2,000 of 2,000 records written in 3 s.",
        "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:03Z",
        "steps": [
            StepReport(name="shop", kind="source", in_=2000, passed=2000, out=2000),
            StepReport(name="filter", kind="processor", in_=2000, passed=1500, filtered=500,
                       out=1500),
            StepReport(name="file", kind="sink", in_=1500, passed=1490, failed=10, out=1490),
        ],
        "splits": SplitsReport(total=4, done=4),
    }  # fmt: skip
    return Report(**(values | changes))


def summary(report: Report, *, width: int = 120) -> str:
    text = io.StringIO()
    print_summary(report, Console(file=text, width=width))
    return "\n".join(each.rstrip() for each in text.getvalue().splitlines())


def test_the_first_line_is_the_status_in_one_sentence() -> None:
    first = summary(a_report()).splitlines()[0]
    assert first == "2,000 of 2,000 records written in 3 s."


def test_the_counts_stand_in_a_table_a_row_a_step() -> None:
    rows = [each.split() for each in summary(a_report()).splitlines()]
    assert ["step", "kind", "in", "passed", "filtered", "failed", "out"] in rows
    assert ["filter", "processor", "2,000", "1,500", "500", "0", "1,500"] in rows
    assert ["file", "sink", "1,500", "1,490", "0", "10", "1,490"] in rows


def test_a_column_for_unchanged_records_appears_where_there_are_any() -> None:
    steps = [StepReport(name="om", kind="sink", in_=5, passed=5, out=5, unchanged=4)]
    rows = [each.split() for each in summary(a_report(steps=steps)).splitlines()]
    assert ["om", "sink", "5", "5", "0", "0", "5", "4"] in rows
    assert "unchanged" not in summary(a_report())


def test_failures_are_grouped_with_examples_and_a_hint() -> None:
    failure = Failure(
        step="file", reason="disk full", count=10, examples=["a.b", "a.c"], hint="make room"
    )
    text = summary(a_report(status="failed", failures=[failure]))
    assert "  10 x file: disk full\n      such as a.b, a.c\n      hint: make room" in text


def test_on_a_narrow_terminal_names_are_folded_and_numbers_stay_whole() -> None:
    steps = [StepReport(name="a-rather-long-name", kind="source", in_=1_234_567, passed=1_234_567)]
    text = summary(a_report(steps=steps), width=66)
    assert text.count("1,234,567") == 2
    assert "…" not in text
    assert "".join(line[:8].strip() for line in text.splitlines()).count("a-rat") == 1


def test_what_was_left_out_on_purpose_is_told_with_its_reason() -> None:
    filtered = Failure(step="filter", reason="a temporary table", count=5, examples=["tmp_1"])
    text = summary(a_report(filtered=[filtered]))
    assert "left out:\n  5 x filter: a temporary table\n      such as tmp_1" in text
    assert "failures:" not in text


def test_many_reasons_are_cut_and_the_rest_is_counted() -> None:
    failures = [Failure(step="s", reason=f"reason {n}", count=1) for n in range(REASONS_SHOWN + 3)]
    text = summary(a_report(failures=failures))
    assert f"reason {REASONS_SHOWN - 1}" in text
    assert f"reason {REASONS_SHOWN}\n" not in text
    assert "and 3 other reasons, all in the report" in text


def test_it_ends_with_the_place_of_the_report() -> None:
    assert summary(a_report()).splitlines()[-1] == "report: runs/r1/report.json"


def test_a_run_that_left_nothing_names_no_place() -> None:
    text = io.StringIO()
    report = a_report(dead_letters=DeadLetterReport(count=1, files=["dead/1.jsonl"]))
    print_summary(report, Console(file=text, width=120), kept=False)
    assert "runs/r1" not in text.getvalue()
    assert "splits: 4 done of 4" in text.getvalue()


def test_a_terminal_shows_the_status_in_colour() -> None:
    text = io.StringIO()
    print_summary(
        a_report(status="failed"),
        Console(file=text, force_terminal=True, color_system="standard", _environ={}),
    )
    assert text.getvalue().startswith("\x1b[1;31m2,000 of")


def test_splits_that_were_not_read_are_told() -> None:
    splits = SplitsReport(total=9, done=5, failed=1, not_read=3)
    assert "splits: 5 done of 9, 1 failed, 3 not read" in summary(a_report(splits=splits))


def test_a_listing_that_did_not_end_is_told() -> None:
    text = summary(a_report(splits=SplitsReport(total=None, done=5)))
    assert "splits: 5 done of an unknown number, since their listing did not end" in text


def test_staged_files_warnings_retirement_and_an_early_stop_are_told() -> None:
    text = summary(
        a_report(
            status="partialSuccess",
            files=SplitsReport(total=2, done=1, failed=1),
            warnings=["sourceConfig.config.threads does nothing here"],
            retired=RetireReport(
                scopes=2, names=7, refused=["shop.a: 9 of 10"], skipped="a split failed"
            ),
            stopped="maxFailures",
            dead_letters=DeadLetterReport(count=10, files=["dead/1.jsonl"]),
        )
    )
    for expected in (
        "files: 1 done of 2, 1 failed",
        "warning: sourceConfig.config.threads does nothing here",
        "retired: 7 names in 2 scopes",
        "not retired: shop.a: 9 of 10",
        "nothing retired: a split failed",
        "stopped early: maxFailures",
        "dead letters: 10 in 1 file below runs/r1",
    ):
        assert expected in text


def test_long_reasons_are_not_broken_and_markup_in_them_is_shown_as_it_is() -> None:
    reason = "[bold]" + "x" * 300
    text = summary(a_report(failures=[Failure(step="s", reason=reason, count=1)]), width=80)
    assert reason in text
