"""Faults happen where the script says, as often as it says, and nowhere else."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from beam_ingest import (
    Batch,
    BulkSink,
    Context,
    FatalError,
    Processor,
    Record,
    RecordError,
    Sink,
    Source,
    Split,
    Stage,
    TransientError,
    Written,
)
from beam_ingest.api.source import UncheckedSourceConfig
from beam_ingest.testing.faults import (
    DiskFault,
    Fault,
    FaultScript,
    FaultyBulkSink,
    FaultyProcessor,
    FaultySink,
    FaultySource,
    faulty,
)
from tests.testing.broken.sources import GoodSource, SourceOptions

GOOD_SOURCE = "tests.testing.broken.sources.GoodSource"
SOURCE = {"wraps": GOOD_SOURCE, "config": {"schemas": ["shop"]}}


class Numbers(Source):
    def read(self, split: Split) -> Any:
        return ({"id": number} for number in range(5))


class Same(Processor):
    def process(self, record: Record) -> Record:
        return record


class Keeps(Sink):
    def open(self) -> None:
        self.kept: list[Any] = []

    def write(self, batch: Batch) -> None:
        self.kept.extend(batch.records)


class Tells(Keeps):
    def write(self, batch: Batch) -> Any:
        super().write(batch)
        return (Written() for _ in batch.records)


class PublishesAlways(BulkSink):
    commit_on = "completed"


def build(cls: Any) -> Any:
    return cls(cls.Config(), Context())


def process(processor: Any, count: int) -> list[str]:
    """What became of records 1..count: ok, or the error's name."""
    told = []
    for number in range(1, count + 1):
        try:
            processor.process({"name": f"r{number}"})
        except Exception as error:
            told.append(type(error).__name__)
        else:
            told.append("ok")
    return told


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("transient", TransientError),
        ("record", RecordError),
        ("fatal", FatalError),
        ("error", RuntimeError),
    ],
)
def test_a_fault_raises_what_it_names(kind: str, error: type[Exception]) -> None:
    processor = faulty(build(Same), FaultScript([{"raise": kind, "message": "as scripted"}]))
    with pytest.raises(error, match="as scripted"):
        processor.process({})
    assert processor.process({"a": 1}) == {"a": 1}


def test_a_transient_error_says_when_to_come_back() -> None:
    processor = faulty(build(Same), FaultScript([{"raise": "transient", "retryAfter": 7}]))
    with pytest.raises(TransientError) as caught:
        processor.process({})
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"at": 3}, "ok ok RecordError ok ok"),
        ({"at": 3, "times": 2}, "ok ok RecordError RecordError ok"),
        ({"at": 4, "times": None}, "ok ok ok RecordError RecordError"),
        ({"at": 2, "every": 2, "times": None}, "ok RecordError ok RecordError ok"),
        ({"record": "r4"}, "ok ok ok RecordError ok"),
        ({"at": 9}, "ok ok ok ok ok"),
    ],
)
def test_a_fault_fires_at_the_calls_it_names(fault: dict[str, Any], told: str) -> None:
    script = FaultScript([{"raise": "record", **fault}])
    assert process(faulty(build(Same), script), 5) == told.split()


def test_several_faults_count_by_themselves() -> None:
    script = FaultScript([{"at": 1, "raise": "record"}, {"at": 3, "raise": "error"}])
    assert process(faulty(build(Same), script), 4) == ["RecordError", "ok", "RuntimeError", "ok"]


def test_a_source_gives_the_records_before_the_fault_and_all_when_read_again() -> None:
    source = faulty(build(Numbers), FaultScript([{"at": 4, "raise": "transient"}]))
    got: list[Any] = []
    with pytest.raises(TransientError):
        for record in source.read(Split("all")):
            got.append(record)
    assert got == [{"id": 0}, {"id": 1}, {"id": 2}]
    assert len(list(source.read(Split("all")))) == 5


def test_a_fault_of_one_split_leaves_the_others() -> None:
    script = FaultScript([{"split": "b", "raise": "error", "times": None}])
    source = faulty(build(Numbers), script)
    assert len(list(source.read(Split("a")))) == 5
    with pytest.raises(RuntimeError):
        next(source.read(Split("b")))


def test_a_listing_ends_where_the_script_says() -> None:
    config = {**SOURCE, "faults": [{"on": "splits", "at": 2, "raise": "transient"}]}
    source = FaultySource(FaultySource.Config.model_validate(config), Context())
    listed: list[Any] = []
    with pytest.raises(TransientError):
        for one in source.splits():
            listed.append(one)
    assert [one.key for one in listed] == ["shop"]


