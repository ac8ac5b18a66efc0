"""Faults happen where the script says, as often as it says, and nowhere else."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Batch, FatalError, RecordError, Split, TransientError, Written
from beam_ingest.testing.faults import FaultScript, faulty
from tests.testing.faults.carriers import Keeps, Numbers, Same, Tells, build, process


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
    "wraps": "tests.testing.faults.carriers.Same",
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
