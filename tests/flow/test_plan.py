"""A plan is plain values, and its steps are in the order in which data passes through them."""

from __future__ import annotations

import pickle

from beam_ingest.flow.plan import deferred_step
from tests.flow.scripted import ScriptedProcessor, plan_of, sink, spec, staged


def test_the_steps_of_a_sink() -> None:
    assert plan_of("unused").steps == [
        ("src", "source"), ("out", "sink"), ("out (deferred)", "deferred"),
    ]  # fmt: skip


def test_the_steps_of_everything() -> None:
    processors = tuple(spec(ScriptedProcessor, "processor", name) for name in ("b", "a"))
    plan = plan_of("unused", sink(), staged(), processors=processors)
    assert plan.steps == [
        ("src", "source"), ("b", "processor"), ("a", "processor"),
        ("out", "sink"), ("out (deferred)", "deferred"),
        ("bulk (stage)", "stage"), ("bulk", "bulk-sink"), ("bulk (deferred)", "deferred"),
    ]  # fmt: skip


def test_the_target_of_a_writer_is_what_talks_to_the_outside() -> None:
    assert sink().target == sink().sink
    assert staged().target == staged().bulk
    assert deferred_step(sink("x")) == "x (deferred)"


def test_a_plan_travels_anywhere() -> None:
    plan = plan_of("unused", sink(), staged(), max_failures=3)
    assert pickle.loads(pickle.dumps(plan)) == plan
