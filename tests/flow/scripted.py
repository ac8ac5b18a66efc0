"""Components whose methods a test writes down as functions, and steps driven without a pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from beam_ingest import (
    Batch,
    BulkSink,
    Context,
    Processor,
    Record,
    Retired,
    Scope,
    Sink,
    Source,
    Split,
    Stage,
)
from beam_ingest.api.settings import RunSettings
from beam_ingest.flow.batch import SplitBatch, SplitRef
from beam_ingest.flow.dead_letter import DeadLetter
from beam_ingest.flow.ledger import Ledger
from beam_ingest.flow.mark import Mark
from beam_ingest.flow.plan import Plan, Writer
from beam_ingest.flow.run_dir import RunDir, split_ref
from beam_ingest.flow.spec import ComponentSpec, context_to_json
from beam_ingest.flow.step import StepFn
from beam_ingest.flow.write import WriteFn

HOOKS: dict[str, Callable[..., Any]] = {}
"""By the name of a method: what it does in this test. Emptied after every test."""

Fn = TypeVar("Fn", bound=StepFn)


def _call(name: str, default: Any, *arguments: Any) -> Any:
    hook = HOOKS.get(name)
    return default if hook is None else hook(*arguments)


class ScriptedSource(Source):
    def open(self) -> None:
        _call("open", None)

    def parents(self) -> Iterator[Record]:
        yield from _call("parents", ())

    def splits(self) -> Iterator[Split | Scope]:
        yield from _call("splits", ())

    def read(self, split: Split) -> Iterator[Any]:
        yield from _call("read", (), split)


class ScriptedProcessor(Processor):
    def open(self) -> None:
        _call("open", None)

    def close(self) -> None:
        _call("close", None)

    def process(self, record: Record) -> Any:
        return _call("process", record, record)


class Made(Processor):
    """Does what a function says."""

    def __init__(self, does: Callable[[Any], Any]) -> None:
        super().__init__(self.Config(), Context())
        self._does = does

    def process(self, record: Any) -> Any:
        return self._does(record)


class ScriptedSink(Sink):
    def open(self) -> None:
        _call("open", None)

    def close(self) -> None:
        _call("close", None)

    def write(self, batch: Any) -> Any:
        return _call("write", None, batch)

    def begin(self) -> Any:
        return _call("begin", None)

    def commit(self, token: Any) -> None:
        _call("commit", None, token)

    def abort(self, token: Any) -> None:
        _call("abort", None, token)


class RetiringSink(ScriptedSink):
    def retire(self, scope: Scope) -> Retired | None:
        return _call("retire", None, scope)  # type: ignore[no-any-return]


class PlainStage(Stage):
    def open(self) -> None:
        _call("open", None)

    def encode(self, record: Record) -> bytes:
        return _call("encode", super().encode(record), record)  # type: ignore[no-any-return]


class KeyedStage(Stage):
    """Counts by the record's ``key``; a record without one is stored as it is."""

    def open(self) -> None:
        _call("open", None)

    def keyed(self, record: Any) -> Any:
        return _call("keyed", [(record.get("key"), record.get("part", record))], record)

    def combine(self, a: Any, b: Any) -> Any:
        return HOOKS["combine"](a, b) if "combine" in HOOKS else a + b

    def finish(self, key: str, partial: Any) -> Record:
        if "finish" in HOOKS:
            return HOOKS["finish"](key, partial)  # type: ignore[no-any-return]
        return {"key": key, "total": partial}


class ScriptedBulk(BulkSink):
    def open(self) -> None:
        _call("open", None)

    def publish(self, file: Any) -> Any:
        return _call("publish", None, file)

    def begin(self) -> Any:
        return _call("begin", None)

    def commit(self, token: Any) -> None:
        _call("commit", None, token)

    def abort(self, token: Any) -> None:
        _call("abort", None, token)


class CompletedBulk(ScriptedBulk):
    commit_on = "completed"


def spec(cls: type, kind: str, step: str, run_id: str = "r1") -> ComponentSpec:
    context = context_to_json(Context(service_name="svc", run_id=run_id))
    return ComponentSpec(kind, f"{cls.__module__}.{cls.__qualname__}", step, "{}", context)


