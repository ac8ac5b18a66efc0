"""Begin, commit and abort: once a run, and safe to repeat wherever it died."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import (
    BulkSink,
    Context,
    FatalError,
    NotComplete,
    Sink,
    Tally,
    TransientError,
)
from beam_ingest.flow.begin import BeginFn, begin, end
from beam_ingest.flow.mark import Published
from beam_ingest.flow.run_dir import RunDir
from tests.flow.scripted import bundle, plan_of, set_up

Hooks = dict[str, Callable[..., Any]]


class Told(Sink):
    """Notes what it is asked; raises what it is given."""

    def __init__(self, **errors: list[Exception]) -> None:
        super().__init__(self.Config(), Context(run_id="r1"))
        self.calls: list[str] = []
        self._errors = errors

    def _call(self, name: str, token: Any = "") -> None:
        self.calls.append(f"{name} {token}".strip())
        if self._errors.get(name):
            raise self._errors[name].pop(0)

    def begin(self) -> Any:
        self._call("begin")
        return {"index": "i-1"}

    def commit(self, token: Any) -> None:
        self._call("commit", token["index"])

    def abort(self, token: Any) -> None:
        self._call("abort", token["index"])


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(str(tmp_path))


def at_once(seconds: float) -> bool:
    return False


def token(run: RunDir) -> tuple[str, Any]:
    return run.token("out")


def test_the_token_is_on_disk_when_begin_returns(run: RunDir, tmp_path: Path) -> None:
    sink = Told()
    begin(run, "out", sink, at_once)
    assert (tmp_path / "tokens/out.json").read_text() == (
        '{"state": "begun", "token": {"index": "i-1"}}'
    )


def test_begin_is_noted_before_it_is_called(run: RunDir) -> None:
    class Dies(Told):
        def begin(self) -> Any:
            assert token(run) == ("beginning", None)
            raise SystemExit("killed")

    with pytest.raises(SystemExit):
        begin(run, "out", Dies(), at_once)
    assert token(run) == ("beginning", None)


def test_a_component_begins_once_a_run(run: RunDir) -> None:
    sink = Told()
    begin(run, "out", sink, at_once)
    begin(run, "out", sink, at_once)
    assert sink.calls == ["begin"]


def test_a_run_that_died_in_begin_begins_again(run: RunDir) -> None:
    run.write_token("out", "beginning", None)
    sink = Told()
    begin(run, "out", sink, at_once)
    assert (sink.calls, token(run)[0]) == (["begin"], "begun")


def test_a_transient_error_is_tried_again(run: RunDir) -> None:
    sink = Told(begin=[TransientError("busy", retry_after=0)])
    begin(run, "out", sink, at_once)
    assert (sink.calls, token(run)[0]) == (["begin", "begin"], "begun")


def test_what_begin_refuses_has_not_begun(run: RunDir) -> None:
    sink = Told(begin=[FatalError("no such index")])
    with pytest.raises(FatalError, match="no such index"):
        begin(run, "out", sink, at_once)
    assert token(run)[0] == "refused"
    assert end(run, "out", sink, at_once, commit=False) is None
    assert sink.calls == ["begin"]


class TestTheEnd:
    def test_commits_what_has_begun_once(self, run: RunDir) -> None:
        sink = Told()
        begin(run, "out", sink, at_once)
        assert end(run, "out", sink, at_once, commit=True) is None
        assert end(run, "out", sink, at_once, commit=True) is None
        assert end(run, "out", sink, at_once, commit=False) is None
        assert sink.calls == ["begin", "commit i-1"]
        assert token(run) == ("committed", {"index": "i-1"})

    def test_aborts_where_the_run_is_no_success(self, run: RunDir) -> None:
        sink = Told()
        begin(run, "out", sink, at_once)
        assert end(run, "out", sink, at_once, commit=False) is None
        assert sink.calls == ["begin", "abort i-1"]
        assert token(run)[0] == "aborted"

    def test_touches_nothing_that_never_began(self, run: RunDir) -> None:
        sink = Told()
        assert end(run, "out", sink, at_once, commit=True) is None
        assert sink.calls == []

    @pytest.mark.parametrize("commit", [True, False])
    def test_aborts_what_died_in_begin(self, run: RunDir, commit: bool) -> None:
        # Begin again gives the token; nothing can have been written to what it made.
        run.write_token("out", "beginning", None)
        sink = Told()
        assert end(run, "out", sink, at_once, commit=commit) is None
        assert sink.calls == ["begin", "abort i-1"]

    @pytest.mark.parametrize(("commit", "call"), [(True, "commit"), (False, "abort")])
    def test_tells_why_it_failed_and_can_be_tried_again(
        self, run: RunDir, commit: bool, call: str
    ) -> None:
        errors: dict[str, list[Exception]] = {call: [RuntimeError("it broke")]}
        sink = Told(**errors)
        begin(run, "out", sink, at_once)
        assert end(run, "out", sink, at_once, commit=commit) == "RuntimeError: it broke"
        assert token(run)[0] == "begun"
        assert end(run, "out", sink, at_once, commit=commit) is None

    def test_waits_for_a_server_that_is_away(self, run: RunDir) -> None:
        sink = Told(commit=[TransientError("busy", retry_after=0)] * 2)
        begin(run, "out", sink, at_once)
        assert end(run, "out", sink, at_once, commit=True) is None
        assert sink.calls == ["begin", "commit i-1", "commit i-1", "commit i-1"]

    def test_tells_of_an_error_that_says_nothing(self, run: RunDir) -> None:
        sink = Told(commit=[FatalError("")])
        begin(run, "out", sink, at_once)
        assert end(run, "out", sink, at_once, commit=True) == "FatalError"


class TestTheStep:
    def test_begins(self, tmp_path: Path, hooks: Hooks) -> None:
        hooks["begin"] = lambda: {"index": "i-2"}
        plan = plan_of(tmp_path)
        with set_up(BeginFn(plan, plan.writers[0])) as fn:
            assert bundle(fn, None) == []
        assert RunDir(plan.run_dir).token("out") == ("begun", {"index": "i-2"})

    def test_does_not_begin_when_the_run_stops(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = plan_of(tmp_path)
        RunDir(plan.run_dir).request_stop("enough", 1)
        with set_up(BeginFn(plan, plan.writers[0])) as fn:
            bundle(fn, None)
        assert RunDir(plan.run_dir).token("out") == ("", None)

    @pytest.mark.parametrize("where", ["open", "begin"])
    @pytest.mark.parametrize(
        ("error", "reason", "code"),
        [
            (FatalError("wrong password", hint="check it"), "wrong password", 3),
            (ConnectionError("refused"), "out: ConnectionError: refused", 1),
        ],
    )
    def test_stops_the_run_before_it_reads(
        self, tmp_path: Path, hooks: Hooks, where: str, error: Exception, reason: str, code: int
    ) -> None:
        def refuse() -> None:
            raise error

        hooks[where] = refuse
        plan = plan_of(tmp_path)
        with set_up(BeginFn(plan, plan.writers[0])) as fn:
            bundle(fn, None)
            assert fn.worker.is_stopping()
        stop = RunDir(plan.run_dir).stop() or {}
        assert (stop["reason"], stop["exitCode"]) == (reason, code)

    def test_stops_the_run_for_a_token_that_cannot_be_kept(
        self, tmp_path: Path, hooks: Hooks
    ) -> None:
        hooks["begin"] = lambda: {"client": object()}
        plan = plan_of(tmp_path)
        with set_up(BeginFn(plan, plan.writers[0])) as fn:
            bundle(fn, None)
        assert "not JSON serializable" in (RunDir(plan.run_dir).stop() or {})["reason"]
        assert json.loads((tmp_path / "tokens/out.json").read_bytes())["state"] == "beginning"


def test_a_bulk_sink_commits_knowing_what_was_noted_of_its_files(run: RunDir) -> None:
    class Notes(BulkSink):
        def commit(self, token: Any) -> None:
            assert self.notes == {"2026-11-20"}

    sink = Notes(Notes.Config(), Context(run_id="r1"))
    run.write_published(Published("f", "staged/f", "out", "done", notes=["2026-11-20"]))
    begin(run, "out", sink, at_once)
    assert end(run, "out", sink, at_once, commit=True) is None


class Counts(BulkSink):
    """Misses what it is told to miss, before it would commit."""

    def __init__(self, *missing: Exception) -> None:
        super().__init__(self.Config(), Context(run_id="r1"))
        self.calls: list[Any] = []
        self._missing = list(missing)

    def verify(self, token: Any, tally: Tally) -> None:
        self.calls.append(("verify", token, tally.taken, tally.refused))
        if self._missing:
            raise self._missing.pop(0)

    def commit(self, token: Any) -> None:
        self.calls.append("commit")

    def abort(self, token: Any) -> None:
        self.calls.append("abort")


def test_before_a_commit_a_bulk_sink_sees_the_tally(run: RunDir) -> None:
    sink = Counts(TransientError("away"))
    begin(run, "out", sink, at_once)
    assert end(run, "out", sink, at_once, commit=True, tally=Tally(3, 1, ())) is None
    assert sink.calls == [("verify", None, 3, 1)] * 2 + ["commit"]
    assert token(run)[0] == "committed"


def test_what_is_not_all_there_is_aborted_and_told(run: RunDir) -> None:
    sink = Counts(NotComplete("one is missing"))
    begin(run, "out", sink, at_once)
    assert end(run, "out", sink, at_once, commit=True, tally=Tally(3, 0, ())) == "one is missing"
    assert sink.calls == [("verify", None, 3, 0), "abort"]
    assert token(run)[0] == "aborted", "so that a resumed run publishes again"


def test_a_tally_that_cannot_be_compared_leaves_all_as_it_is(run: RunDir) -> None:
    sink = Counts(FatalError("the server is gone"))
    begin(run, "out", sink, at_once)
    why = end(run, "out", sink, at_once, commit=True, tally=Tally(3, 0, ()))
    assert why is not None
    assert "the server is gone" in why
    assert token(run)[0] == "begun"
    assert end(run, "out", sink, at_once, commit=False, tally=None) is None
    assert sink.calls[-1] == "abort", "an abort is not preceded by a look"
