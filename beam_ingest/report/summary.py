"""The end of a run for the reader: one sentence, the counts, the failures, the report's place."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from beam_ingest.api.report import Failure, Report, SplitsReport, Status, StepReport

REASONS_SHOWN = 10
"""Groups of failures, and of records left out, that the summary shows; the report has all."""

_STYLES: dict[Status, str] = {"success": "green", "partialSuccess": "yellow", "failed": "red"}


def print_summary(report: Report, console: Console, *, kept: bool = True) -> None:
    """Print ``report`` in short; without ``kept`` its run directory is gone (a dry run)."""
    _say(console, Text(report.sentence, f"bold {_STYLES[report.status]}"))
    if report.steps:
        _say(console, Text())
        console.print(_table(report.steps))
    for line in (*_lines(report), *(_places(report) if kept else ())):
        _say(console, Text(line))


def _say(console: Console, text: Text) -> None:
    # Soft wrap: a long reason stays one line, so that it can be searched for and copied.
    console.print(text, soft_wrap=True)


def _table(steps: list[StepReport]) -> Table:
    unchanged = any(step.unchanged for step in steps)
    table = Table(box=None, padding=(0, 2), pad_edge=True, header_style="dim")
    for name in ("step", "kind"):
        table.add_column(name, overflow="fold")
    for name in ("in", "passed", "filtered", "failed", "out", *(["unchanged"] * unchanged)):
        table.add_column(name, justify="right", no_wrap=True)
    for step in steps:
        counts = [step.in_, step.passed, step.filtered, step.failed, step.out]
        cells = [Text(f"{count:,}") for count in counts + [step.unchanged] * unchanged]
        if step.failed:
            cells[3].stylize("red")
        table.add_row(Text(step.name), Text(step.kind, "dim"), *cells)
    return table


def _lines(report: Report) -> Iterator[str]:
    yield ""
    yield f"splits: {_done(report.splits)}"
    if report.files is not None:
        yield f"files: {_done(report.files)}"
    yield from _retired(report)
    if report.state is not None and not report.state.advanced:
        yield f"the next run goes on from where this one did: {report.state.why}"
    for warning in report.warnings:
        yield f"warning: {warning}"
    if report.stopped:
        yield f"stopped early: {report.stopped}"
    yield from _reasons("left out:", report.filtered)
    yield from _reasons("failures:", report.failures)


def _places(report: Report) -> Iterator[str]:
    dead = report.dead_letters
    if dead.count:
        files = f"{len(dead.files):,} file{'' if len(dead.files) == 1 else 's'}"
        yield f"dead letters: {dead.count:,} in {files} below {report.run_dir}"
    yield f"report: {report.run_dir}/report.json"


def _done(splits: SplitsReport) -> str:
    total = "an unknown number, since their listing did not end"
    if splits.total is not None:
        total = f"{splits.total:,}"
    text = f"{splits.done:,} done of {total}"
    if splits.failed:
        text += f", {splits.failed:,} failed"
    if splits.not_read:
        text += f", {splits.not_read:,} not read"
    return text


def _retired(report: Report) -> Iterator[str]:
    retired = report.retired
    if retired.names:
        yield f"retired: {retired.names:,} names in {retired.scopes:,} scopes"
    for refusal in retired.refused:
        yield f"not retired: {refusal}"
    if retired.skipped:
        yield f"nothing retired: {retired.skipped}"


def _reasons(title: str, reasons: list[Failure]) -> Iterator[str]:
    if not reasons:
        return
    yield ""
    yield title
    for reason in reasons[:REASONS_SHOWN]:
        yield f"  {reason.count:,} x {reason.step}: {reason.reason}"
        if reason.examples:
            yield f"      such as {', '.join(reason.examples)}"
        if reason.hint:
            yield f"      hint: {reason.hint}"
    if len(reasons) > REASONS_SHOWN:
        yield f"  and {len(reasons) - REASONS_SHOWN:,} other reasons, all in the report"
    yield ""
