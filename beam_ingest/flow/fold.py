"""The fold of the marks: what the run directory says of a run, as the numbers of its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from beam_ingest.api.report import Failure, SplitsReport, StepReport
from beam_ingest.flow.ledger import Ledger, unbalanced
from beam_ingest.flow.mark import Chunk, Mark
from beam_ingest.flow.plan import Plan, Writer, deferred_step
from beam_ingest.flow.run_dir import DEFERRED, RunDir, split_ref
from beam_ingest.flow.staged_files import published, staged_files_of

MISSING = 5
"""How many splits without a mark are named."""


@dataclass(slots=True)
class Fold:
    """All that the marks of a run add up to."""

    ledger: Ledger = field(default_factory=Ledger)
    splits: SplitsReport = field(default_factory=SplitsReport)
    files: SplitsReport | None = None
    dead_letters: int = 0
    dead_files: list[str] = field(default_factory=list)
    staged_files: set[str] = field(default_factory=set)
    deferred_files: set[str] = field(default_factory=set)
    listing_error: str | None = None
    failed_scopes: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    remember: dict[str, Any] = field(default_factory=dict)
    published: dict[str, list[Chunk]] = field(default_factory=dict)
    """By writer, the staged files that its bulk sink is done with."""

    @property
    def complete(self) -> bool:
        """Whether every split was listed, read to its end and settled, every file published."""
        files = self.files
        return (
            self.listing_error is None
            and self.splits.total == self.splits.done
            and (files is None or files.total == files.done)
        )

    def steps(self, plan: Plan) -> list[StepReport]:
        """The steps in the order of the graph; those of deferred records only where there were."""
        reports = []
        for name, kind in plan.steps:
            counts = self.ledger.steps.get(name)
            if counts is None and kind == "deferred":
                continue
            numbers = counts.to_json() if counts else [0] * 6
            keys = ("in_", "passed", "filtered", "failed", "out", "unchanged")
            reports.append(
                StepReport(name=name, kind=kind, **dict(zip(keys, numbers, strict=True)))
            )
        return reports

    def failures(self) -> list[Failure]:
        """Failures grouped by step and reason, most frequent first."""
        grouped = [
            Failure(
                step=step, reason=why, count=reason.count, examples=reason.examples,
                hint=reason.hint,
            )
            for (step, why), reason in self.ledger.reasons.items()
        ]  # fmt: skip
        return sorted(grouped, key=lambda failure: (-failure.count, failure.step, failure.reason))

    def drops(self) -> list[Failure]:
        """What was filtered with a reason, grouped, most frequent first."""
        grouped = [
            Failure(step=step, reason=why, count=count)
            for (step, why), count in self.ledger.drops.items()
        ]
        return sorted(grouped, key=lambda drop: (-drop.count, drop.step, drop.reason))


def fold(plan: Plan, run: RunDir) -> Fold:
    """Read all marks of a run and add them up."""
    result = Fold()
    listing = run.listing()
    result.listing_error = "the splits were not listed" if listing is None else listing["error"]
    result.remember = dict((listing or {}).get("remember", {}))
    staged: dict[str, list[Chunk]] = {writer.name: [] for writer in plan.writers}
    deferred: dict[str, int] = dict.fromkeys(staged, 0)
    refs = list(run.splits())
    of_splits = run.marks(refs, list(staged))
    for ref in refs:
        marks = list(islice(of_splits, len(staged)))
        found = [mark for mark in marks if mark is not None]
        for writer, mark in zip(plan.writers, marks, strict=True):
            if mark is not None:
                _take(result, mark)
                staged[writer.name] += mark.chunks
                deferred[writer.name] += mark.deferred.count if mark.deferred else 0
        _count_split(result, ref.key, len(plan.writers), found)
    if listing is not None and listing["error"] is None:
        result.splits.total = 1 + len(listing["splits"])
    else:
        result.splits.total = None
    for writer in plan.writers:
        waiting = deferred[writer.name]
        if writer.bulk is not None:
            waiting += _fold_files(result, run, writer, staged[writer.name])
        _fold_deferred(result, run, writer, waiting)
    for scope in run.scopes():
        if scope.failed is not None:
            result.failed_scopes.append((scope.fqn, scope.failed))
    wrong = unbalanced(result.ledger.steps.items())
    assert not wrong, f"the ledger does not balance at {wrong}"  # noqa: S101 - a defect of ours
    return result


def _take(result: Fold, mark: Mark) -> None:
    result.ledger.add(mark.ledger)
    result.remember |= mark.remember
    if mark.dead is not None:
        result.dead_letters += mark.dead.count
        result.dead_files.append(mark.dead.file)
    if mark.deferred is not None:
        result.deferred_files.add(mark.deferred.file)
    result.staged_files.update(chunk.file for chunk in mark.chunks)


def _count_split(result: Fold, key: str, writers: int, marks: list[Mark]) -> None:
    if any(mark.state == "failed" for mark in marks):
        result.splits.failed += 1
    elif len(marks) == writers and len({mark.attempt for mark in marks}) == 1:
        result.splits.done += 1
    else:
        result.splits.not_read += 1
        if len(result.missing) < MISSING:
            result.missing.append(key)


def _fold_deferred(result: Fold, run: RunDir, writer: Writer, waiting: int) -> None:
    if not waiting:
        return
    mark = run.mark(split_ref(DEFERRED, 0, {}), writer.name)
    if mark is not None:
        _take(result, mark)
        return
    step = deferred_step(writer)
    counts = result.ledger.step(step)
    counts.in_ = counts.failed = waiting
    result.ledger.reason(step, "put off, and the run ended before", "", count=waiting)


def _fold_files(result: Fold, run: RunDir, writer: Writer, chunks: list[Chunk]) -> int:
    """Take in what was published of ``chunks``; how many lines of them were put off."""
    staged = staged_files_of(run, writer, chunks)
    files_report = result.files = result.files or SplitsReport()
    files_report.total = (files_report.total or 0) + len(staged.files) + staged.unmerged
    files_report.not_read += staged.unmerged
    waiting = 0
    for chunk, note in zip(staged.files, published(run, staged.files), strict=True):
        result.staged_files.add(chunk.file)
        if note is None:
            files_report.not_read += 1
            continue
        result.ledger.add(note.ledger)
        if note.dead is not None:
            result.dead_letters += note.dead.count
            result.dead_files.append(note.dead.file)
        if note.deferred is not None:
            waiting += note.deferred.count
            result.deferred_files.add(note.deferred.file)
        if note.state == "done":
            files_report.done += 1
            result.published.setdefault(writer.name, []).append(chunk)
        else:
            files_report.failed += 1
    return waiting
