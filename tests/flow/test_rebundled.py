"""Bundles that are run twice, break off and are put together otherwise: each record counts once.

The steps of the graph, driven as a runner drives them that loses workers: each worker has DoFns of
its own, a broken bundle is given to another one, and no two attempts have the same bundles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow.batch import SplitRef
from beam_ingest.flow.finish import finish
from beam_ingest.flow.mark import Chunk
from beam_ingest.flow.merge import MergeFn, descriptor_key
from beam_ingest.flow.plan import Plan
from beam_ingest.flow.process import ProcessFn
from beam_ingest.flow.publish import PublishFn
from beam_ingest.flow.read import ListSplitsFn, ReadFn, parents_ref
from beam_ingest.flow.run_dir import RunDir
from beam_ingest.flow.stage import StageFn
from beam_ingest.workflow import Workflow
from tests.flow.scripted import bundle, set_up
from tests.flow.workflows import part, workflow

SPLITS, RECORDS = 5, 300
Bundle = tuple[Sequence[int], int | None]
"""The splits in it by number (0: the parents), and after how many batches it breaks, if it does."""

WAYS: dict[str, list[Bundle]] = {
    "once": [([0, 1, 2, 3, 4, 5], None)],
    "twice": [([0, 1, 2, 3, 4, 5], None), ([0, 1, 2, 3, 4, 5], None)],
    "broken off and put together otherwise": [
        ([0, 1, 2, 3], 5), ([3, 1], None), ([5, 4, 0], 4), ([4, 2], None), ([5, 0, 1], None),
    ],
    "a slow worker ends after the one that took over": [
        ([1, 2, 3], 7), ([0, 1, 2, 3, 4, 5], None), ([2, 3, 5], None),
    ],
}  # fmt: skip


def plan_of(tmp_path: Path) -> Plan:
    config = workflow(
        tmp_path,
        {"splits": SPLITS, "records": RECORDS, "parents": 2},
        processors=[part("Faulty", every=50)],
        stage=part("Tally", keep=True),
        bulkSink=part("Shelf", path=str(tmp_path / "shelf")),
        workflowConfig={"successThreshold": 90},
        beam={"batchSize": 100},
    )
    return Workflow.from_config(config)._new_plan(str(tmp_path / "runs" / "r1"))


def batches(plan: Plan, refs: Sequence[SplitRef], stack: ExitStack) -> Iterator[Any]:
    read = stack.enter_context(set_up(ReadFn(plan, plan.source)))
    process = stack.enter_context(set_up(ProcessFn(plan, plan.processors[0])))
    for ref in refs:
        for made in read.process(ref):
            yield from process.process(made)


def stage(plan: Plan, refs: Sequence[SplitRef], breaks: int | None) -> list[Chunk]:
    """The descriptors that a bundle gives; none where it breaks off, as with any runner."""
    with ExitStack() as stack:
        staging = stack.enter_context(set_up(StageFn(plan, plan.writers[0])))
        chunks = []
        for number, made in enumerate(batches(plan, refs, stack)):
            if number == breaks:
                return []
            chunks += list(staging.process(made))
        staging.finish_bundle()
        return chunks


@pytest.mark.parametrize("way", WAYS)
def test_no_record_is_twice_in_a_published_file_and_no_count_is_doubled(
    tmp_path: Path, way: str
) -> None:
    plan = plan_of(tmp_path)
    writer, run = plan.writers[0], RunDir(plan.run_dir)
    assert writer.bulk is not None
    token = writer.bulk.build().begin()
    run.write_token(writer.name, "begun", token)
    with set_up(ListSplitsFn(plan, plan.source)) as listing:
        refs = [parents_ref(), *bundle(listing, None)]
    chunks = [
        chunk
        for numbers, breaks in WAYS[way]
        for chunk in stage(plan, [refs[number] for number in numbers], breaks)
    ]
    gathered = groupby(sorted(chunks, key=descriptor_key), key=descriptor_key)
    groups = [(key, list(found)) for key, found in gathered]
    for _ in range(2 if way != "once" else 1):
        with set_up(MergeFn(plan, writer)) as merge, set_up(PublishFn(plan, writer)) as publish:
            bundle(publish, *bundle(merge, *groups))
    report = finish(plan, run, lambda seconds: False)

    assert (report.splits.done, report.splits.total) == (1 + SPLITS, 1 + SPLITS)
    files = (tmp_path / "shelf").glob("*/*")
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    kept = sorted(row["n"] for row in rows if "n" in row)
    assert kept == [-1, -1, *(n for n in range(SPLITS * RECORDS) if n % 50)]
    counted = {row["name"]: row["count"] for row in rows if "count" in row}
    assert sum(counted.values()) == len(kept)
    assert counted["digit-0"] == 150 - 30
    steps = {step.name: step for step in report.steps}
    assert steps["tests.flow.parts.Numbers"].in_ == SPLITS * RECORDS + 2
    assert report.dead_letters.count == 30
