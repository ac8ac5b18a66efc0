"""A dry run reads and processes everything, and nothing of its writers is built or opened."""

from __future__ import annotations

from pathlib import Path

from beam_ingest import Batch
from beam_ingest.flow.dry_run import DiscardSink, without_writing
from beam_ingest.flow.write import WriteFn
from tests.flow.scripted import (
    batch,
    bundle,
    counts_of,
    done_mark,
    plan_of,
    records,
    set_up,
    staged,
)
from tests.flow.scripted import sink as sink_of


def test_every_writer_is_replaced_and_its_steps_keep_their_names() -> None:
    plan = without_writing(plan_of("unused", sink_of(), staged()))
    assert plan.dry_run
    assert [writer.name for writer in plan.writers] == ["out", "bulk"]
    assert [writer.sink.step for writer in plan.writers if writer.sink] == ["out", "bulk (stage)"]
    assert all(isinstance(writer.target.build(), DiscardSink) for writer in plan.writers)
    assert all(writer.stage is writer.bulk is None for writer in plan.writers)


def test_records_count_as_written(tmp_path: Path, hooks: dict[str, object]) -> None:
    def touched(*_: object) -> None:
        raise AssertionError("the real sink was touched")

    hooks["open"] = hooks["write"] = touched
    plan = without_writing(plan_of(tmp_path))
    with set_up(WriteFn(plan, plan.writers[0])) as fn:
        bundle(fn, batch(0, records(3), last=True))
    assert counts_of(done_mark(plan).ledger, "out") == [3, 3, 0, 0, 3, 0]


def test_it_takes_every_record() -> None:
    plan = without_writing(plan_of("unused"))
    assert plan.writers[0].target.build().write(Batch(records(2), "id")) is None
