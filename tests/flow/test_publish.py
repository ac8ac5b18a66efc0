"""Publishing staged files: what came of each is on disk, and nothing is published for nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beam_ingest import (
    Deferred,
    FatalError,
    IngestError,
    Rejected,
    TransientError,
    Unchanged,
    Written,
)
from beam_ingest.flow.mark import Chunk, LineFile, Published
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.publish import PublishFn, staged_file
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.store import LocalStore
from tests.flow.scripted import (
    FULL,
    bundle,
    counts_of,
    full_disk,
    letters,
    plan_of,
    set_up,
    staged,
    stop_of,
)

Hooks = dict[str, Callable[..., Any]]


@pytest.fixture
def plan(tmp_path: Path, hooks: Hooks) -> Plan:
    return plan_of(tmp_path, staged())


def chunk(plan: Plan, number: int = 1, count: int = 3, attempt: int = 0) -> Chunk:
    id_ = f"{number:07d}-ab.bulk.000"
    file = f"staged/bulk/{number:07d}-ab.{attempt}.000.jsonl"
    data = b"".join(b'{"name":"r%d"}\n' % n for n in range(count))
    RunDir(plan.run_dir).store.write(file, data)
    return Chunk(id_, file, count, len(data))


def publish_all(plan: Plan, *chunks: Chunk) -> None:
    with set_up(PublishFn(plan, plan.writers[0])) as fn:
        assert bundle(fn, *chunks) == []


def published(plan: Plan, made: Chunk) -> Published:
    found = RunDir(plan.run_dir).published(made.id)
    assert found is not None
    return found


def raising(error: Exception, after: int = 0) -> Callable[[Any], Any]:
    def does(file: Any) -> Any:
        yield from [Written()] * after
        raise error

    return does


def test_a_file_is_handed_over_with_what_is_in_it(plan: Plan, hooks: Hooks) -> None:
    seen: list[Any] = []
    hooks["publish"] = lambda file: seen.append((file.id, file.path, file.count, [*file.lines()]))
    made = chunk(plan)
    publish_all(plan, made)
    lines = [b'{"name":"r0"}', b'{"name":"r1"}', b'{"name":"r2"}']
    assert seen == [(made.id, f"{plan.run_dir}/{made.file}", 3, lines)]
    found = published(plan, made)
    assert (found.state, found.file, found.error, found.dead) == ("done", made.file, None, None)
    assert counts_of(found.ledger, "bulk") == [3, 3, 0, 0, 3, 0]


def test_every_outcome_is_counted(plan: Plan, hooks: Hooks) -> None:
    hooks["publish"] = lambda file: [Written(), Unchanged(), Rejected("mapping error")]
    made = chunk(plan)
    publish_all(plan, made)
    found = published(plan, made)
    assert counts_of(found.ledger, "bulk") == [3, 2, 0, 1, 2, 1]
    assert found.ledger.reasons["bulk", "mapping error"].examples == ["r2"]
    assert found.dead is not None
    assert found.dead.file == f"dead/{made.id}.bulk.jsonl"
    (letter,) = letters(plan, found.dead.file)
    assert (letter.step, letter.reason, letter.record) == (
        "bulk", "mapping error", b'{"name":"r2"}',
    )  # fmt: skip


def test_what_is_put_off_is_kept_for_after_all_files(plan: Plan, hooks: Hooks) -> None:
    hooks["publish"] = lambda file: [Deferred("needs t"), Written(), Rejected("no")]
    made = chunk(plan)
    publish_all(plan, made)
    found = published(plan, made)
    assert counts_of(found.ledger, "bulk") == [3, 2, 0, 1, 1, 0]
    assert found.deferred == LineFile(f"deferred/{made.id}.jsonl", 1)
    with RunDir(plan.run_dir).store.open(found.deferred.file) as stream:
        assert stream.read() == b'{"name":"r0"}\n'


@pytest.mark.parametrize("answer", [[Written()] * 2, [Written()] * 4, []])
def test_too_few_or_too_many_outcomes_fail_the_file(
    plan: Plan, hooks: Hooks, answer: list[Any]
) -> None:
    hooks["publish"] = lambda file: answer
    made = chunk(plan)
    publish_all(plan, made)
    found = published(plan, made)
    assert (found.state, found.error) == (
        "failed", f"the bulk sink gave {len(answer)} outcomes for a file of 3 lines",
    )  # fmt: skip
    assert counts_of(found.ledger, "bulk") == [3, 0, 0, 3, 0, 0]


@pytest.mark.parametrize("answer", [[Written(), "ok", Written()], [None] * 3, [True] * 3])
def test_what_is_no_outcome_fails_the_file(plan: Plan, hooks: Hooks, answer: list[Any]) -> None:
    hooks["publish"] = lambda file: answer
    made = chunk(plan)
    publish_all(plan, made)
    assert published(plan, made).state == "failed"
    assert "where an outcome was expected" in (published(plan, made).error or "")


@pytest.mark.parametrize("after", [0, 2])
def test_an_error_fails_the_file_which_stays(plan: Plan, hooks: Hooks, after: int) -> None:
    hooks["publish"] = raising(RuntimeError("it broke"), after)
    made = chunk(plan)
    publish_all(plan, made)
    found = published(plan, made)
    assert (found.state, found.error) == ("failed", "RuntimeError: it broke")
    assert counts_of(found.ledger, "bulk") == [3, 0, 0, 3, 0, 0]
    assert found.ledger.reasons["bulk", "RuntimeError: it broke"].count == 3
    assert Path(plan.run_dir, made.file).exists()
    assert stop_of(plan) == {}


@pytest.mark.parametrize("cls", [IngestError, FatalError, TransientError])
def test_an_error_that_says_nothing_fails_the_file(
    plan: Plan, hooks: Hooks, cls: type[IngestError]
) -> None:
    error = cls("")
    error.retry_after = 0  # type: ignore[attr-defined]
    hooks["publish"] = raising(error)
    made = chunk(plan)
    publish_all(plan, made)
    found = published(plan, made)
    assert found.state == "failed"
    assert (found.error or "").startswith(cls.__name__)
    assert counts_of(found.ledger, "bulk") == [3, 0, 0, 3, 0, 0]


def test_a_transient_error_is_tried_again(plan: Plan, hooks: Hooks) -> None:
    errors: list[Exception] = [TransientError("busy", retry_after=0)] * 2

    def does(file: Any) -> Any:
        if errors:
            raise errors.pop()
        return [Written()] * 3

    hooks["publish"] = does
    made = chunk(plan)
    publish_all(plan, made)
    assert published(plan, made).state == "done"


def test_a_fatal_error_stops_the_run_before_the_next_file(plan: Plan, hooks: Hooks) -> None:
    seen: list[str] = []

    def does(file: Any) -> Any:
        seen.append(file.id)
        raise FatalError("wrong password", hint="check it")

    hooks["publish"] = does
    one, two = chunk(plan, 1), chunk(plan, 2)
    publish_all(plan, one, two)
    assert seen == [one.id]
    assert published(plan, one).error == "wrong password (check it)"
    assert RunDir(plan.run_dir).published(two.id) is None
    assert stop_of(plan)["exitCode"] == 3


def test_a_sink_that_does_not_open_fails_the_file(plan: Plan, hooks: Hooks) -> None:
    def refuse() -> None:
        raise ConnectionError("refused")

    hooks["open"] = refuse
    made = chunk(plan)
    publish_all(plan, made)
    assert published(plan, made).error == "ConnectionError: refused"


def test_what_is_published_is_not_published_again(plan: Plan, hooks: Hooks) -> None:
    seen: list[str] = []
    hooks["publish"] = lambda file: seen.append(file.path)
    publish_all(plan, chunk(plan))
    publish_all(plan, chunk(plan))
    assert len(seen) == 1


def test_another_file_under_the_same_id_is_published(plan: Plan, hooks: Hooks) -> None:
    seen: list[str] = []
    hooks["publish"] = lambda file: seen.append(file.path)
    publish_all(plan, chunk(plan))
    publish_all(plan, chunk(plan, attempt=1))
    assert len(seen) == 2


def test_a_file_that_failed_is_published_again(plan: Plan, hooks: Hooks) -> None:
    hooks["publish"] = raising(RuntimeError("it broke"))
    made = chunk(plan)
    publish_all(plan, made)
    del hooks["publish"]
    publish_all(plan, made)
    assert published(plan, made).state == "done"
    assert counts_of(published(plan, made).ledger, "bulk") == [3, 3, 0, 0, 3, 0]


def test_several_files_are_published_at_once(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged(), concurrency=3)
    together = threading.Barrier(3, timeout=10)
    hooks["publish"] = lambda file: (together.wait(), None)[1]
    made = [chunk(plan, number) for number in range(1, 7)]
    publish_all(plan, *made)
    assert [published(plan, each).state for each in made] == ["done"] * 6


def test_progress_counts_lines(plan: Plan, hooks: Hooks) -> None:
    hooks["publish"] = lambda file: [Written(), Written(), Rejected("no")]
    with set_up(PublishFn(plan, plan.writers[0])) as fn:
        bundle(fn, chunk(plan))
        assert fn.worker.counts == {"bulk": [3, 2, 1]}


class TestAFullDisk:
    def test_at_the_note_stops_the_run(
        self, plan: Plan, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = chunk(plan)
        monkeypatch.setattr(RunDir, "write_published", full_disk)
        publish_all(plan, made)
        assert stop_of(plan)["reason"] == FULL

    def test_at_a_dead_letter_stops_the_run_and_leaves_no_note(
        self, plan: Plan, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = chunk(plan)
        hooks["publish"] = lambda file: [Written(), Rejected("no"), Written()]
        monkeypatch.setattr(LocalStore, "create", full_disk)
        publish_all(plan, made)
        assert RunDir(plan.run_dir).published(made.id) is None
        assert "No space left" in stop_of(plan)["reason"]


def test_a_broken_line_among_the_rejected_is_a_dead_letter(plan: Plan, hooks: Hooks) -> None:
    file = "staged/bulk/x.jsonl"
    RunDir(plan.run_dir).store.write(file, b"a;b\n{\n")
    hooks["publish"] = lambda file: [Rejected("no JSON")] * 2
    made = Chunk("0000001-ab.bulk.000", file, 2, 6)
    publish_all(plan, made)
    found = published(plan, made)
    assert found.dead is not None
    assert [letter.raw for letter in letters(plan, found.dead.file)] == ["a;b", "{"]


def test_a_file_may_be_read_again_and_again(plan: Plan, hooks: Hooks) -> None:
    made = chunk(plan)
    file = staged_file(RunDir(plan.run_dir).store, made)
    assert list(file.records()) == list(file.records()) == [{"name": f"r{n}"} for n in range(3)]


@given(what=st.lists(st.sampled_from("wurd"), max_size=12))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_is_passed_and_failed_whatever_a_bulk_sink_answers(
    tmp_path_factory: pytest.TempPathFactory, hooks: Hooks, what: list[str]
) -> None:
    plan = plan_of(tmp_path_factory.mktemp("run"), staged())
    made = chunk(plan, count=len(what))
    answers = {"w": Written(), "u": Unchanged(), "r": Rejected("no"), "d": Deferred()}
    hooks["publish"] = lambda file: [answers[each] for each in what]
    publish_all(plan, made)
    found = published(plan, made)
    counts = found.ledger.step("bulk")
    assert counts.in_ == len(what) == counts.passed + counts.failed
    assert counts.failed == what.count("r")
    assert counts.out == counts.passed - what.count("d")
    assert what.count("d") == (found.deferred.count if found.deferred else 0)
    assert counts.failed == (found.dead.count if found.dead else 0)
    assert counts.unchanged == what.count("u")
