"""Merging: the chunks that marks name, each once; the aggregates of a shard in one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import FatalError
from beam_ingest.flow.batch import SplitRef
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.merge import PLAIN_GROUPS, MergeFn, descriptor_key
from beam_ingest.flow.partials import shard_of
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.run_dir import RunDir, split_ref
from beam_ingest.flow.stage import StageFn
from beam_ingest.flow.store import LocalStore
from tests.flow.scripted import (
    KeyedStage,
    batch,
    bundle,
    full_disk,
    lines,
    plan_of,
    records,
    set_up,
    staged,
    stop_of,
)

Hooks = dict[str, Callable[..., Any]]


def stage_split(plan: Plan, ref: SplitRef, *made: Any) -> list[Chunk]:
    with set_up(StageFn(plan, plan.writers[0])) as fn:
        return bundle(fn, batch(0, list(made), ref=ref, last=True))


def count(key: str, part: int) -> dict[str, Any]:
    return {"name": "r", "key": key, "part": part}


def merge_all(plan: Plan, chunks: list[Chunk]) -> list[Chunk]:
    groups: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        groups.setdefault(descriptor_key(chunk), []).append(chunk)
    with set_up(MergeFn(plan, plan.writers[0])) as fn:
        return bundle(fn, *groups.items())


def refs(count: int) -> list[SplitRef]:
    return [split_ref(f"part/{number}", number, {}) for number in range(1, count + 1)]


def test_plain_files_pass_in_the_order_listed(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    chunks = [chunk for ref in refs(9) for chunk in stage_split(plan, ref, *records(1))]
    with set_up(MergeFn(plan, plan.writers[0])) as fn:
        assert bundle(fn, ("files-0", reversed(chunks))) == chunks


def test_descriptors_are_spread_over_a_limited_number_of_groups() -> None:
    chunks = [Chunk(f"{n:07d}-ab.bulk.000", "f", 1, 1) for n in range(1000)]
    keys = {descriptor_key(chunk) for chunk in chunks}
    assert 8 < len(keys) <= PLAIN_GROUPS
    shards = {descriptor_key(Chunk("x", "f", 1, 1, shard)) for shard in range(16)}
    assert shards == {f"shard-{n}" for n in range(16)}


def test_descriptors_that_came_twice_are_published_once(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    (ref,) = refs(1)
    chunks = stage_split(plan, ref, *records(2))
    assert merge_all(plan, chunks + chunks) == chunks


def test_what_a_later_attempt_replaced_is_left_out(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    (ref,) = refs(1)
    old = stage_split(plan, ref, *records(2))
    new = stage_split(plan, SplitRef(ref.key, ref.index, ref.id, {}, 1), *records(1))
    assert merge_all(plan, old + new) == new


def test_what_has_no_mark_is_left_out(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    assert merge_all(plan, [Chunk("0000001-ab.bulk.000", "staged/bulk/x", 1, 1)]) == []


def test_the_aggregates_of_all_splits_become_one_file_a_shard(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged(stage=KeyedStage))
    chunks = [
        chunk
        for ref in refs(3)
        for chunk in stage_split(plan, ref, count("a", 1), count("b", 10), count("b", 1))
    ]
    merged = merge_all(plan, chunks)
    assert {chunk.id for chunk in merged} == {f"merged-{shard_of(k):02d}.bulk" for k in "ab"}
    made = {line["key"]: line["total"] for chunk in merged for line in lines(plan, chunk.file)}
    assert made == {"a": 3, "b": 33}
    assert [chunk.count for chunk in merged] == [1, 1]
    assert all(chunk.size == Path(plan.run_dir, chunk.file).stat().st_size for chunk in merged)
    assert RunDir(plan.run_dir).merged("bulk", shard_of("a")) in merged


def test_keys_of_one_shard_are_sorted(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged(stage=KeyedStage))
    keys = [key for key in map(str, range(200)) if shard_of(key) == 3]
    (ref,) = refs(1)
    chunks = stage_split(plan, ref, *[count(key, 1) for key in reversed(keys)])
    (merged,) = merge_all(plan, chunks)
    assert len(keys) > 3
    assert [line["key"] for line in lines(plan, merged.file)] == sorted(keys)


def test_plain_files_and_aggregates_are_both_merged(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged(stage=KeyedStage))
    (ref,) = refs(1)
    chunks = stage_split(plan, ref, count("a", 1), {"name": "as it is"})
    merged = merge_all(plan, chunks)
    stored = [line for chunk in merged for line in lines(plan, chunk.file)]
    assert {"key": "a", "total": 1} in stored
    assert {"name": "as it is"} in stored


def test_the_same_bundle_twice_folds_once(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged(stage=KeyedStage))
    (ref,) = refs(1)
    chunks = stage_split(plan, ref, count("a", 1))
    once = merge_all(plan, chunks)
    hooks["finish"] = lambda key, partial: {"key": key, "total": "folded again"}
    assert merge_all(plan, chunks) == once
    assert lines(plan, once[0].file) == [{"key": "a", "total": 1}]


def test_other_parts_are_folded_anew(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged(stage=KeyedStage))
    one, two = refs(2)
    first = stage_split(plan, one, count("a", 1))
    (old,) = merge_all(plan, first)
    (new,) = merge_all(plan, first + stage_split(plan, two, count("a", 5)))
    assert (old.id, old.file != new.file) == (new.id, True)
    assert lines(plan, new.file) == [{"key": "a", "total": 6}]


def test_nothing_is_merged_when_the_run_stops(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged())
    chunks = stage_split(plan, refs(1)[0], *records(1))
    RunDir(plan.run_dir).request_stop("enough", 1)
    assert merge_all(plan, chunks) == []


class TestAFoldThatFails:
    def chunks(self, plan: Plan) -> list[Chunk]:
        return [c for ref in refs(2) for c in stage_split(plan, ref, count("a", 1))]

    def check(self, plan: Plan, reason: str, code: int = 1) -> None:
        assert (stop_of(plan)["reason"], stop_of(plan)["exitCode"]) == (reason, code)
        assert RunDir(plan.run_dir).merged("bulk", shard_of("a")) is None
        assert not [
            name
            for name in RunDir(plan.run_dir).store.names("staged/bulk")
            if name.startswith("merged")
        ]

    @pytest.mark.parametrize("hook", ["combine", "finish"])
    def test_in_the_stage_stops_the_run(self, tmp_path: Path, hooks: Hooks, hook: str) -> None:
        plan = plan_of(tmp_path, staged(stage=KeyedStage))
        chunks = self.chunks(plan)

        def fails(*_: Any) -> Any:
            raise ValueError("cannot add")

        hooks[hook] = fails
        assert merge_all(plan, chunks) == []
        self.check(plan, "bulk (stage): ValueError: cannot add")

    def test_because_the_disk_is_full_stops_the_run(
        self, tmp_path: Path, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = plan_of(tmp_path, staged(stage=KeyedStage))
        chunks = self.chunks(plan)
        monkeypatch.setattr(LocalStore, "create", full_disk)
        assert merge_all(plan, chunks) == []
        self.check(plan, "the run directory cannot be written: [Errno 28] No space left on device")

    def test_for_good_stops_the_run(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = plan_of(tmp_path, staged(stage=KeyedStage))
        chunks = self.chunks(plan)

        def fails() -> None:
            raise FatalError("no licence")

        hooks["open"] = fails
        assert merge_all(plan, chunks) == []
        self.check(plan, "no licence", 3)

    def test_on_a_line_that_is_not_one_stops_the_run(self, tmp_path: Path, hooks: Hooks) -> None:
        plan = plan_of(tmp_path, staged(stage=KeyedStage))
        chunks = self.chunks(plan)
        hooks["finish"] = lambda key, partial: {"value": object}
        assert merge_all(plan, chunks) == []
        assert "cannot be written as JSON" in stop_of(plan)["reason"]


def test_a_bundle_that_was_merged_in_part_passes_plain_files(tmp_path: Path, hooks: Hooks) -> None:
    plan = plan_of(tmp_path, staged(stage=KeyedStage))
    with set_up(MergeFn(plan, plan.writers[0])) as fn:
        assert bundle(fn, ("shard-3", iter(()))) == []
