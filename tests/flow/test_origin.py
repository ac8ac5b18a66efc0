"""In a replay every record knows the dead letter that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_ingest import Batch, Deferred, Rejected, Written
from beam_ingest.flow.batch import SplitBatch
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.deferred import DeferredFn
from beam_ingest.flow.mark import Mark
from beam_ingest.flow.origin import (
    Entry,
    Origin,
    split_origin,
    with_origin,
)
from beam_ingest.flow.publish import PublishFn
from beam_ingest.flow.reentry import for_writer, trace
from beam_ingest.flow.run_dir import DEFERRED, RunDir, split_ref
from beam_ingest.flow.stage import StageFn
from beam_ingest.flow.write import WriteFn
from tests.flow.scripted import (
    batch,
    bundle,
    done_mark,
    lines,
    mark_of,
    plan_of,
    records,
    set_up,
    sink,
    staged,
)

Hooks = dict[str, Callable[..., Any]]

PAYLOAD = {"file": "dead/a.jsonl", "lines": [3, 7], "attempts": [1, 6], "entry": [1, "out", False]}


def letters_of(root: Path, mark: Mark) -> list[tuple[str, Any, int]]:
    assert mark.dead is not None
    plan = plan_of(root)
    return [
        (value["name"], value.get("origin", {}).get("line"), value["attempts"])
        for value in lines(plan, mark.dead.file)
    ]


def replayed(seq: int, made: list[Any], line: int, *, last: bool = False) -> SplitBatch:
    return batch(seq, made, last=last, origin=Origin("dead/a.jsonl", line, 2), entry=Entry(0))


def test_a_batch_is_of_the_letter_at_its_place_in_the_split() -> None:
    ref = split_ref("replay", 1, PAYLOAD)
    made = [batch(seq, [], ref=ref) for seq in range(3)]
    for each in made:
        trace(each)
    assert [each.origin for each in made] == [
        Origin("dead/a.jsonl", 3, 1), Origin("dead/a.jsonl", 7, 6), None,
    ]  # fmt: skip
    assert made[0].entry == Entry(1, "out", False)


def test_parents_are_of_no_letter() -> None:
    made = batch(0, [], ref=split_ref("@parents", 0, {}))
    trace(made)
    assert (made.origin, made.entry) == (None, None)


@pytest.mark.parametrize(
    ("entry", "kept"), [(None, 2), (Entry(0), 2), (Entry(0, "out"), 2), (Entry(0, "other"), 0)]
)
def test_what_one_writer_has_written_another_does_not_write_again(
    entry: Entry | None, kept: int
) -> None:
    assert len(for_writer(batch(0, records(2), entry=entry), "out").records) == kept


@given(st.none() | st.builds(Origin, st.text(), st.integers(), st.integers()), st.text())
def test_a_line_is_read_back_with_its_origin(origin: Origin | None, text: str) -> None:
    line = DeadLetter.of("s", "no", {"text": text}).to_line("part").rstrip(b"\n")
    assert split_origin(with_origin(line, origin)) == (origin, line)


def test_what_a_sink_rejects_is_of_the_letter_it_came_from(tmp_path: Path, hooks: Hooks) -> None:
    def write(batch: Batch) -> list[Any]:
        names = [record["name"] for record in batch.records]  # type: ignore[index]
        return [Written() if name == "r2" else Rejected("no") for name in names]

    hooks["write"] = write
    plan = plan_of(tmp_path, batch_size=2)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(
            fn,
            replayed(0, records(2), 3),  # two of one letter
            replayed(1, [], 5),  # filtered
            replayed(2, records(2, 2), 7),
            batch(3, [], last=True),
        )
    assert letters_of(tmp_path, done_mark(plan)) == [("r0", 3, 3), ("r1", 3, 3), ("r3", 7, 3)]


def test_what_a_processor_failed_is_of_the_letter_it_came_from(
    tmp_path: Path, hooks: Hooks
) -> None:
    made = replayed(0, [], 3)
    made.dead.append(DeadLetter.of("p", "no", {"name": "x"}))
    plan = plan_of(tmp_path)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, made, batch(1, [], last=True))
    assert letters_of(tmp_path, done_mark(plan)) == [("x", 3, 3)]


def test_what_is_put_off_keeps_its_origin(tmp_path: Path, hooks: Hooks) -> None:
    hooks["write"] = lambda batch: [Deferred("later")] * len(batch.records)
    plan = plan_of(tmp_path)
    run = RunDir(plan.run_dir)
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, replayed(0, records(1), 3), replayed(1, records(1, 1), 7, last=True))
    run.store.write("splits.json", b'{"error":null,"splits":[["part",{}]],"scopes":[]}')
    hooks["write"] = lambda batch: [Written() if batch.wave == 1 else Deferred(), Deferred()][
        -len(batch.records) :
    ]
    with set_up(DeferredFn(plan, plan.writers[0])) as deferred:
        bundle(deferred, None)
    mark = mark_of(plan, split_ref(DEFERRED, 0, {}))
    assert mark is not None
    assert letters_of(tmp_path, mark) == [("r1", 7, 3)]


def test_what_cannot_be_staged_or_published_is_of_its_letter(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    odd = {"name": "odd", "value": object}
    with set_up(StageFn(plan, plan.writers[0])) as fn:
        (chunk,) = bundle(
            fn, replayed(0, [odd, *records(1)], 3), replayed(1, records(1, 1), 7, last=True)
        )
    assert letters_of(tmp_path, done_mark(plan)) == [("odd", 3, 3)]
    hooks["publish"] = lambda file: [Rejected("no")] * file.count
    with set_up(PublishFn(plan, plan.writers[0])) as publish:
        bundle(publish, chunk)
    published = RunDir(plan.run_dir).published(chunk.id)
    assert published is not None
    assert published.dead is not None
    origins = [value["origin"]["line"] for value in lines(plan, published.dead.file)]
    assert origins == [3, 7]


def test_other_runs_know_no_letters(tmp_path: Path, hooks: Hooks) -> None:
    hooks["write"] = lambda batch: [Rejected("no")] * len(batch.records)
    plan = plan_of(tmp_path, sink())
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, batch(0, records(1), last=True))
    assert letters_of(tmp_path, done_mark(plan)) == [("r0", None, 1)]