def sink(name: str = "out", cls: type = ScriptedSink) -> Writer:
    return Writer(name, sink=spec(cls, "sink", name))


def staged(name: str = "bulk", stage: type = PlainStage, bulk: type = ScriptedBulk) -> Writer:
    return Writer(
        name, stage=spec(stage, "stage", f"{name} (stage)"), bulk=spec(bulk, "bulk-sink", name)
    )


def plan_of(
    root: Path | str, *writers: Writer, batch_size: int = 500, concurrency: int = 1, **changes: Any
) -> Plan:
    given: dict[str, Any] = {
        "run_id": "r1",
        "run_dir": str(root),
        "workflow": "w.yaml",
        "source": spec(ScriptedSource, "source", "src"),
        "processors": (),
        "writers": writers or (sink(),),
        "settings": RunSettings(batch_size=batch_size, concurrency=concurrency),
        "started_at": "2026-01-02T03:04:05.000Z",
    }
    return Plan(**(given | changes))


@contextmanager
def set_up(fn: Fn) -> Iterator[Fn]:
    """A step as a worker has it between ``setup`` and ``teardown``."""
    fn.setup()
    try:
        yield fn
    finally:
        fn.teardown()


def bundle(fn: Any, *elements: Any) -> list[Any]:
    """What ``fn`` makes of one bundle."""
    out = [made for element in elements for made in fn.process(element)]
    finish = getattr(fn, "finish_bundle", None)
    if finish is not None:
        finish()
    return out


REF = split_ref("part", 1, {})


def records(count: int, start: int = 0) -> list[Record]:
    return [{"name": f"r{number}"} for number in range(start, start + count)]


def batch(
    seq: int, made: list[Any], *, last: bool = False, ref: SplitRef = REF, **more: Any
) -> SplitBatch:
    """A batch as ``ReadFn`` makes it: its ledger has counted its records."""
    ledger = Ledger()
    counts = ledger.step("src")
    counts.in_ = counts.passed = counts.out = len(made)
    return SplitBatch(ref, seq, made, ledger, last=last, **more)


def mark_of(plan: Plan, ref: SplitRef = REF, writer: str | None = None) -> Mark | None:
    return RunDir(plan.run_dir).mark(ref, writer or plan.writers[0].name)


def done_mark(plan: Plan, ref: SplitRef = REF, writer: str | None = None) -> Mark:
    found = mark_of(plan, ref, writer)
    assert found is not None, "the split has no mark"
    return found


def counts_of(ledger: Ledger, step: str) -> list[int]:
    """in, passed, filtered, failed, out, unchanged"""
    return ledger.steps[step].to_json()


def letters(plan: Plan, file: str) -> list[DeadLetter]:
    data = RunDir(plan.run_dir).store.read(file)
    assert data is not None, f"{file} is not there"
    return [DeadLetter.from_line(line) for line in data.splitlines()]


def lines(plan: Plan, file: str) -> list[Any]:
    data = RunDir(plan.run_dir).store.read(file)
    assert data is not None, f"{file} is not there"
    return [json.loads(line) for line in data.splitlines()]


FULL = "the run directory cannot be written: [Errno 28] No space left on device"


def full_disk(*_: Any, **__: Any) -> Any:
    """In the place of whatever writes."""
    raise OSError(28, "No space left on device")


def stop_of(plan: Plan) -> dict[str, Any]:
    return RunDir(plan.run_dir).stop() or {}


def again(ref: SplitRef = REF, attempt: int = 1) -> SplitRef:
    """The same split in a later attempt."""
    return SplitRef(ref.key, ref.index, ref.id, {}, attempt)


def write_all(plan: Plan, *batches: SplitBatch, writer: int = 0) -> None:
    """Have a sink write the batches of one bundle."""
    with set_up(WriteFn(plan, plan.writers[writer])) as fn:
        assert bundle(fn, *batches) == []


def names(batch: Batch) -> list[str]:
    return [record["name"] for record in batch.records]  # type: ignore[index]
