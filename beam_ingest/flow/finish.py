"""Finishing: retire, commit, and write the report: the fold of the marks.

The graph's last step does this; where the graph did not get there, the launcher does. Either way
it may be done again: retire and commit are idempotent, the report replaces the report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from beam_ingest.api.bulk_sink import BulkSink, Tally
from beam_ingest.api.errors import FatalError
from beam_ingest.api.report import DeadLetterReport, Failure, Report, RetireReport, StateReport
from beam_ingest.flow.begin import UNDER_WAY, end
from beam_ingest.flow.dead_letter import reason_of
from beam_ingest.flow.fold import Fold, fold
from beam_ingest.flow.names import read_new_names
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.publish import staged_file
from beam_ingest.flow.remembered import advance
from beam_ingest.flow.retire import can_retire, retire
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.step import StepFn, close
from beam_ingest.flow.sweep import sweep
from beam_ingest.flow.verdict import Verdict, judge
from beam_ingest.flow.worker import disk_hint

UNWRITTEN = "(report)"
"""The step of the failure that says that the report is not on the disk."""


class FinishFn(StepFn):
    """Any element -> nothing; the report is written."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, plan.source)

    def process(self, _: object) -> Iterator[None]:
        """Finish the run."""
        self.worker.at("(finishing)", "report", patient=True)
        report = finish(self.plan, self.run, self.worker.wait, moved=self.worker.moved)
        if report.failures and report.failures[-1].step == UNWRITTEN:
            # The launcher sees this process's files at most: an error is what comes through.
            raise OSError(report.failures[-1].reason)
        yield from ()


def finish(
    plan: Plan,
    run: RunDir,
    wait: Callable[[float], bool],
    defect: str | None = None,
    *,
    alone: bool = True,
    moved: Callable[[], None] = lambda: None,
) -> Report:
    """Retire, commit or abort, advance the state, write the report.

    ``defect`` is what broke the engine; ``alone`` says that nothing of the run works any more,
    so that what no mark names can go. ``moved`` is called as it makes progress.
    """
    folded = fold(plan, run)
    stop = run.stop()
    verdict = judge(plan, folded, stop, defect)
    retired = RetireReport()
    troubles: list[tuple[str, str]] = []
    if plan.dry_run:
        retired.skipped = "a dry run writes nothing"
    else:
        for writer in plan.writers:
            if alone or verdict.may_commit:
                _end_writer(plan, run, writer, folded, verdict, retired, troubles, wait, moved)
            # Else requests that hang may still write into what would be aborted: the next run of
            # the workflow aborts it, or resume goes on with it.
    if troubles:
        stop = run.stop()
        verdict = judge(plan, folded, stop, defect, troubles=len(troubles))
    state = _remember(plan, folded, verdict, troubles)
    if state is not None and troubles:
        verdict = judge(plan, folded, stop, defect, troubles=len(troubles))
    for step, why in troubles:
        folded.ledger.reason(step, why, "")
    report = report_of(plan, run, folded, verdict, retired, stop)
    report.state = state
    if keep(run, report) and alone:
        sweep(run, folded, published=verdict.status == "success")
    return report


def keep(run: RunDir, report: Report) -> bool:
    """Write ``report.json``; False, and a report that says so, where the disk refuses."""
    try:
        run.store.write("report.json", report.to_json().encode())
    except OSError as error:
        # No report, no success: whoever asked is told, and what was kept stays the truth.
        report.status, report.exit_code = "failed", 1
        report.sentence = f"The run failed: its report cannot be written: {error}."
        reason = f"the run directory {run.store.root} cannot be written: {error}"
        report.failures.append(
            Failure(step=UNWRITTEN, reason=reason, count=1, hint=disk_hint(error))
        )
        return False
    return True


def _remember(
    plan: Plan, folded: Fold, verdict: Verdict, troubles: list[tuple[str, str]]
) -> StateReport | None:
    """Advance the state, now that all that it covers is durable, published and committed."""
    if plan.state is None:
        return None
    if plan.dry_run or verdict.exit_code != 0:
        why = "a dry run writes nothing" if plan.dry_run else "the run failed"
        return StateReport(name=plan.state.name, advanced=False, why=why)
    try:
        return advance(plan, folded.remember, now())
    except OSError as error:
        why = f"what was read cannot be remembered, so it is read again: {error}"
        troubles.append(("(state)", why))
        return StateReport(name=plan.state.name, advanced=False, why=why)


def _end_writer(
    plan: Plan,
    run: RunDir,
    writer: Writer,
    folded: Fold,
    verdict: Verdict,
    retired: RetireReport,
    troubles: list[tuple[str, str]],
    wait: Callable[[float], bool],
    moved: Callable[[], None],
) -> None:
    step = writer.target.step
    component: Any = None
    try:
        component = writer.target.build()
        begun = run.token(writer.name)[0] in UNDER_WAY
        wanted = verdict.may_retire and can_retire(type(component))
        if can_retire(type(component)) and not wanted:
            retired.skipped = verdict.no_retire
        if begun or wanted:
            component.open()
        known = run.retired(writer.name)
        if wanted:
            found = retire(plan, run, component, wait, read_new_names(run, plan), moved)
            # It may have been done before: by this run's last step, or an earlier attempt.
            found.names += known.names
            run.write_retired(writer.name, found)
            troubles += [(step, f"not retired: {why}") for why in found.refused]
            known = found
        retired.scopes += known.scopes
        retired.names += known.names
        retired.refused += known.refused
        completed = isinstance(component, BulkSink) and component.commit_on == "completed"
        # A replay's commit replaces nothing: that was seen to before it began.
        completed = completed or plan.replays is not None
        # What could not be listed is not known: what the run before left is more than this.
        listed = folded.listing_error is None
        commit = verdict.may_commit or (completed and verdict.came_to_its_end and listed)
        tally = _tally(run, writer, folded) if commit else None
        why = end(run, writer.name, component, wait, commit=commit, tally=tally)
        if why is not None:
            troubles.append((step, f"{'commit' if commit else 'abort'}: {why}"))
    except Exception as error:  # the report is written, whatever a sink raises
        troubles.append((step, reason_of(error)))
        if isinstance(error, FatalError):
            run.request_stop(error.message or type(error).__name__, 3, hint=error.hint)
    finally:
        if component is not None:
            close(component, step)


def _tally(run: RunDir, writer: Writer, folded: Fold) -> Tally:
    counts = folded.ledger.step(writer.target.step)
    files = [staged_file(run.store, chunk) for chunk in folded.published.get(writer.name, ())]
    return Tally(counts.passed, counts.failed, files)


def report_of(
    plan: Plan,
    run: RunDir,
    folded: Fold,
    verdict: Verdict,
    retired: RetireReport,
    stop: dict[str, Any] | None,
) -> Report:
    """The report of what was folded, not written yet."""
    return Report(
        run_id=plan.run_id,
        run_dir=run.store.root,
        workflow=plan.workflow,
        status=verdict.status,
        exit_code=verdict.exit_code,
        sentence=verdict.sentence,
        started_at=plan.started_at,
        ended_at=now(),
        steps=folded.steps(plan),
        splits=folded.splits,
        files=folded.files,
        retired=retired,
        dead_letters=DeadLetterReport(count=folded.dead_letters, files=folded.dead_files),
        failures=verdict.failures + folded.failures(),
        filtered=folded.drops(),
        stopped=stop["reason"] if stop else None,
        attempts=plan.attempt,
    )


def now(clock: Callable[[], float] = time.time) -> str:
    """The time as the report writes it: UTC, ISO 8601, milliseconds."""
    at = datetime.fromtimestamp(clock(), UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