def test_after_a_call_the_write_took_effect_and_its_answer_is_lost() -> None:
    script = FaultScript([{"after": True, "raise": "transient"}])
    sink = faulty(build(Keeps), script)
    sink.open()
    with pytest.raises(TransientError):
        sink.write(Batch([{"id": 1}], "b"))
    assert sink.wrapped.kept == [{"id": 1}]


def test_a_write_that_fails_before_had_no_effect() -> None:
    sink = faulty(build(Keeps), FaultScript([{"raise": "transient"}]))
    sink.open()
    with pytest.raises(TransientError):
        sink.write(Batch([{"id": 1}], "b"))
    assert sink.wrapped.kept == []


def test_a_batch_that_holds_the_bad_record_fails_each_time() -> None:
    script = FaultScript([{"record": "bad", "raise": "error", "times": None}])
    sink = faulty(build(Keeps), script)
    sink.open()
    for _ in range(2):
        with pytest.raises(RuntimeError):
            sink.write(Batch([{"name": "good"}, {"name": "bad"}], "b"))
    sink.write(Batch([{"name": "good"}], "b"))
    assert sink.wrapped.kept == [{"name": "good"}]


@pytest.mark.parametrize("cls", [Keeps, Tells])
@pytest.mark.parametrize(("fault", "count"), [("short", 2), ("long", 4)])
def test_outcomes_are_one_too_few_or_too_many(cls: Any, fault: str, count: int) -> None:
    sink = faulty(build(cls), FaultScript([{"outcomes": fault}]))
    sink.open()
    batch = Batch([{}, {}, {}], "b")
    assert list(sink.write(batch)) == [Written()] * count
    assert len(list(sink.write(batch) or batch.records)) == 3
    assert len(sink.wrapped.kept) == 6


def test_a_hanging_call_waits_and_goes_on() -> None:
    waited: list[float] = []
    processor = faulty(build(Same), FaultScript([{"at": 2, "hang": 30}], wait=waited.append))
    assert process(processor, 3) == ["ok"] * 3
    assert waited == [30]


def test_a_kill_is_asked_for_at_its_call() -> None:
    killed: list[bool] = []
    script = FaultScript([{"at": 2, "kill": True}], kill=lambda: killed.append(True))
    processor = faulty(build(Same), script)
    processor.process({})
    assert not killed
    processor.process({})
    assert killed == [True]


def test_a_killed_process_is_killed_once_where_firings_are_counted_in_a_folder(
    tmp_path: Path,
) -> None:
    code = f"""
from beam_ingest.testing.faults import FaultyProcessor
from beam_ingest import Context
config = FaultyProcessor.Config.model_validate({{
    "wraps": "tests.testing.test_faults.Same",
    "faults": [{{"at": 2, "kill": True}}],
    "counter": {str(tmp_path / "counter")!r},
}})
processor = FaultyProcessor(config, Context())
for number in range(3):
    processor.process({{}})
    print(number)
"""
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [-signal.SIGKILL, 0], runs[1].stderr
    assert runs[1].stdout.split() == ["0", "1", "2"]


def test_a_counter_holds_for_all_instances_and_threads(tmp_path: Path) -> None:
    fired = itertools.count()
    start = threading.Barrier(8, timeout=30)

    def work() -> None:
        script = FaultScript([{"raise": "record", "times": 3}], counter=tmp_path / "counter")
        processor = faulty(build(Same), script)
        start.wait()
        for told in process(processor, 2):
            if told == "RecordError":
                next(fired)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert next(fired) == 3


def test_without_a_counter_each_instance_counts_by_itself() -> None:
    for _ in range(2):
        script = FaultScript([{"raise": "record"}])
        assert process(faulty(build(Same), script), 2) == ["RecordError", "ok"]


def test_a_full_disk_takes_no_new_file_and_leaves_others_alone(tmp_path: Path) -> None:
    full, other = tmp_path / "full", tmp_path / "other"
    full.mkdir()
    other.mkdir()
    (full / "old").write_text("old")
    with DiskFault("full", full):
        for write in (
            lambda: (full / "new").write_text("new"),
            lambda: os.close(os.open(full / "new", os.O_CREAT | os.O_WRONLY)),
            lambda: (full / "old").open("a"),
            lambda: (full / "folder").mkdir(),
        ):
            with pytest.raises(OSError, match="No space") as caught:
                write()
            assert caught.value.errno == errno.ENOSPC
        assert (full / "old").read_text() == "old"
        (other / "new").write_text("new")
    (full / "new").write_text("new")


