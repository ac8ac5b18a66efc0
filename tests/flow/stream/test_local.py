"""Unbounded runs on this machine, from end to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from beam_ingest import Split
from beam_ingest.api.errors import CannotStart, TransientError
from beam_ingest.flow.retry import RetryPolicy
from beam_ingest.flow.run_status import status_of
from beam_ingest.flow.stream.status import StreamStatus
from beam_ingest.workflow import Workflow
from tests.flow.stream.parts import Scripted
from tests.flow.stream.running import Script, letters, message, torn, watermark

BEAM_INGEST = Path(sys.executable).parent / "beam-ingest"


def ends(script: Script) -> dict[str, Any]:
    config = script.workflow()
    return {"stage": config["stage"], "bulkSink": config["bulkSink"]}


def wait_for(met: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until ``met``, while the process runs; kill it where that takes too long."""
    limit = time.monotonic() + 60
    while not met():
        if process.poll() is not None or time.monotonic() > limit:
            process.kill()
            raise AssertionError(f"it ended with {process.wait()} before it was to")
        time.sleep(0.01)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


def test_each_window_is_published_and_every_message_counted(script: Script) -> None:
    script.partition("p0", message("a", 0), message("b", 1.9), torn(1), message("c", 2))
    script.partition("p1", message("d", 0.5), message("rejected", 5))
    report = script.run(script.workflow())
    assert script.published() == {0: [["a", "b"], ["d"]], 2000: [["c"]], 4000: [["rejected"]]}
    assert report.status == "failed"  # records failed, and no threshold forgives them
    assert {s.name: (s.in_, s.passed, s.failed) for s in report.steps} == {
        "tests.flow.stream.parts.Scripted": (6, 5, 1),
        "file": (5, 5, 0),
        "tests.flow.stream.parts.Lines": (5, 4, 1),
    }
    assert [(letter["name"], letter["reason"]) for letter in letters(report)] == [
        ("p0@2", "not JSON"), ("rejected", "bad name"),
    ]  # fmt: skip
    assert status_of(report.run_dir).stream == StreamStatus(2, drained=2, settled=6, dead_letters=2)
    assert report.stream is not None
    assert (report.stream.partitions, report.stream.drained) == (2, 2)
    assert (script.acknowledged("p0"), script.acknowledged("p1")) == (4, 2)


def test_a_drained_run_is_a_success(script: Script) -> None:
    script.partition("p0", message("a", 0))
    report = script.run(script.workflow())
    assert (report.status, report.exit_code) == ("success", 0)
    assert report.sentence == "The run succeeded: 1 records read, 1 written."


def test_a_drained_run_goes_on_where_it_ended(script: Script) -> None:
    script.partition("p0", message("a", 0), watermark(5))
    first = script.run(script.workflow())
    script.partition("p0", message("b", 9))
    second = script.run(script.workflow(), resume=first.run_dir)
    assert script.names() == ["a", "b"]
    assert second.steps[0].in_ == 2
    assert second.attempts == 2


def test_a_fault_that_passes_is_waited_out(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.0)
    script.partition("p0", message("a", 0))
    fault = script.folder / "fault"
    fault.write_text("transient")
    report = script.run(script.workflow(source={"fault": str(fault)}) | ends(script))
    assert (report.status, script.names()) == ("success", ["a"])


def test_a_fault_at_the_start_is_waited_out_too(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.0)
    script.partition("p0", message("a", 0))
    away = [TransientError("not yet")] * 2

    def start(source: Scripted, partition: Split) -> None:
        if away:
            raise away.pop()

    monkeypatch.setattr(Scripted, "start", start)
    assert script.run(script.workflow()).status == "success"


def test_a_fatal_error_stops_the_run(script: Script) -> None:
    script.partition("p0", message("a", 0))
    fault = script.folder / "fault"
    fault.write_text("fatal")
    report = script.run(script.workflow(source={"fault": str(fault)}) | ends(script))
    assert (report.exit_code, report.stopped) == (3, "scripted")
    assert report.failures[0].hint == "mend"


