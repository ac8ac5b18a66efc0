"""Cleaning up at the end of a run: names retired on the server, staged files removed here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from beam_ingest import Retired, Scope
from beam_ingest.flow.finish import finish
from beam_ingest.flow.mark import Chunk, Mark, Published
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir
from tests.flow.ended import begun, end, ledger, run_of
from tests.flow.scripted import RetiringSink, sink, staged

Hooks = dict[str, Callable[..., Any]]


class TestRetiring:
    SCOPES = (Scope("s", ["s.a"]), Scope("t", ["t.a"]))

    def plan(self, root: Path, **more: Any) -> Plan:
        return run_of(root, sink(cls=RetiringSink), scopes=self.SCOPES, **more)

    def test_is_for_a_complete_run(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["retire"] = lambda scope: Retired(2)
        retired = end(self.plan(tmp_path)).retired
        assert (retired.scopes, retired.names, retired.skipped) == (2, 4, None)

    def test_is_not_for_an_incomplete_run(self, tmp_path: Path, hooks: Hooks) -> None:
        asked: list[Scope] = []
        hooks["retire"] = asked.append
        plan = self.plan(tmp_path, marks=1)
        begun(plan)
        retired = end(plan).retired
        assert asked == []
        assert (retired.names, retired.skipped) == (0, "nothing is retired after an incomplete run")

    def test_comes_before_the_commit(self, tmp_path: Path, hooks: Hooks) -> None:
        order: list[str] = []
        hooks["retire"] = lambda scope: order.append("retire")
        hooks["commit"] = lambda token: order.append("commit")
        plan = self.plan(tmp_path)
        begun(plan)
        end(plan)
        assert order == ["retire", "retire", "commit"]

    def test_that_was_refused_fails_the_run(self, tmp_path: Path, hooks: Hooks) -> None:
        held = [f"s.{number}" for number in range(50)]
        hooks["retire"] = lambda scope: Retired(len(scope.gone(held)))
        report = end(self.plan(tmp_path))
        assert report.status == "failed"
        assert len(report.retired.refused) == 2
        assert report.failures[0].reason.startswith("not retired: s: 50 of 50 names")

    def test_is_counted_once_though_the_end_comes_twice(self, tmp_path: Path, hooks: Hooks) -> None:
        left = {"s": ["s.a", "s.b"], "t": ["t.c"]}

        def retire(scope: Scope) -> Retired:
            gone = [name for name in left[scope.fqn] if name not in scope.names]
            left[scope.fqn] = [name for name in left[scope.fqn] if name in scope.names]
            return Retired(len(gone))

        hooks["retire"] = retire
        plan = self.plan(tmp_path)
        assert [end(plan).retired.names for _ in range(2)] == [2, 2]
        assert end(plan, "the engine broke").retired.names == 2
        assert end(plan).retired.scopes == 2


class TestStagedFiles:
    def plan(self, root: Path) -> Plan:
        plan = run_of(root, staged())
        run = RunDir(plan.run_dir)
        for name in ("named", "torn"):
            run.store.write(f"staged/bulk/{name}", b"{}\n")
        ref = list(run.splits())[1]
        chunk = Chunk(f"{ref.id}.bulk.000", "staged/bulk/named", 1, 3)
        mark = Mark(ref.key, ref.index, "bulk", 0, "done", ledger=ledger(), chunks=[chunk])
        run.write_mark(ref, mark)
        done = Published(chunk.id, chunk.file, "bulk", "done")
        run.write_published(done)
        return plan

    def left(self, plan: Plan) -> list[str]:
        return RunDir(plan.run_dir).store.names("staged/bulk")

    def test_are_removed_after_a_success(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = self.plan(tmp_path)
        assert end(plan).status == "success"
        assert self.left(plan) == []

    def test_that_marks_name_stay_after_a_failure(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = self.plan(tmp_path)
        RunDir(plan.run_dir).request_stop("enough", 1)
        end(plan)
        assert self.left(plan) == ["named"]

    def test_all_stay_while_something_may_still_write(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = self.plan(tmp_path)
        finish(plan, RunDir(plan.run_dir), lambda seconds: False, alone=False)
        assert self.left(plan) == ["named", "torn"]

    def test_of_splits_that_a_broken_listing_does_not_name_stay(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        # The next attempt lists them again, and finds their marks.
        plan = self.plan(tmp_path)
        RunDir(plan.run_dir).write_listing([], [], "it broke off")
        end(plan)
        assert "named" in self.left(plan)