def test_a_disk_that_cannot_rename_leaves_both_names_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    with DiskFault("rename", tmp_path), pytest.raises(OSError):
        (tmp_path / "new").replace(tmp_path / "old")
    assert (tmp_path / "new").read_text() == "new"
    assert (tmp_path / "old").read_text() == "old"


def test_a_disk_fault_begins_at_its_call_and_ends_with_the_component(tmp_path: Path) -> None:
    script = FaultScript([{"at": 2, "disk": "full", "under": str(tmp_path)}])
    processor = faulty(build(Same), script)
    processor.process({})
    (tmp_path / "a").write_text("a")
    processor.process({})
    with pytest.raises(OSError):
        (tmp_path / "b").write_text("b")
    processor.close()
    (tmp_path / "b").write_text("b")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({}, "one of raise"),
        ({"raise": "error", "kill": True}, "one of raise"),
        ({"disk": "full"}, "under"),
        ({"after": True, "outcomes": "short"}, "after goes with"),
        ({"raise": "eror"}, "transient"),
        ({"at": 0, "kill": True}, "greater than or equal to 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Fault.model_validate(fault)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"on": "reed", "kill": True}, "no method 'reed', only read"),
        ({"outcomes": "short"}, "write and publish"),
        ({"after": True, "kill": True}, "read counts records"),
    ],
)
def test_a_fault_that_a_source_cannot_have_is_refused(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        FaultySource.Config.model_validate({**SOURCE, "faults": [fault]})


def test_the_wrapped_configuration_is_validated_and_a_typo_found_in_place() -> None:
    with pytest.raises(ValidationError) as caught:
        FaultySource.Config.model_validate({"wraps": GOOD_SOURCE, "config": {"schema": []}})
    assert {error["loc"] for error in caught.value.errors()} == {
        ("config", "schemas"),
        ("config", "schema"),
    }


@pytest.mark.parametrize(
    ("config", "type_", "words"),
    [
        (FaultySource.Config, "sqlit", "did you mean 'sqlite'"),
        (FaultySource.Config, "tests.testing.broken.streams.GoodStream", "is no Source"),
        (FaultySink.Config, "tests.testing.broken.staged_sinks.GoodStagedSink", "is no Sink"),
        (FaultyProcessor.Config, GOOD_SOURCE, "is no processor"),
    ],
)
def test_only_a_component_of_the_same_kind_is_wrapped(config: Any, type_: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        config.model_validate({"wraps": type_})


def test_a_wrapped_source_gets_its_own_source_config() -> None:
    given = UncheckedSourceConfig.model_validate({"includeViews": False})
    source = FaultySource(FaultySource.Config.model_validate(SOURCE), Context(source_config=given))
    assert isinstance(source.wrapped, GoodSource)
    assert source.wrapped.context.source_config == SourceOptions(include_views=False)


def test_a_wrapped_bulk_sink_commits_when_it_would() -> None:
    assert faulty(build(PublishesAlways), FaultScript([])).commit_on == "completed"
    config = FaultyBulkSink.Config(wraps="tests.testing.test_faults.PublishesAlways")
    assert FaultyBulkSink(config, Context()).commit_on == "completed"


def test_what_is_no_component_is_not_wrapped() -> None:
    with pytest.raises(TypeError, match="object"):
        faulty(object(), FaultScript([]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("on", "call"),
    [
        ("keyed", lambda stage: stage.keyed({})),
        ("combine", lambda stage: stage.combine(1, 2)),
        ("finish", lambda stage: stage.finish("key", {})),
        ("encode", lambda stage: stage.encode({})),
        ("open", lambda stage: stage.open()),
    ],
)
def test_each_method_of_a_stage_can_fail(on: str, call: Any) -> None:
    stage = faulty(build(Stage), FaultScript([{"on": on, "raise": "error"}]))
    with pytest.raises(RuntimeError):
        call(stage)


@pytest.mark.parametrize("on", ["begin", "commit", "abort", "retire"])
def test_each_end_of_a_run_can_fail(on: str) -> None:
    sink = faulty(build(Sink), FaultScript([{"on": on, "raise": "transient"}]))
    arguments: dict[str, list[Any]] = {"begin": [], "retire": [None]}
    with pytest.raises(TransientError):
        getattr(sink, on)(*arguments.get(on, [None]))
    assert getattr(sink, on)(*arguments.get(on, [None])) is None
