"""The verdict: what the numbers of a run come to, and what may be done on the strength of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from beam_ingest.api.report import Failure, Status
from beam_ingest.flow.fold import Fold
from beam_ingest.flow.plan import Plan, deferred_step

DEFECT = 4


@dataclass(slots=True)
class Verdict:
    """Status, exit code and sentence of a run; whether it may retire and commit.

    ``came_to_its_end``: it was not stopped and the engine did not break.
    """

    status: Status
    exit_code: int
    sentence: str
    may_retire: bool = False
    no_retire: str | None = None
    may_commit: bool = False
    came_to_its_end: bool = True
    failures: list[Failure] = field(default_factory=list)


def judge(
    plan: Plan,
    folded: Fold,
    stop: dict[str, Any] | None,
    defect: str | None,
    troubles: int = 0,
) -> Verdict:
    """What came of a run.

    ``success``: nothing failed. ``partialSuccess``: records failed, within the success threshold
    that the workflow wrote. ``failed``: everything else; a threshold forgives records, never a
    split, a file or a listing.
    """
    failures = _structural(folded, stop, defect)
    failed = folded.ledger.failed
    whole = folded.complete and not folded.failed_scopes and not troubles
    if defect is not None or stop is not None or not whole:
        code = DEFECT if defect is not None else (stop or {}).get("exitCode", 1)
        verdict = Verdict("failed", code, _failed_sentence(folded, stop, defect))
    elif failed == 0:
        verdict = Verdict("success", 0, f"The run succeeded: {_volume(plan, folded)}.")
    else:
        share = _passed_share(plan, folded, failed)
        text = f"{failed} of {_read(plan, folded)} records failed ({share:.2f} % passed)"
        if plan.success_threshold < 100 and share >= plan.success_threshold:
            allowed = f"within the success threshold of {plan.success_threshold:g} %"
            verdict = Verdict("partialSuccess", 0, f"The run succeeded in part: {text}, {allowed}.")
        else:
            verdict = Verdict("failed", 1, f"The run failed: {text}.")
    verdict.failures = failures
    verdict.came_to_its_end = stop is None and defect is None
    verdict.may_commit = verdict.exit_code == 0
    verdict.may_retire = verdict.came_to_its_end and folded.complete and plan.attempt == 1
    if plan.attempt > 1:
        # Its listing may be days old: what was made since is in no listing, and not gone.
        verdict.no_retire = "a resumed run retires nothing: the next whole run does"
    elif not verdict.may_retire:
        verdict.no_retire = "nothing is retired after an incomplete run"
    return verdict


def _structural(folded: Fold, stop: dict[str, Any] | None, defect: str | None) -> list[Failure]:
    failures: list[Failure] = []
    if stop is not None:
        failures.append(
            Failure(step="(run)", reason=stop["reason"], count=1, hint=stop.get("hint"))
        )
    if defect is not None:
        failures.append(Failure(step="(engine)", reason=defect, count=1))
    if folded.listing_error is not None and stop is None:
        failures.append(Failure(step="(listing)", reason=folded.listing_error, count=1))
    for fqn, why in folded.failed_scopes:
        failures.append(Failure(step="(listing)", reason=f"{fqn} cannot be listed: {why}", count=1))
    if folded.splits.not_read and stop is None:
        reason = "splits have no mark: the engine lost them, or ended before they were settled"
        failures.append(
            Failure(
                step="(splits)", reason=reason, count=folded.splits.not_read,
                examples=folded.missing,
            )
        )  # fmt: skip
    files = folded.files
    if files is not None and files.not_read and stop is None:
        failures.append(
            Failure(step="(files)", reason="staged files are not published", count=files.not_read)
        )
    return failures


def _failed_sentence(folded: Fold, stop: dict[str, Any] | None, defect: str | None) -> str:
    if stop is not None:
        return f"The run was stopped: {stop['reason'].rstrip('.')}."
    if defect is not None:
        return f"The run failed: the engine broke: {defect.rstrip('.')}."
    parts = []
    splits, files = folded.splits, folded.files
    if folded.listing_error is not None:
        parts.append("the source could not be listed")
    if splits.failed:
        parts.append(f"{splits.failed} of {splits.total or 'the'} splits failed")
    if splits.not_read:
        parts.append(f"{splits.not_read} splits were not settled")
    if folded.failed_scopes:
        parts.append(f"{len(folded.failed_scopes)} scopes could not be listed")
    if files is not None and files.failed + files.not_read:
        parts.append(f"{files.failed + files.not_read} of {files.total} files were not published")
    if folded.ledger.failed:
        parts.append(f"{folded.ledger.failed} records failed")
    what = ", ".join(parts) or "its end did not come off, see the failures"
    return f"The run failed: {what}."


def _read(plan: Plan, folded: Fold) -> int:
    counts = folded.ledger.steps.get(plan.source.step)
    return counts.in_ if counts else 0


def _passed_share(plan: Plan, folded: Fold, failed: int) -> float:
    return max(0.0, 100.0 * (1 - failed / max(1, _read(plan, folded))))


def _volume(plan: Plan, folded: Fold) -> str:
    ends = [name for w in plan.writers for name in (w.target.step, deferred_step(w))]
    steps = folded.ledger.steps
    written = sum(steps[name].out for name in ends if name in steps)
    return f"{_read(plan, folded)} records read, {written} written"
