"""What a bulk sink puts off: lines of files, offered after all files as files of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Deferred, Rejected, StagedFile, Written
from beam_ingest.flow.deferred import DeferredFn, deferred_files
from beam_ingest.flow.fold import fold
from beam_ingest.flow.mark import Chunk, Mark
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.publish import PublishFn
from beam_ingest.flow.run_dir import DEFERRED, RunDir, split_ref
from tests.flow.scripted import bundle, counts_of, letters, mark_of, plan_of, set_up, staged

Hooks = dict[str, Callable[..., Any]]

REF = split_ref(DEFERRED, 0, {})
STEP = "bulk (deferred)"


@pytest.fixture
def plan(tmp_path: Path, hooks: Hooks) -> Plan:
    return plan_of(tmp_path, staged())


def publish(plan: Plan, hooks: Hooks, *files: list[bytes], origins: Any = None) -> None:
    """Have all lines of ``files``, each of a split of its own, put off."""
    run = RunDir(plan.run_dir)
    hooks["publish"] = lambda file: [Deferred("later")] * file.count
    listing = {"error": None, "splits": [[f"part/{n}", {}] for n in range(len(files))]}
    run.store.write("splits.json", json.dumps({**listing, "scopes": []}).encode())
    with set_up(PublishFn(plan, plan.writers[0])) as fn:
        for number, lines in enumerate(files, 1):
            ref = split_ref(f"part/{number - 1}", number, {})
            data = b"".join(line + b"\n" for line in lines)
            chunk = Chunk(f"{ref.id}.bulk.000", f"staged/bulk/{number}", len(lines), len(data))
            chunk.origins = origins
            run.store.write(chunk.file, data)
            run.write_mark(ref, Mark(ref.key, number, "bulk", 0, "done", chunks=[chunk]))
            bundle(fn, chunk)
    del hooks["publish"]


def settle(plan: Plan) -> Mark:
    with set_up(DeferredFn(plan, plan.writers[0])) as fn:
        assert bundle(fn, None) == []
    mark = mark_of(plan, REF, "bulk")
    assert mark is not None
    return mark


def test_they_come_again_as_they_are_in_a_file_of_the_wave(plan: Plan, hooks: Hooks) -> None:
    lines = [b'{"name":"a"}', b"[1,2]", b"no JSON, of a stage of its own"]
    publish(plan, hooks, lines[:1], lines[1:])
    seen: list[Any] = []

    def take(file: StagedFile) -> None:
        content = Path(file.path).read_bytes()
        seen.append((file.wave, file.count, [*file.lines()], content))

    hooks["publish"] = take
    mark = settle(plan)
    assert seen == [(1, 3, lines, b"".join(line + b"\n" for line in lines))]
    assert counts_of(mark.ledger, STEP) == [3, 3, 0, 0, 3, 0]
    assert not [n for n in RunDir(plan.run_dir).store.names("deferred") if "part" in n]


def test_waves_go_on_while_any_is_settled(plan: Plan, hooks: Hooks) -> None:
    publish(plan, hooks, [b'{"name":"%c"}' % name for name in b"abcx"])
    waves: list[tuple[int, int]] = []

    def take(file: StagedFile) -> list[Any]:
        waves.append((file.wave, file.count))
        outcomes: list[Any] = [Deferred("needs y")] * file.count
        if file.count > 1:
            outcomes[0] = Written()
        return outcomes

    hooks["publish"] = take
    mark = settle(plan)
    assert waves == [(1, 4), (2, 3), (3, 2), (4, 1)]
    assert counts_of(mark.ledger, STEP) == [4, 3, 0, 1, 3, 0]
    assert mark.dead is not None
    (letter,) = letters(plan, mark.dead.file)
    assert (letter.step, letter.reason, letter.record) == (STEP, "needs y", b'{"name":"x"}')


def test_what_is_rejected_is_the_dead_letter_of_its_line(plan: Plan, hooks: Hooks) -> None:
    publish(plan, hooks, [b'{"name":"a"}', b"no JSON"])
    hooks["publish"] = lambda file: [Rejected("no")] * file.count
    mark = settle(plan)
    assert mark.dead is not None
    first, second = letters(plan, mark.dead.file)
    assert (first.record, second.record, second.raw) == (b'{"name":"a"}', None, "no JSON")


def test_an_error_costs_the_line_that_causes_it(plan: Plan, hooks: Hooks) -> None:
    publish(plan, hooks, [b'{"name":"r%d"}' % n for n in range(5)])

    def take(file: StagedFile) -> None:
        if b'{"name":"r3"}' in file.lines():
            raise ValueError("it broke")

    hooks["publish"] = take
    mark = settle(plan)
    assert counts_of(mark.ledger, STEP) == [5, 4, 0, 1, 4, 0]
    assert mark.dead is not None
    assert [letter.name for letter in letters(plan, mark.dead.file)] == ["r3"]


def test_in_a_replay_each_line_keeps_its_letter(plan: Plan, hooks: Hooks) -> None:
    publish(plan, hooks, [b'{"name":"a"}', b"[1]"], origins=[["dead/x", 3, 1], ["dead/x", 7, 4]])
    hooks["publish"] = lambda file: [Rejected("no")] * file.count
    mark = settle(plan)
    assert mark.dead is not None
    with RunDir(plan.run_dir).store.open(mark.dead.file) as stream:
        text = stream.read()
    assert b'"attempts":2,"origin":{"file":"dead/x","line":3}' in text
    assert b'"attempts":5,"origin":{"file":"dead/x","line":7}' in text


def test_what_another_attempt_put_off_is_not_offered(plan: Plan, hooks: Hooks) -> None:
    publish(plan, hooks, [b'{"name":"a"}'], [b'{"name":"b"}'])
    run = RunDir(plan.run_dir)
    ref = split_ref("part/0", 1, {})
    mark = run.mark(ref, "bulk")
    assert mark is not None
    mark.chunks[0].file = "staged/bulk/another"
    run.write_mark(ref, mark)
    assert [file.count for file in deferred_files(run, plan.writers[0])] == [1]
    offered: list[bytes] = []
    hooks["publish"] = lambda file: offered.extend(file.lines())
    settle(plan)
    assert offered == [b'{"name":"b"}']


def test_until_they_are_offered_they_have_failed(plan: Plan, hooks: Hooks) -> None:
    publish(plan, hooks, [b'{"name":"a"}'])
    found = fold(plan, RunDir(plan.run_dir))
    assert counts_of(found.ledger, "bulk") == [1, 1, 0, 0, 0, 0]
    assert counts_of(found.ledger, STEP) == [1, 0, 0, 1, 0, 0]
    assert len(found.deferred_files) == 1
    hooks["publish"] = lambda file: None
    settle(plan)
    found = fold(plan, RunDir(plan.run_dir))
    assert counts_of(found.ledger, STEP) == [1, 1, 0, 0, 1, 0]
