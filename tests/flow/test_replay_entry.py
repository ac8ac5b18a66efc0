"""A replayed record passes by the steps before the one that it failed in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.flow.batch import SplitBatch
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.origin import Entry, Origin
from beam_ingest.flow.process import ProcessFn
from beam_ingest.flow.run_dir import split_ref
from tests.flow.scripted import ScriptedProcessor, bundle, plan_of, records, set_up, spec


@pytest.mark.parametrize(("skip", "steps"), [(0, ["one", "two"]), (1, ["two"]), (2, [])])
def test_processors_before_the_entry_are_passed_by(
    tmp_path: Path, hooks: dict[str, Callable[..., Any]], skip: int, steps: list[str]
) -> None:
    processors = tuple(spec(ScriptedProcessor, "processor", name) for name in ("one", "two"))
    plan = plan_of(tmp_path, processors=processors)
    seen: list[Any] = []

    def process(record: Any) -> Any:
        seen.append(record)
        return record

    hooks["process"] = process
    batch = SplitBatch(split_ref("x", 1, {}), 0, records(1), entry=Entry(skip))
    for processor in processors:
        with set_up(ProcessFn(plan, processor)) as fn:
            (batch,) = bundle(fn, batch)
    assert len(seen) == len(steps)
    assert list(batch.ledger.steps) == steps
    assert batch.records == records(1)


def test_a_letter_that_fails_again_counts_its_attempts_on() -> None:
    origin = Origin("dead/a.jsonl", 8, 4)
    line = DeadLetter.of("s", "no", {"n": 1}, attempts=3).again(origin).to_line("part")
    assert b'"attempts":7' in line
    assert b'"origin":{"file":"dead/a.jsonl","line":8}' in line
    assert b"origin" not in DeadLetter.of("s", "no", {"n": 1}).again(None).to_line("part")
