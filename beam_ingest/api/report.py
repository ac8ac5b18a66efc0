"""The report of a run: what became of every record, split and file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from beam_ingest.api.errors import IngestError
from beam_ingest.api.text import sayable

Status = Literal["success", "partialSuccess", "failed"]


class ReportPart(BaseModel):
    """camelCase in JSON, snake_case in Python."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_written(cls, value: Any) -> Any:
        # Names and reasons come from anywhere, and a report is written whatever they hold.
        if isinstance(value, str):
            return sayable(value)
        if isinstance(value, list):
            return [sayable(item) if isinstance(item, str) else item for item in value]
        return value


class StepReport(ReportPart):
    """One step. ``in = passed + filtered + failed``, always; ``out`` is what came out of it."""

    name: str
    kind: str
    in_: int = Field(0, alias="in")
    passed: int = 0
    filtered: int = 0
    failed: int = 0
    out: int = 0
    unchanged: int = 0


class SplitsReport(ReportPart):
    """The splits. ``total`` is null where the listing did not end; else done + failed + notRead."""

    total: int | None = 0
    done: int = 0
    failed: int = 0
    not_read: int = 0


class RetireReport(ReportPart):
    """What was retired: scopes looked at, names retired, and the scopes that refused and why."""

    scopes: int = 0
    names: int = 0
    refused: list[str] = []
    skipped: str | None = None


class DeadLetterReport(ReportPart):
    """How many records are dead letters, and the files (in the run directory) they are in."""

    count: int = 0
    files: list[str] = []


class StateReport(ReportPart):
    """Whether what the source remembers was advanced, and if not, why."""

    name: str
    advanced: bool
    why: str | None = None


class StreamReport(ReportPart):
    """An unbounded run. Late messages are counted once, those that were too late among them."""

    partitions: int = 0
    drained: int = 0
    """Partitions of which everything that was read is published and counted."""
    panes: int = 0
    late: int = 0
    too_late: int = 0
    acknowledged: dict[str, Any] = {}
    """By partition: the position that the source was told of; null where there was none yet."""


class Failure(ReportPart):
    """Failures of one step with one reason, counted, with a few examples (record names)."""

    step: str
    reason: str
    count: int
    examples: list[str] = []
    hint: str | None = None


class Report(ReportPart):
    """``report.json``: the fold of a run's marks."""

    run_id: str
    run_dir: str
    workflow: str | None = None
    status: Status
    exit_code: int
    """0 success, 1 failed records or splits, 3 cannot connect, 4 a defect, 130/143 signals."""
    sentence: str
    """One sentence for the reader: what came of it."""
    started_at: str
    ended_at: str
    steps: list[StepReport] = []
    splits: SplitsReport = SplitsReport()
    files: SplitsReport | None = None
    """The staged files and their publishing, where the workflow has a bulk sink."""
    retired: RetireReport = RetireReport()
    dead_letters: DeadLetterReport = DeadLetterReport()
    failures: list[Failure] = []
    filtered: list[Failure] = []
    """What processors dropped and sinks skipped, grouped like failures; these are none."""
    warnings: list[str] = []
    stopped: str | None = None
    """Why the run was stopped early: a fatal error, ``maxFailures``, a signal."""
    attempts: int = 1
    stream: StreamReport | None = None
    """What is special to an unbounded run; ``splits`` are its partitions."""
    state: StateReport | None = None
    """What the next run goes on from, where the source remembers something."""

    def raise_for_status(self) -> None:
        """Raises ``RunFailed`` where the status is ``failed``."""
        if self.status == "failed":
            raise RunFailed(self)

    def to_json(self) -> str:
        """The JSON text of ``report.json``."""
        return self.model_dump_json(by_alias=True, indent=2)


class RunFailed(IngestError):
    """The run was no success; ``report`` says what failed."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.sentence, hint=f"the report is {report.run_dir}/report.json")
        self.report = report