def test_a_file_that_is_refused_stops_the_run_which_then_goes_on(script: Script) -> None:
    script.partition("p0", message("a", 0), message("b", 5))
    (script.out / "refuse").touch()
    first = script.run(script.workflow())
    assert (first.exit_code, script.acknowledged("p0")) == (1, None)
    assert first.stopped == "a window cannot be published: RuntimeError: refused"
    (script.out / "refuse").unlink()
    second = script.run(script.workflow(), resume=first.run_dir)
    assert second.status == "success"
    assert (script.names(), second.steps[0].in_, script.acknowledged("p0")) == (["a", "b"], 2, 2)


def test_what_a_bulk_sink_refused_is_read_again_for_another_sink(script: Script) -> None:
    script.partition("p0", message("a", 0), message("b", 0.5), torn(1), message("c", 5))
    (script.out / "refuse").touch()
    first = script.run(script.workflow())
    rows = {"type": "tests.flow.stream.parts.Rows", "config": {"folder": str(script.out)}}
    second = script.run(script.workflow(sink=rows), resume=first.run_dir)
    assert second.stopped is None
    assert sorted(path.name for path in script.out.glob("*.row")) == ["a.row", "b.row", "c.row"]
    assert (second.steps[0].in_, second.dead_letters.count, len(letters(second))) == (4, 1, 1)
    assert script.acknowledged("p0") == 4


def test_what_was_claimed_of_a_partition_that_is_gone_is_published(script: Script) -> None:
    script.partition("p0", message("rejected", 0), watermark(1), message("b", 1.5), watermark(5))
    script.partition("p1", message("c", 9))
    (script.out / "refuse").touch()
    first = script.run(script.workflow())
    (script.out / "refuse").unlink()
    (script.messages / "p0.jsonl").unlink()
    second = script.run(script.workflow(), resume=first.run_dir)
    assert script.names() == ["b", "c", "rejected"]
    assert (second.steps[0].in_, len(letters(second)), second.warnings) == (3, 1, [])
    assert second.sentence == "The run failed: 1 of 3 records failed (66.67 % passed)."
    assert script.acknowledged("p0") is None  # the source knows of no such partition
    assert status_of(second.run_dir).stream == StreamStatus(1, 1, settled=3, dead_letters=1)

    third = script.run(script.workflow(), resume=first.run_dir)
    assert (third.steps[0].in_, third.dead_letters.count) == (3, 1)


@pytest.mark.parametrize("other_sink", [False, True])
def test_what_cannot_be_read_again_of_a_partition_that_is_gone_fails_the_run(
    script: Script, other_sink: bool
) -> None:
    script.partition("p0", message("a", 0), message("b", 5))  # by one poll, in two windows
    script.partition("p1", message("c", 9))
    (script.out / "refuse").touch()
    first = script.run(script.workflow())
    (script.out / "refuse").unlink()
    (script.messages / "p0.jsonl").rename(script.folder / "p0")
    rows = {"type": "tests.flow.stream.parts.Rows", "config": {"folder": str(script.out)}}
    config = script.workflow(sink=rows) if other_sink else script.workflow()
    second = script.run(config, resume=first.run_dir)
    assert (second.status, second.exit_code, second.splits.not_read) == ("failed", 1, 1)
    assert second.failures[0].examples == ["p0"]
    assert second.warnings == [
        "1 partition that the source no longer lists has messages that were read and are not "
        "published: p0; --resume publishes them when the source lists it again"
    ]
    status = status_of(second.run_dir).stream
    assert status is not None  # and it waits for no partition that nobody reads
    assert status.is_drained

    (script.folder / "p0").rename(script.messages / "p0.jsonl")
    third = script.run(config, resume=first.run_dir)
    assert (third.status, third.steps[0].in_) == ("success", 3)


