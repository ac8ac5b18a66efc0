"""Runs that are at their end, for the tests of what happens then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from beam_ingest import Scope, Split
from beam_ingest.api.report import Report
from beam_ingest.flow.finish import finish
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Mark
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import plan_of

Hooks = dict[str, Callable[..., Any]]


def ledger(passed: int = 2, failed: int = 0, name: str = "r0", why: str = "no") -> Ledger:
    made = Ledger()
    counts = made.step("src")
    counts.in_, counts.passed, counts.failed, counts.out = passed + failed, passed, failed, passed
    if failed:
        made.reason("src", why, name, count=failed)
    return made


def run_of(
    root: Path, *writers: Any, marks: int = 2, scopes: tuple[Scope, ...] = (), **plan: Any
) -> Plan:
    """A run of the parents and one split that is at its end; ``marks`` of both are there."""
    made = plan_of(root, *writers, **plan)
    run = RunDir(made.run_dir)
    run.write_listing([Split("k1")], list(scopes), None)
    for ref in list(run.splits())[:marks]:
        for writer in made.writers:
            primary = writer is made.writers[0]
            given = ledger() if primary else Ledger()
            run.write_mark(ref, Mark(ref.key, ref.index, writer.name, 0, "done", ledger=given))
    return made


def fail_records(plan: Plan, **how: Any) -> None:
    ref = list(RunDir(plan.run_dir).splits())[1]
    writer = plan.writers[0].name
    made = Mark(ref.key, ref.index, writer, 0, "done", ledger=ledger(1, 1, **how))
    RunDir(plan.run_dir).write_mark(ref, made)


def end(plan: Plan, defect: str | None = None) -> Report:
    return finish(plan, RunDir(plan.run_dir), lambda seconds: False, defect)


def begun(plan: Plan, token: Any = None) -> None:
    for writer in plan.writers:
        RunDir(plan.run_dir).write_token(writer.name, "begun", token)


class Calls:
    """Notes what the component at the end is asked."""

    def __init__(self, hooks: Hooks) -> None:
        self.made: list[Any] = []
        for name in ("begin", "commit", "abort"):
            hooks[name] = self._note(name)
        hooks["close"] = lambda: self.made.append("close")

    def _note(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.made.append((name, *arguments))
