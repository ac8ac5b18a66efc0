"""The report of an unbounded run: the fold of the journals of its partitions."""

from __future__ import annotations

from beam_ingest.api.report import Report, RetireReport, SplitsReport, StreamReport
from beam_ingest.flow.finish import keep, report_of
from beam_ingest.flow.fold import MISSING, Fold
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stream.journal import (
    Journal,
    Tally,
    gone_journals,
    listed_journals,
    read_end,
)
from beam_ingest.flow.verdict import judge


def write_report(plan: Plan, run: RunDir, defect: str | None) -> Report:
    """Write ``report.json`` and give it; ``defect`` is what broke the engine."""
    total, stream, splits = Tally(), StreamReport(), SplitsReport(total=0)
    folded = Fold(splits=splits)
    stop = run.stop()
    listing = run.listing()
    for journal in listed_journals(run, listing):
        total.add(journal.tally)
        _count(run, journal, stream, folded)
    behind = []
    for journal in gone_journals(run, listing):
        total.add(journal.tally)
        if journal.is_behind:
            behind.append(journal.split.key)
            _count(run, journal, stream, folded)
    splits.total = stream.partitions
    folded.ledger = total.ledger
    folded.listing_error = None if listing else "the partitions were not listed"
    folded.files = SplitsReport(total=total.files, done=total.files)
    verdict = judge(plan, folded, stop, defect)
    stream.panes, stream.late, stream.too_late = total.panes, total.late, total.too_late
    if not any(writer.bulk for writer in plan.writers):
        folded.files = None
    folded.dead_letters = total.dead_letters
    folded.dead_files = [file.file for file in total.dead]
    retired = RetireReport(skipped="an unbounded run retires nothing")
    report = report_of(plan, run, folded, verdict, retired, stop)
    report.warnings, report.stream = _warnings(total, behind), stream
    keep(run, report)
    return report


def _count(run: RunDir, journal: Journal, stream: StreamReport, folded: Fold) -> None:
    stream.partitions += 1
    told = journal.acknowledged if journal.told else None
    stream.acknowledged[journal.split.key] = told[1] if told else None
    if journal.is_settled_to(read_end(run, journal.id)):
        stream.drained += 1
        folded.splits.done += 1
        return
    folded.splits.not_read += 1
    if len(folded.missing) < MISSING:
        folded.missing.append(journal.split.key)


def _warnings(total: Tally, behind: list[str]) -> list[str]:
    warnings = []
    if behind:
        one = len(behind) == 1
        which = ", ".join(behind[:MISSING]) + (", …" if len(behind) > MISSING else "")
        warnings.append(
            f"{len(behind)} partition{'' if one else 's'} that the source no longer lists "
            f"ha{'s' if one else 've'} messages that were read and are not published: {which}; "
            f"--resume publishes them when the source lists {'it' if one else 'them'} again"
        )
    unnamed = total.dead_letters - sum(file.count for file in total.dead)
    if unnamed:
        warnings.append(
            f"{unnamed} older dead letters are in files of dead/ that this report does not name"
        )
    return warnings
