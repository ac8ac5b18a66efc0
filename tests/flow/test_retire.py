"""Retiring: every complete scope is offered once, none on the word of a failed listing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Context, FatalError, Retired, Scope, TransientError
from beam_ingest.api.settings import RetireLimits, RunSettings
from beam_ingest.flow.retire import can_retire, retire
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import RetiringSink, ScriptedBulk, ScriptedSink, plan_of

Hooks = dict[str, Callable[..., Any]]


def at_once(seconds: float) -> bool:
    return False


def run_retire(root: Path, *scopes: Scope, **plan: Any) -> Any:
    made = plan_of(root, **plan)
    run = RunDir(made.run_dir)
    run.write_listing([], list(scopes), None)
    return retire(made, run, RetiringSink(RetiringSink.Config(), Context()), at_once)


def held(*names: str) -> Callable[[Scope], Retired]:
    """A sink that holds ``names`` in every scope."""
    return lambda scope: Retired(len(scope.gone(names)))


def test_only_what_overrides_it_can_retire() -> None:
    made = [cls(cls.Config(), Context()) for cls in (RetiringSink, ScriptedSink, ScriptedBulk)]
    assert [can_retire(type(component)) for component in made] == [True, False, False]


def test_every_scope_is_offered_with_its_names_and_its_type(tmp_path: Path, hooks: Hooks) -> None:
    seen: list[tuple[str, list[str], str]] = []
    hooks["retire"] = lambda scope: seen.append((scope.fqn, list(scope.names), scope.entity_type))
    report = run_retire(
        tmp_path, Scope("s", ["s.a"]), Scope("s", ["s.p"], "storedProcedure"), Scope("t", [])
    )
    assert seen == [("s", ["s.a"], "table"), ("s", ["s.p"], "storedProcedure"), ("t", [], "table")]
    assert (report.scopes, report.names, report.refused) == (3, 0, [])


def test_what_is_gone_is_counted(tmp_path: Path, hooks: Hooks) -> None:
    hooks["retire"] = held("s.a", "s.b", "s.c")
    report = run_retire(tmp_path, Scope("s", ["s.a"]), Scope("t", ["s.b", "s.c"]))
    assert (report.scopes, report.names) == (2, 3)


def test_a_scope_whose_listing_failed_retires_nothing(tmp_path: Path, hooks: Hooks) -> None:
    hooks["retire"] = held("s.a")
    report = run_retire(tmp_path, Scope("s", failed="permission denied"))
    assert (report.scopes, report.names) == (0, 0)


def test_too_large_a_share_is_refused_and_the_others_go_on(tmp_path: Path, hooks: Hooks) -> None:
    hooks["retire"] = held(*[f"s.{n}" for n in range(20)])
    report = run_retire(tmp_path, Scope("s", ["s.1"]), Scope("t", [f"s.{n}" for n in range(19)]))
    assert (report.scopes, report.names) == (2, 1)
    (refused,) = report.refused
    assert refused.startswith("s: 19 of 20 names would be retired")
    assert "--allow-retire" in refused


def test_the_limits_are_those_of_the_workflow(tmp_path: Path, hooks: Hooks) -> None:
    hooks["retire"] = held("s.a", "s.b")
    settings = RunSettings(retire=RetireLimits(max_share=0.1, floor=0))
    assert len(run_retire(tmp_path, Scope("s", ["s.a"]), settings=settings).refused) == 1


def test_one_flag_lets_any_share_through(tmp_path: Path, hooks: Hooks) -> None:
    hooks["retire"] = held(*[f"s.{n}" for n in range(20)])
    report = run_retire(tmp_path, Scope("s", []), allow_retire=True)
    assert (report.names, report.refused) == (20, [])


def test_an_error_keeps_one_scope_and_the_others_go_on(tmp_path: Path, hooks: Hooks) -> None:
    def does(scope: Scope) -> Retired:
        if scope.fqn == "s":
            raise RuntimeError("it broke")
        return Retired(2)

    hooks["retire"] = does
    report = run_retire(tmp_path, Scope("s"), Scope("t"))
    assert (report.names, report.refused) == (2, ["s: RuntimeError: it broke"])


def test_a_transient_error_is_tried_again(tmp_path: Path, hooks: Hooks) -> None:
    errors = [TransientError("busy", retry_after=0)]

    def does(scope: Scope) -> Retired:
        if errors:
            raise errors.pop()
        return Retired(2)

    hooks["retire"] = does
    assert run_retire(tmp_path, Scope("s")).names == 2


def test_a_fatal_error_ends_it(tmp_path: Path, hooks: Hooks) -> None:
    def does(scope: Scope) -> Retired:
        raise FatalError("wrong password")

    hooks["retire"] = does
    with pytest.raises(FatalError):
        run_retire(tmp_path, Scope("s"), Scope("t"))
