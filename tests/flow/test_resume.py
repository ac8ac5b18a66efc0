"""Taking up a run: only the same workflow, only what did not end well, from its marks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Split
from beam_ingest.api.errors import CannotStart
from beam_ingest.flow.lock import RunLock, is_locked
from beam_ingest.flow.mark import Mark, Published
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.prepare import prepare_run
from beam_ingest.flow.resume import find_run, read_run, resume_run
from beam_ingest.flow.run_dir import DEFERRED, RunDir, split_ref
from tests.flow.scripted import plan_of, sink, staged

DOCUMENT: dict[str, Any] = {
    "source": {"type": "x", "config": {"path": "a", "more": [1, 2]}},
    "sink": {"type": "y"},
    "beam": {"workers": 1},
}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A run that was killed: a mark, a stop, a heartbeat."""
    made = plan_of(tmp_path / "runs" / "r1", sink("out"), staged("bulk"))
    prepare_run(made, DOCUMENT).release()
    run = RunDir(made.run_dir)
    run.write_listing([Split("k1")], [], None)
    for ref in run.splits():
        run.write_mark(ref, Mark(ref.key, ref.index, "out", 0, "done"))
    run.request_stop("stopped by SIGINT", 130)
    run.store.write("heartbeats/w1.json", b"{}")
    run.store.write("report.json", b'{"status":"failed"}')
    return made


def published(plan: Plan, *ids: str) -> list[str]:
    run = RunDir(plan.run_dir)
    for id_ in ids:
        run.write_published(Published(id_, "staged/x", "bulk", "done"))
    return run.store.names("published")


class TestFindingARun:
    def make(self, tmp_path: Path, *names: str) -> str:
        for name in names:
            prepare_run(plan_of(tmp_path / "runs" / name), {}).release()
        return str(tmp_path / "runs")

    def test_by_its_name_or_its_directory(self, tmp_path: Path) -> None:
        work = self.make(tmp_path, "20260102T030405Z-aaaa")
        path = f"{work}/20260102T030405Z-aaaa"
        assert find_run(work, "20260102T030405Z-aaaa") == path
        assert find_run(work + "/", "20260102T030405Z-aaaa") == path
        assert find_run("elsewhere", path) == path

    def test_by_being_the_latest(self, tmp_path: Path) -> None:
        work = self.make(tmp_path, "20260102T030405Z-bbbb", "20260102T030406Z-aaaa")
        (tmp_path / "runs" / "99999999-no-run").mkdir()
        assert find_run(work, "latest") == f"{work}/20260102T030406Z-aaaa"

    def test_the_latest_is_no_replay_of_another(self, tmp_path: Path) -> None:
        work = self.make(tmp_path, "20260102T030405Z-bbbb")
        prepare_run(plan_of(f"{work}/20260102T030406Z-aaaa", replays="r1"), {}).release()
        assert find_run(work, "latest") == f"{work}/20260102T030405Z-bbbb"

    @pytest.mark.parametrize("name", ["latest", "r9"])
    def test_that_is_not_there_says_where_it_looked(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(CannotStart, match="there is no run") as caught:
            find_run(str(tmp_path / "runs"), name)
        assert str(tmp_path / "runs") in (caught.value.hint or "")

    def test_reads_what_it_was(self, plan: Plan, tmp_path: Path) -> None:
        assert read_run(plan.run_dir)["workflow"] == DOCUMENT
        assert read_run(str(tmp_path)) == {}


class TestTakingUpARun:
    def test_keeps_its_marks_and_clears_how_it_ended(self, plan: Plan) -> None:
        run = RunDir(plan.run_dir)
        lock = resume_run(plan_of(plan.run_dir, *plan.writers, attempt=2), DOCUMENT)
        assert is_locked(run)
        lock.release()
        assert (run.stop(), run.store.read("report.json")) == (None, None)
        assert run.store.names("heartbeats") == []
        assert all(run.mark(ref, "out") is not None for ref in run.splits())
        assert run.listing() is not None
        assert read_run(plan.run_dir)["attempt"] == 2

    def test_offers_again_what_was_put_off(self, plan: Plan) -> None:
        run, ref = RunDir(plan.run_dir), split_ref(DEFERRED, 0, {})
        run.write_mark(ref, Mark(DEFERRED, 0, "out", 0, "done"))
        resume_run(plan, DOCUMENT).release()
        assert run.mark(ref, "out") is None

    @pytest.mark.parametrize("state", ["begun", "beginning"])
    def test_keeps_what_is_published_into_something_open(self, plan: Plan, state: str) -> None:
        RunDir(plan.run_dir).write_token("bulk", state, {"index": "i"})
        before = published(plan, "0000001-ab.bulk.000", "merged-03.bulk")
        resume_run(plan, DOCUMENT).release()
        run = RunDir(plan.run_dir)
        assert run.store.names("published") == before
        assert run.token("bulk") == (state, {"index": "i"})

    @pytest.mark.parametrize("state", ["committed", "aborted", "refused"])
    def test_publishes_anew_into_what_has_to_be_made_anew(self, plan: Plan, state: str) -> None:
        RunDir(plan.run_dir).write_token("bulk", state, {"index": "i"})
        published(plan, "0000001-ab.bulk.000", "merged-03.bulk", "0000001-ab.bulk-2.000")
        resume_run(plan, DOCUMENT).release()
        run = RunDir(plan.run_dir)
        assert run.store.names("published") == ["0000001-ab.bulk-2.000.json"]
        assert run.token("bulk") == ("", None)

    def test_of_another_workflow_is_refused(self, plan: Plan) -> None:
        with pytest.raises(CannotStart, match=r"source\.type changed"):
            resume_run(plan, DOCUMENT | {"source": {**DOCUMENT["source"], "type": "z"}})
        assert not is_locked(RunDir(plan.run_dir))

    def test_that_succeeded_is_refused(self, plan: Plan) -> None:
        RunDir(plan.run_dir).store.write("report.json", b'{"status":"success"}')
        with pytest.raises(CannotStart, match="there is nothing to resume"):
            resume_run(plan, DOCUMENT)
        assert not is_locked(RunDir(plan.run_dir))

    def test_that_is_under_way_is_refused(self, plan: Plan) -> None:
        run = RunDir(plan.run_dir)
        lock = RunLock(run)
        lock.take()
        with pytest.raises(CannotStart, match=f"process {os.getpid()}"):
            resume_run(plan, DOCUMENT)
        assert run.stop() is not None
        lock.release()

    def test_on_a_disk_that_refuses_gives_the_lock_back(
        self, plan: Plan, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: Any) -> Any:
            raise OSError(30, "Read-only file system")

        run = RunDir(plan.run_dir)
        monkeypatch.setattr(type(run.store), "write", refused)
        with pytest.raises(CannotStart, match="Read-only file system"):
            resume_run(plan, DOCUMENT)
        assert not is_locked(run)