def test_late_messages_are_counted(script: Script) -> None:
    script.partition(
        "p0", message("a", 0), watermark(10), message("late", 1), message("on time", 11)
    )
    report = script.run(script.workflow({"late": "deadLetter"}))
    assert report.stream is not None
    assert (report.stream.late, report.stream.too_late) == (1, 1)
    assert script.names() == ["a", "on time"]
    assert [letter["name"] for letter in letters(report)] == ["late"]


def test_a_sink_takes_records_without_a_stage(script: Script) -> None:
    script.partition("p0", message("child", 0, needs="parent"), message("parent", 0.5))
    rows = {"type": "tests.flow.stream.parts.Rows", "config": {"folder": str(script.out)}}
    report = script.run(script.workflow(sink=rows))
    assert report.status == "success"
    assert sorted(path.name for path in script.out.iterdir()) == ["child.row", "parent.row"]


def test_a_sink_that_commits_cannot_be_its_end(script: Script) -> None:
    script.partition("p0", message("a", 0))
    bulk = {"type": "file", "config": {"path": str(script.folder / "out.jsonl")}}
    with pytest.raises(CannotStart, match="shards: true"):
        script.run(script.workflow(sink=bulk))


def test_a_dry_run_of_it_has_no_end(script: Script) -> None:
    with pytest.raises(CannotStart, match="has no end"):
        Workflow.from_config(script.workflow()).run(dry_run=True)


def test_a_preview_shows_what_there_is(script: Script) -> None:
    script.partition("p0", message("a", 0), torn(1), message("b", 2))
    found = Workflow.from_config(script.workflow()).preview(5)
    assert [record["name"] for record in found] == ["a", "b"]  # type: ignore[index]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["a signal", "cancel --drain"])
def test_it_is_drained_by(script: Script, how: str) -> None:
    script.partition("p0", *(message(f"m{n}", n) for n in range(20)))
    out, run = script.folder / "shards", script.folder / "runs" / "run"
    sink = {"type": "file", "config": {"path": str(out), "shards": True}}
    file = script.folder / "workflow.json"
    file.write_text(json.dumps(script.workflow(sink=sink)))
    command = [str(BEAM_INGEST), "run", "-c", str(file), "--json", "--run-dir", str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for((script.read / "p0").exists, process)
        if how == "a signal":
            process.send_signal(signal.SIGTERM)
        else:
            ended = subprocess.run([str(BEAM_INGEST), "cancel", str(run), "--drain"], check=False)
            assert ended.returncode == 0
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(told)["steps"][0]["in"] == 20
    lines = [line for path in out.glob("*.jsonl") for line in path.read_text().splitlines()]
    assert sorted(json.loads(line)["name"] for line in lines) == sorted(f"m{n}" for n in range(20))
    assert script.acknowledged("p0") == 20


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_and_repeats_nothing(script: Script) -> None:
    for name in ("p0", "p1"):
        for n in range(300):
            script.partition(name, message(f"{name}-{n}", n / 10), watermark(n / 10))
    file = script.folder / "workflow.json"
    file.write_text(json.dumps(script.workflow(source={"at_once": 7}) | ends(script)))
    run = script.folder / "runs" / "run"
    command = [str(BEAM_INGEST), "run", "-c", str(file)]
    for panes, more in ((3, ["--run-dir", str(run)]), (9, ["--resume", str(run)])):
        with subprocess.Popen([*command, *more], stderr=subprocess.DEVNULL) as process:
            wait_for(partial(script.has_published, panes), process)
            process.kill()
    report = script.run(script.workflow(source={"at_once": 7}) | ends(script), resume=str(run))
    assert report.status == "success"
    assert script.names() == sorted(f"{p}-{n}" for p in ("p0", "p1") for n in range(300))
    assert report.steps[0].in_ == 600
    assert (script.acknowledged("p0"), script.acknowledged("p1")) == (600, 600)
