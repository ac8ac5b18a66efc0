"""A workflow that does what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar, Self

from beam_ingest.api.component import Check
from beam_ingest.api.progress import ProgressSnapshot
from beam_ingest.api.record import Record
from beam_ingest.api.report import Report, StepReport
from beam_ingest.flow.replay import Replayed


def a_report(**changes: Any) -> Report:
    """The report of a run that worked."""
    values: dict[str, Any] = {
        "run_id": "r1",
        "run_dir": "runs/r1",
        "status": "success",
        "exit_code": 0,
        "sentence": "3 of 3 records written.",
        "started_at": "2026-01-01T00:00:00Z",
        "ended_at": "2026-01-01T00:00:03Z",
        "steps": [StepReport(name="shop", kind="source", in_=3, passed=3, out=3)],
    }
    return Report(**(values | changes))


class ScriptedWorkflow:
    """Set ``report``, ``replayed``, ``records``, ``named_checks`` and ``error`` on the class."""

    report: ClassVar[Report] = a_report()
    replayed: ClassVar[Replayed] = Replayed(a_report(), passed=1, failed=0, lost=0)
    records: ClassVar[list[Record]] = []
    named_checks: ClassVar[list[tuple[str, Check]]] = []
    error: ClassVar[BaseException | None] = None
    raise_on_error: ClassVar[bool] = True
    notices: ClassVar[tuple[str, ...]] = ()
    calls: ClassVar[list[dict[str, Any]]]

    def __init_subclass__(cls) -> None:
        cls.calls = []

    @classmethod
    def from_config(cls, config: Any, *, sets: Any = ()) -> Self:
        cls.calls.append({"config": config, "sets": tuple(sets)})
        return cls()

    @property
    def config(self) -> Any:
        return SimpleNamespace(
            raise_on_error=self.raise_on_error,
            notices=self.notices,
            logger_level="WARN",
            beam=SimpleNamespace(poll=None),
        )

    def run(self, **options: Any) -> Report:
        self.calls.append(options)
        if self.error is not None:
            raise self.error
        options["listener"](ProgressSnapshot("reading", 1.0, 1, 1, 0, (("shop", 3, 3, 0),)))
        return self.report

    def replay(self, target: str, **options: Any) -> Replayed:
        self.calls.append({"target": target, **options})
        if self.error is not None:
            raise self.error
        return self.replayed

    def preview(self, limit: int) -> Iterator[Record]:
        yield from self.records[:limit]
        if self.error is not None:
            raise self.error

    def checks(self) -> Iterator[tuple[str, Check]]:
        return iter(self.named_checks)
